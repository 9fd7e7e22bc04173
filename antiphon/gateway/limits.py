"""What a key may ask for: requests and tokens in a minute, and how many at once.

Tokens are reserved by a guess, as a request comes in, and what was too much or too little is mended when it has ended.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from antiphon.counters import (
    Change,
    Counters,
    Place,
    Reservation,
    Want,
    Window,
    fits,
    seconds_until_empty,
    seconds_until_room,
    used,
)
from antiphon.errors import RateLimited, StoreFailed
from antiphon.limit_settings import KeyLimits
from antiphon.wire.weight import weight_of

MINUTE: Final = 60
PLACE_SECONDS: Final = 60.0
"""So long a place is held for a process that died; one that lives renews it three times as often."""

_CROWDED_SECONDS: Final = 1.0
"""When there may be a place: nobody knows."""

_logger: Final = logging.getLogger("antiphon.gateway")


class Standing(Struct, frozen=True):
    """What is left of a limit. All of it is there again in `resets` seconds, at `resets_at` in Unix time."""

    limit: int
    left: int
    resets: float
    resets_at: float


class Limiter:
    """One process's. `limits` are by the names of keys."""

    def __init__(
        self, counters: Counters, limits: Mapping[str, KeyLimits], new_token: Callable[[], str], *, refuses: bool
    ) -> None:
        """`refuses` says what becomes of requests while nobody can be asked for the counts."""
        self.counters = counters
        self.refuses = refuses
        self.new_token = new_token
        self._limits = limits
        self._held: dict[str, Place] = {}
        self._leaving: dict[str, int] = {}
        self._in_trouble = False

    def meter(self, key_name: str) -> Meter | None:
        """What a request under this key is measured by; None where nothing is limited."""
        limits = self._limits.get(key_name)
        return None if limits is None else Meter(self, key_name, limits)

    async def spend(self, key_name: str, body: bytes, tokens: int) -> None:
        """What an answer in the background took beyond what was guessed from its request."""
        limits = self._limits.get(key_name)
        more = tokens - weight_of(body)
        if limits is not None and limits.tokens_per_minute is not None and more > 0:
            try:
                await self.counters.change([Change(_tokens(key_name), more, 0)])
            except StoreFailed as error:
                self.begins(error)

    async def run(self) -> None:
        """Renews places, for as long as its task runs."""
        while True:
            await asyncio.sleep(PLACE_SECONDS / 3)
            if self._held:
                try:
                    await self.counters.renew([*self._held.values()])
                except StoreFailed as error:
                    self.begins(error)

    def place(self, key_name: str, most: int) -> Place:
        """A place to ask for. What this process is about to leave is as good as free."""
        name = f"key:{key_name}"
        return Place(name, self.new_token(), most + self._leaving.get(name, 0), PLACE_SECONDS)

    def holds(self, place: Place) -> None:
        self._held[place.token] = place

    async def settle(self, changes: list[Change], place: Place | None) -> None:
        """Mends what was guessed, and leaves the place. Never raises StoreFailed: a place lapses by itself."""
        if place is not None:
            self._held.pop(place.token, None)
            self._leaving[place.name] = self._leaving.get(place.name, 0) + 1
        try:
            await self.counters.change(changes, place)
        except StoreFailed as error:
            self.begins(error)
        finally:
            if place is not None:
                left = self._leaving[place.name] - 1
                self._leaving[place.name] = left
                if not left:
                    del self._leaving[place.name]

    def begins(self, error: StoreFailed) -> None:
        """The counts cannot be had."""
        if not self._in_trouble:
            self._in_trouble = True
            what = "requests under a limit are refused" if self.refuses else "they are not kept"
            _logger.warning("The limits of keys cannot be looked at, %s: %s", what, error.message)

    def is_over(self) -> None:
        """The counts can be had."""
        if self._in_trouble:
            self._in_trouble = False
            _logger.warning("The limits of keys are kept again")


class Meter:
    """One request."""

    def __init__(self, limiter: Limiter, key_name: str, limits: KeyLimits) -> None:
        """Nothing is counted yet."""
        self._limiter = limiter
        self._key_name = key_name
        self._limits = limits
        self._reservation: Reservation | None = None
        self._wants: list[Want] = []
        self._place: Place | None = None

    async def weigh(self, body: bytes) -> None:
        """As `admit`, by a body."""
        await self.admit(0 if self._limits.tokens_per_minute is None else weight_of(body))

    async def admit(self, tokens: int) -> None:
        """Counts the request, which is guessed to take so much. Raises RateLimited, or StoreFailed.

        One that is guessed to take more than there ever is gets in when nothing else counts.
        """
        if self._wants or self._place is not None:
            return
        limits, limiter = self._limits, self._limiter
        if limits.requests_per_minute is not None:
            self._wants.append(Want(_requests(self._key_name), 1, limits.requests_per_minute))
        if limits.tokens_per_minute is not None:
            most = limits.tokens_per_minute
            self._wants.append(Want(_tokens(self._key_name), min(max(tokens, 1), most), most))
        place = None
        if limits.parallel_requests is not None:
            place = limiter.place(self._key_name, limits.parallel_requests)
        try:
            reservation = await limiter.counters.reserve(self._wants, place)
        except StoreFailed as error:
            limiter.begins(error)
            if not limiter.refuses:
                return
            message = "The limits of this key cannot be looked at just now; please retry."
            raise StoreFailed(message, retry_after=error.retry_after) from error
        limiter.is_over()
        self._reservation = reservation
        if not reservation.granted:
            raise self._refusal(reservation)
        if place is not None:
            self._place = place
            limiter.holds(place)

    async def end(self, tokens: int | None) -> None:
        """The request has ended, and took so many tokens; None leaves it at what was guessed."""
        reservation = self._reservation
        if reservation is None or not reservation.granted:
            return
        changes = [
            Change(want.window, tokens - want.amount, count.number)
            for want, count in zip(self._wants, reservation.counts, strict=True)
            if tokens is not None and want.window.name.startswith(_TOKENS) and tokens != want.amount
        ]
        if changes or self._place is not None:
            await self._limiter.settle(changes, self._place)

    @property
    def standings(self) -> dict[str, Standing]:
        """What was left when the request was counted, by what is limited: `requests`, `tokens`."""
        reservation = self._reservation
        if reservation is None:
            return {}
        standings: dict[str, Standing] = {}
        for want, count in zip(self._wants, reservation.counts, strict=True):
            left = max(math.floor(want.most - used(count, want.window, reservation.at)), 0)
            resets = seconds_until_empty(count, want.window, reservation.at)
            name = want.window.name.partition(":")[0]
            standings[name] = Standing(want.most, left, resets, reservation.at + resets)
        return standings

    def _refusal(self, reservation: Reservation) -> RateLimited:
        at = reservation.at
        for want, count in zip(self._wants, reservation.counts, strict=True):
            if not fits(count, want, at):
                wait = max(seconds_until_room(count, want, at), 0.001)
                what = want.window.name.partition(":")[0]
                message = (
                    f"Rate limit reached for this key: {what} per min: Limit {want.most},"
                    f" Used {math.ceil(used(count, want.window, at))}, Requested {want.amount}."
                    f" Please try again in {duration(wait)}."
                )
                return RateLimited(message, retry_after=wait)
        most = self._limits.parallel_requests
        message = f"Rate limit reached for this key: {most} of its requests are under way, and no more may be."
        return RateLimited(f"{message} Please try again when one has ended.", retry_after=_CROWDED_SECONDS)


def duration(seconds: float) -> str:
    """As OpenAI's headers have it: ``6m0s``, ``1.5s``, ``20ms``."""
    if seconds <= 0:
        return "0s"
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, MINUTE)
    told = f"{math.ceil(rest * 1000) / 1000:g}s"
    return f"{int(minutes)}m{told}" if minutes else told


_TOKENS: Final = "tokens:"


def _requests(key_name: str) -> Window:
    return Window(f"requests:{key_name}", MINUTE)


def _tokens(key_name: str) -> Window:
    return Window(f"{_TOKENS}{key_name}", MINUTE)
