"""Who is asked next: one target after the other, each as often as it deserves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from antiphon.errors import GatewayError, Retry, UpstreamError
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Target

T = TypeVar("T")


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
    for target in targets:
        attempts = 0
        wait: float | None = 0.0
        while wait is not None:
            if wait:
                await asyncio.sleep(wait)
            attempts += 1
            try:
                return await attempt(target)
            except UpstreamError as error:
                if error.retry is Retry.NEVER or give_up():
                    raise
                failure = error
                wait = policy.wait(error, attempts, random)
    raise failure or GatewayError("No provider is configured for this model.")
