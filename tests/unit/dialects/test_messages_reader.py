"""What Anthropic's Messages API answers, event by event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.messages_reader import MessagesReader
from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused
from tests.chat_streams import a_turn, function_tool
from tests.grammar import check_stream
from tests.message_streams import (
    answered,
    asking,
    block,
    call_block,
    claude,
    event,
    heard,
    message,
    result,
    say,
    sealed_in,
    start,
    stop,
    text_block,
    use,
)

Body = dict[str, Any]


def thinking(index: int, *pieces: str, signature: str = "sig") -> bytes:
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    begun = {"type": "thinking", "thinking": "", "signature": ""}
    return block(index, begun, *deltas, {"type": "signature_delta", "signature": signature})


def test_text_as_it_comes() -> None:
    answer = heard(start(input_tokens=3) + text_block(0, "Hel", "lo") + stop("end_turn", output_tokens=2))
    check_stream(answer.events)
    assert answer.said("response.output_text.delta") == ["Hel", "lo"]
    assert answer.outcome is not None
    assert answer.outcome.upstream_id == "msg_1"
    assert (answer.body["usage"]["input_tokens"], answer.body["usage"]["output_tokens"]) == (3, 2)


def test_most_text_takes_the_quick_way() -> None:
    target, turn = claude(), asking()
    reader = target.dialect.reader(turn, target)
    frames = text_block(0, "a", "b").split(b"\n\n")
    told = [each.number for each in reader.feed(start() + frames[0] + b"\n\n").events]
    number = told[-1] + 1
    assert reader.quick(frames[1] + b"\n\n", number) is None  # the part is not open yet
    number += len(reader.feed(frames[1] + b"\n\n").events)
    quick = reader.quick(frames[2] + b"\n\n", number)
    assert quick is not None
    assert b'"delta":"b"' in quick
    padded = frames[2].removesuffix(b"}") + b"    }\n\n"
    assert reader.quick(padded, number + 1) is not None
    assert reader.quick(frames[2] + b"\n\n" + frames[2] + b"\n\n", number + 2) is None
    assert reader.quick(frames[2][:-5] + b"\n\n", number + 2) is None


def test_thoughts_are_told_as_a_summary_and_sealed_with_their_signature() -> None:
    said = start() + thinking(0, "Hm", ".") + text_block(1, "Ah") + stop("end_turn")
    answer = heard(said, turn=asking())
    check_stream(answer.events)
    thought, words = answer.output
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert sealed_in(thought) == [{"type": "thinking", "thinking": "Hm.", "signature": "sig"}]
    assert words["type"] == "message"


def test_thoughts_that_nobody_signed_are_the_thoughts_themselves() -> None:
    raw = block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "Hm."})
    [thought] = heard(start() + raw + stop("end_turn"), turn=asking()).output
    assert thought["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert sealed_in(thought) == []


def test_thoughts_apart_are_told_apart() -> None:
    said = start() + thinking(0, "One.") + thinking(1, "Two.") + stop("end_turn")
    [thought] = heard(said, turn=asking()).output
    assert thought["summary"][0]["text"] == "One.\n\nTwo."
    assert len(sealed_in(thought)) == 2


def test_thoughts_that_are_not_shown_are_an_item_all_the_same() -> None:
    hidden = block(1, {"type": "redacted_thinking", "data": "xyz"})
    answer = heard(start() + thinking(0) + hidden + text_block(2, "Ah") + stop("end_turn"), turn=asking())
    check_stream(answer.events)
    thought = answer.output[0]
    assert thought["summary"] == []
    assert [each["type"] for each in sealed_in(thought)] == ["thinking", "redacted_thinking"]


def test_seals_are_kept_and_not_shown_to_who_did_not_ask() -> None:
    answer = heard(start() + thinking(0, "Hm") + stop("end_turn"), turn=a_turn(stream=True))
    assert sealed_in(answer.output[0])
    assert b"encrypted_content" not in answer.events[-1].data


def test_calls() -> None:
    said = call_block(0, "f", '{"a"', ": 1}") + call_block(1, "f", id="toolu_2")
    answer = heard(start() + said + stop("tool_use"), turn=asking(tools=[function_tool("f")]))
    check_stream(answer.events)
    assert [(each["call_id"], each["arguments"]) for each in answer.output] == [
        ("toolu_1", '{"a": 1}'),
        ("toolu_2", "{}"),
    ]
    assert answer.body["status"] == "completed"


def test_calls_of_custom_tools_are_unwrapped() -> None:
    said = call_block(0, "patch", '{"in', 'put": "a\\n', 'b"}')
    answer = heard(start() + said + stop("tool_use"), turn=asking(tools=[{"type": "custom", "name": "patch"}]))
    check_stream(answer.events)
    assert (answer.output[0]["type"], answer.output[0]["input"]) == ("custom_tool_call", "a\nb")


def test_one_call_where_one_is_wanted() -> None:
    turn = asking(tools=[function_tool("f")], parallel_tool_calls=False)
    said = call_block(0, "f", "{}") + call_block(1, "f", "{}", id="toolu_2")
    assert len(heard(start() + said + stop("tool_use"), turn=turn).output) == 1


def test_a_call_that_was_cut_is_not_whole() -> None:
    answer = heard(start() + call_block(0, "f", '{"a": 1') + stop("max_tokens"), turn=asking())
    check_stream(answer.events)
    assert answer.body["incomplete_details"] == {"reason": "max_output_tokens"}
    assert answer.output[0]["status"] == "incomplete"
    use = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
    body = answered(message(use, stop_reason="max_tokens"))
    assert (body["output"][0]["status"], body["output"][0]["arguments"]) == ("incomplete", '{"a":1')


def test_an_answer_that_was_a_call() -> None:
    form = {"type": "json_schema", "name": "thing", "schema": {"type": "object"}}
    turn = asking(text={"format": form})
    old = claude("claude-3-5-haiku-latest")
    answer = heard(start() + call_block(0, "json", '{"a"', ":1}") + stop("tool_use"), turn=turn, target=old)
    check_stream(answer.events)
    assert [part["text"] for part in answer.output[0]["content"]] == ['{"a":1}']
    use = {"type": "tool_use", "id": "toolu_1", "name": "json", "input": {"a": 1}}
    body = answered(message(use, stop_reason="tool_use"), turn, old)
    assert [part["text"] for part in body["output"][0]["content"]] == ['{"a":1}']


def test_a_pause_is_no_end() -> None:
    asked = block(1, use("web_search", query="q"))
    first = start(input_tokens=5, cache_read_input_tokens=2) + text_block(0, "Let me see.") + asked
    turn = asking(tools=[{"type": "web_search"}])
    answer = heard(first + stop("pause_turn", output_tokens=3) + b"\n: late\n\n", turn=turn)
    check_stream(answer.events, ended=False)
    assert answer.resumption is not None
    assert answer.resumption.streamed is True
    body = json.loads(answer.resumption.body)
    assert body["messages"][-1] == {"role": "assistant", "content": [say("Let me see."), use("web_search", query="q")]}
    found = result("web_search_tool_result", [])
    second = start(input_tokens=7) + block(0, found) + text_block(1, "Ah") + stop("end_turn", output_tokens=4)
    answer = heard(first + stop("pause_turn", output_tokens=3), second, turn=turn)
    check_stream(answer.events)
    assert [item["type"] for item in answer.output] == ["message", "reasoning", "web_search_call", "message"]
    assert answer.output[2]["action"]["query"] == "q"
    assert answer.resumption is None
    usage = answer.body["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (14, 7)


def test_a_second_pause_goes_on_from_both() -> None:
    turn = asking(tools=[{"type": "web_search"}])
    parts = [start() + text_block(0, text) + stop("pause_turn") for text in ("a", "b")]
    answer = heard(*parts, turn=turn)
    assert answer.resumption is not None
    assert json.loads(answer.resumption.body)["messages"][-1]["content"] == [say("a"), say("b")]


def test_a_whole_answer_that_paused_is_incomplete() -> None:
    assert answered(message(say("a"), stop_reason="pause_turn"))["status"] == "incomplete"


def test_whoever_does_not_stream_gets_the_same_answer() -> None:
    said = start(input_tokens=3) + thinking(0, "Hm") + text_block(1, "Ah") + stop("end_turn", output_tokens=2)
    silent = heard(said, turn=a_turn())
    assert silent.events == []
    assert silent.body["output"] == heard(said, turn=a_turn(stream=True)).body["output"]


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        ("end_turn", "completed", None),
        ("stop_sequence", "completed", None),
        ("something_new", "completed", None),
        ("max_tokens", "incomplete", {"reason": "max_output_tokens"}),
        ("model_context_window_exceeded", "incomplete", {"reason": "max_output_tokens"}),
        ("refusal", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_why_it_ended(reason: str, status: str, why: Any) -> None:
    answer = heard(start() + text_block(0, "Hi") + stop(reason))
    check_stream(answer.events)
    assert (answer.body["status"], answer.body["incomplete_details"]) == (status, why)


@pytest.mark.parametrize("details", [{"explanation": "Not that."}, None])
def test_a_refusal_without_words_is_one_with_words(details: Any) -> None:
    delta = {"stop_reason": "refusal", "stop_details": details}
    answer = heard(start() + event("message_delta", delta=delta, usage={}) + event("message_stop"))
    check_stream(answer.events)
    [part] = answer.output[0]["content"]
    assert part["type"] == "refusal"
    assert part["refusal"] == ("Not that." if details else "The model declined to answer.")
    assert answer.body["status"] == "completed"


def test_service_tiers_in_openais_words() -> None:
    for tier, told in (("standard", "default"), ("priority", "priority")):
        body = answered(message(say("Hi"), usage={"input_tokens": 1, "output_tokens": 1, "service_tier": tier}))
        assert body["service_tier"] == told


def test_usage() -> None:
    sent = {
        "input_tokens": 1,
        "cache_read_input_tokens": 2,
        "cache_creation_input_tokens": 3,
        "output_tokens": 4,
        "output_tokens_details": {"thinking_tokens": 3},
    }
    usage = answered(message(say("Hi"), usage=sent))["usage"]
    assert usage["input_tokens"] == 6
    assert usage["input_tokens_details"] == {"cached_tokens": 2, "cache_write_tokens": 3}
    assert usage["output_tokens_details"] == {"reasoning_tokens": 3}
    assert usage["total_tokens"] == 10
    assert usage["raw_usage"] == sent


@pytest.mark.parametrize(
    ("kind", "status", "code", "retry"),
    [
        ("overloaded_error", 503, "server_error", Retry.SAME),
        ("rate_limit_error", 429, "rate_limit_exceeded", Retry.SAME),
        ("api_error", 502, "server_error", Retry.SAME),
        ("timeout_error", 504, "server_error", Retry.SAME),
        ("billing_error", 429, "insufficient_quota", Retry.ELSEWHERE),
        ("request_too_large", 413, "request_too_large", Retry.NEVER),
        ("invalid_request_error", 400, None, Retry.NEVER),
    ],
)
def test_failures_in_a_stream(kind: str, status: int, code: str | None, retry: Retry) -> None:
    answer = heard(start() + text_block(0, "Hi") + event("error", error={"type": kind, "message": "So it is."}))
    check_stream(answer.events, ended=False)
    assert answer.said("response.output_text.delta") == ["Hi"]
    assert isinstance(answer.error, UpstreamRefused)
    assert (answer.error.status, answer.error.code, answer.error.retry) == (status, code, retry)


@pytest.mark.parametrize(
    ("status", "kind", "words", "shown", "code"),
    [
        (529, "overloaded_error", "Overloaded", 503, "server_error"),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            400,
            "context_length_exceeded",
        ),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            400,
            "context_length_exceeded",
        ),
        (400, "invalid_request_error", "Your credit balance is too low to access the API.", 429, "insufficient_quota"),
        (401, "authentication_error", "invalid x-api-key", 502, "upstream_error"),
        (403, "permission_error", "Not yours.", 502, "upstream_error"),
        (402, "billing_error", "Pay.", 429, "insufficient_quota"),
        (404, "not_found_error", "model: claude-9", 400, "model_not_found"),
        (413, "request_too_large", "Request exceeds the maximum size", 413, "request_too_large"),
        (429, "rate_limit_error", "Slower.", 429, "rate_limit_exceeded"),
        (500, "api_error", "Internal server error", 502, "server_error"),
        (504, "timeout_error", "Too slow.", 504, "server_error"),
    ],
)
def test_refusals(status: int, kind: str, words: str, shown: int, code: str) -> None:
    told = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}
    error = claude().dialect.refusal(status, json.dumps(told).encode(), None)
    assert (error.status, error.code) == (shown, code)


def test_an_error_in_place_of_a_message() -> None:
    target = claude()
    told = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    with pytest.raises(UpstreamRefused):
        target.dialect.whole(a_turn(), target, told)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"no", b'{"content": 3}', b""])
def test_what_is_no_message(body: bytes) -> None:
    target = claude()
    with pytest.raises(UpstreamBroke):
        target.dialect.whole(a_turn(), target, body)


@pytest.mark.parametrize("said", [b"", start(), start() + text_block(0, "Hi"), b"data: 3\n\n", b"data: {}\n\n"])
def test_a_stream_that_was_cut(said: bytes) -> None:
    assert isinstance(heard(said).error, UpstreamBroke)


def test_a_stream_without_its_last_word_but_with_its_reason_is_whole() -> None:
    said = start() + text_block(0, "Hi") + stop("end_turn")
    assert heard(said.removesuffix(event("message_stop"))).body["status"] == "completed"
    assert heard(said.removesuffix(b"\n\n")).body["status"] == "completed"


def test_pings_and_news_are_passed_over() -> None:
    said = start() + event("ping") + text_block(0, "Hi") + event("something_new", index=0) + stop("end_turn")
    answer = heard(said)
    check_stream(answer.events)
    assert answer.output[0]["content"][0]["text"] == "Hi"


def test_halves_of_letters_are_put_together() -> None:
    halves = [b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}']
    halves.append(halves[0].replace(b"\\ud83d", b"\\ude00"))
    begun = event("content_block_start", index=0, content_block=say(""))
    said = start() + begun + b"".join(b"data: %b\n\n" % half for half in halves)
    answer = heard(said + event("content_block_stop", index=0) + stop("end_turn"))
    check_stream(answer.events)
    assert answer.output[0]["content"][0]["text"] == "😀"


def test_events_may_be_given_one_by_one() -> None:
    target, turn = claude(), asking()
    reader = target.dialect.reader(turn, target)
    assert isinstance(reader, MessagesReader)
    for frame in (start() + text_block(0, "Hi") + stop("end_turn")).split(b"\n\n")[:-1]:
        reader.take(frame.partition(b"data: ")[2])
    check_stream(reader.given().events)
    assert reader.outcome is not None
