"""Who is asked next: one target after the other, each as often as it deserves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from antiphon.errors import (
    AddressRefused,
    ConnectFailed,
    CredentialsFailed,
    GatewayError,
    Retry,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from antiphon.gateway.retries import RetryPolicy
from antiphon.metrics import ATTEMPTS, FALLBACKS, RETRIES
from antiphon.protocols import Target

T = TypeVar("T")

_OUTCOMES: Final[Mapping[type[UpstreamError], str]] = {
    AddressRefused: "address_refused",
    ConnectFailed: "connect_failed",
    CredentialsFailed: "credentials_failed",
    UpstreamTimeout: "timeout",
}


async def ask(
    targets: Sequence[Target],
    attempt: Callable[[Target], Awaitable[T]],
    policy: RetryPolicy,
    random: Callable[[], float],
    give_up: Callable[[], bool],
) -> T:
    """What the first attempt that succeeds returns.

    Raises the last UpstreamError when none does, and at once one that no other target mends, or that comes when
    `give_up` says that output has left.
    """
    failure: UpstreamError | None = None
    before: Target | None = None
    for target in targets:
        if before is not None:
            FALLBACKS.add((before.provider, target.provider))
        before = target
        attempts = 0
        wait: float | None = 0.0
        while wait is not None:
            if wait:
                await asyncio.sleep(wait)
            attempts += 1
            if attempts > 1:
                RETRIES.add((target.provider,))
            try:
                answer = await attempt(target)
                ATTEMPTS.add((target.provider, "ok"))
                return answer
            except UpstreamError as error:
                ATTEMPTS.add((target.provider, _outcome(error)))
                if error.retry is Retry.NEVER or give_up():
                    raise
                failure = error
                wait = policy.wait(error, attempts, random)
    raise failure or GatewayError("No provider is configured for this model.")


def _outcome(error: UpstreamError) -> str:
    """What became of an attempt, in few words that are always the same."""
    if isinstance(error, UpstreamRefused):
        return f"status_{error.status}"
    return _OUTCOMES.get(type(error), "broke")
