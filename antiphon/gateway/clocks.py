"""Wall clocks that somebody sets while leases run by them."""

from __future__ import annotations

import asyncio
from typing import Final

from antiphon.protocols import Clock

_JUMP_SECONDS: Final = 1.0
"""More than clocks are corrected by while nobody sets them."""


class ClockWatch:
    """Notices that the wall clock was put on: every lease looks as if it had lapsed, until its holder renews it."""

    def __init__(self, clock: Clock, settling_seconds: float) -> None:
        """`settling_seconds` is how long holders take to renew theirs."""
        self._clock = clock
        self._settling_seconds = settling_seconds
        self._ahead: float | None = None
        self._settled_at = 0.0

    def settled(self) -> bool:
        """Whether leases can be judged by the clock now. To be asked before each time that they are."""
        now = asyncio.get_running_loop().time()
        ahead = self._clock() - now
        if self._ahead is not None and ahead - self._ahead > _JUMP_SECONDS:
            self._settled_at = now + self._settling_seconds
        self._ahead = ahead
        return now >= self._settled_at
