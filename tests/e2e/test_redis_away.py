"""Two gateways on one file, whose Redis goes away: what is acknowledged is there, what is under way ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from antiphon.lifecycle_settings import BackgroundSettings
from antiphon.redis_settings import RedisSettings
from tests.e2e.exchanges import message, native_frames, native_stream, native_whole
from tests.e2e.gateway import NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Gate, Provider, stream
from tests.grammar import check_stream
from tests.redis import Server
from tests.redis import running as redis_running

OFTEN = BackgroundSettings(lease_seconds=0.6, heartbeat_seconds=0.1, poll_seconds=0.05)
TAKES_ONLY = BackgroundSettings(lease_seconds=0.6, heartbeat_seconds=0.1, poll_seconds=0.05, answers_at_once=0)


@dataclass(frozen=True)
class Scene:
    redis: Server
    taker: Gateway
    other: Gateway


@pytest.fixture
def scene(tmp_path: Path, native_server: Provider, chat_server: Provider) -> Iterator[Scene]:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_running())
        given = RedisSettings(url=redis.url, wait_seconds=0.2)
        taker, other = [
            stack.enter_context(
                running(settings_for(tmp_path, native_server.url, chat_server.url, redis=given, background=background))
            )
            for background in (TAKES_ONLY, OFTEN)
        ]
        yield Scene(redis, taker, other)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_answers_are_given_kept_and_worked_on_elsewhere_without_it(scene: Scene, native: Provider, how: str) -> None:
    with scene.taker.client() as one, scene.other.client() as two:
        if how == "killed":
            scene.redis.stop()
        else:
            scene.redis.freeze()
        native.answer(native_whole(message("first")), native_stream(message("second")), native_stream(message("third")))
        first = one.responses.create(model=NATIVE_MODEL, input="Hi")
        assert two.responses.retrieve(first.id).output_text == "first"
        begun = one.responses.create(model=NATIVE_MODEL, input="Hi", background=True, previous_response_id=first.id)
        told = [event.to_dict() for event in one.responses.retrieve(begun.id, stream=True)]
        check_stream(told, relayed=True)
        assert two.responses.retrieve(begun.id).output_text == "second"
        second = two.responses.create(model=NATIVE_MODEL, input="Hi", stream=True, previous_response_id=begun.id)
        last = list(second)[-1]
        assert last.type == "response.completed"
        assert one.responses.retrieve(last.response.id).output_text == "third"
        if how == "frozen":
            scene.redis.thaw()


def test_a_cancel_reaches_who_works_without_it(scene: Scene, native: Provider) -> None:
    gate = Gate()
    made = native_frames(message("one two"))
    native.answer(stream(*made[:6], gate, *made[6:]))
    with scene.taker.client() as one:
        begun = one.responses.create(model=NATIVE_MODEL, input="Hi", background=True)
        gate.wait_until_reached()
        scene.redis.stop()
        assert one.responses.cancel(begun.id).status == "cancelled"
        gate.wait_until_left()


@pytest.mark.parametrize("when", ["while it is being given", "after it has ended"])
def test_a_follower_elsewhere_gets_every_event_once_over_a_restart(scene: Scene, native: Provider, when: str) -> None:
    gate = Gate()
    made = native_frames(message("one two three"))
    native.answer(stream(*made[:6], gate, *made[6:]))
    with scene.taker.client() as one, scene.other.client() as two:
        answer = one.responses.create(model=NATIVE_MODEL, input="Hi", stream=True)
        begun = next(answer)
        assert begun.type == "response.created"
        seen = [begun.to_dict()]
        following = two.responses.retrieve(begun.response.id, stream=True)
        gate.wait_until_reached()
        told = [next(following).to_dict() for _ in range(4)]
        scene.redis.stop()
        if when == "after it has ended":
            gate.open()
            seen += [event.to_dict() for event in answer]
        scene.redis.start()
        gate.open()
        seen += [event.to_dict() for event in answer]
        told += [event.to_dict() for event in following]
    check_stream(seen, relayed=True)
    assert told == seen
