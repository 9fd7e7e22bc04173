"""Stopping a server that is in the middle of an answer."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from antiphon.settings import ServerSettings
from tests.e2e.background import PATIENCE
from tests.e2e.exchanges import chat_frames, chat_whole, message, native_frames, native_whole, words
from tests.e2e.gateway import CHAT_MODEL, MASTER_KEY, NATIVE_MODEL, Gateway, settings_for, spawned
from tests.e2e.sse import events, replayed, terminal
from tests.e2e.upstream import Gate, Provider, Reply, stream
from tests.grammar import check_stream

TEXT = "one two three four"
LESS_THAN_THE_GRACE = 4.0
"""Seconds. What does not end by itself is cut five seconds after its time."""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_an_answer_that_takes_too_long_ends_properly_and_is_kept(
    tmp_path: Path, native: Provider, chat: Provider, stop: signal.Signals
) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(shutdown_seconds=0.2))
    made = chat_frames(words(TEXT))
    gate = Gate()
    chat.answer(stream(*made[:4], gate, *made[4:]))
    with spawned(settings) as serving, serving.gateway.wire() as wire:
        body = {"model": CHAT_MODEL, "input": "Hi", "stream": True}
        with wire.stream("POST", "/v1/responses", json=body) as answer:
            arriving = answer.iter_raw()
            raw = next(arriving)
            serving.process.send_signal(stop)
            raw += b"".join(arriving)
        gate.wait_until_left()
        assert serving.process.wait(PATIENCE) in (0, -stop)
    told = events(raw)
    check_stream(told)
    assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
    failed = told[-1]["response"]
    assert failed["status"] == "failed"
    assert "shutting down" in failed["error"]["message"]
    with spawned(settings) as again, again.gateway.wire() as wire:
        assert wire.get(f"/v1/responses/{failed['id']}").json() == failed
        assert replayed(wire, failed["id"]) == raw


@pytest.mark.parametrize("streamed", [True, False])
def test_running_answers_may_finish_while_nothing_new_is_taken(
    tmp_path: Path, native: Provider, chat: Provider, *, streamed: bool
) -> None:
    settings = settings_for(tmp_path, native.url, chat.url)
    made = native_frames(message(TEXT))
    gate = Gate()
    native.answer(stream(*made[:6], gate, *made[6:]) if streamed else held(gate, native_whole(message(TEXT))))
    body = {"model": NATIVE_MODEL, "input": "Hi", "stream": streamed}
    with ThreadPoolExecutor() as pool, spawned(settings) as serving, serving.gateway.wire() as wire:
        asking = pool.submit(wire.post, "/v1/responses", json=body)
        gate.wait_until_reached()
        serving.process.send_signal(signal.SIGTERM)
        _until_refused(serving.gateway)
        gate.open()
        answer = asking.result(PATIENCE)
        assert serving.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert answer.status_code == 200
    ended = terminal(answer.content) if streamed else answer.json()
    assert ended["status"] == "completed"
    with spawned(settings) as again, again.gateway.wire() as wire:
        assert wire.get(f"/v1/responses/{ended['id']}").json() == ended


def test_a_whole_answer_that_takes_too_long_is_an_error_that_may_be_retried(
    tmp_path: Path, native: Provider, chat: Provider
) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(shutdown_seconds=0.2))
    gate = Gate()
    native.answer(held(gate, native_whole(message(TEXT))))
    with ThreadPoolExecutor() as pool, spawned(settings) as serving, serving.gateway.wire() as wire:
        asking = pool.submit(wire.post, "/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"})
        gate.wait_until_reached()
        serving.process.send_signal(signal.SIGTERM)
        answer = asking.result(PATIENCE)
        assert serving.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "shutting_down"


@pytest.mark.parametrize("streamed", [True, False])
def test_what_is_passed_on_is_ended_in_its_own_format(
    tmp_path: Path, native: Provider, chat: Provider, *, streamed: bool
) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(shutdown_seconds=0.2))
    made = chat_frames(words(TEXT))
    gate = Gate()
    chat.answer(stream(*made[:4], gate, *made[4:]) if streamed else held(gate, chat_whole(TEXT)))
    body = {"model": CHAT_MODEL, "messages": [{"role": "user", "content": "Hi"}], "stream": streamed}
    with ThreadPoolExecutor() as pool, spawned(settings) as serving, serving.gateway.wire() as wire:
        asking = pool.submit(wire.post, "/v1/chat/completions", json=body)
        gate.wait_until_reached()
        serving.process.send_signal(signal.SIGTERM)
        answer = asking.result(PATIENCE)
        gate.wait_until_left()
        assert serving.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert answer.status_code == (200 if streamed else 503)
    if not streamed:
        assert answer.json()["error"]["code"] == "shutting_down"
        return
    before, _, last = answer.content.removesuffix(b"\n\ndata: [DONE]\n\n").rpartition(b"data: ")
    assert before == b"".join(made[:4])
    assert json.loads(last)["error"]["code"] == "shutting_down"


BESIDE: dict[str, dict[str, Any]] = {
    "/v1/embeddings": {"model": "native/text-embedding-3-small", "input": "Hi"},
    "/v1beta/models/native%2Ftext-embedding-3-small:embedContent": {"content": {"parts": [{"text": "Hi"}]}},
    "/v1/images/generations": {"model": "native/gpt-image-1", "prompt": "A cat"},
    "/v1/responses/input_tokens": {"model": NATIVE_MODEL, "input": "Hi"},
}


@pytest.mark.parametrize("path", BESIDE)
def test_what_is_no_turn_ends_with_the_turns(tmp_path: Path, native: Provider, chat: Provider, path: str) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(shutdown_seconds=0.2))
    gate = Gate()
    native.answer(Reply(pieces=(gate,)))
    with ThreadPoolExecutor() as pool, spawned(settings) as serving, serving.gateway.wire() as wire:
        asking = pool.submit(wire.post, path, json=BESIDE[path])
        gate.wait_until_reached()
        serving.process.send_signal(signal.SIGTERM)
        answer = asking.result(LESS_THAN_THE_GRACE)
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["status"] == "UNAVAILABLE" if "v1beta" in path else error["code"] == "shutting_down"


@pytest.mark.parametrize("path", ["/v1/images/generations", "/p/native/v1/images/generations"])
def test_what_comes_in_pieces_beside_the_turns_ends_with_them(
    tmp_path: Path, native: Provider, chat: Provider, path: str
) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(shutdown_seconds=0.2))
    gate = Gate()
    frame = b'data: {"type":"image_generation.partial_image","b64_json":"AAAA","partial_image_index":0}\n\n'
    native.answer(stream(frame, gate))
    told: list[bytes] = []

    def asked(wire: httpx.Client) -> None:
        body = {"model": "native/gpt-image-1", "prompt": "A cat", "stream": True}
        with wire.stream("POST", path, json=body) as answer:
            told.extend(answer.iter_raw())

    with ThreadPoolExecutor() as pool, spawned(settings) as serving, serving.gateway.wire(MASTER_KEY) as wire:
        asking = pool.submit(asked, wire)
        gate.wait_until_reached()
        serving.process.send_signal(signal.SIGTERM)
        if path.startswith("/p/"):
            with pytest.raises(httpx.RemoteProtocolError):
                asking.result(LESS_THAN_THE_GRACE)
            return
        asking.result(LESS_THAN_THE_GRACE)
    first, _, last = b"".join(told).partition(b"\n\n")
    assert first + b"\n\n" == frame
    assert b"shutting_down" in last


def held(gate: Gate, reply: Reply) -> Reply:
    """The same answer, its body behind a gate."""
    return Reply(pieces=(reply.body[:10], gate, reply.body[10:]))


def _until_refused(gateway: Gateway) -> None:
    """Until the server has closed its door; nothing else tells when it has heard the signal."""
    for _ in range(10_000):
        try:
            with gateway.wire() as fresh:
                fresh.get("/health")
        except httpx.ConnectError:
            return
        except httpx.TransportError:
            continue  # it was taken, and the door closed before it was heard
    raise AssertionError("the server goes on taking requests")


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, native: Provider, chat: Provider) -> None:
    settings = settings_for(tmp_path, native.url, chat.url)
    frames = native_frames(message(TEXT))
    with spawned(settings) as serving, serving.gateway.wire() as wire:
        native.answer(stream(*frames), native_whole(message(TEXT)))
        raw = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi", "stream": True}).content
        whole = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()
        serving.process.kill()
        serving.process.wait(PATIENCE)
    with spawned(settings) as again, again.gateway.wire() as wire:
        assert replayed(wire, events(raw)[-1]["response"]["id"]) == raw
        assert wire.get(f"/v1/responses/{whole['id']}").json() == whole


def test_balancers_are_given_time_to_notice(tmp_path: Path, native: Provider, chat: Provider) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(drain_seconds=60))
    native.answer(native_whole(message(TEXT)))
    with spawned(settings) as serving, serving.gateway.wire() as wire:
        assert wire.get("/health/ready").status_code == 200
        serving.process.send_signal(signal.SIGTERM)
        while (unready := wire.get("/health/ready")).status_code == 200:
            pass
        assert (unready.status_code, unready.json()["checks"]["accepting"][:11]) == (503, "The process")
        assert wire.get("/health").status_code == 200, "it lives"
        with serving.gateway.wire() as fresh:
            answer = fresh.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"})
            assert answer.json()["status"] == "completed", "requests are still taken"
            while "connection" not in fresh.get("/health").headers:
                pass
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(PATIENCE) in (0, -signal.SIGTERM), "a second signal waits for nobody"
