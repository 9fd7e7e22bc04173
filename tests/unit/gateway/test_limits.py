"""What is told of limits, and places that are about to be left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count

import pytest
from typing_extensions import override

from antiphon.counters import Change, Place
from antiphon.errors import RateLimited
from antiphon.gateway.limits import Limiter, Meter, duration
from antiphon.limit_settings import KeyLimits
from antiphon.store.memory_counters import MemoryCounters
from tests.contracts.responses_store import HandClock


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0s"),
        (-1, "0s"),
        (0.0004, "1ms"),
        (0.02, "20ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9999, "60s"),
        (60, "1m0s"),
        (400.25, "6m40.25s"),
    ],
)
def test_a_duration_is_told_as_openai_does(seconds: float, told: str) -> None:
    assert duration(seconds) == told


class SlowCounters(MemoryCounters):
    """Whoever leaves is only heard of when the test wants it."""

    def __init__(self) -> None:
        super().__init__(HandClock())
        self.may_leave = asyncio.Event()

    @override
    async def change(self, changes: Sequence[Change], leaving: Place | None = None) -> None:
        await self.may_leave.wait()
        await super().change(changes, leaving)


def meters(counters: MemoryCounters, limits: KeyLimits) -> tuple[Limiter, Sequence[Meter]]:
    numbers = count()
    limiter = Limiter(counters, {"a": limits}, lambda: f"token {next(numbers)}", refuses=False)
    made = [limiter.meter("a") for _ in range(4)]
    return limiter, [meter for meter in made if meter is not None]


async def test_a_place_that_is_about_to_be_left_is_as_good_as_free() -> None:
    counters = SlowCounters()
    limiter, (one, two, three, _) = meters(counters, KeyLimits(parallel_requests=1))
    assert limiter.meter("b") is None
    await one.admit(0)
    with pytest.raises(RateLimited):
        await two.admit(0)
    async with asyncio.TaskGroup() as group:
        group.create_task(one.end(0))
        await asyncio.sleep(0)
        await three.admit(0)
        counters.may_leave.set()
    with pytest.raises(RateLimited):
        await two.admit(0)


async def test_what_was_refused_is_not_settled() -> None:
    _, (one, two, three, four) = meters(MemoryCounters(HandClock()), KeyLimits(tokens_per_minute=100))
    await one.admit(60)
    with pytest.raises(RateLimited, match="Limit 100, Used 60, Requested 50"):
        await two.admit(50)
    await two.end(0)
    await one.end(90)
    with pytest.raises(RateLimited, match="Used 90, Requested 11"):
        await three.admit(11)
    await four.admit(10)
    assert four.standings["tokens"].left == 0


async def test_a_body_that_is_read_twice_counts_once() -> None:
    _, (one, *_) = meters(MemoryCounters(HandClock()), KeyLimits(requests_per_minute=5))
    await one.weigh(b"{}")
    await one.weigh(b"{}")
    assert one.standings["requests"].left == 4
