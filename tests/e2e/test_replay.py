"""Reading a stored answer as a stream, from anywhere, again and while it is still being given."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import httpx
import openai
import pytest

from tests.e2e.exchanges import (
    chat_call,
    chat_frames,
    chat_stream,
    function_call,
    message,
    native_frames,
    native_stream,
    native_whole,
    reasoning,
    said,
    words,
)
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.sse import DONE, events, frames, replayed, streamed, terminal
from tests.e2e.upstream import Gate, Provider, Reply, stream
from tests.grammar import check_stream

TEXT = "one two three four"
CALL = function_call("add", '{"a":1}', "call_1")

AFTER = (None, 0, 2, 5)
"""Where followers start; the answer stands at its sixth event, or before, when they come."""

STREAMS = {
    NATIVE_MODEL: native_stream(reasoning("thinking"), message(TEXT), CALL),
    CHAT_MODEL: chat_stream(
        {"reasoning_content": "thinking"},
        *words(TEXT),
        {"tool_calls": [chat_call("add", '{"a":1}', "call_1")]},
        finish="tool_calls",
    ),
}


def answered(model: str, reply: Reply, native: Provider, chat: Provider) -> None:
    (native if model == NATIVE_MODEL else chat).answer(reply)


@pytest.mark.parametrize("model", [NATIVE_MODEL, CHAT_MODEL])
def test_a_replay_from_any_number_is_what_was_streamed(
    wire: httpx.Client, native: Provider, chat: Provider, model: str
) -> None:
    answered(model, STREAMS[model], native, chat)
    raw = streamed(wire, model=model, input="Hi")
    told = frames(raw)
    check_stream(events(raw), relayed=model == NATIVE_MODEL)
    response_id = terminal(raw)["id"]
    assert replayed(wire, response_id) == b"".join(told) + DONE
    for after in range(len(told) + 2):
        assert replayed(wire, response_id, starting_after=after) == b"".join(told[after + 1 :]) + DONE


def test_the_client_resumes_where_it_stopped(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(STREAMS[CHAT_MODEL])
    with client.responses.create(model=CHAT_MODEL, input="Hi", stream=True) as began:
        told = list(began)
    first = told[0]
    assert first.type == "response.created"
    for after in range(len(told)):
        with client.responses.retrieve(first.response.id, stream=True, starting_after=after) as resumed:
            assert list(resumed) == told[after + 1 :]


async def test_the_async_client_resumes_too(gateway: Gateway, chat: Provider) -> None:
    chat.answer(STREAMS[CHAT_MODEL])
    async with gateway.async_client() as client:
        began = await client.responses.create(model=CHAT_MODEL, input="Hi", stream=True)
        told = [event async for event in began]
        first = told[0]
        assert first.type == "response.created"
        resumed = await client.responses.retrieve(first.response.id, stream=True, starting_after=3)
        assert [event async for event in resumed] == told[4:]


@pytest.mark.parametrize("model", [NATIVE_MODEL, CHAT_MODEL])
def test_an_answer_that_was_not_streamed_is_told_as_a_legal_stream(
    wire: httpx.Client, native: Provider, chat: Provider, model: str
) -> None:
    answered(model, said(model.partition("/")[0], TEXT, streamed=False), native, chat)
    created = wire.post("/v1/responses", json={"model": model, "input": "Hi"}).json()
    raw = replayed(wire, created["id"])
    check_stream(events(raw))
    assert terminal(raw) == created
    told = frames(raw)
    for after in range(len(told)):
        assert replayed(wire, created["id"], starting_after=after) == b"".join(told[after + 1 :]) + DONE


def test_calls_and_reasoning_that_were_not_streamed_are_told_legally(wire: httpx.Client, native: Provider) -> None:
    native.answer(native_whole(reasoning("thinking", sealed="gAAA-sealed"), message(TEXT), CALL))
    created = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()
    raw = replayed(wire, created["id"])
    check_stream(events(raw))
    assert terminal(raw) == created
    assert b"gAAA" not in raw


def test_the_stream_helper_reads_a_stored_answer(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(message(TEXT)))
    created = client.responses.create(model=NATIVE_MODEL, input="Hi")
    with client.responses.stream(response_id=created.id) as replay:
        assert replay.get_final_response().output_text == TEXT


@pytest.mark.parametrize("model", [NATIVE_MODEL, CHAT_MODEL])
def test_an_answer_in_the_making_is_followed_to_its_end(
    gateway: Gateway, wire: httpx.Client, native: Provider, chat: Provider, model: str
) -> None:
    gate = Gate()
    made = native_frames(message(TEXT)) if model == NATIVE_MODEL else chat_frames(words(TEXT))
    answered(model, stream(*made[:6], gate, *made[6:]), native, chat)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor())
        creating = stack.enter_context(create(wire, model))
        arriving = creating.iter_raw()
        begun = next(arriving)
        response_id = id_in(begun)
        followers = [
            stack.enter_context(wire_.stream("GET", f"/v1/responses/{response_id}", params=follow(after)))
            for after in AFTER
            for wire_ in [stack.enter_context(gateway.wire())]
        ]
        assert [follower.status_code for follower in followers] == [200] * len(AFTER)
        assert wire.get(f"/v1/responses/{response_id}").status_code == 404
        with gateway.wire(KEY_B) as foreign:
            assert foreign.get(f"/v1/responses/{response_id}", params=follow(None)).status_code == 404
        reading = [pool.submit(rest, follower) for follower in followers]
        gate.open()
        raw = begun + b"".join(arriving)
        told = frames(raw)
        for after, read in zip(AFTER, reading, strict=True):
            assert read.result() == b"".join(told[0 if after is None else after + 1 :]) + DONE
    assert terminal(raw)["output"][0]["content"][0]["text"] == TEXT
    assert replayed(wire, response_id) == raw


def test_a_follower_is_told_when_the_one_who_asked_has_left(
    gateway: Gateway, wire: httpx.Client, chat: Provider
) -> None:
    gate = Gate()
    made = chat_frames(words(TEXT))
    chat.answer(stream(*made[:4], gate, *made[4:]))
    with gateway.wire() as asking, ExitStack() as stack:
        with create(asking, CHAT_MODEL) as creating:
            response_id = id_in(next(creating.iter_raw()))
            following = stack.enter_context(wire.stream("GET", f"/v1/responses/{response_id}", params=follow(None)))
        gate.wait_until_left()
        raw = b"".join(following.iter_raw())
    told = events(raw)
    check_stream(told)
    assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
    assert wire.get(f"/v1/responses/{response_id}").status_code == 404


def test_a_follower_may_decline_padding_and_name_the_provider(
    gateway: Gateway, wire: httpx.Client, chat: Provider
) -> None:
    gate = Gate()
    made = chat_frames(words(TEXT))
    chat.answer(stream(*made[:4], gate, *made[4:]))
    with gateway.wire() as other, create(wire, CHAT_MODEL) as creating:
        arriving = creating.iter_raw()
        where = f"/v1/responses/{id_in(next(arriving))}"
        foreign = {"stream": "true", "provider": "native"}
        bare = {"stream": "true", "provider": "chat", "include_obfuscation": "false"}
        with other.stream("GET", where, params=foreign) as refused, gateway.wire() as third:
            status = refused.status_code
            with third.stream("GET", where, params=bare) as following:
                gate.open()
                raw = rest(following)
        b"".join(arriving)
    check_stream(events(raw))
    assert b'"obfuscation"' not in raw
    assert status == 404


def create(wire: httpx.Client, model: str) -> AbstractContextManager[httpx.Response]:
    return wire.stream("POST", "/v1/responses", json={"model": model, "input": "Hi", "stream": True})


def rest(arriving: httpx.Response) -> bytes:
    return b"".join(arriving.iter_raw())


def follow(after: int | None) -> dict[str, str]:
    return {"stream": "true"} if after is None else {"stream": "true", "starting_after": str(after)}


def id_in(begun: bytes) -> str:
    """The id of the response whose stream begins like this."""
    found = re.search(rb'"id":"(resp_[0-9a-f]{48})"', begun)
    assert found is not None
    return found[1].decode()


def test_padding_is_left_out_on_request(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(STREAMS[CHAT_MODEL])
    raw = streamed(wire, model=CHAT_MODEL, input="Hi")
    assert b'"obfuscation"' in raw
    bare = replayed(wire, terminal(raw)["id"], include_obfuscation="false")
    assert b'"obfuscation"' not in bare
    padded = events(raw)
    for event in padded:
        event.pop("obfuscation", None)
    assert events(bare) == padded
