"""Which of the texts that should end an answer did, from providers that tell it; Anthropic's clients ask."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.client_messages_whole import messages_whole
from tests import chat_streams as chat
from tests import converse_streams as converse
from tests.chat_streams import a_turn
from tests.unit.dialects import cohere_turns as cohere
from tests.unit.dialects.converse_turns import said

ONE, SEVERAL = ["END"], ["STOP", "END"]


def told(body: Any) -> tuple[str, str | None]:
    """Why a client of Anthropic's is told that the answer ended."""
    message = json.loads(messages_whole(json.dumps(body).encode(), MessagesTold("resp_1", "m")))
    return message["stop_reason"], message["stop_sequence"]


@pytest.mark.parametrize(
    ("stop", "fields", "found"),
    [
        (ONE, None, "END"),
        (SEVERAL, None, None),
        (SEVERAL, {"stop_sequence": "END"}, "END"),
        (SEVERAL, {"delta": {"stop_sequence": "END"}}, "END"),
        (SEVERAL, {"delta": {"stop_sequence": None}}, None),
        (SEVERAL, ["odd"], None),
    ],
)
def test_converse(stop: list[str], fields: Any, found: str | None) -> None:
    beside = {} if fields is None else {"additionalModelResponseFields": fields}
    whole = converse.answered(converse.answer({"text": "a"}, reason="stop_sequence", **beside), a_turn(stop=stop))
    assert whole.get("stop_sequence") == found
    ended = converse.event("messageStop", stopReason="stop_sequence", **beside)
    ended += converse.event("metadata", usage=converse.USAGE)
    streamed = converse.heard(converse.opening() + converse.spoken("a") + ended, a_turn(stop=stop))
    assert streamed.outcome is not None
    assert json.loads(streamed.outcome.body).get("stop_sequence") == found
    assert told(whole) == (("stop_sequence", found) if found else ("end_turn", None))


def test_converse_is_asked_which_of_several() -> None:
    asked = "additionalModelResponseFieldPaths"
    assert said({"input": "Hi", "stop": SEVERAL})[asked] == ["/stop_sequence"]
    assert said({"input": "Hi", "stop": SEVERAL, asked: ["/a"]})[asked] == ["/a"]
    assert asked not in said({"input": "Hi", "stop": ONE})


def test_an_answer_that_ended_otherwise_was_not_stopped() -> None:
    assert "stop_sequence" not in converse.answered(converse.answer({"text": "a"}), a_turn(stop=ONE))


@pytest.mark.parametrize(("stop", "found"), [(ONE, "END"), (SEVERAL, None)])
def test_cohere(stop: list[str], found: str | None) -> None:
    message = {"content": [{"type": "text", "text": "a"}]}
    body = json.dumps({"id": "1", "message": message, "finish_reason": "STOP_SEQUENCE"}).encode()
    assert cohere.answered(body, a_turn(stop=stop)).get("stop_sequence") == found
    assert "stop_sequence" not in cohere.answered(body.replace(b"STOP_SEQUENCE", b"COMPLETE"), a_turn(stop=stop))


@pytest.mark.parametrize(("reason", "found"), [("END", "END"), (None, None), (128009, None), ("eos", None)])
def test_vllm(reason: Any, found: str | None) -> None:
    choice = {"index": 0, "message": {"content": "a"}, "finish_reason": "stop", "stop_reason": reason}
    whole = chat.answered(json.dumps({"choices": [choice]}).encode(), a_turn(stop=SEVERAL))
    assert whole.get("stop_sequence") == found
    piece = {"index": 0, "delta": {"content": "a"}, "finish_reason": "stop", "stop_reason": reason}
    streamed = chat.heard(chat.stream({"choices": [piece]}), a_turn(stop=SEVERAL))
    assert streamed.outcome is not None
    assert json.loads(streamed.outcome.body).get("stop_sequence") == found
