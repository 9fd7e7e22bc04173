"""What is counted for limits, in one process or by all that share a database or a Redis: the seam, and its arithmetic.

A window is counted in pieces of its own length, which begin where Unix time divides by it. A fixed window is the piece
that runs. A sliding one is that and, of the piece before, as much as lies within the window: as if what was counted
there had come evenly. Two numbers are all there is to keep, and the error is small where much is counted.

Law: of all that is asked for at once, by whatever process, no more is granted than there is room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from antiphon.errors import StoreFailed


class Window(Struct, frozen=True):
    """What is counted under a name. The same name always has the same `seconds`."""

    name: str
    seconds: int
    sliding: bool = True


class Want(Struct, frozen=True):
    """So much is to be counted, if there are no more than `most` then. Nothing is always granted."""

    window: Window
    amount: int
    most: int


class Change(Struct, frozen=True):
    """So much more, or less, than was counted in the piece of this `number`. More counts from now on."""

    window: Window
    amount: int
    number: int


class Place(Struct, frozen=True):
    """One of the `most` places under a name, held by whoever knows the `token`, until left or not renewed in time."""

    name: str
    token: str
    most: int
    seconds: float


class Count(Struct, frozen=True):
    """What is kept of a window: the number of the piece that runs, what was counted in it and in the one before."""

    number: int
    running: int = 0
    before: int = 0


class Reservation(Struct, frozen=True):
    """What became of what was wanted: all of it or nothing. The counts, in the order of the wants, are those after it.

    `placed` says whether there was a place, or none was asked for. `at` is when, in Unix time.
    """

    granted: bool
    placed: bool
    counts: Sequence[Count]
    at: float


class Counters(Protocol):
    """Raises StoreFailed where whoever counts cannot be asked."""

    async def reserve(self, wants: Sequence[Want], place: Place | None = None) -> Reservation:
        """Counts everything and takes the place, or does nothing."""
        ...

    async def change(self, changes: Sequence[Change], leaving: Place | None = None) -> None:
        """Counts what is known by now, whatever the limits, and leaves the place."""
        ...

    async def read(self, windows: Sequence[Window]) -> Sequence[Count]:
        """How things stand."""
        ...

    async def renew(self, places: Sequence[Place]) -> None:
        """Holds the places for their time again."""
        ...


async def is_first(counters: Counters, name: str, seconds: int) -> bool:
    """Whether nobody has come before in this piece of time: for what one process of many has to do now and then.

    Everybody is the first where the counts cannot be had.
    """
    try:
        return (await counters.reserve([Want(Window(name, seconds, sliding=False), 1, 1)])).granted
    except StoreFailed:
        return True


def aged(count: Count | None, window: Window, now: float) -> Count:
    """What is left of a count. One that a clock a little ahead of ours has begun is taken as it is."""
    number = int(now // window.seconds)
    if count is None:
        return Count(number)
    if number in (count.number, count.number - 1):
        return count
    return Count(number, 0, count.running if number == count.number + 1 else 0)


def used(count: Count, window: Window, now: float) -> float:
    """How much counts at this moment, of what is `aged`."""
    return count.running + count.before * _left(count, window, now)


def fits(count: Count, want: Want, now: float) -> bool:
    """Whether there is room in what is `aged`."""
    return want.amount <= 0 or used(count, want.window, now) + want.amount <= want.most


def added(count: Count, amount: int) -> Count:
    """With so much more in the piece that runs."""
    return Count(count.number, count.running + amount, count.before)


def changed(count: Count, change: Change) -> Count:
    """With a change. What is given back of a piece that no longer counts was not there any more."""
    if change.amount >= 0 or change.number == count.number:
        return Count(count.number, max(count.running + change.amount, 0), count.before)
    if change.number == count.number - 1:
        return Count(count.number, count.running, max(count.before + change.amount, 0))
    return count


def seconds_until_empty(count: Count, window: Window, now: float) -> float:
    """When nothing counts any more, if nothing is added."""
    rest = (count.number + 1) * window.seconds - now
    if count.running > 0:
        return rest + (window.seconds if window.sliding else 0)
    return rest if count.before > 0 and window.sliding else 0.0


def seconds_until_room(count: Count, want: Want, now: float) -> float:
    """When there is room, if nothing is added. What is more than may ever be counted has room when nothing counts."""
    window = want.window
    if fits(count, want, now):
        return 0.0
    rest = (count.number + 1) * window.seconds - now
    room = max(want.most - want.amount, 0)
    if not window.sliding:
        return rest
    if count.running <= room and count.before > 0:
        return max(_left(count, window, now) - (room - count.running) / count.before, 0.0) * window.seconds
    if count.running == 0:
        return rest
    return rest + max(1 - room / count.running, 0.0) * window.seconds


def _left(count: Count, window: Window, now: float) -> float:
    """The part of the piece before that lies within the window."""
    if not window.sliding:
        return 0.0
    return 1.0 - min(max(now / window.seconds - count.number, 0.0), 1.0)
