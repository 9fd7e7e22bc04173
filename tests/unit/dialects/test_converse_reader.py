"""What a Converse stream says, piece by piece, where no recording shows it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from antiphon.dialects.converse_reader import ConverseReader
from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused
from tests.chat_streams import Heard, a_turn, function_tool
from tests.converse_streams import (
    PADDING,
    USAGE,
    a_target,
    answer,
    answered,
    call,
    ending,
    event,
    exception,
    frame,
    heard,
    opening,
    piece,
    sealed_in,
    spoken,
    stop,
)
from tests.fakes import SEALER
from tests.grammar import check_stream

SEALS = ["reasoning.encrypted_content"]
NOVA = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"


def read(*parts: bytes, model: str | None = None, **request: Any) -> Heard:
    """A stream that came to its end."""
    target = a_target() if model is None else a_target(model)
    found = heard(b"".join(parts), a_turn(**request), target)
    check_stream(found.events)
    return found


def thought(index: int, **delta: str) -> bytes:
    return piece(index, reasoningContent=delta)


def test_a_message_of_text() -> None:
    found = read(opening(), spoken("Hel", "lo"), ending())
    assert found.types == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert found.body["usage"]["raw_usage"] == USAGE


def test_the_beginning_alone_opens_the_response() -> None:
    found = heard(opening())
    assert found.types == ["created", "in_progress"]
    assert isinstance(found.error, UpstreamBroke)


def test_signed_reasoning_is_a_summary_and_a_seal() -> None:
    thinking = thought(0, text="Let me ") + thought(0, text="see.") + thought(0, signature="sig") + stop(0)
    found = read(opening(), thinking, spoken("Yes", index=1), ending(), include=SEALS)
    reasoning, message = found.body["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": "Let me see."}]
    assert "content" not in reasoning
    assert message["content"][0]["text"] == "Yes"
    (envelope,) = sealed_in(found.body)
    assert (envelope.k, envelope.m) == ("converse", "anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert envelope.items == [{"text": "Let me see.", "signature": "sig"}]


def test_reasoning_that_is_told_in_full_is_content() -> None:
    found = read(opening(), thought(0, text="Hm."), stop(0), spoken("Yes", index=1), ending(), model=LLAMA)
    assert found.body["output"][0]["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert "encrypted_content" not in found.body["output"][0]


def test_omitted_thoughts_leave_their_signature() -> None:
    found = read(opening(), thought(0, text=""), thought(0, signature="sig"), stop(0), ending(), include=SEALS)
    assert found.body["output"][0]["summary"] == []
    assert [each.items for each in sealed_in(found.body)] == [[{"text": "", "signature": "sig"}]]


def test_sealed_thoughts_in_pieces_are_one_block() -> None:
    first, second = base64.b64encode(b"ab").decode(), base64.b64encode(b"cde").decode()
    pieces = thought(0, redactedContent=first) + thought(0, redactedContent=second) + stop(0)
    found = read(opening(), pieces, spoken("Yes", index=1), ending(), include=SEALS)
    sealed = base64.b64encode(b"abcde").decode()
    assert [each.items for each in sealed_in(found.body)] == [[{"redactedContent": sealed}]]


def test_sealed_thoughts_that_are_no_base64_break_the_answer() -> None:
    pieces = thought(0, redactedContent="!") + thought(0, redactedContent="?") + stop(0)
    assert isinstance(heard(opening() + pieces).error, UpstreamBroke)


def test_seals_are_kept_from_those_who_did_not_ask() -> None:
    found = read(opening(), thought(0, text="Hm."), thought(0, signature="sig"), stop(0), ending())
    shown = json.loads(found.events[-1].data)["response"]["output"][0]
    assert "encrypted_content" not in shown
    assert len(sealed_in(found.body)) == 1


def test_calls_side_by_side_and_one_without_input() -> None:
    tools = [function_tool("f"), function_tool("g")]
    calls = call(0, "t1", "f") + call(1, "t2", "g", '{"a"', ": 1}") + call(2, "t3", "f", "")
    found = read(opening(), calls, ending("tool_use"), tools=tools)
    said = [(item["call_id"], item["name"], item["arguments"]) for item in found.body["output"]]
    assert said == [("t1", "f", "{}"), ("t2", "g", '{"a": 1}'), ("t3", "f", "{}")]
    assert {item["status"] for item in found.body["output"]} == {"completed"}


def test_a_call_that_the_limit_cut() -> None:
    found = read(opening(), call(0, "t1", "f", '{"a": '), ending("max_tokens"), tools=[function_tool("f")])
    (item,) = found.body["output"]
    assert (item["status"], item["arguments"]) == ("incomplete", '{"a": ')
    assert found.body["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_call_that_the_limit_cut_before_its_input() -> None:
    found = read(opening(), call(0, "t1", "f"), ending("max_tokens"), tools=[function_tool("f")])
    assert [item["status"] for item in found.body["output"]] == ["incomplete"]


def test_a_call_without_input_is_done_when_the_next_begins() -> None:
    reader = ConverseReader(a_turn(tools=[function_tool("f")]), a_target(), SEALER)
    reader.feed(opening() + call(0, "t1", "f"))
    types = [each.type.removeprefix("response.") for each in reader.feed(call(1, "t2", "f")).events]
    arguments = ["function_call_arguments.delta", "function_call_arguments.done"]
    assert types == [*arguments, "output_item.done", "output_item.added"]


def test_only_one_call_where_only_one_may_be() -> None:
    calls = call(0, "t1", "f", "{}") + call(1, "t2", "f", "{}")
    found = read(opening(), calls, ending("tool_use"), tools=[function_tool("f")], parallel_tool_calls=False)
    assert [item["call_id"] for item in found.body["output"]] == ["t1"]


def test_custom_tools_and_stand_ins_lead_back_to_the_client_s_own() -> None:
    tools = [{"type": "custom", "name": "patch"}, {"type": "local_shell"}]
    calls = call(0, "t1", "patch", '{"input": "a\\nb"}') + call(1, "t2", "local_shell", '{"command": ["ls"]}')
    found = read(opening(), calls, ending("tool_use"), tools=tools)
    custom, shell = found.body["output"]
    assert (custom["type"], custom["input"]) == ("custom_tool_call", "a\nb")
    assert (shell["type"], shell["action"]["command"]) == ("local_shell_call", ["ls"])


def test_text_between_calls_is_a_message_of_its_own() -> None:
    parts = call(0, "t1", "f", "{}") + spoken("and", index=1) + call(2, "t2", "f", "{}")
    found = read(opening(), parts, ending("tool_use"), tools=[function_tool("f")])
    assert [item["type"] for item in found.body["output"]] == ["function_call", "message", "function_call"]


WEB = {"location": {"web": {"url": "https://a.example", "domain": "a.example"}}, "title": "A"}
PAGE = {"location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}, "title": "report"}


def test_citations_span_their_block() -> None:
    parts = spoken("Well, ") + piece(1, text="so it is.") + piece(1, citation=WEB) + piece(1, citation=PAGE) + stop(1)
    found = read(opening(), parts, spoken(" Indeed.", index=2), ending())
    (part,) = found.body["output"][0]["content"]
    assert part["text"] == "Well, so it is. Indeed."
    assert part["annotations"] == [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 6, "end_index": 15},
        {"type": "file_citation", "file_id": "", "filename": "report", "index": 15},
    ]
    block = {"citationsContent": {"content": [{"text": "so it is."}], "citations": [WEB, PAGE]}}
    assert answered(answer({"text": "Well, "}, block, {"text": " Indeed."})) == found.body


def test_a_web_search_of_nova_s_own_is_an_item() -> None:
    search = call(0, "s1", "nova_grounding", '{"query": ', '"news"}', type="server_tool_use")
    result = event("contentBlockStart", contentBlockIndex=1, start={"toolResult": {"toolUseId": "s1"}}) + stop(1)
    found = read(opening(), search, result, spoken("So", index=2), ending(), model=NOVA, tools=[{"type": "web_search"}])
    item, _ = found.body["output"]
    assert (item["type"], item["status"], item["action"]["query"]) == ("web_search_call", "completed", "news")


def test_a_picture_is_an_item() -> None:
    start = event("contentBlockStart", contentBlockIndex=0, start={"image": {"format": "png"}})
    pieces = piece(0, image={"source": {"bytes": "aGVs"}}) + piece(0, image={"source": {"bytes": "bG8="}}) + stop(0)
    found = read(opening(), start, pieces, ending())
    (item,) = found.body["output"]
    assert (item["type"], item["result"], item["output_format"]) == ("image_generation_call", "aGVsbG8=", "png")
    whole = answered(answer({"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}}))
    assert whole == found.body


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
FORM = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}


def test_an_answer_that_comes_as_a_call_is_text() -> None:
    parts = spoken("I will answer. ") + call(1, "t1", "answer_in_json", '{"a"', ": 1}")
    found = read(opening(), parts, ending("tool_use"), model="us.amazon.nova-pro-v1:0", text=FORM)
    assert [item["type"] for item in found.body["output"]] == ["message"]
    assert found.said("response.output_text.delta") == ['{"a"', ": 1}"]
    use = {"toolUse": {"toolUseId": "t1", "name": "answer_in_json", "input": {"a": 1}}}
    whole = answered(
        answer({"text": "I will answer. "}, use, reason="tool_use"),
        a_turn(text=FORM),
        a_target("us.amazon.nova-pro-v1:0"),
    )
    assert json.loads(whole["output"][0]["content"][0]["text"]) == {"a": 1}


def test_an_answer_in_text_where_a_call_was_asked_for_is_the_answer() -> None:
    found = read(opening(), spoken('{"a"', ": 2}"), ending(), model="us.amazon.nova-pro-v1:0", text=FORM)
    assert found.body["output"][0]["content"][0]["text"] == '{"a": 2}'


def test_a_call_of_the_client_s_tool_lets_the_text_before_it_through() -> None:
    answers = call(2, "t2", "answer_in_json", '{"a": 1}') + call(3, "t3", "answer_in_json", '{"a": 2}')
    parts = spoken("First ") + call(1, "t1", "f", "{}") + answers + spoken("Done.", index=4)
    tools = [function_tool("f")]
    found = read(opening(), parts, ending("tool_use"), model="us.amazon.nova-pro-v1:0", text=FORM, tools=tools)
    assert [item["type"] for item in found.body["output"]] == ["message", "function_call", "message"]
    assert found.body["output"][2]["content"][0]["text"] == '{"a": 1}'


REASONS = [
    ("end_turn", "completed", None),
    ("stop_sequence", "completed", None),
    ("tool_use", "completed", None),
    ("something_new", "completed", None),
    ("max_tokens", "incomplete", "max_output_tokens"),
    ("model_context_window_exceeded", "incomplete", "max_output_tokens"),
    ("guardrail_intervened", "incomplete", "content_filter"),
    ("content_filtered", "incomplete", "content_filter"),
]


@pytest.mark.parametrize(("reason", "status", "why"), REASONS, ids=[each[0] for each in REASONS])
def test_why_an_answer_ends(reason: str, status: str, why: str | None) -> None:
    found = read(opening(), spoken("Yes"), ending(reason))
    assert found.body["status"] == status
    assert found.body["incomplete_details"] == (None if why is None else {"reason": why})
    assert answered(answer({"text": "Yes"}, reason=reason)) == found.body


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_answers_that_the_model_spoilt_are_failures(reason: str) -> None:
    found = heard(opening() + spoken("Yes") + ending(reason))
    assert isinstance(found.error, UpstreamBroke)
    assert found.error.retry is Retry.SAME
    check_stream(found.events, ended=False)
    with pytest.raises(UpstreamBroke):
        answered(answer({"text": "Yes"}, reason=reason))


def test_the_end_may_come_before_or_without_the_counts() -> None:
    data = opening() + spoken("Yes") + event("messageStop", stopReason="end_turn")
    found = heard(data)
    check_stream(found.events)
    assert found.body["usage"]["total_tokens"] == 0
    early = heard(
        opening() + event("metadata", usage=USAGE) + spoken("Yes") + event("messageStop", stopReason="end_turn")
    )
    assert early.body["usage"]["total_tokens"] == 18


def test_counts_of_the_cache_are_part_of_the_input() -> None:
    usage = USAGE | {"cacheReadInputTokens": 100, "cacheWriteInputTokens": 20, "totalTokens": 138}
    counts = read(opening(), spoken("Yes"), ending(usage=usage)).body["usage"]
    assert (counts["input_tokens"], counts["total_tokens"]) == (131, 138)
    assert counts["input_tokens_details"] == {"cached_tokens": 100, "cache_write_tokens": 20}


def test_the_tier_that_served_is_told() -> None:
    found = read(opening(), spoken("Yes"), ending(serviceTier={"type": "flex"}))
    assert found.body["service_tier"] == "flex"


def test_what_is_not_known_is_passed_over() -> None:
    strange = event("somethingNew", a=1) + frame(b"{}", {}) + piece(7, someKind={"a": 1}) + stop(7)
    assert read(opening(), strange, spoken("Yes"), ending()).body == read(opening(), spoken("Yes"), ending()).body


@pytest.mark.parametrize(
    ("kind", "status", "code", "retry"),
    [
        ("throttlingException", 429, "rate_limit_exceeded", Retry.SAME),
        ("modelStreamErrorException", 502, "server_error", Retry.SAME),
        ("serviceUnavailableException", 503, "server_error", Retry.SAME),
        ("internalServerException", 502, "server_error", Retry.SAME),
        ("modelTimeoutException", 504, "server_error", Retry.SAME),
        ("validationException", 400, None, Retry.NEVER),
        ("somethingNewException", 502, "server_error", Retry.SAME),
    ],
)
def test_an_exception_in_the_stream(kind: str, status: int, code: str | None, retry: Retry) -> None:
    found = heard(opening() + piece(0, text="Ye") + exception(kind, "Something went wrong."))
    check_stream(found.events, ended=False)
    assert found.said("response.output_text.delta") == ["Ye"]
    error = found.error
    assert isinstance(error, UpstreamRefused)
    assert (error.status, error.code, error.retry, error.message) == (status, code, retry, "Something went wrong.")


def test_a_failure_outside_the_model_s_events() -> None:
    headers = {":message-type": "error", ":error-code": "InternalServerException", ":error-message": "Oh."}
    found = heard(opening() + frame(b"", headers))
    assert isinstance(found.error, UpstreamRefused)
    assert (found.error.status, found.error.message) == (502, "Oh.")


def test_a_failure_is_raised_again() -> None:
    reader = ConverseReader(a_turn(), a_target(), SEALER)
    assert reader.feed(opening() + exception("throttlingException", "Slow down.")).events
    assert reader.failure is not None
    with pytest.raises(UpstreamRefused):
        reader.feed(opening())
    with pytest.raises(UpstreamRefused):
        reader.close()


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{", b'{"delta": 3}', b'{"delta": {"text": 3}}', b'{"contentBlockIndex": "0"}']
)
def test_an_event_of_another_shape_breaks_the_answer(payload: bytes) -> None:
    headers = {":event-type": "contentBlockDelta", ":message-type": "event"}
    found = heard(opening() + frame(payload, headers))
    check_stream(found.events, ended=False)
    assert isinstance(found.error, UpstreamBroke)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"not json", b'{"output": {}}', b'{"output": {"message": []}}'])
def test_a_body_that_is_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        answered(body)


def test_input_that_is_text_of_an_object_is_the_object() -> None:
    use = {"toolUse": {"toolUseId": "t1", "name": "f", "input": '{"a": 1}'}}
    body = answered(answer(use, reason="tool_use"), a_turn(tools=[function_tool("f")]))
    assert body["output"][0]["arguments"] == '{"a": 1}'


def test_a_plain_piece_of_text_takes_the_short_way() -> None:
    turn = a_turn()
    reader, other = ConverseReader(turn, a_target(), SEALER), ConverseReader(a_turn(), a_target(), SEALER)
    first = opening() + piece(0, text="Hel")
    number = len(reader.feed(first).events)
    other.feed(first)
    text = piece(0, text="lo")
    assert reader.quick(text, number + 1) is None
    assert reader.quick(text[:-1], number) is None
    assert reader.quick(stop(0), number) is None
    assert reader.quick(frame(b"{", {":event-type": "contentBlockDelta"}), number) is None
    quick = reader.quick(text, number)
    (event_,) = other.feed(text).events
    assert quick == b"event: response.output_text.delta\ndata: %b\n\n" % event_.data
    cite = piece(0, citation=WEB) + stop(0) + ending()
    reader.feed(cite)
    other.feed(cite)
    assert reader.outcome is not None
    assert other.outcome is not None
    assert reader.outcome.body == other.outcome.body
    assert reader.quick(text, number) is None
    assert PADDING.encode() in text


def test_what_follows_the_end_is_not_read() -> None:
    assert heard(opening() + spoken("Yes") + ending() + exception("throttlingException", "Slow down.")).error is None
