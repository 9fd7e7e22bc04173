"""What lapses is fetched when it is first needed, and again before its end.

Law: one fetch at a time, however many ask; nobody waits while what is there is good, but for the one who renews it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from antiphon.errors import CredentialsFailed
from antiphon.protocols import Clock

T = TypeVar("T")

EARLY_SECONDS: Final = 300.0
"""So long before its end a thing is renewed: AWS's and Azure's own clients do the same."""

PATIENCE_SECONDS: Final = 5.0
"""Nothing is fetched twice within this time: who refuses, or has another clock than ours, is not asked by everybody."""


@dataclass(frozen=True, slots=True)
class Lapsing(Generic[T]):
    """Something good until `end`, in Unix time; None for ever."""

    value: T
    end: float | None

    def renew_at(self, fetched_at: float) -> float | None:
        """When it is to be renewed: early, and of what lasts shortly when three quarters of its time are over.

        Never at once: what has lapsed by our clock alone is good by its maker's.
        """
        if self.end is None:
            return None
        return fetched_at + max(PATIENCE_SECONDS, self.end - fetched_at - EARLY_SECONDS, 0.75 * (self.end - fetched_at))


class Renewed(Generic[T]):
    """Keeps one such thing. Belongs to one event loop."""

    def __init__(self, fetch: Callable[[], Awaitable[Lapsing[T]]], clock: Clock) -> None:
        """Fetches nothing yet."""
        self._fetch = fetch
        self._clock = clock
        self._held: Lapsing[T] | None = None
        self._renew_at: float | None = 0.0
        self._turn = asyncio.Lock()
        self._failure: CredentialsFailed | None = None
        self._failed_at = 0.0

    async def get(self) -> T:
        """What is good now. Raises CredentialsFailed."""
        held = self._held
        if held is not None:
            now = self._clock()
            if self._renew_at is None or now < self._renew_at:
                return held.value
            if (held.end is None or now < held.end) and self._turn.locked():
                return held.value
        async with self._turn:
            return await self._renewed()

    async def _renewed(self) -> T:
        now = self._clock()
        held = self._held
        if held is not None and (self._renew_at is None or now < self._renew_at):
            return held.value
        good = held is not None and (held.end is None or now < held.end)
        failure = self._failure
        if failure is None or not 0 <= now - self._failed_at < PATIENCE_SECONDS:  # a clock may be put back
            try:
                fetched = await self._fetch()
            except CredentialsFailed as error:
                failure = self._failure = error
                self._failed_at = self._clock()
            else:
                self._held, self._failure = fetched, None
                self._renew_at = fetched.renew_at(now)
                return fetched.value
        if held is not None and good:
            return held.value
        raise CredentialsFailed(failure.message) from failure
