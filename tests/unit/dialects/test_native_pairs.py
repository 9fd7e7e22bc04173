from typing import Any

import pytest

from antiphon.dialects.native_pairs import check_pairs
from antiphon.errors import BadRequest
from antiphon.wire.requests import Item
from tests.unit.dialects.chat_turns import turn_of

CALL: Item = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
CUSTOM: Item = {"type": "custom_tool_call", "call_id": "call_2", "name": "f", "input": ""}
ANSWER: Item = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
COMPACTED: Item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
HELLO: Item = {"type": "message", "role": "user", "content": "Hello"}


def check(history: list[Item], said: list[Any]) -> None:
    turn = turn_of({"model": "m"}, history=history)
    turn.input = said
    check_pairs(turn)


PAIRED: list[tuple[list[Any], list[Any]]] = [
    ([HELLO, CALL], [ANSWER]),
    ([CUSTOM], [{"type": "custom_tool_call_output", "call_id": "call_2", "output": "x"}]),
    ([HELLO], [CALL, ANSWER]),
    ([COMPACTED, HELLO], [ANSWER]),
    ([HELLO], [COMPACTED, ANSWER]),
    ([HELLO], [{"type": "shell_call_output", "call_id": "call_1", "output": []}]),
    ([HELLO], [{"type": "function_call_output", "name": "f", "output": "x"}]),
    ([HELLO], [{"type": "function_call_output", "call_id": [], "output": "x"}, {"type": []}, {}]),
    ([{"type": []}, {"type": "function_call", "call_id": {}}, CALL], [ANSWER]),
    ([HELLO, ANSWER], [HELLO]),
]


@pytest.mark.parametrize(("history", "said"), PAIRED)
def test_an_output_that_answers_a_call_or_may_do_so_passes(history: list[Item], said: list[Any]) -> None:
    check(history, said)


@pytest.mark.parametrize("history", [[HELLO], [CUSTOM], [HELLO, ANSWER]])
def test_an_output_that_answers_nothing_does_not(history: list[Item]) -> None:
    with pytest.raises(BadRequest) as refused:
        check(history, [HELLO, ANSWER])
    assert refused.value.message == "No tool call found for function call output with call_id call_1."
    assert refused.value.param == "input"
    other = {"type": "custom_tool_call_output", "call_id": "call_3", "output": "x"}
    with pytest.raises(BadRequest, match="No tool call found for custom tool call output with call_id call_3"):
        check(history, [other])
