"""What the registry of answers keeps in memory, and for how long."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from antiphon.conversation_protocols import Alongside
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import Conflict, RateLimited, StoreFailed
from antiphon.gateway import idempotency
from antiphon.gateway.bells import Bells
from antiphon.gateway.flow import Gateway, Policy, Surroundings
from antiphon.gateway.idempotency import Answering, Idempotency
from antiphon.kept import Claim, Holder, IdempotencyKeys
from antiphon.protocols import Turn
from antiphon.wire.requests import Request, parse_request
from tests.contracts.responses_store import HandClock
from tests.fakes import (
    CALLER,
    SEALER,
    FixedRouter,
    MemoryResponses,
    ScriptedProvider,
    json_reply,
    no_conversations,
    pseudonym,
    surroundings,
    target,
)

ANSWER = b'{"id":"up","object":"response","status":"completed","model":"m","output":[],"usage":null}'
UNSTORED = parse_request(b'{"model":"m","input":"Hi","store":false}')
STORED = parse_request(b'{"model":"m","input":"Hi"}')


class NoFence(Alongside):
    @override
    def prepare(self) -> None:
        """Nothing."""

    @override
    def perform(self, connection: object) -> None:
        """Nothing."""


class NoKeys(IdempotencyKeys):
    """Every claim gets its key. Remembers what was renewed and released."""

    def __init__(self) -> None:
        self.renewed: list[list[Claim]] = []
        self.released: list[Claim] = []
        self.broken = False
        self.go_on = asyncio.Event()
        self.go_on.set()

    @override
    async def claim(self, claim: Claim) -> Holder:
        await self.go_on.wait()
        return Holder(claim.digest, claim.response_id, answered=False)

    @override
    def holding(self, claim: Claim) -> Alongside:
        return NoFence()

    @override
    async def look(self, tenant: str, key: str) -> Holder | None:
        return None

    @override
    async def renew(self, claims: Sequence[Claim]) -> None:
        self.renewed.append(list(claims))
        if self.broken:
            raise StoreFailed("no")

    @override
    async def release(self, claim: Claim) -> None:
        self.released.append(claim)
        if self.broken:
            raise StoreFailed("no")


class Scene:
    """A registry before a provider that answers as often as it is asked."""

    def __init__(self, group: asyncio.TaskGroup, answers: int) -> None:
        self.clock = HandClock()
        self.keys = NoKeys()
        self.provider = ScriptedProvider(*[json_reply(ANSWER) for _ in range(answers)])
        still = surroundings()
        around = Surroundings(self.clock, still.new_id, still.random)
        router = FixedRouter(target(ResponsesUpstream(SEALER, pseudonym), self.provider.post))
        store = MemoryResponses()
        gateway = Gateway(router, store, Policy(), around, no_conversations(store))
        self.pauses = 0
        self.registry = Idempotency(
            gateway, self.keys, group, self.refuse, bells=Bells(), lease_seconds=15.0, pause=self.pause
        )

    async def refuse(self, _: Turn) -> None:
        raise RateLimited("too many")

    async def pause(self, seconds: float) -> None:
        assert seconds == 5.0
        self.pauses += 1
        if self.pauses > 2:
            raise asyncio.CancelledError

    async def answered(self, request: Request, key: str = "k") -> tuple[Answering, bool]:
        answering, first = self.registry.answer(CALLER, key, request)
        await answering.whole()
        return answering, first


async def test_what_must_not_be_stored_is_remembered_for_a_minute() -> None:
    async with asyncio.TaskGroup() as group:
        scene = Scene(group, answers=2)
        first, began = await scene.answered(UNSTORED)
        assert began
        scene.clock.now += 59
        assert await scene.answered(UNSTORED) == (first, False)
        with pytest.raises(Conflict):
            scene.registry.answer(CALLER, "k", parse_request(b'{"model":"m","input":"Other","store":false}'))
        scene.clock.now += 2
        again, began = await scene.answered(UNSTORED)
        assert began
        assert again is not first
        assert len(scene.provider.bodies) == 2


async def test_what_is_remembered_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with asyncio.TaskGroup() as group:
        scene = Scene(group, answers=5)
        size = (await scene.answered(UNSTORED, "z"))[0].size
        monkeypatch.setattr(idempotency, "REMEMBERED_BYTES", 2 * size)
        for key in ("a", "b", "c"):
            await scene.answered(UNSTORED, key)
        assert [(await scene.answered(UNSTORED, key))[1] for key in ("c", "b", "a")] == [False, False, True]


async def test_nothing_of_what_was_asked_is_remembered() -> None:
    async with asyncio.TaskGroup() as group:
        scene = Scene(group, answers=1)
        asked = parse_request(b'{"model":"m","input":"%b","store":false}' % (b"x" * 100_000))
        answering, _ = await scene.answered(asked)
        turn = answering.turn
        assert turn is not None
        assert (turn.request.model, turn.request.input, turn.request.body, turn.context) == ("m", None, b"", [])
        assert answering.size < 10_000


async def test_what_is_stored_is_left_to_the_store() -> None:
    async with asyncio.TaskGroup() as group:
        scene = Scene(group, answers=2)
        assert [(await scene.answered(STORED))[1] for _ in range(2)] == [True, True]
        assert not scene.keys.released


async def test_leases_are_renewed_while_there_are_claims_and_a_broken_store_ends_nothing() -> None:
    async with asyncio.TaskGroup() as group:
        scene = Scene(group, answers=1)
        scene.keys.broken = True
        scene.keys.go_on.clear()
        answering, _ = scene.registry.answer(CALLER, "k", STORED)
        await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await scene.registry.run()
        scene.keys.go_on.set()
        await answering.whole()
        assert [[claim.key for claim in claims] for claims in scene.keys.renewed] == [["k"], ["k"]]


async def test_a_failure_frees_the_key_even_when_that_fails() -> None:
    async with asyncio.TaskGroup() as group:
        scene = Scene(group, answers=0)
        scene.keys.broken = True
        answering, _ = await scene.answered(parse_request(b'{"model":"m","background":true}'))
        assert answering.error is not None
        assert answering.error.code == "rate_limit_exceeded"
        assert [claim.key for claim in scene.keys.released] == ["k"]
