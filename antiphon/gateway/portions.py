"""Several requests for one answer: a few at a time, and none again that was answered already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Final, TypeVar

from antiphon.errors import UpstreamError

T = TypeVar("T")

_AT_ONCE: Final = 8


async def all_of(count: int, ask: Callable[[int], Awaitable[T]], given: MutableMapping[int, T]) -> list[T]:
    """What `ask` says to each number below `count`, in their order. `given` holds earlier answers, and gets new ones.

    Raises the first UpstreamError, once none is being waited for.
    """
    left = (number for number in range(count) if number not in given)
    failures: list[UpstreamError] = []
    if count == 1:
        await _work(left, ask, given, failures)
    else:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, count)):
                group.create_task(_work(left, ask, given, failures))
    if failures:
        raise failures[0]
    return [given[number] for number in range(count)]


async def _work(
    left: Iterator[int],
    ask: Callable[[int], Awaitable[T]],
    given: MutableMapping[int, T],
    failures: list[UpstreamError],
) -> None:
    for number in left:
        try:
            given[number] = await ask(number)
        except UpstreamError as error:
            failures.append(error)
        if failures:
            return
