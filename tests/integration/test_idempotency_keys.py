"""The store of idempotency keys against a model of it: claims, answers, lapses, expiry, and other bodies."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, ClassVar, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs
from typing_extensions import override

from antiphon.errors import Superseded
from antiphon.kept import Claim, Holder
from antiphon.store.database import SqlDatabase
from antiphon.store.idempotency import SqlIdempotencyKeys
from antiphon.store.responses import SqlResponses
from antiphon.store.sweeper import Sweeper
from tests.contracts.responses_store import HandClock, turn

T = TypeVar("T")

LEASE = 15
KEEP = 100
PLACES = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["k", "l"]))
BODIES = st.sampled_from([b"one", b"two"])
Place = tuple[str, str]


class Held:
    """What the model knows of a key."""

    def __init__(self, claim: Claim, now: float) -> None:
        self.claim = claim
        self.leased_until = now + LEASE
        self.expires_at = now + KEEP


class Keys(RuleBasedStateMachine):
    url: ClassVar[str] = "sqlite://"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = HandClock()
        self.held: dict[Place, Held] = {}
        self.claims: list[Claim] = []
        self.answered: set[str] = set()
        database = self.run(lambda: self.stack.enter_async_context(SqlDatabase.open(self.url)))
        self.keys = SqlIdempotencyKeys(database, self.clock, lease_seconds=LEASE, keep_seconds=KEEP)
        self.responses = SqlResponses(database, self.clock)
        self.sweeper = Sweeper(database, self.clock, 1.0)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self.runner.run(work())

    def holder(self, place: Place) -> Holder | None:
        held = self.held.get(place)
        if held is None or held.expires_at <= self.clock.now:
            return None
        answered = held.claim.response_id in self.answered
        if not answered and held.leased_until <= self.clock.now:
            return None
        return Holder(held.claim.digest, held.claim.response_id, answered)

    @rule(place=PLACES, body=BODIES)
    def claim(self, place: Place, body: bytes) -> None:
        claim = Claim(*place, body, f"resp_{len(self.claims)}")
        self.claims.append(claim)
        if self.holder(place) is None:
            self.held[place] = Held(claim, self.clock.now)
        assert self.run(lambda: self.keys.claim(claim)) == self.holder(place)

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """Also by a process whose lease has lapsed."""
        waiting = [claim for claim in self.claims if claim.response_id not in self.answered]
        if waiting:
            claim = data.draw(st.sampled_from(waiting))
            kept = structs.replace(turn("x", tenant=claim.tenant), id=claim.response_id, along=self.keys.holding(claim))
            held = self.held.get((claim.tenant, claim.key))
            try:
                self.run(lambda: self.responses.save(kept))
            except Superseded:
                assert held is not None
                assert held.claim != claim
            else:
                assert held is None or held.claim == claim or held.expires_at <= self.clock.now
                self.answered.add(claim.response_id)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        answered = [claim for claim in self.claims if claim.response_id in self.answered]
        if answered:
            claim = data.draw(st.sampled_from(answered))
            self.run(lambda: self.responses.delete(claim.tenant, claim.response_id))
            self.answered.discard(claim.response_id)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        if self.claims:
            claims = data.draw(st.lists(st.sampled_from(self.claims), max_size=3))
            self.run(lambda: self.keys.renew(claims))
            for claim in claims:
                held = self.held.get((claim.tenant, claim.key))
                if held is not None and held.claim is claim:
                    held.leased_until = self.clock.now + LEASE

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.claims:
            claim = data.draw(st.sampled_from(self.claims))
            self.run(lambda: self.keys.release(claim))
            held = self.held.get((claim.tenant, claim.key))
            if held is not None and held.claim is claim and claim.response_id not in self.answered:
                del self.held[claim.tenant, claim.key]

    @rule(seconds=st.sampled_from([1, LEASE - 1, LEASE, KEEP]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def sweep(self) -> None:
        self.run(self.sweeper.sweep)
        self.held = {place: held for place, held in self.held.items() if held.expires_at > self.clock.now}

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        for place in (("a", "k"), ("b", "k"), ("a", "l")):
            assert self.run(lambda: self.keys.look(*place)) == self.holder(place)  # noqa: B023 - run at once

    @override
    def teardown(self) -> None:
        self.run(self.stack.aclose)
        self.runner.close()


TestKeys = Keys.TestCase
TestKeys.settings = settings(max_examples=40, stateful_step_count=25)
