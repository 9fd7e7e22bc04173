"""What Cohere says, told as a response: the rare things that no recording holds."""

import json
from typing import Any

import pytest

from antiphon.errors import Retry, UpstreamBroke, UpstreamError, UpstreamRefused
from tests.chat_streams import a_turn, function_tool
from tests.grammar import check_stream
from tests.unit.dialects.cohere_turns import COHERE, a_target, answered, end, event, heard, start

USAGE = {"tokens": {"input_tokens": 9, "output_tokens": 5}}


def content(text: str, index: int = 0, **more: Any) -> bytes:
    return event("content-delta", index, {"content": {"text": text}}, **more)


def citation(first: int, last: int, source: dict[str, Any], **more: Any) -> bytes:
    cited = {"start": first, "end": last, "text": "", "sources": [source], "type": "TEXT_CONTENT"} | more
    return event("citation-start", 0, {"citations": cited}) + event("citation-end", 0)


def whole(message: dict[str, Any], reason: str = "COMPLETE", **more: Any) -> bytes:
    return json.dumps({"id": "m-1", "message": message, "finish_reason": reason} | more).encode()


def notes(body: Any) -> list[Any]:
    return body["output"][-1]["content"][0]["annotations"]


def test_thoughts_text_and_citations() -> None:
    thought = event("content-start", 0, {"content": {"type": "thinking", "thinking": ""}})
    thought += event("content-delta", 0, {"content": {"thinking": "Hm."}}) + event("content-end", 0)
    web = {"type": "document", "id": "d", "document": {"url": "https://a.example", "title": "A"}}
    tool = {"type": "tool", "id": "call_1:0", "tool_output": {"content": "x"}}
    data = start() + thought + content("One", 1) + content(" two", 1)
    data += citation(0, 3, web, content_index=1) + citation(4, 7, tool, content_index=1)
    data += citation(0, 3, web, content_index=0, type="THINKING_CONTENT") + event("content-end", 1)
    answer = heard(data + end(usage=USAGE))
    check_stream(answer.events)
    reasoning, message = answer.body["output"]
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert message["content"][0]["text"] == "One two"
    assert message["content"][0]["annotations"] == [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3},
        {
            "type": "file_citation",
            "file_id": "call_1:0",
            "filename": "call_1:0",
            "index": 7,
            "start_index": 4,
            "end_index": 7,
        },
    ]


def test_citations_count_from_their_own_block() -> None:
    source = {"type": "document", "id": "d", "document": {"title": "T"}}
    data = start() + content("One. ", 0) + content("Two.", 1)
    answer = heard(data + citation(0, 3, source, content_index=1) + citation(0, 999, source) + end())
    assert [(note["start_index"], note["end_index"]) for note in notes(answer.body)] == [(5, 8), (0, 9)]
    assert notes(answer.body)[0]["filename"] == "T"


def test_probabilities_only_for_who_wants_them() -> None:
    likely = {"text": "Hi you", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}
    data = start() + content("Hi you", logprobs=likely) + end()
    turn = a_turn(include=["message.output_text.logprobs"])
    (entry,) = heard(data, turn).body["output"][0]["content"][0]["logprobs"]
    assert (entry["token"], entry["logprob"], entry["top_logprobs"]) == ("Hi you", -0.75, [])
    assert heard(data).body["output"][0]["content"][0]["logprobs"] == []
    message = {"content": [{"type": "text", "text": "Hi you"}]}
    turn = a_turn(include=["message.output_text.logprobs"])
    assert answered(whole(message, logprobs=[likely]), turn)["output"][0]["content"][0]["logprobs"] == [entry]


def test_a_plan_is_reasoning_and_calls_follow_it() -> None:
    plan = event("tool-plan-delta", message={"tool_plan": "I will look."})
    call = event("tool-call-start", 0, {"tool_calls": {"id": "f_1", "function": {"name": "f", "arguments": ""}}})
    more = event("tool-call-delta", 0, {"tool_calls": {"function": {"arguments": '{"a":1}'}}})
    answer = heard(start() + plan + call + more + event("tool-call-end", 0) + end("TOOL_CALL"))
    check_stream(answer.events)
    assert [item["type"] for item in answer.body["output"]] == ["reasoning", "function_call"]
    assert answer.body["output"][1]["arguments"] == '{"a":1}'


def test_text_between_calls_and_a_call_that_is_not_let_by() -> None:
    turn = a_turn(
        tools=[function_tool("f"), function_tool("g")],
        tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    )
    data = start()
    for index, name in enumerate("fg"):
        calls = {"id": f"{name}_1", "function": {"name": name, "arguments": "{}"}}
        data += event("tool-call-start", index, {"tool_calls": calls})
    answer = heard(data + content("Done.") + end(), turn)
    check_stream(answer.events)
    assert [item["type"] for item in answer.body["output"]] == ["function_call", "message"]


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        ("COMPLETE", "completed", None),
        ("STOP_SEQUENCE", "completed", None),
        ("TOOL_CALL", "completed", None),
        ("MAX_TOKENS", "incomplete", "max_output_tokens"),
        ("ERROR_TOXIC", "incomplete", "content_filter"),
    ],
)
def test_ways_to_end(reason: str, status: str, why: str | None) -> None:
    for body in (heard(start() + content("Hi") + end(reason)).body, answered(whole({"content": "Hi"}, reason))):
        assert body["status"] == status
        assert body["incomplete_details"] == (None if why is None else {"reason": why})


@pytest.mark.parametrize(
    ("reason", "status", "retry"),
    [("ERROR", 502, Retry.SAME), ("TIMEOUT", 504, Retry.SAME), ("ERROR_LIMIT", 400, Retry.NEVER)],
)
def test_ways_to_fail(reason: str, status: int, retry: Retry) -> None:
    answer = heard(start() + content("Hi") + end(reason, error="The model is out."))
    check_stream(answer.events, ended=False)
    assert isinstance(answer.error, UpstreamRefused)
    assert (answer.error.status, answer.error.retry, answer.error.message) == (status, retry, "The model is out.")
    with pytest.raises(UpstreamRefused):
        answered(whole({"content": "Hi"}, reason))


@pytest.mark.parametrize(
    "data",
    [
        b'event: error\ndata: {"message":"no capacity"}\n\n',
        b'data: {"type":"error","error":{"message":"no capacity"}}\n\n',
        b'data: {"id":"x","message":"no capacity"}\n\n',
    ],
)
def test_errors_in_the_stream(data: bytes) -> None:
    answer = heard(start() + content("Hi") + data + content("more"))
    check_stream(answer.events, ended=False)
    assert answer.error is not None
    assert answer.error.message == "no capacity"


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"<html>", b'{"message":"no"}'])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        answered(body)


def test_a_stream_without_its_end_is_cut() -> None:
    answer = heard(start() + content("Hi"))
    check_stream(answer.events, ended=False)
    assert isinstance(answer.error, UpstreamBroke)


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert heard(start() + content("Hi") + end()[:-1]).body["status"] == "completed"


def test_what_is_not_known_is_passed_over() -> None:
    odd = b': ping\n\nevent: debug\ndata: {"type":"debug","prompt":"x"}\n\ndata: []\n\ndata: {}\n\n'
    wrong = event("content-delta", 0, {"content": {"text": 3}}) + event("tool-call-start", 0, {"tool_calls": "x"})
    ended = event("tool-call-end", 7) + event("tool-call-end") + event("citation-start", 0)
    answer = heard(start() + odd + wrong + ended + content("Hi") + end())
    check_stream(answer.events)
    assert answer.body["output"][0]["content"][0]["text"] == "Hi"
    assert answer.outcome is not None
    assert answer.outcome.upstream_id == "m-1"


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (USAGE, (9, 5)),
        ({"billed_units": {"input_tokens": 3, "output_tokens": 2}}, (3, 2)),
        ({"tokens": {"input_tokens": -1, "output_tokens": 1e400}}, (0, 0)),
        ({"tokens": "many"}, (0, 0)),
        (None, (0, 0)),
        ([], (0, 0)),
    ],
)
def test_usage(usage: Any, counts: tuple[int, int]) -> None:
    told = heard(start() + content("Hi") + end(usage=usage).replace(b"Infinity", b"1e400")).body["usage"]
    assert (told["input_tokens"], told["output_tokens"]) == counts


@pytest.mark.parametrize(
    ("status", "message", "shown", "code"),
    [
        (
            400,
            "too many tokens: total number of tokens in the prompt cannot exceed 128000",
            400,
            "context_length_exceeded",
        ),
        (401, "invalid api token", 502, "upstream_error"),
        (404, "model 'x' not found, make sure the correct model ID was used", 400, "model_not_found"),
        (429, "You are past the per minute request limit", 429, "rate_limit_exceeded"),
        (498, "the request holds a token of a deny list", 400, None),
        (499, "request cancelled", 504, "server_error"),
        (503, "try later", 503, "server_error"),
    ],
)
def test_refusals(status: int, message: str, shown: int, code: str | None) -> None:
    error = COHERE.refusal(status, json.dumps({"id": "x", "message": message}).encode(), None)
    assert isinstance(error, UpstreamError)
    assert (error.status, error.code) == (shown, code)


def test_the_quick_way_keeps_count_of_the_text() -> None:
    reader = COHERE.reader(a_turn(), a_target())
    said = [*reader.feed(start() + content("One")).events, *reader.feed(content(" two")).events]
    frame = reader.quick(content(" three"), len(said))
    assert frame is not None
    assert b" three" in frame
    source = {"type": "document", "id": "d"}
    reader.feed(content("Four", 2) + citation(0, 4, source, content_index=2) + end())
    assert reader.outcome is not None
    assert [note["start_index"] for note in notes(json.loads(reader.outcome.body))] == [13]
    assert reader.quick(content("late"), 99) is None
