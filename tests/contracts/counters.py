"""What every implementation of `antiphon.counters.Counters` must do.

Subclass `CountersContract` in a test module and give it a fixture `make`, which returns a `Make`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from antiphon.counters import Change, Count, Counters, Place, Want, Window, is_first, used
from antiphon.protocols import Clock
from tests.contracts.responses_store import NOW, HandClock
from tests.together import together

Make = Callable[[Clock], AbstractAsyncContextManager[Counters]]
"""Opens counters that stand at nothing."""

MINUTE = 60
SLIDING = Window("sliding", MINUTE)
FIXED = Window("fixed", MINUTE, sliding=False)
PIECE = NOW // MINUTE


def places(most: int, count: int, seconds: float = 30.0) -> list[Place]:
    return [Place("crowd", f"token {number}", most, seconds) for number in range(count)]


class _Counting:
    """What the tests need."""

    @pytest.fixture
    def clock(self) -> HandClock:
        clock = HandClock()
        clock.now = float(PIECE * MINUTE)
        return clock

    @pytest.fixture
    async def counters(self, make: Make, clock: HandClock) -> AsyncGenerator[Counters]:
        async with make(clock) as counters:
            yield counters


class CountersContract(_Counting):
    """A test class per implementation inherits these."""

    async def test_as_much_is_granted_as_there_is_room_for(self, counters: Counters) -> None:
        for amount, granted, running in ((6, True, 6), (5, False, 6), (4, True, 10), (1, False, 10), (0, True, 10)):
            told = await counters.reserve([Want(SLIDING, amount, 10)])
            assert (told.granted, told.placed, told.counts[0].running) == (granted, True, running)
            assert told.counts[0].number == PIECE

    async def test_all_that_is_wanted_is_counted_or_nothing(self, counters: Counters) -> None:
        wants = [Want(SLIDING, 1, 10), Want(FIXED, 6, 10)]
        assert (await counters.reserve(wants)).granted
        refused = await counters.reserve(wants)
        assert not refused.granted
        assert [count.running for count in refused.counts] == [1, 6]
        assert [count.running for count in await counters.read([SLIDING, FIXED])] == [1, 6]

    async def test_of_many_at_once_no_more_are_granted_than_there_is_room_for(self, counters: Counters) -> None:
        told = await together(*[counters.reserve([Want(SLIDING, 1, 7), Want(FIXED, 2, 100)]) for _ in range(20)])
        assert sum(each.granted for each in told) == 7
        assert [count.running for count in await counters.read([SLIDING, FIXED])] == [7, 14]

    async def test_a_sliding_window_lets_go_evenly_and_a_fixed_one_at_once(
        self, counters: Counters, clock: HandClock
    ) -> None:
        wants = [Want(SLIDING, 8, 8), Want(FIXED, 8, 8)]
        assert (await counters.reserve(wants)).granted
        clock.now += MINUTE - 1
        assert not (await counters.reserve([Want(SLIDING, 1, 8)])).granted
        clock.now += 1
        assert not (await counters.reserve([Want(SLIDING, 1, 8)])).granted
        assert (await counters.reserve([Want(FIXED, 8, 8)])).granted
        clock.now += MINUTE / 4
        told = await counters.reserve([Want(SLIDING, 2, 8)])
        assert told.granted
        assert told.counts == [Count(PIECE + 1, 2, 8)]
        assert used(told.counts[0], SLIDING, clock.now) == 8.0
        assert not (await counters.reserve([Want(SLIDING, 1, 8)])).granted
        clock.now += 2 * MINUTE
        assert await counters.read([SLIDING, FIXED]) == [Count(PIECE + 3), Count(PIECE + 3)]

    async def test_a_clock_a_little_behind_counts_in_the_piece_that_runs(
        self, counters: Counters, clock: HandClock
    ) -> None:
        await counters.reserve([Want(SLIDING, 3, 8)])
        clock.now -= 1
        told = await counters.reserve([Want(SLIDING, 2, 8)])
        assert told.counts == [Count(PIECE, 5)]

    async def test_a_clock_that_was_far_ahead_leaves_nothing_behind(self, counters: Counters, clock: HandClock) -> None:
        clock.now += 100 * MINUTE
        await counters.reserve([Want(SLIDING, 8, 8)])
        clock.now -= 100 * MINUTE
        assert (await counters.reserve([Want(SLIDING, 8, 8)])).granted

    async def test_what_was_reserved_is_mended_where_it_was_counted(self, counters: Counters, clock: HandClock) -> None:
        await counters.reserve([Want(SLIDING, 100, 1000)])
        await counters.change([Change(SLIDING, -40, PIECE)])
        assert await counters.read([SLIDING]) == [Count(PIECE, 60)]
        clock.now += MINUTE
        await counters.change([Change(SLIDING, -10, PIECE)])
        assert await counters.read([SLIDING]) == [Count(PIECE + 1, 0, 50)]
        await counters.change([Change(SLIDING, 5, PIECE)])
        assert await counters.read([SLIDING]) == [Count(PIECE + 1, 5, 50)]
        await counters.change([Change(SLIDING, -1000, PIECE), Change(FIXED, 7, 0)])
        assert await counters.read([SLIDING, FIXED]) == [Count(PIECE + 1, 5), Count(PIECE + 1, 7)]
        clock.now += 2 * MINUTE
        await counters.change([Change(SLIDING, -1, PIECE)])
        assert await counters.read([SLIDING]) == [Count(PIECE + 3)]

    async def test_a_change_is_counted_beyond_the_limit(self, counters: Counters) -> None:
        await counters.change([Change(SLIDING, 12, 0)])
        assert not (await counters.reserve([Want(SLIDING, 1, 10)])).granted

    async def test_names_of_any_letters_and_numbers_of_any_size(self, counters: Counters) -> None:
        odd = Window("key:ü {a} * \n 'x'", MINUTE)
        most = 1_000_000_000_000
        assert (await counters.reserve([Want(odd, most - 1, most)])).granted
        assert not (await counters.reserve([Want(odd, 2, most)])).granted
        assert (await counters.reserve([Want(odd, 1, most)])).granted
        assert await counters.read([odd, SLIDING]) == [Count(PIECE, most), Count(PIECE)]

    async def test_one_of_many_is_the_first_in_each_piece_of_time(self, counters: Counters, clock: HandClock) -> None:
        for _ in range(2):
            told = await together(*[is_first(counters, "sweep", 30) for _ in range(5)])
            assert sorted(told) == [False] * 4 + [True]
            clock.now += 30

    async def test_what_was_never_counted_is_nothing(self, counters: Counters) -> None:
        assert await counters.read([SLIDING]) == [Count(PIECE)]
        assert await counters.read([]) == []
        told = await counters.reserve([])
        assert (told.granted, told.placed, list(told.counts)) == (True, True, [])


class PlacesContract(_Counting):
    """As above."""

    async def test_there_are_so_many_places_and_no_more(self, counters: Counters) -> None:
        crowd = places(3, 8)
        told = await together(*[counters.reserve([Want(SLIDING, 1, 100)], place) for place in crowd])
        assert sum(each.granted for each in told) == sum(each.placed for each in told) == 3
        assert await counters.read([SLIDING]) == [Count(PIECE, 3)]
        holder = next(place for place, each in zip(crowd, told, strict=True) if each.placed)
        await counters.change([], holder)
        assert (await counters.reserve([], Place("crowd", "late", 3, 30.0))).placed
        assert not (await counters.reserve([], Place("crowd", "later", 3, 30.0))).placed

    async def test_no_place_is_taken_where_something_else_is_refused(self, counters: Counters) -> None:
        one, other = places(1, 2)
        refused = await counters.reserve([Want(SLIDING, 2, 1)], one)
        assert (refused.granted, refused.placed) == (False, True)
        assert (await counters.reserve([], other)).granted

    async def test_a_place_lapses_unless_it_is_renewed(self, counters: Counters, clock: HandClock) -> None:
        kept, lost, late, last = places(2, 4)
        for place in (kept, lost):
            assert (await counters.reserve([], place)).granted
        clock.now += 20
        await counters.renew([kept])
        assert not (await counters.reserve([], late)).granted
        clock.now += 11
        assert (await counters.reserve([], late)).granted
        assert not (await counters.reserve([], last)).granted
        await counters.change([], lost)
        assert not (await counters.reserve([], last)).granted

    async def test_a_place_that_nobody_holds_can_be_left(self, counters: Counters) -> None:
        await counters.change([], places(1, 1)[0])
        assert (await counters.reserve([], places(1, 1)[0])).granted
