"""Limits of keys, shared by two gateways on one Redis: what real clients see, in their own words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from typing import Literal

import anthropic
import httpx
import msgspec
import openai
import pytest

from antiphon.limit_settings import KeyLimits, LimitSettings
from antiphon.redis_settings import RedisSettings
from antiphon.settings import KeySettings, Settings
from tests.e2e.anthropics import anthropic_client
from tests.e2e.background import PATIENCE
from tests.e2e.exchanges import chat_stream, message, native_frames, native_stream, native_whole
from tests.e2e.gateway import CHAT_MODEL, KEY_A, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.sockets import opened
from tests.e2e.upstream import Gate, Provider, Reply, refusing, stream
from tests.redis import Server
from tests.redis import running as redis_running

TURN = {"model": NATIVE_MODEL, "input": "Hi"}
USED = 29
"""Tokens, of every answer of the native provider."""

TWO = KeyLimits(requests_per_minute=2)
FEW = KeyLimits(tokens_per_minute=100)
ALONE = KeyLimits(parallel_requests=1)
KINDS = {"two": TWO, "few": FEW, "alone": ALONE}
TESTS = 40
"""More than there are: each gets keys that nobody has used."""

_number = count()


def key_of(kind: str) -> str:
    """One that nobody has used."""
    return f"sk-{kind}-{next(_number) % TESTS}"


def limited(settings: Settings, redis: Server, limits: LimitSettings | None = None) -> Settings:
    keys = [
        KeySettings(name=f"{kind}-{number}", key=f"sk-{kind}-{number}", tenant="a", limits=each)
        for kind, each in KINDS.items()
        for number in range(TESTS)
    ]
    return msgspec.structs.replace(
        settings,
        keys=[*settings.keys, *keys],
        redis=RedisSettings(url=redis.url),
        limits=limits or LimitSettings(),
    )


@dataclass(frozen=True)
class Pair:
    one: Gateway
    other: Gateway


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Server, native_server: Provider, chat_server: Provider
) -> Iterator[Pair]:
    settings = limited(
        settings_for(tmp_path_factory.mktemp("limits"), native_server.url, chat_server.url), redis_server
    )
    with running(settings) as one, running(settings) as other:
        yield Pair(one, other)


def gated(gate: Gate) -> Reply:
    made = native_frames(message("one two"))
    return stream(*made[:6], gate, *made[6:])


def test_requests_are_counted_by_all_and_openais_client_is_told_when_to_come_again(
    pair: Pair, native: Provider
) -> None:
    key = key_of("two")
    native.answer(native_whole(message("a")), native_stream(message("b")))
    with pair.one.client(key) as one, pair.other.client(key) as other:
        first = one.responses.with_raw_response.create(model=NATIVE_MODEL, input="Hi")
        told = {name: value for name, value in first.headers.items() if name.startswith("x-ratelimit")}
        assert told.pop("x-ratelimit-reset-requests")
        assert told == {"x-ratelimit-limit-requests": "2", "x-ratelimit-remaining-requests": "1"}
        with other.responses.with_streaming_response.create(model=NATIVE_MODEL, input="Hi", stream=True) as second:
            assert second.headers["x-ratelimit-remaining-requests"] == "0"
            assert b"response.completed" in second.read()
        with pytest.raises(openai.RateLimitError) as caught:
            one.responses.create(model=NATIVE_MODEL, input="Hi")
        one.models.list()  # which asks no model
    error = caught.value
    assert error.code == "rate_limit_exceeded"
    assert "requests per min: Limit 2, Used 2, Requested 1. Please try again in" in error.message
    headers = error.response.headers
    assert 0 < int(headers["retry-after"]) <= 120
    assert headers["x-ratelimit-remaining-requests"] == "0"


def test_a_key_without_limits_is_told_nothing(pair: Pair, native: Provider) -> None:
    for _ in range(4):
        native.answer(native_whole(message("a")))
        with pair.one.client(KEY_A) as client:
            raw = client.responses.with_raw_response.create(model=NATIVE_MODEL, input="Hi")
        assert not [name for name in raw.headers if "ratelimit" in name]


def test_tokens_are_guessed_first_and_counted_once_they_are_known(pair: Pair, native: Provider) -> None:
    key = key_of("few")
    left: list[int] = []
    with pair.one.client(key) as one, pair.other.client(key) as other:
        for client in (one, other, one):
            native.answer(native_whole(message("a")))
            raw = client.responses.with_raw_response.create(model=NATIVE_MODEL, input="Hi", max_output_tokens=20)
            left.append(int(raw.headers["x-ratelimit-remaining-tokens"]))
            raw.parse()
        with pytest.raises(openai.RateLimitError, match="tokens per min: Limit 100, Used 87, Requested") as caught:
            one.responses.create(model=NATIVE_MODEL, input="Hi", max_output_tokens=20)
    guessed = 100 - left[0]
    assert 20 < guessed < USED * 2
    assert left == [100 - guessed - USED * times for times in range(3)]
    assert caught.value.response.headers["x-ratelimit-remaining-tokens"] == "13"


def test_what_fails_takes_no_tokens(pair: Pair, native: Provider) -> None:
    key = key_of("few")
    with pair.one.client(key) as client:
        for _ in range(6):
            native.answer(refusing("no", 400))
            with pytest.raises(openai.BadRequestError):
                client.responses.create(model=NATIVE_MODEL, input="Hi", max_output_tokens=20)


def test_a_request_larger_than_the_limit_gets_in_when_nothing_else_counts(pair: Pair, native: Provider) -> None:
    key = key_of("few")
    native.answer(native_whole(message("a")), native_whole(message("b")))
    with pair.one.client(key) as client:
        client.responses.create(model=NATIVE_MODEL, input="Hi " * 1000)
        client.responses.create(model=NATIVE_MODEL, input="Hi")
        with pytest.raises(openai.RateLimitError):
            client.responses.create(model=NATIVE_MODEL, input="Hi " * 1000)


def test_so_many_at_once_and_no_more_and_one_after_the_other(pair: Pair, native: Provider) -> None:
    key, gate = key_of("alone"), Gate()
    native.answer(gated(gate))
    with pair.one.client(key) as one, pair.other.client(key) as other:
        stream = one.responses.create(model=NATIVE_MODEL, input="Hi", stream=True)
        gate.wait_until_reached()
        for client in (one, other):
            with pytest.raises(openai.RateLimitError, match="1 of its requests are under way") as caught:
                client.responses.create(model=NATIVE_MODEL, input="Hi")
            assert caught.value.response.headers["retry-after"] == "1"
        gate.open()
        assert [event.type for event in stream][-1] == "response.completed"
        for client in (one, one, other, one):
            native.answer(native_whole(message("a")))
            client.responses.create(model=NATIVE_MODEL, input="Hi")


def test_who_leaves_leaves_a_place(pair: Pair, native: Provider) -> None:
    key, gate = key_of("alone"), Gate()
    native.answer(gated(gate), native_whole(message("a")))
    with pair.one.client(key) as one, pair.other.client(key).with_options(max_retries=5) as patient:
        stream = one.responses.create(model=NATIVE_MODEL, input="Hi", stream=True)
        gate.wait_until_reached()
        stream.close()
        gate.wait_until_left()
        assert patient.responses.create(model=NATIVE_MODEL, input="Hi").output_text == "a"


def test_every_client_is_refused_in_its_own_words(pair: Pair, native: Provider, chat: Provider) -> None:
    key = key_of("two")
    native.answer(native_whole(message("a")))
    chat.answer(chat_stream("b"))
    said = [{"role": "user", "content": "Hi"}]
    with anthropic_client(pair.one, key) as claude, pair.other.client(key) as client, pair.one.wire(key) as wire:
        raw = claude.messages.with_raw_response.create(
            model=NATIVE_MODEL,
            max_tokens=9,
            messages=[{"role": "user", "content": "Hi"}],
        )
        assert raw.headers["anthropic-ratelimit-requests-remaining"] == "1"
        assert raw.headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        chunks = client.chat.completions.create(
            model=CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "b"
        with pytest.raises(anthropic.RateLimitError) as caught:
            claude.messages.create(model=NATIVE_MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
        assert caught.value.type == "rate_limit_error"
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model=CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}])
        with pytest.raises(openai.RateLimitError):
            client.embeddings.create(model=CHAT_MODEL, input="Hi")
        google = wire.post(f"/v1beta/models/{NATIVE_MODEL}:generateContent", json={"contents": []})
        assert (google.status_code, google.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
        assert "retry-after" in google.headers
        form = {"model": CHAT_MODEL}
        sound = wire.post("/v1/audio/transcriptions", data=form, files={"file": ("a.wav", b"RIFF")})
        assert sound.status_code == 429
        assert wire.post("/p/native/v1/responses", json={}).status_code == 429
        assert wire.post("/v1/messages/count_tokens", json={"model": NATIVE_MODEL, "messages": said}).status_code != 429


def test_a_websocket_counts_each_turn(pair: Pair, native: Provider) -> None:
    native.answer(*[native_stream(message("a"))] * 2)
    with opened(pair.one, key_of("two")) as socket:
        socket.answer(**TURN)
        socket.answer(**TURN)
        frame = socket.refused(**TURN)
        assert (frame["status"], frame["error"]["code"]) == (429, "rate_limit_exceeded")
        assert int(frame["error"]["headers"]["retry-after"]) > 0


def test_an_answer_in_the_background_is_counted_too(pair: Pair, native: Provider) -> None:
    key = key_of("few")
    native.answer(*[native_stream(message("a"))] * 3)
    with pair.one.client(key) as client, pair.other.wire(key) as wire:
        for _ in range(3):
            begun = client.responses.create(model=NATIVE_MODEL, input="Hi", background=True)
            with client.responses.with_streaming_response.retrieve(begun.id, stream=True) as following:
                following.read()
        body = {"model": "nobody/has-it", "input": "Hi" * 20}
        # What was guessed too little is counted once the answer has been stored.
        assert any(wire.post("/v1/responses", json=body).status_code == 429 for _ in range(100))


@pytest.mark.parametrize("policy", ["allow", "refuse"])
def test_without_redis_requests_are_let_through_or_refused_as_the_owner_wants(
    tmp_path_factory: pytest.TempPathFactory,
    native: Provider,
    chat_server: Provider,
    policy: Literal["allow", "refuse"],
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_running())
        settings = settings_for(tmp_path_factory.mktemp("away"), native.url, chat_server.url)
        gateway = stack.enter_context(running(limited(settings, redis, LimitSettings(when_unavailable=policy))))
        key = key_of("two")
        wire = stack.enter_context(gateway.wire(key))
        ready = wire.get("/health/ready").json()
        assert (ready["status"], ready["checks"]["redis"]) == ("ready", "ok")
        redis.stop()
        ready = wire.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["checks"]["redis"] == "Redis cannot be reached."
        for _ in range(3):
            if policy == "allow":
                native.answer(native_whole(message("a")))
                assert wire.post("/v1/responses", json=TURN).status_code == 200
            else:
                refused = wire.post("/v1/responses", json=TURN)
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "store_unavailable")
                assert refused.headers["retry-after"] == "1"
        redis.start()
        _ready(wire)
        for _ in range(2):
            native.answer(native_whole(message("a")))
            assert wire.post("/v1/responses", json=TURN).status_code == 200
        assert wire.post("/v1/responses", json=TURN).status_code == 429
        asyncio.run(redis.told("FLUSHALL"))
        native.answer(native_whole(message("a")))
        assert wire.post("/v1/responses", json=TURN).status_code == 200


def _ready(wire: httpx.Client) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if json.loads(wire.get("/health/ready").content)["status"] == "ready":
            return
    raise AssertionError("it was not connected again")
