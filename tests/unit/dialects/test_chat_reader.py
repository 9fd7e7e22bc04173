import json
from typing import Any

import pytest

from antiphon.dialects.chat_answer import whole
from antiphon.dialects.chat_reader import ChatReader
from antiphon.errors import UpstreamBroke, UpstreamError, UpstreamRefused
from antiphon.quirks import Quirks
from tests.chat_streams import a_target, a_turn, answered, chunk, completion, heard, stream
from tests.fakes import SEALER
from tests.grammar import check_stream

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
BESIDE: dict[str, Any] = {"id": "chatcmpl-1", "choices": [], "usage": USAGE}


def texts(body: Any) -> list[tuple[str, str]]:
    """The output, flattened to the kind and the text of each part."""
    found: list[tuple[str, str]] = []
    for item in body["output"]:
        parts = item.get("summary", []) + item.get("content", [])
        found += [(part["type"], part.get("text", part.get("refusal"))) for part in parts]
    return found


def test_a_text_is_told_as_it_comes() -> None:
    answer = heard(
        stream(chunk(role="assistant", content=""), chunk(content="Good "), chunk(content="day"), chunk("stop"), BESIDE)
    )
    check_stream(answer.events)
    assert answer.said("response.output_text.delta") == ["Good ", "day"]
    assert answer.body["status"] == "completed"
    assert answer.body["completed_at"] == 1_700_000_002
    assert answer.body["usage"]["total_tokens"] == 14
    assert answer.outcome is not None
    assert answer.outcome.upstream_id == "chatcmpl-1"


def test_the_first_chunk_announces_the_response_and_nothing_more() -> None:
    reader = ChatReader(a_turn(), a_target(), SEALER)
    assert reader.feed(b": OPENROUTER PROCESSING\n\n").events == ()
    told = reader.feed(stream(chunk(role="assistant", content="", refusal=None), done=False)).events
    assert [event.type for event in told] == ["response.created", "response.in_progress"]
    assert reader.feed(stream(chunk(content=None, role=None, tool_calls=[]), done=False)).events == ()
    assert reader.outcome is None


def test_the_response_shows_what_was_asked() -> None:
    turn = a_turn(temperature=0.5, metadata={"a": "b"}, stream_options={"include_obfuscation": False})
    turn.conversation = "conv_1"
    answer = heard(stream(chunk(content="a"), chunk("stop")), turn)
    assert answer.body.items() >= {"temperature": 0.5, "provider": "provider", "model": "provider/model"}.items()
    assert answer.body["conversation"] == {"id": "conv_1"}
    assert all("obfuscation" not in payload for payload in answer.payloads)


@pytest.mark.parametrize("end", ["done", "close"])
def test_the_end_comes_after_the_usage(end: str) -> None:
    reader = ChatReader(a_turn(), a_target(), SEALER)
    reader.feed(stream(chunk(content="a"), chunk("stop"), done=False))
    assert reader.outcome is None
    reader.feed(stream(BESIDE, done=False))
    told = reader.feed(b"data: [DONE]\n\n") if end == "done" else reader.close()
    assert told.events[-1].type == "response.completed"
    assert reader.outcome is not None
    assert json.loads(reader.outcome.body)["usage"]["input_tokens"] == 10


def test_nothing_is_told_after_the_end() -> None:
    reader = ChatReader(a_turn(), a_target(), SEALER)
    reader.feed(stream(chunk(content="a"), chunk("stop")) + stream(chunk(content="b")))
    assert reader.feed(stream(chunk(content="c"))).events == ()
    assert reader.feed(b'data: {"error":{"message":"late"}}\n\n').events == ()
    assert reader.close().events == ()


@pytest.mark.parametrize(
    ("reason", "status", "detail"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("function_call", "completed", None),
        ("eos", "completed", None),
        ("end_turn", "completed", None),
        ("STOP", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("max_tokens", "incomplete", "max_output_tokens"),
        ("MAX_TOKENS", "incomplete", "max_output_tokens"),
        ("model_length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("content_filter: RECITATION", "incomplete", "content_filter"),
        ("SAFETY", "incomplete", "content_filter"),
    ],
)
def test_reasons_to_end(reason: str, status: str, detail: str | None) -> None:
    answer = heard(stream(chunk(content="a"), chunk(reason)))
    check_stream(answer.events)
    assert answer.body["status"] == status == answered(completion({"content": "a"}, reason))["status"]
    assert answer.body["incomplete_details"] == (detail and {"reason": detail})
    assert answer.body["output"][0]["status"] == status


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource", "abort", "network_error"])
def test_a_failure_told_as_a_reason_to_end_is_a_failure(reason: str) -> None:
    answer = heard(stream(chunk(content="a"), chunk(reason)))
    check_stream(answer.events, ended=False)
    assert isinstance(answer.error, UpstreamBroke)
    with pytest.raises(UpstreamBroke):
        whole(a_turn(), a_target(), completion({"content": "a"}, reason), SEALER)


def test_a_cut_is_not_undone_by_a_later_reason() -> None:
    answer = heard(stream(chunk("length", content="a"), chunk("stop")))
    assert answer.body["status"] == "incomplete"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b": comment\n\n",
        stream(done=True),
        stream({"choices": []}),
        stream(chunk(role="assistant"), done=False),
        stream(chunk(content="a"), done=False),
        stream(chunk(content="a"), BESIDE, done=False),
        stream(chunk(content="a"), chunk("stop"), done=False)[:-3],
    ],
)
def test_a_stream_that_is_cut_is_never_an_answer(data: bytes) -> None:
    answer = heard(data)
    check_stream(answer.events, ended=False)
    assert answer.outcome is None
    assert isinstance(answer.error, UpstreamBroke)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_the_last_chunk_needs_no_line_behind_it(missing: int) -> None:
    data = stream(chunk(content="a"), chunk("stop") | {"usage": USAGE}, done=False)
    answer = heard(data[: len(data) - missing])
    check_stream(answer.events)
    assert answer.body["usage"]["input_tokens"] == USAGE["prompt_tokens"]


def test_usage_that_was_cut_takes_nothing_from_an_answer() -> None:
    answer = heard(stream(chunk(content="a"), chunk("stop"), BESIDE, done=False)[:-9])
    assert answer.body["status"] == "completed"


def test_a_provider_that_is_done_without_saying_why_is_believed() -> None:
    assert heard(stream(chunk(content="a"), BESIDE)).body["status"] == "completed"


@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"error":{"message":"Too fast","type":"rate_limit_error","code":429}}\n\n',
        b'event: error\ndata: {"error":{"message":"Too fast","code":"rate_limit_exceeded"}}\n\n',
        b'event: error\ndata: {"message":"Too fast","status_code":429}\n\n',
        b'data: {"object":"error","message":"Too fast","code":429}\n\n',
        b'data: {"choices":[{"index":0,"finish_reason":"error","error":{"message":"Too fast","code":429}}]}\n\n',
        b'data: {"choices":[],"x_groq":{"error":{"message":"Too fast","code":429}}}\n\n',
    ],
)
def test_an_error_in_the_stream_is_raised_once_what_came_before_it_was_given(frame: bytes) -> None:
    reader = ChatReader(a_turn(), a_target(), SEALER)
    told = reader.feed(stream(chunk(content="a"), done=False) + frame + stream(chunk(content="b"), chunk("stop")))
    check_stream(told.events, ended=False)
    assert told.events[-1].type == "response.output_text.delta"
    with pytest.raises(UpstreamRefused) as raised:
        reader.feed(b"data: [DONE]\n\n")
    assert raised.value.status == 429
    with pytest.raises(UpstreamRefused):
        reader.close()
    assert reader.outcome is None


def test_an_error_in_place_of_an_answer_is_raised_at_once() -> None:
    reader = ChatReader(a_turn(), a_target(), SEALER)
    with pytest.raises(UpstreamError):
        reader.feed(b'data: {"error":{"message":"no"}}\n\n')
    with pytest.raises(UpstreamError):
        whole(a_turn(), a_target(), b'{"error":{"message":"no","code":503}}', SEALER)


def test_an_error_after_the_reason_to_end_still_counts() -> None:
    answer = heard(stream(chunk("length", content="a"), {"error": {"code": 400, "message": "Token limit reached"}}))
    assert isinstance(answer.error, UpstreamRefused)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"choices":[]}', b'{"choices":[{}]}'])
def test_what_is_no_answer_is_not_taken_for_one(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        whole(a_turn(), a_target(), body, SEALER)


def test_what_is_no_json_breaks_the_stream() -> None:
    answer = heard(stream(chunk(content="a"), done=False) + b"data: oops\n\n")
    assert answer.said("response.output_text.delta") == ["a"]
    assert isinstance(answer.error, UpstreamBroke)


@pytest.mark.parametrize(
    "junk",
    [
        b"data: null\n\n",
        b"data:\n\n",
        b"data: [1]\n\n",
        b'data: {"choices":null,"id":7,"usage":null}\n\n',
        b'data: {"choices":[{"index":0,"delta":null,"finish_reason":false}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":5,"tool_calls":{"a":1},"refusal":[]}}]}\n\n',
        b'data: {"choices":"none","service_tier":{},"error":null}\n\n',
        b'data: {"choices":[{"index":0,"error":{}}],"error":"","x_groq":{"error":false}}\n\n',
        b'data: {"choices":[{"index":1,"delta":{"content":"another choice"}}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[7,{"function":"f"},{"index":"x","function":{"name":3}}]}}]}\n\n',
    ],
)
def test_what_does_not_fit_is_passed_over(junk: bytes) -> None:
    answer = heard(stream(chunk(content="a"), done=False) + junk + stream(chunk(content="b"), chunk("stop"), BESIDE))
    check_stream(answer.events)
    assert texts(answer.body) == [("output_text", "ab")]
    assert answer.body["usage"]["output_tokens"] == 4


def test_a_misfit_does_not_spoil_its_neighbours() -> None:
    odd = chunk(content="b", refusal={"no": 1}) | {"id": 3, "usage": USAGE | {"prompt_tokens": "ten"}}
    answer = heard(stream(chunk(content="a"), odd, chunk("stop")))
    assert texts(answer.body) == [("output_text", "ab")]
    assert (answer.body["usage"]["input_tokens"], answer.body["usage"]["output_tokens"]) == (0, 4)


def test_a_character_that_the_provider_cut_in_two_is_whole_again() -> None:
    answer = heard(stream(chunk(content="a\ud83d"), chunk(content="\ude00"), chunk("stop")))
    check_stream(answer.events)
    assert texts(answer.body) == [("output_text", "a\U0001f600")]


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_reasoning_comes_before_the_text(member: str) -> None:
    answer = heard(
        stream(chunk(**{member: "h"}), chunk(**{member: "m", "content": ""}), chunk(content="a"), chunk("stop"))
    )
    check_stream(answer.events)
    assert answer.said("response.reasoning_text.delta") == ["h", "m"]
    assert texts(answer.body) == [("reasoning_text", "hm"), ("output_text", "a")]


def test_reasoning_that_is_said_twice_is_told_once() -> None:
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": "xyz"},
        {"type": "reasoning.encrypted", "data": "x"},
    ]
    said: dict[str, Any] = {"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": details}
    assert texts(heard(stream(chunk(**said), chunk("stop"))).body) == [("reasoning_text", "hm")]
    del said["reasoning_details"]
    assert texts(answered(completion(said))) == [("reasoning_text", "hm")]


def test_reasoning_that_is_summarised_is_a_summary() -> None:
    details = [{"type": "reasoning.summary", "summary": "In short"}]
    answer = heard(stream(chunk(reasoning="In short", reasoning_details=details), chunk(content="a"), chunk("stop")))
    assert texts(answer.body) == [("summary_text", "In short"), ("output_text", "a")]


def test_sealed_reasoning_alone_is_an_item_of_which_nothing_is_told() -> None:
    details = [{"type": "reasoning.encrypted", "data": "x"}]
    answer = heard(stream(chunk(reasoning=None, reasoning_details=details), chunk(content="a"), chunk("stop")))
    assert texts(answer.body) == [("output_text", "a")]
    assert [item["type"] for item in answer.body["output"]] == ["reasoning", "message"]
    assert answer.body["output"][0]["summary"] == []


def test_content_in_parts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]},
        {"type": "text", "text": "a"},
        {"type": "reference", "reference_ids": [1]},
        "b",
        {"type": "refusal", "refusal": "no"},
    ]
    expected = [("reasoning_text", "hm"), ("output_text", "a"), ("refusal", "no")]
    assert texts(heard(stream(chunk(content=parts), chunk("stop"))).body) == expected
    assert texts(answered(completion({"content": parts}))) == expected


def test_reasoning_in_parts_is_a_summary() -> None:
    told = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm", "signature": "s"}]}
    parts: list[Any] = [told, {"type": "reasoning", "summary": []}, {"type": "text", "text": "a"}]
    answer = heard(stream(chunk(content=[told]), chunk(content="a"), chunk("stop")))
    check_stream(answer.events)
    assert texts(answer.body) == [("summary_text", "hm"), ("output_text", "a")]
    assert texts(answered(completion({"content": parts}))) == texts(answer.body)


def test_content_that_is_an_object_is_its_text() -> None:
    """Recorded of Cloudflare's Workers AI, where a schema was asked for (posit-dev/chatlas)."""
    said = {"name": "Emily", "age": 32}
    assert texts(answered(completion({"content": said}))) == [("output_text", '{"name":"Emily","age":32}')]


def test_thinking_between_tags_is_reasoning_where_the_model_is_known_for_it() -> None:
    pieces = ["<thin", "k>\nh", "m\n</th", "ink>", "\n\na", "<think>"]
    chunks = [chunk(content=piece) for piece in pieces]
    target = a_target(Quirks(think_tags=True))
    answer = heard(stream(*chunks, chunk("stop")), target=target)
    check_stream(answer.events)
    assert texts(answer.body) == [("reasoning_text", "hm"), ("output_text", "a<think>")]
    assert texts(answered(completion({"content": "".join(pieces)}), target=target)) == texts(answer.body)
    assert texts(heard(stream(*chunks, chunk("stop"))).body) == [("output_text", "".join(pieces))]


def test_refusals() -> None:
    answer = heard(stream(chunk(refusal="I ca"), chunk(refusal="n't"), chunk("stop")))
    check_stream(answer.events)
    assert texts(answer.body) == [("refusal", "I can't")]


def test_audio_is_told_by_its_transcript() -> None:
    answer = heard(stream(chunk(audio={"id": "a", "data": "AAAA"}), chunk(audio={"transcript": "Hi"}), chunk("stop")))
    assert texts(answer.body) == [("output_text", "Hi")]


@pytest.mark.parametrize(("said", "shown"), [("flex", "flex"), (None, "default"), ("", "default")])
def test_the_service_tier_is_what_the_provider_says(said: str | None, shown: str) -> None:
    answer = heard(stream(chunk(content="a") | {"service_tier": said}, chunk("stop")), a_turn(service_tier="flex"))
    assert answer.payloads[0]["response"]["service_tier"] == "flex"
    assert answer.body["service_tier"] == shown


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(content="a"), chunk("stop"), BESIDE],
        [chunk(content="a"), chunk("stop") | {"usage": USAGE}],
        [chunk(content="a") | {"usage": USAGE | {"completion_tokens": 1}}, chunk("stop") | {"usage": USAGE}],
        [chunk(content="a"), chunk("stop") | {"x_groq": {"id": "req", "usage": USAGE}}],
        [chunk(content="a") | {"usage": USAGE}, chunk("stop") | {"usage": None}],
    ],
)
def test_usage_wherever_it_stands(chunks: list[dict[str, Any]]) -> None:
    usage = heard(stream(*chunks)).body["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["raw_usage"]) == (10, 4, USAGE)


def test_no_usage_is_zeros() -> None:
    usage = heard(stream(chunk(content="a"), chunk("stop"))).body["usage"]
    assert (usage["input_tokens"], usage["total_tokens"], usage["raw_usage"]) == (0, 0, {})


def test_a_hostile_depth_is_an_error_of_the_provider() -> None:
    deep = b'data: {"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n"
    assert isinstance(heard(deep).error, UpstreamBroke)
