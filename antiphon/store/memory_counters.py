"""Counters of one process, in its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from antiphon.counters import Change, Count, Place, Reservation, Want, Window, added, aged, changed, fits
from antiphon.protocols import Clock

_ROUND: Final = 4096
"""After so many names the ones that count nothing any more are forgotten."""


class MemoryCounters:
    """Implements `Counters`."""

    def __init__(self, clock: Clock) -> None:
        """Nothing was counted."""
        self._clock = clock
        self._counts: dict[str, tuple[Window, Count]] = {}
        self._places: dict[str, dict[str, float]] = {}

    async def reserve(self, wants: Sequence[Want], place: Place | None = None) -> Reservation:
        now = self._clock()
        counts = [self._aged(want.window, now) for want in wants]
        placed = place is None or self._has_room(place, now)
        granted = placed and all(fits(count, want, now) for count, want in zip(counts, wants, strict=True))
        if granted:
            counts = [added(count, want.amount) for count, want in zip(counts, wants, strict=True)]
            for want, count in zip(wants, counts, strict=True):
                self._keep(want.window, count, now)
            if place is not None:
                self._places.setdefault(place.name, {})[place.token] = now + place.seconds
        return Reservation(granted, placed, counts, now)

    async def change(self, changes: Sequence[Change], leaving: Place | None = None) -> None:
        now = self._clock()
        for change in changes:
            self._keep(change.window, changed(self._aged(change.window, now), change), now)
        if leaving is not None:
            held = self._places.get(leaving.name, {})
            held.pop(leaving.token, None)
            if not held:
                self._places.pop(leaving.name, None)

    async def read(self, windows: Sequence[Window]) -> Sequence[Count]:
        now = self._clock()
        return [self._aged(window, now) for window in windows]

    async def renew(self, places: Sequence[Place]) -> None:
        now = self._clock()
        for place in places:
            self._places.setdefault(place.name, {})[place.token] = now + place.seconds

    def _aged(self, window: Window, now: float) -> Count:
        found = self._counts.get(window.name)
        return aged(None if found is None else found[1], window, now)

    def _keep(self, window: Window, count: Count, now: float) -> None:
        if window.name not in self._counts and len(self._counts) % _ROUND == _ROUND - 1:
            kept = {name: (each, aged(old, each, now)) for name, (each, old) in self._counts.items()}
            self._counts = {name: pair for name, pair in kept.items() if pair[1].running or pair[1].before}
        self._counts[window.name] = window, count

    def _has_room(self, place: Place, now: float) -> bool:
        held = self._places.get(place.name, {})
        for token in [token for token, until in held.items() if until <= now]:
            del held[token]
        return place.token in held or len(held) < place.most
