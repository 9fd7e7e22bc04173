"""The life of an answer on every vendor: made, shown, told again, gone on from, cancelled, counted, compacted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.background import PATIENCE
from tests.e2e.gateway import Gateway
from tests.e2e.sockets import opened
from tests.e2e.sse import DONE, events, frames, replayed, streamed, terminal
from tests.e2e.upstream import Gate
from tests.e2e.vendors.bridge import Upstream
from tests.grammar import check_stream
from tests.vendors.vendor import Plan

TEXT = "Oslo is the capital – of Norway 🎈."
COUNTED = {"anthropic", "gemini", "converse", "invoke"}
THOUGHT = "Where is that?"
THINKING: dict[str, Any] = {"reasoning": {"effort": "high", "summary": "auto"}}
modes = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@modes
def test_an_answer_is_shown_as_it_was_made(
    client: openai.OpenAI, wire: httpx.Client, upstream: Upstream, *, stream: bool
) -> None:
    upstream.does(Plan(THOUGHT, TEXT))
    body: Any = {"model": upstream.model, "input": "Where is Oslo?", **THINKING}
    if stream:
        raw = streamed(wire, **body)
        check_stream(events(raw))
        made = terminal(raw)
        assert replayed(wire, made["id"]) == raw
        assert replayed(wire, made["id"], starting_after=2) == b"".join(frames(raw)[3:]) + DONE
    else:
        made = wire.post("/v1/responses", json=body).json()
    assert wire.get(f"/v1/responses/{made['id']}").json() == made
    found = client.responses.retrieve(made["id"])
    assert (found.status, found.output_text, found.model) == ("completed", TEXT, upstream.model)
    assert [item.type for item in found.output][:2] == ["reasoning", "message"]
    assert THOUGHT in str(made["output"][0])
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens) == (11, 7)
    [item] = client.responses.input_items.list(made["id"])
    assert item.model_dump()["content"][0]["text"] == "Where is Oslo?"
    client.responses.delete(made["id"])
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made["id"])


def test_the_official_client_makes_of_a_stream_what_the_answer_is(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.does(Plan(THOUGHT, TEXT))
    with client.responses.stream(model=upstream.model, input="Where is Oslo?", **THINKING) as stream:
        told = [event.type for event in stream]
        final = stream.get_final_response()
    assert told[-1] == "response.completed"
    assert client.responses.retrieve(final.id).output_text == final.output_text == TEXT


def test_an_answer_in_the_background(client: openai.OpenAI, wire: httpx.Client, upstream: Upstream) -> None:
    upstream.does(Plan(THOUGHT, TEXT))
    begun = client.responses.create(model=upstream.model, input="Hi", background=True, reasoning=THINKING["reasoning"])
    assert (begun.status, begun.output) == ("queued", [])
    raw = replayed(wire, begun.id)
    check_stream(events(raw))
    assert terminal(raw) == wire.get(f"/v1/responses/{begun.id}").json()
    assert client.responses.retrieve(begun.id).output_text == TEXT


def test_a_cancel_hangs_up_on_the_vendor(
    client: openai.OpenAI, gateway: Gateway, wire: httpx.Client, upstream: Upstream
) -> None:
    gate = Gate()
    upstream.does(Plan("", TEXT), middle=gate)
    begun = client.responses.create(model=upstream.model, input="Hi", background=True)
    gate.wait_until_reached()
    with ThreadPoolExecutor() as pool, gateway.wire() as other:
        following = pool.submit(other.get, f"/v1/responses/{begun.id}", params={"stream": "true"})
        cancelled = client.responses.cancel(begun.id)
        gate.wait_until_left()
        raw = following.result(PATIENCE).content
    assert cancelled.status == "cancelled"
    check_stream(events(raw))
    assert terminal(raw) == wire.get(f"/v1/responses/{begun.id}").json()


def test_a_client_that_leaves_ends_the_vendors_work(gateway: Gateway, upstream: Upstream) -> None:
    gate = Gate()
    upstream.does(Plan("", TEXT), middle=gate)
    with (
        gateway.wire() as wire,
        wire.stream("POST", "/v1/responses", json={"model": upstream.model, "input": "Hi", "stream": True}) as answer,
    ):
        for line in answer.iter_lines():
            if "output_text.delta" in line:
                break
        gate.wait_until_reached()
    gate.wait_until_left()


def test_a_chain_and_what_each_turn_added(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.says("Noted.", "Cobalt.")
    first = client.responses.create(model=upstream.model, input="The word is cobalt.", instructions="Be brief.")
    second = client.responses.create(model=upstream.model, input="Which word?", previous_response_id=first.id)
    assert second.output_text == "Cobalt."
    sent = upstream.provider.seen[-1].body.decode()
    assert all(words in sent for words in ("The word is cobalt.", "Noted.", "Which word?"))
    assert "Be brief." not in sent
    listed = client.responses.input_items.list(second.id, order="asc")
    assert [item.role for item in listed if item.type == "message"] == ["user", "assistant", "user"]


def test_a_conversation(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.does(Plan(THOUGHT, "Noted."), Plan("", "Cobalt."))
    conversation = client.conversations.create()
    for words in ("The word is cobalt.", "Which word?"):
        client.responses.create(model=upstream.model, input=words, conversation=conversation.id, **THINKING)
    items = list(client.conversations.items.list(conversation.id, order="asc"))
    assert [item.type for item in items[:3]] == ["message", "reasoning", "message"]
    assert [item.role for item in items if item.type == "message"] == ["user", "assistant"] * 2
    assert "Noted." in upstream.provider.seen[-1].body.decode()


def test_turns_over_a_websocket(gateway: Gateway, upstream: Upstream) -> None:
    upstream.does(Plan(THOUGHT, "Noted."), Plan("", "Cobalt."))
    with opened(gateway) as socket:
        first = socket.answer(model=upstream.model, input="The word is cobalt.", store=False, **THINKING)
        body: Any = {"previous_response_id": first["id"], "store": False, **THINKING}
        second = socket.answer(model=upstream.model, input="Which word?", **body)
    assert "Cobalt." in [part["text"] for item in second["output"] for part in item.get("content", ())]


@modes
def test_a_request_that_comes_again_is_not_asked_again(
    client: openai.OpenAI, upstream: Upstream, *, stream: bool
) -> None:
    upstream.does(Plan(THOUGHT, TEXT))
    body: Any = {"model": upstream.model, "input": "Hi", "stream": stream, **THINKING}
    headers = {"Idempotency-Key": f"{upstream.door.kind}-{stream}"}
    told: list[Any] = [client.responses.create(**body, extra_headers=headers) for _ in range(2)]
    first, again = told
    assert (list(first) == list(again)) if stream else (first == again)
    assert len(upstream.provider.seen) == 1


def test_a_compacted_window_goes_on(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.says("The word is cobalt.", "Cobalt.")
    said: Any = [{"role": "user", "content": "The word is cobalt."}, {"role": "assistant", "content": "Noted."}]
    window = client.responses.compact(model=upstream.model, input=said)
    assert window.output[-1].type == "compaction"
    replay: Any = [item.model_dump(exclude_none=True, warnings=False) for item in window.output]
    asked: Any = [*replay, {"role": "user", "content": "Which word?"}]
    assert client.responses.create(model=upstream.model, input=asked).output_text == "Cobalt."


def test_tokens_are_counted_by_whoever_can(client: openai.OpenAI, upstream: Upstream) -> None:
    natively = upstream.door.kind in COUNTED
    if natively:
        upstream.counts()
    answer = client.responses.input_tokens.with_raw_response.count(model=upstream.model, input="Where is Oslo?")
    source, tokens = answer.headers["antiphon-token-count"], answer.parse().input_tokens
    assert (source, tokens == 123) == (("native", True) if natively else ("estimate", False))


@modes
@pytest.mark.parametrize("kind", ["converse", "invoke"])
def test_a_client_of_chat_completions(
    client: openai.OpenAI, upstreams: dict[str, Upstream], kind: str, *, stream: bool
) -> None:
    """The others have chat completions of their own, to which they are passed on."""
    upstream = upstreams[kind]
    upstream.does(Plan(THOUGHT, TEXT))
    asked: Any = {"model": upstream.model, "messages": [{"role": "user", "content": "Where is Oslo?"}]}
    made: Any = client.chat.completions.create(**asked, stream=stream)
    if stream:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in made if chunk.choices) == TEXT
    else:
        assert made.choices[0].message.content == TEXT
        assert made.usage.prompt_tokens == 11
