"""When a vendor fails: another attempt, the next vendor, or an ending that says so; and answers that pause."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.sse import events, replayed, streamed, terminal
from tests.e2e.upstream import Cut, stream, whole
from tests.e2e.vendors.bridge import Upstream, following
from tests.e2e.vendors.doors import DOORS, Trouble
from tests.grammar import check_stream
from tests.vendors.vendor import Plan

TEXT = "Oslo is the capital – of Norway 🎈."
modes = pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])

VERDICTS: dict[Trouble, tuple[int, str | None]] = {
    "overloaded": (503, "server_error"),
    "limit": (429, "rate_limit_exceeded"),
    "key": (502, "upstream_error"),
    "context": (400, "context_length_exceeded"),
    "model": (400, "model_not_found"),
    "blocked": (400, "invalid_prompt"),
}
AGAIN: tuple[Trouble, ...] = ("overloaded", "limit")
ELSEWHERE: tuple[Trouble, ...] = (*AGAIN, "key", "model")


LOOK: dict[str, Any] = {
    "type": "function",
    "name": "look",
    "description": "Looks.",
    "parameters": {"type": "object", "properties": {}},
}


def asked(wire: httpx.Client, model: str, *, stream_: bool, **body: Any) -> tuple[dict[str, Any], httpx.Headers]:
    """The answer, however it came."""
    answer = wire.post("/v1/responses", json={"model": model, "input": "Hi", "stream": stream_, **body})
    assert answer.status_code == 200, answer.text
    if not stream_:
        return answer.json(), answer.headers
    check_stream(events(answer.content))
    return terminal(answer.content), answer.headers


def text_of(made: dict[str, Any]) -> str:
    return "".join(part["text"] for item in made["output"] if item["type"] == "message" for part in item["content"])


@modes
@pytest.mark.parametrize("name", VERDICTS)
def test_what_a_vendor_refuses_is_told_in_our_words(
    wire: httpx.Client, upstream: Upstream, name: Trouble, *, stream_: bool
) -> None:
    reply = upstream.door.trouble(name)
    attempts = 3 if name in AGAIN else 1
    upstream.provider.answer(*[reply] * attempts)
    answer = wire.post("/v1/responses", json={"model": upstream.model, "input": "Hi", "stream": stream_})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == VERDICTS[name], error
    assert error["type"] in ("server_error", "rate_limit_error", "invalid_request_error")
    assert len(upstream.provider.seen) == attempts


@modes
def test_a_wait_that_the_vendor_asks_for_is_kept(wire: httpx.Client, upstream: Upstream, *, stream_: bool) -> None:
    upstream.provider.answer(upstream.door.trouble("limit", retry_after="0"))
    upstream.says(TEXT)
    made, headers = asked(wire, upstream.model, stream_=stream_)
    assert (text_of(made), headers["antiphon-attempts"]) == (TEXT, "2")


def test_a_wait_that_is_too_long_is_the_clients(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.provider.answer(upstream.door.trouble("limit", retry_after="3600"))
    with pytest.raises(openai.RateLimitError) as limited:
        client.responses.create(model=upstream.model, input="Hi")
    assert limited.value.response.headers["retry-after"] == "3600"


@modes
@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_next_vendor_answers_when_one_fails(
    wire: httpx.Client, upstreams: dict[str, Upstream], name: Trouble, *, stream_: bool
) -> None:
    for kind, first in upstreams.items():
        then = upstreams[following(kind)]
        first.provider.answer(*[first.door.trouble(name)] * (3 if name in AGAIN else 1))
        then.says(TEXT)
        made, headers = asked(wire, f"{kind}-or-next", stream_=stream_)
        assert (text_of(made), made["provider"]) == (TEXT, then.door.kind)
        assert headers["antiphon-target"] == then.model
        assert wire.get(f"/v1/responses/{made['id']}").json() == made


def test_a_stream_that_is_cut_before_its_first_words_begins_again(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.provider.answer(stream(Cut()))
    upstream.says(TEXT)
    made, headers = asked(wire, upstream.model, stream_=True)
    assert (text_of(made), headers["antiphon-attempts"]) == (TEXT, "2")


@pytest.mark.parametrize("ending", ["told", "cut", "over"])
def test_an_answer_that_breaks_off_keeps_what_was_said(wire: httpx.Client, upstream: Upstream, ending: str) -> None:
    upstream.breaks(Plan("", TEXT), {"told": upstream.door.inside, "cut": Cut(), "over": b" "}[ending])
    raw = streamed(wire, model=upstream.model, input="Hi")
    told = events(raw)
    check_stream(told)
    made = terminal(raw)
    assert made["status"] == "failed"
    assert made["error"]["code"]
    assert TEXT.startswith(text_of(made))
    assert text_of(made)
    assert wire.get(f"/v1/responses/{made['id']}").json() == made
    assert replayed(wire, made["id"]) == raw


@modes
@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
def test_an_answer_that_is_not_all_of_it(wire: httpx.Client, upstream: Upstream, reason: str, *, stream_: bool) -> None:
    door = upstream.door
    ending = door.length if reason == "max_output_tokens" else door.filtered
    if ending is None:
        assert door.kind in ("cohere", "ollama"), "nobody else has no filter"
        return
    upstream.does(Plan("", TEXT, ending=ending))
    made, _ = asked(wire, upstream.model, stream_=stream_)
    assert (made["status"], made["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert (text_of(made), made["output"][0]["status"]) == (TEXT, "incomplete")


@modes
def test_a_call_that_google_s_model_got_wrong_is_made_again(
    wire: httpx.Client, upstreams: dict[str, Upstream], *, stream_: bool
) -> None:
    upstream = upstreams["gemini"]
    upstream.does(Plan(ending="MALFORMED_FUNCTION_CALL"), Plan("", TEXT))
    made, headers = asked(wire, upstream.model, stream_=stream_)
    assert (text_of(made), headers["antiphon-attempts"]) == (TEXT, "2")


@modes
def test_a_loop_that_another_vendor_goes_on_with(
    wire: httpx.Client, upstreams: dict[str, Upstream], *, stream_: bool
) -> None:
    """What the first has signed is nothing for the second."""
    for kind, first in upstreams.items():
        then = upstreams[following(kind)]
        first.does(Plan("Hm.", "Wait.", (0,)))
        first.provider.answer(first.door.trouble("key"))
        then.does(Plan("Well.", TEXT))
        body: dict[str, Any] = {"tools": [LOOK], "reasoning": {"effort": "high", "summary": "auto"}}
        made, _ = asked(wire, f"{kind}-or-next", stream_=stream_, **body)
        [call] = [item for item in made["output"] if item["type"] == "function_call"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "It rains."}
        body |= {"previous_response_id": made["id"], "input": [output]}
        made, _ = asked(wire, f"{kind}-or-next", stream_=stream_, **body)
        assert (text_of(made), made["provider"]) == (TEXT, then.door.kind)
        assert "It rains." in then.provider.seen[-1].body.decode()


# --- an answer that Anthropic interrupts ------------------------------------------------------------------------------


SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Oslo"}}
FOUND: dict[str, Any] = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {
            "type": "web_search_result",
            "title": "Oslo",
            "url": "https://example.org/oslo",
            "encrypted_content": "sealed-1",
            "page_age": None,
        }
    ],
}


def message(reason: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    usage = {"input_tokens": 11, "output_tokens": 7}
    return head | {"content": list(blocks), "stop_reason": reason, "stop_sequence": None, "usage": usage}


def frames(reason: str, *blocks: dict[str, Any]) -> bytes:
    """The stream of such a message, each block in one piece."""
    told: list[dict[str, Any]] = [{"type": "message_start", "message": message("", *()) | {"stop_reason": None}}]
    for index, block in enumerate(blocks):
        place = {"index": index}
        start: dict[str, Any] = {name: {} if name == "input" else value for name, value in block.items()}
        told.append({"type": "content_block_start", **place, "content_block": start})
        if "input" in block:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            told.append({"type": "content_block_delta", **place, "delta": delta})
        told.append({"type": "content_block_stop", **place})
    told.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7}})
    told.append({"type": "message_stop"})
    return b"".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in told)


@modes
def test_an_answer_that_pauses_is_asked_to_go_on(
    wire: httpx.Client, upstreams: dict[str, Upstream], *, stream_: bool
) -> None:
    upstream = upstreams["anthropic"]
    said: dict[str, Any] = {"type": "text", "text": "Let me look. "}
    upstream.provider.answer(
        stream(frames("pause_turn", said, SEARCH, FOUND)), stream(frames("end_turn", {"type": "text", "text": TEXT}))
    )
    tools = [{"type": "web_search"}]
    made, _ = asked(wire, upstream.model, stream_=stream_, tools=tools)
    assert text_of(made).replace(" ", "") == f"Let me look. {TEXT}".replace(" ", "")
    assert [item["type"] for item in made["output"]].count("web_search_call") == 1
    assert (made["usage"]["input_tokens"], made["usage"]["output_tokens"]) == (22, 14)
    first, second = (seen.json for seen in upstream.provider.seen)
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][-1] == {"role": "assistant", "content": [said, SEARCH, FOUND]}
    upstream.provider.answer(whole(message("end_turn", {"type": "text", "text": "Yes."})))
    again = wire.post(
        "/v1/responses", json={"model": upstream.model, "input": "Sure?", "previous_response_id": made["id"]}
    )
    assert again.status_code == 200, again.text
    sent = upstream.last["messages"][1]["content"]
    assert [block["type"] for block in sent].count("web_search_tool_result") == 1
    assert FOUND in sent


def test_an_answer_that_never_stops_pausing_is_given_up(wire: httpx.Client, upstreams: dict[str, Upstream]) -> None:
    upstream = upstreams["anthropic"]
    upstream.provider.answer(*[stream(frames("pause_turn", SEARCH, FOUND))] * 16)
    raw = streamed(wire, model=upstream.model, input="Hi", tools=[{"type": "web_search"}])
    check_stream(events(raw))
    assert terminal(raw)["status"] == "failed"
    assert len(upstream.provider.seen) == 16


@pytest.mark.parametrize("kind", list(DOORS))
def test_a_client_is_told_nothing_of_keys_and_hosts(
    wire: httpx.Client, upstreams: dict[str, Upstream], kind: str
) -> None:
    upstream = upstreams[kind]
    upstream.provider.answer(upstream.door.trouble("key"))
    answer = wire.post("/v1/responses", json={"model": upstream.model, "input": "Hi"})
    for secret in ("vendor-key", "AKIDEXAMPLE", "hunter2", upstream.provider.url):
        assert secret not in answer.text
        assert secret not in str(answer.headers)
