"""How often, and how soon, the same target is asked again."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from antiphon.errors import Retry, UpstreamError


class RetryPolicy(Struct, frozen=True):
    """Exponential waits with full jitter; a provider's Retry-After is obeyed, or the target given up."""

    attempts_per_target: int = 3
    base_seconds: float = 0.5
    max_seconds: float = 8.0
    longest_retry_after_seconds: float = 20.0

    def wait(self, error: UpstreamError, attempt: int, random: Callable[[], float]) -> float | None:
        """Seconds until the same target is asked again after its `attempt`-th failure (from 1), None for never.

        `random` gives numbers from 0 to 1.
        """
        if error.retry is not Retry.SAME or attempt >= self.attempts_per_target:
            return None
        if error.retry_after is not None:
            if error.retry_after > self.longest_retry_after_seconds:
                return None
            return error.retry_after + random() * self.base_seconds
        return random() * min(self.max_seconds, self.base_seconds * 2 ** (attempt - 1))
