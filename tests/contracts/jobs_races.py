"""What every implementation of `antiphon.jobs` must do when everybody comes at once.

Law: whatever is done to an answer at the same moment, from two processes, turns out as if it had been done one after
the other: a cancel or an end wins, never both, and nobody reads what was not between them.
"""

from __future__ import annotations

import asyncio
import itertools
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from msgspec import Struct, structs
from typing_extensions import override

from antiphon.errors import JobLost
from antiphon.jobs import IN_FLIGHT, Claim
from antiphon.protocols import Clock
from antiphon.wire.assembly import events_of
from antiphon.wire.lifecycle import count_of
from tests.contracts.jobs_store import LEASE_SECONDS, MANY, Store, asked, ended, frame
from tests.contracts.responses_store import MINE, THEIRS, HandClock

GONE = "gone"
WORKERS = ("renew", "release", "append", "finish")
KINDS = (
    *WORKERS,
    "renew",
    "append",
    "claim",
    "claim",
    "claim",
    "cancel",
    "cancel",
    "delete",
    "get",
    "page",
    "frames",
    "foreign",
)
DRAWN = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 1),
    st.sampled_from(["completed", "failed", "incomplete"]),
    st.sampled_from([0, 0, 1, 2]),
)
"""What is done, by which process, how an answer ends, and how old a claim. A worker has one task that appends."""


class State(Struct, frozen=True):
    """One answer. `told` is how many events its journal has, or its record once it has ended."""

    status: str = "queued"
    attempt: int = 0
    leased: bool = False
    told: int = 2

    @property
    def in_flight(self) -> bool:
        return self.status in IN_FLIGHT


class Act(Struct, frozen=True):
    """Something that one of two processes does; a worker does it under a claim of its own, which may be stale."""

    kind: str
    place: int
    status: str = "completed"
    claim: Claim | None = None

    def holds(self, state: State) -> bool:
        return self.claim is not None and state.in_flight and self.claim.attempt == state.attempt

    def after(self, state: State) -> tuple[State, Any]:
        """What the answer is then, and what was heard."""
        if self.kind == "claim":
            if not state.in_flight or state.leased:
                return state, None
            attempt = state.attempt + 1
            return State("in_progress", attempt, leased=True, told=state.told), (attempt, state.told)
        return (self._of_worker if self.kind in WORKERS else self._of_client)(state)

    def _of_worker(self, state: State) -> tuple[State, Any]:
        if not self.holds(state):
            return state, False
        told = 0 if self.claim is None else sum(map(count_of, self.claim.told))
        changes: dict[str, dict[str, Any]] = {
            "renew": {"leased": True},
            "release": {"leased": False},
            "append": {"told": state.told + 1},
            "finish": {"status": self.status, "told": told + 1},
        }
        return structs.replace(state, **changes[self.kind]), self.kind != "release"

    def _of_client(self, state: State) -> tuple[State, Any]:
        if self.kind == "foreign":
            return state, [None, None, None, False]
        if self.kind == "cancel" and state.in_flight:
            return structs.replace(state, status="cancelled", told=state.told + 1), "cancelled"
        if self.kind == "delete":
            ended = not state.in_flight and state.status != GONE
            return (structs.replace(state, status=GONE), True) if ended else (state, False)
        if self.kind == "frames":
            return state, 0 if state.in_flight or state.status == GONE else state.told
        if state.status == GONE:
            return state, None
        if self.kind == "page":
            return state, (state.status, state.told if state.in_flight else 0)
        return state, state.status


class JobsRaces(RuleBasedStateMachine):
    """One answer after the other; of each the machine knows every state that what was heard allows."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._clock = HandClock()
        self._stores: list[Store] = [
            self._runner.run(self._stack.enter_async_context(self.make(self._clock))) for _ in range(2)
        ]
        self._count = 0
        self._states: set[State] = {State(GONE)}
        self._claims: list[Claim] = []

    @abstractmethod
    def make(self, clock: Clock) -> AbstractAsyncContextManager[Store]:
        """Opens one and the same store, again and again."""

    @override
    def teardown(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    @property
    def _id(self) -> str:
        return f"resp_{self._count:04}"

    @rule(
        drawn=st.lists(DRAWN, min_size=1, max_size=4, unique_by=lambda each: each[0] if each[0] == "append" else each),
        lapsed=st.booleans(),
    )
    def race(self, drawn: Sequence[tuple[str, int, str, int]], *, lapsed: bool) -> None:
        """What is drawn must not depend on how the last race turned out."""
        if self._states == {State(GONE)}:
            self._ask()
        if lapsed:
            self._clock.now += LEASE_SECONDS
            self._states = {structs.replace(state, leased=False) for state in self._states}
        acts = [
            Act(kind, place, status, self._claims[-1 - number % len(self._claims)] if kind in WORKERS else None)
            for kind, place, status, number in drawn
            if self._claims or kind not in WORKERS
        ]
        self._settle(acts, self._runner.run(self._all(acts)))
        look = [Act(kind, number % 2) for number, kind in enumerate(("get", "page", "frames"))]
        self._settle(look, self._runner.run(self._all(look)))
        if {state.status for state in self._states} == {GONE}:
            self._states = {State(GONE)}

    def _ask(self) -> None:
        self._count += 1
        assert self._runner.run(self._stores[0].jobs.add(asked(f"{self._count:04}"), MANY))
        self._states, self._claims = {State()}, []

    def _settle(self, acts: Sequence[Act], heard: Sequence[Any]) -> None:
        """Keeps the states to which some order of the acts leads in which each would have heard what it did."""
        possible: set[State] = set()
        for state in self._states:
            for order in itertools.permutations(zip(acts, heard, strict=True)):
                now: State | None = state
                for act, told in order:
                    if now is not None:
                        now, expected = act.after(now)
                        now = now if expected == told else None
                if now is not None:
                    possible.add(now)
        assert possible, (self._states, [(act.kind, act.place, told) for act, told in zip(acts, heard, strict=True)])
        self._states = possible

    async def _all(self, acts: Sequence[Act]) -> list[Any]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._do(act)) for act in acts]
        return [task.result() for task in tasks]

    async def _do(self, act: Act) -> Any:
        store = self._stores[act.place]
        if act.claim is not None:
            return await self._work(store, act, act.claim)
        match act.kind:
            case "claim":
                claim = await store.jobs.claim(MANY)
                if claim is None:
                    return None
                self._claims.append(claim)
                return claim.attempt, numbered(claim.told)
            case "cancel":
                found = await store.jobs.cancel(MINE, self._id, clears_output=False)
                return found and found.status
            case "foreign":
                return [
                    await store.responses.get(THEIRS, self._id),
                    await store.journal.page(THEIRS, self._id, -1),
                    await store.jobs.cancel(THEIRS, self._id, clears_output=False),
                    await store.responses.delete(THEIRS, self._id),
                ]
            case "delete":
                return await store.responses.delete(MINE, self._id)
            case "get":
                stored = await store.responses.get(MINE, self._id)
                return stored and stored.status
            case "page":
                page = await store.journal.page(MINE, self._id, -1)
                return page and (page.status, numbered(page.frames))
            case _:
                return numbered(await store.responses.frames(MINE, self._id) or ())

    async def _work(self, store: Store, act: Act, claim: Claim) -> bool:
        number = max(state.told for state in self._states)
        try:
            match act.kind:
                case "renew":
                    return await store.jobs.renew(claim)
                case "release":
                    await store.jobs.release(claim)
                    return False
                case "append":
                    await store.journal.append(claim, number, number, frame(number))
                case _:
                    await store.jobs.finish(claim, ended(claim, act.status))
        except JobLost:
            return False
        return True


def numbered(frames: Sequence[bytes]) -> int:
    """How many events there are, which are numbered from 0 without a gap."""
    numbers = [event.number for event in events_of(b"".join(frames))]
    assert numbers == list(range(len(numbers)))
    return len(numbers)
