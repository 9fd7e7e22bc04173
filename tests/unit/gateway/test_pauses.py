"""Answers that their provider interrupts, to be asked to go on."""

import json

import pytest
from typing_extensions import override

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.gateway.attempt import Attempt
from antiphon.gateway.delivery import Delivery
from antiphon.protocols import Built, Reader, Target, Turn
from antiphon.wire.events import EMPTY, Chunk, Outcome
from antiphon.wire.requests import parse_request
from tests.fakes import (
    CALLER,
    Collected,
    ScriptedProvider,
    ScriptedReply,
    json_reply,
    stream_reply,
    surroundings,
    target,
)
from tests.unit.providers.fakes import NamedDialect

DONE = Outcome("completed", b"{}", None)


class Interrupted(Reader):
    """Every stream is a pause but the one that says ``end``."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self.resumption: Built | None = None

    @override
    def feed(self, data: bytes) -> Chunk:
        self.resumption = None
        self.outcome = DONE if data == b"end" else None
        return EMPTY

    @override
    def quick(self, data: bytes, number: int) -> bytes | None:
        return None

    @override
    def close(self) -> Chunk:
        self.resumption = Built(b"go on", streamed=True)
        return EMPTY


class Pausing(NamedDialect):
    @override
    def build(self, turn: Turn, target: Target) -> Built:
        return Built(b"begin", streamed=True)

    @override
    def reader(self, turn: Turn, target: Target) -> Reader:
        return Interrupted()


async def asked(*script: ScriptedReply) -> tuple[Outcome, ScriptedProvider]:
    around = surroundings()
    request = parse_request(json.dumps({"model": "m", "input": "Hi"}).encode())
    turn = Turn(
        id="resp_1", created_at=1, caller=CALLER, request=request, input=[], new_id=around.new_id, clock=around.clock
    )
    provider = ScriptedProvider(*script)
    sink = Delivery(turn, Collected())

    async def keep(outcome: Outcome, last: Chunk | None) -> None:
        assert (outcome, last) == (DONE, None)

    return await Attempt(turn, target(Pausing("pausing"), provider.post), sink, keep, 0.0).run(), provider


async def test_it_is_asked_to_go_on_until_it_has_ended() -> None:
    script = [stream_reply(b"a"), stream_reply(b"b"), stream_reply(b"end")]
    outcome, provider = await asked(*script)
    assert outcome == DONE
    assert provider.bodies == [b"begin", b"go on", b"go on"]
    assert all(reply.released for reply in script)


async def test_it_is_not_asked_without_end() -> None:
    script = [stream_reply(b"a") for _ in range(20)]
    with pytest.raises(UpstreamBroke, match="16 times"):
        await asked(*script)
    assert [reply.released for reply in script] == [True] * 16 + [False] * 4


async def test_what_is_no_stream_does_not_go_on_with_one() -> None:
    script = [stream_reply(b"a"), json_reply(b"{}")]
    with pytest.raises(UpstreamBroke, match="in what is none"):
        await asked(*script)
    assert all(reply.released for reply in script)
