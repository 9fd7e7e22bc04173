import json
from typing import Any

import pytest

from antiphon.errors import UpstreamBroke
from antiphon.quirks import Quirks
from tests.chat_streams import (
    Heard,
    a_target,
    a_turn,
    answered,
    call_piece,
    chunk,
    completion,
    function_tool,
    heard,
    stream,
)
from tests.grammar import check_stream

FINISH = chunk("tool_calls")


def calls(body: Any) -> list[tuple[str, str, str]]:
    """Name, id and input of each call."""
    return [
        (item["name"], item["call_id"], item.get("arguments", item.get("input")))
        for item in body["output"]
        if item["type"] in ("function_call", "custom_tool_call")
    ]


def called(*pieces: Any, finish: str = "tool_calls", **request: Any) -> Heard:
    """Each piece in a chunk of its own."""
    answer = heard(stream(*(chunk(tool_calls=[piece]) for piece in pieces), chunk(finish)), a_turn(**request))
    check_stream(answer.events)
    return answer


def test_a_call_is_told_as_it_comes() -> None:
    answer = called(call_piece(0, "", name="f", id="call_1"), call_piece(0, '{"a"'), call_piece(0, ":1}"))
    assert answer.said("response.function_call_arguments.delta") == ['{"a"', ":1}"]
    assert calls(answer.body) == [("f", "call_1", '{"a":1}')]
    assert answer.types[2:] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


def test_calls_one_after_the_other() -> None:
    answer = called(
        call_piece(0, '{"a":1}', name="f", id="x"), call_piece(1, '{"b"', name="g", id="y"), call_piece(1, ":2}")
    )
    assert calls(answer.body) == [("f", "x", '{"a":1}'), ("g", "y", '{"b":2}')]
    assert answer.said("response.function_call_arguments.delta") == ['{"a":1}', '{"b"', ":2}"]


def test_calls_that_are_interleaved() -> None:
    answer = called(
        call_piece(0, "", name="f", id="x"),
        call_piece(1, "", name="g", id="y"),
        call_piece(1, '{"b"'),
        call_piece(0, '{"a"'),
        call_piece(1, ":2}"),
        call_piece(0, ":1}"),
        call_piece(2, "{}", name="h", id="z"),
    )
    assert calls(answer.body) == [("f", "x", '{"a":1}'), ("g", "y", '{"b":2}'), ("h", "z", "{}")]


def test_a_complete_call_does_not_wait_for_the_end_of_the_answer() -> None:
    pieces = [call_piece(0, '{"a":1}', name="f", id="x"), call_piece(1, "", name="g", id="y"), call_piece(1, '{"b"')]
    answer = heard(stream(*(chunk(tool_calls=[piece]) for piece in pieces), done=False))
    assert [kind for kind in answer.types if kind == "output_item.done"] == ["output_item.done"]
    assert answer.types[-1] == "function_call_arguments.delta"


@pytest.mark.parametrize(
    "pieces",
    [
        # Ollama: every call has index 0
        [call_piece(0, '{"a":1}', name="f", id="x"), call_piece(0, '{"b":2}', name="g", id="y")],
        [
            call_piece(0, name="f", id="x"),
            call_piece(0, '{"a":1}'),
            call_piece(0, "", name="g", id="y"),
            call_piece(0, '{"b":2}'),
        ],
        # no index at all
        [call_piece(None, '{"a":1}', name="f", id="x"), call_piece(None, '{"b":2}', name="g", id="y")],
        [
            call_piece(None, '{"a"', name="f", id="x"),
            call_piece(None, ":1}"),
            call_piece(None, "", name="g", id="y"),
            call_piece(None, '{"b":2}', id="y"),
        ],
        # id and name in every piece
        [
            call_piece(0, "", name="f", id="x"),
            call_piece(0, '{"a":1}', name="f", id="x"),
            call_piece(1, '{"b"', name="g", id="y"),
            call_piece(1, ":2}", name="g", id="y"),
        ],
        # ids that come back empty, or different without a name
        [
            call_piece(0, '{"a"', name="f", id="x"),
            call_piece(0, ":1}", id=""),
            call_piece(1, '{"b"', name="g", id="y"),
            call_piece(1, ":2}", id="other"),
        ],
        # names in pieces, or growing
        [
            call_piece(0, name="", id="x"),
            call_piece(0, name="f"),
            call_piece(0, '{"a":1}'),
            call_piece(1, '{"b":2}', name="g", id="y"),
        ],
        # arguments as the object that they are the text of
        [call_piece(0, {"a": 1}, name="f", id="x"), call_piece(1, {"b": 2}, name="g", id="y")],
    ],
)
def test_how_vendors_number_their_calls(pieces: list[Any]) -> None:
    assert calls(called(*pieces).body) == [("f", "x", '{"a":1}'), ("g", "y", '{"b":2}')]


def test_a_name_in_pieces() -> None:
    tools = [function_tool("get"), function_tool("get_weather")]
    pieces = [call_piece(0, name="get", id="x"), call_piece(0, name="_weather"), call_piece(0, "{}")]
    assert calls(called(*pieces, tools=tools).body) == [("get_weather", "x", "{}")]
    whole_again = [call_piece(0, name="get", id="x"), call_piece(0, name="get_weather"), call_piece(0, "{}")]
    assert calls(called(*whole_again, tools=tools).body) == [("get_weather", "x", "{}")]


@pytest.mark.parametrize("given", [None, ""])
def test_an_id_that_is_missing_is_made_and_kept(given: str | None) -> None:
    answer = called(
        call_piece(0, "", name="f", id=given), call_piece(0, "{}", id="late"), call_piece(1, "{}", name="f")
    )
    assert [call_id for _, call_id, _ in calls(answer.body)] == ["late", "call_" + "0" * 48]


def test_calls_without_ids_at_one_index_are_told_apart() -> None:
    answer = called(call_piece(0, '{"a":1}', name="f"), call_piece(0, '{"a":2}', name="f"))
    assert [text for _, _, text in calls(answer.body)] == ['{"a":1}', '{"a":2}']


def test_an_id_is_never_given_twice() -> None:
    answer = called(call_piece(0, "{}", name="f", id="x"), call_piece(1, "{}", name="f", id="x"))
    assert [call_id for _, call_id, _ in calls(answer.body)] == ["x", "call_" + "0" * 48]


def test_the_call_of_before_tool_calls() -> None:
    legacy = {"name": "f", "arguments": '{"a":1}'}
    pieces = [{"name": "f", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ":1}"}]
    answer = heard(stream(*(chunk(function_call=piece) for piece in pieces), chunk("function_call")))
    check_stream(answer.events)
    assert calls(answer.body) == [("f", "call_" + "0" * 48, '{"a":1}')]
    assert calls(answered(completion({"function_call": legacy}, "function_call"))) == calls(answer.body)


def test_an_empty_call_is_none() -> None:
    said: dict[str, Any] = {
        "content": "a",
        "function_call": {"name": "", "arguments": ""},
        "tool_calls": [{"function": {}}],
    }
    assert [item["type"] for item in answered(completion(said))["output"]] == ["message"]


def test_a_message_closes_before_a_call_and_text_after_it_is_another() -> None:
    answer = heard(
        stream(
            chunk(content="Let me see"),
            chunk(tool_calls=[call_piece(0, '{"a"', name="f", id="x")]),
            chunk(content="!"),
            chunk(tool_calls=[call_piece(0, ":1}")]),
            FINISH,
        )
    )
    check_stream(answer.events)
    assert [item["type"] for item in answer.body["output"]] == ["message", "function_call", "message"]


def test_a_call_cut_by_the_limit_is_incomplete_and_keeps_its_bytes() -> None:
    answer = called(call_piece(0, '{"a', name="f", id="x"), finish="length")
    (item,) = answer.body["output"]
    assert (item["status"], item["arguments"], answer.body["status"]) == ("incomplete", '{"a', "incomplete")


def test_a_call_that_ends_in_its_middle_is_not_believed() -> None:
    pieces = [chunk(tool_calls=[call_piece(0, '{"a', name="f", id="x")])]
    assert isinstance(heard(stream(*pieces)).error, UpstreamBroke)


def test_arguments_that_are_no_json_are_passed_on() -> None:
    assert calls(called(call_piece(0, "{a: 1}", name="f", id="x")).body) == [("f", "x", "{a: 1}")]


def test_one_call_where_one_was_asked_for() -> None:
    pieces = [call_piece(0, "{}", name="f", id="x"), call_piece(1, '{"b"', name="g", id="y"), call_piece(1, ":2}")]
    assert calls(called(*pieces, parallel_tool_calls=False).body) == [("f", "x", "{}")]


def test_calls_that_are_not_allowed_are_not_told() -> None:
    tools = [function_tool("f"), function_tool("g")]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]}
    pieces = [call_piece(0, "{}", name="f", id="x"), call_piece(1, "{}", name="g", id="y")]
    assert calls(called(*pieces, tools=tools, tool_choice=choice).body) == [("g", "y", "{}")]
    alone = called(pieces[0], tools=tools, tool_choice=choice)
    assert (alone.body["status"], alone.body["output"]) == ("completed", [])


def test_namespaces_come_back() -> None:
    tools = [{"type": "namespace", "name": "space", "description": "", "tools": [function_tool("f")]}]
    answer = called(call_piece(0, "{}", name="space__f", id="x"), tools=tools)
    (item,) = answer.body["output"]
    assert (item["name"], item["namespace"]) == ("f", "space")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_custom_tool_behind_a_function_is_unwrapped_while_it_comes(size: int) -> None:
    text = 'say "hi"\n\\ \U0001f600 é\t'
    arguments = json.dumps({"input": text})
    pieces = [call_piece(0, "", name="patch", id="x")]
    pieces += [call_piece(0, arguments[at : at + size]) for at in range(0, len(arguments), size)]
    answer = called(*pieces, tools=[{"type": "custom", "name": "patch"}])
    assert answer.body["output"] == [
        {"type": "custom_tool_call", "id": "ctc_" + "0" * 48, "call_id": "x", "name": "patch", "input": text}
    ]
    deltas = answer.said("response.custom_tool_call_input.delta")
    assert "".join(deltas) == text
    assert size > 10 or len(deltas) > 3


def test_a_custom_tool_of_the_providers_own() -> None:
    target = a_target(Quirks(custom_tools=True))
    turn = a_turn(tools=[{"type": "custom", "name": "patch"}])
    pieces = [
        {"index": 0, "id": "x", "type": "custom", "custom": {"name": "patch", "input": ""}},
        {"index": 0, "custom": {"input": '{"input"'}},
        {"index": 0, "custom": {"input": ": raw"}},
    ]
    answer = heard(stream(*(chunk(tool_calls=[piece]) for piece in pieces), FINISH), turn, target)
    check_stream(answer.events)
    assert calls(answer.body) == [("patch", "x", '{"input": raw')]


def test_a_stand_in_becomes_the_call_that_it_stands_for() -> None:
    arguments = json.dumps({"command": ["ls", "-l"]})
    pieces = [call_piece(0, arguments[:8], name="local_shell", id="x"), call_piece(0, arguments[8:])]
    answer = called(*pieces, call_piece(1, "{}", name="f", id="y"), tools=[{"type": "local_shell"}, function_tool("f")])
    shell, function = answer.body["output"]
    assert (shell["type"], shell["call_id"], shell["status"]) == ("local_shell_call", "x", "completed")
    assert shell["action"]["command"] == ["ls", "-l"]
    assert function["type"] == "function_call"


def test_a_stand_in_that_was_cut_is_a_function_call() -> None:
    answer = called(
        call_piece(0, '{"command":["rm', name="local_shell", id="x"), finish="length", tools=[{"type": "local_shell"}]
    )
    (item,) = answer.body["output"]
    assert (item["type"], item["status"], item["arguments"]) == ("function_call", "incomplete", '{"command":["rm')


def test_many_interleaved_calls_keep_their_order() -> None:
    count = 60
    begun = [call_piece(index, "", name="f", id=f"c{index}") for index in range(count)]
    first = [call_piece(index, '{"n":') for index in reversed(range(count))]
    second = [call_piece(index, f"{index}}}") for index in range(count)]
    answer = called(*begun, *first, *second)
    assert calls(answer.body) == [("f", f"c{index}", f'{{"n":{index}}}') for index in range(count)]


def test_a_call_that_waited_goes_on_as_soon_as_the_one_before_it_is_complete() -> None:
    pieces = [
        call_piece(0, '{"a"', name="f", id="x"),
        call_piece(1, '{"b"', name="g", id="y"),
        call_piece(0, ":1}"),
    ]
    answer = heard(stream(*(chunk(tool_calls=[piece]) for piece in pieces), done=False))
    assert answer.said("response.function_call_arguments.delta") == ['{"a"', ":1}", '{"b"']


def test_white_space_after_complete_arguments_is_kept() -> None:
    answer = called(call_piece(0, '{"a"', name="f", id="x"), call_piece(0, ":1}"), call_piece(0, "\n"))
    assert calls(answer.body) == [("f", "x", '{"a":1}\n')]


def test_a_custom_tool_that_was_called_without_its_wrapper() -> None:
    answer = called(call_piece(0, "*** Begin", name="patch", id="x"), tools=[{"type": "custom", "name": "patch"}])
    assert calls(answer.body) == [("patch", "x", "*** Begin")]
    wrapped = json.dumps({"more": 1, "input": "text"})
    answer = called(
        call_piece(0, wrapped, name="patch", id="x"),
        call_piece(1, "{}", name="f", id="y"),
        tools=[{"type": "custom", "name": "patch"}],
    )
    assert calls(answer.body) == [("patch", "x", "text"), ("f", "y", "{}")]


def test_text_that_could_have_become_a_tag_is_told_before_the_call() -> None:
    target = a_target(Quirks(think_tags=True))
    data = stream(chunk(content="<thin"), chunk(tool_calls=[call_piece(0, "{}", name="f", id="x")]), FINISH)
    answer = heard(data, target=target)
    check_stream(answer.events)
    assert [item["type"] for item in answer.body["output"]] == ["message", "function_call"]
    ended = heard(stream(chunk(content="<thin"), chunk("stop")), target=target)
    assert ended.said("response.output_text.delta") == ["<thin"]
