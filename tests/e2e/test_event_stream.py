"""Streams as bytes: the rules of section 1.4 of the specification."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from antiphon.records import RequestRecord
from antiphon.settings import ResponsesSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import (
    CHAT_USAGE,
    NATIVE_USAGE,
    PLAIN,
    chat_frames,
    message,
    native_frame,
    native_frames,
    native_response,
    recorded,
    said,
    words,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.sse import DONE, events, frames, replayed, streamed, terminal
from tests.e2e.upstream import Gate, Provider, stream
from tests.grammar import check_stream

TEXT = "one two three four"
MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}
kinds = pytest.mark.parametrize("kind", ["native", "chat"])


@kinds
def test_a_stream_obeys_the_rules_of_the_wire(wire: httpx.Client, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=True))
    answer = wire.post("/v1/responses", json={"model": MODELS[kind], "input": "Hi", "stream": True})
    headers = answer.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers
    assert "content-encoding" not in headers
    raw = answer.content
    assert b"\nid:" not in raw
    assert b"\nretry:" not in raw
    told = events(raw)
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    check_stream(told)
    for event in told:
        if event["type"] == "response.output_text.delta":
            assert (len(event["delta"]) + len(event["obfuscation"])) % 16 == 0


@kinds
def test_a_replay_is_sent_as_a_stream_is(wire: httpx.Client, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=True))
    raw = streamed(wire, model=MODELS[kind], input="Hi")
    answer = wire.get(f"/v1/responses/{terminal(raw)['id']}", params={"stream": "true"})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.content == raw


@kinds
def test_every_send_ends_with_whole_events(wire: httpx.Client, providers: dict[str, Provider], kind: str) -> None:
    """Some clients lose an event that is split over two reads."""
    made = b"".join(native_frames(message(TEXT)) if kind == "native" else chat_frames(words(TEXT)))
    pieces = [made[place : place + 333] for place in range(0, len(made), 333)]
    gates = [Gate() for _ in pieces]
    providers[kind].answer(stream(*(each for pair in zip(pieces, gates, strict=True) for each in pair)))
    body = {"model": MODELS[kind], "input": "Hi", "stream": True}

    def open_one_after_the_other() -> None:
        for gate in gates:
            gate.wait_until_reached()
            gate.open()

    with ThreadPoolExecutor() as pool:
        pool.submit(open_one_after_the_other)
        with wire.stream("POST", "/v1/responses", json=body) as answer:
            arrived = list(answer.iter_raw())
    assert all(each.endswith(b"\n\n") for each in arrived)
    check_stream(events(b"".join(arrived)))


@kinds
def test_a_word_reaches_the_client_before_the_next_is_said(
    wire: httpx.Client, providers: dict[str, Provider], kind: str
) -> None:
    made = native_frames(message(TEXT)) if kind == "native" else chat_frames(words(TEXT))
    gates = [Gate() for _ in made]
    pieces = [piece for pair in zip(made, gates, strict=True) for piece in pair]
    providers[kind].answer(stream(*pieces))
    heard = b""
    with wire.stream("POST", "/v1/responses", json={"model": MODELS[kind], "input": "Hi", "stream": True}) as answer:
        arriving = answer.iter_raw()
        for place, gate in enumerate(gates):
            spoken = next((word for word in words(TEXT) if json.dumps(word).encode() in made[place]), None)
            while spoken is not None and b'"delta":%b' % json.dumps(spoken).encode() not in heard:
                heard += next(arriving)
            gate.open()
        heard += b"".join(arriving)
    check_stream(events(heard))


def test_a_stream_is_whatever_way_the_providers_bytes_were_cut(wire: httpx.Client, native: Provider) -> None:
    sent = b"".join(piece for piece in recorded(PLAIN).pieces or () if isinstance(piece, bytes))
    native.answer(recorded(PLAIN), stream(*(sent[n : n + 7] for n in range(0, len(sent), 7))))
    whole, cut = (streamed(wire, model=NATIVE_MODEL, input="Hi") for _ in range(2))
    assert [event["type"] for event in events(cut)] == [event["type"] for event in events(whole)]
    assert terminal(cut)["output"] == terminal(whole)["output"]


def test_carriage_returns_comments_and_keepalives_of_a_provider_do_not_reach_the_client(
    wire: httpx.Client, native: Provider
) -> None:
    made = [frame.replace(b"\n", b"\r\n") for frame in native_frames(message(TEXT))]
    noise = [b": ping\r\n\r\n", b'event: keepalive\r\ndata: {"type":"keepalive","sequence_number":3}\r\n\r\n']
    native.answer(stream(*made[:3], *noise, *made[3:]))
    raw = streamed(wire, model=NATIVE_MODEL, input="Hi")
    assert b"keepalive" not in raw
    assert b"ping" not in raw
    check_stream(events(raw))


def test_padding_can_be_declined(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(said("chat", TEXT, streamed=True))
    raw = streamed(wire, model=CHAT_MODEL, input="Hi", stream_options={"include_obfuscation": False})
    assert b"obfuscation" not in raw
    check_stream(events(raw))


def test_the_end_marker_can_be_left_out(other_gateway: OtherGateway, chat: Provider) -> None:
    gateway = other_gateway(responses=ResponsesSettings(done_marker=False))
    chat.answer(said("chat", TEXT, streamed=True))
    with gateway.wire() as wire:
        raw = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": "Hi", "stream": True}).content
        assert DONE not in raw
        told = events(raw + DONE)
        check_stream(told)
        response_id = told[-1]["response"]["id"]
        assert wire.get(f"/v1/responses/{response_id}", params={"stream": "true"}).content == raw


@kinds
def test_a_silent_stream_is_kept_open_with_comments(
    other_gateway: OtherGateway, providers: dict[str, Provider], kind: str
) -> None:
    gateway = other_gateway(responses=ResponsesSettings(keepalive_seconds=1.0))
    made = native_frames(message(TEXT)) if kind == "native" else chat_frames(words(TEXT))
    gate = Gate()
    providers[kind].answer(stream(*made[:5], gate, *made[5:]))
    body = {"model": MODELS[kind], "input": "Hi", "stream": True}
    with gateway.wire() as wire:
        with wire.stream("POST", "/v1/responses", json=body) as answer:
            arriving = answer.iter_raw()
            raw = next(arriving)
            while b": keep-alive\n\n" not in raw:
                raw += next(arriving)
            gate.open()
            raw += b"".join(arriving)
        told = events(raw)
        check_stream(told)
        kept = replayed(wire, told[-1]["response"]["id"])
    assert b"keep-alive" not in kept
    assert frames(kept) == frames(raw)


def test_a_stream_without_any_output_yet_opens_after_a_while(gateway: Gateway, native: Provider) -> None:
    """A client that waits for a slow first word sees that its request is being answered."""
    made = native_frames(message(TEXT))
    gate = Gate()
    native.answer(stream(*made[:2], gate, *made[2:]))
    body = {"model": NATIVE_MODEL, "input": "Hi", "stream": True}
    with gateway.wire() as wire, wire.stream("POST", "/v1/responses", json=body) as answer:
        arriving = answer.iter_raw()
        raw = next(arriving)
        assert raw.startswith(b"event: response.created\n")
        gate.open()
        raw += b"".join(arriving)
    check_stream(events(raw))


@kinds
def test_a_client_that_leaves_stops_the_provider_and_leaves_nothing_behind(
    gateway: Gateway, wire: httpx.Client, providers: dict[str, Provider], kind: str
) -> None:
    made = native_frames(message(TEXT)) if kind == "native" else chat_frames(words(TEXT))
    gate = Gate()
    providers[kind].answer(stream(*made[:5], gate, *made[5:]))
    body = {"model": MODELS[kind], "input": "Hi", "stream": True}
    with gateway.wire() as leaving, leaving.stream("POST", "/v1/responses", json=body) as answer:
        begun = next(answer.iter_raw())
    gate.wait_until_left()
    response_id = json.loads(begun.split(b"\n")[1][6:])["response"]["id"]
    assert wire.get(f"/v1/responses/{response_id}").status_code == 404


@kinds
def test_what_a_provider_counted_before_it_failed_is_in_the_record(
    wire: httpx.Client, providers: dict[str, Provider], kind: str, records: list[RequestRecord]
) -> None:
    error = {"code": "server_error", "message": "It broke."}
    if kind == "native":
        failed = native_response(message(TEXT), status="failed", error=error)
        last = native_frame({"type": "response.failed", "sequence_number": 6, "response": failed})
        usage = NATIVE_USAGE["input_tokens"], NATIVE_USAGE["output_tokens"]
        providers[kind].answer(stream(*native_frames(message(TEXT))[:6], last))
    else:
        last = b"data: %b\n\n" % json.dumps({"choices": [], "error": error, "usage": CHAT_USAGE}).encode()
        usage = CHAT_USAGE["prompt_tokens"], CHAT_USAGE["completion_tokens"]
        providers[kind].answer(stream(*chat_frames(words(TEXT))[:4], last))
    ended = terminal(streamed(wire, model=MODELS[kind], input="Hi"))
    assert (ended["status"], ended["error"]["message"]) == ("failed", "It broke.")
    assert (records[-1].input_tokens, records[-1].output_tokens) == usage
