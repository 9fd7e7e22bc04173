"""Several things at once, all of which have ended when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from antiphon.errors import AntiphonError

T = TypeVar("T")


async def together(*works: Coroutine[Any, Any, T]) -> list[T]:
    """What each of them gives, in their order."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


async def settled(work: Coroutine[Any, Any, T]) -> T | AntiphonError:
    """What it gives, or the error of ours that it raises."""
    try:
        return await work
    except AntiphonError as error:
        return error
