"""A process that saves to a database as fast as it can, and writes each id to its output once the save returned.

    python -m tests.integration.saving_process URL NAME [COUNT]

`test_crash_of_the_store.py` kills it; without COUNT it never ends by itself.
"""

import asyncio
import hashlib
import itertools
import os
import sys
import time

import uvloop
from msgspec import structs

from antiphon.protocols import StoredTurn
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from tests.contracts.responses_store import turn

AT_ONCE = 32


def turn_named(name: str) -> StoredTurn:
    """Contents that anyone can make again from the name: from a few bytes to some pages, every other one streamed."""
    digest = hashlib.sha256(name.encode()).hexdigest().encode()
    size = int(digest[:2], 16)
    frames = [b"data: %b\n\n" % digest[:number] for number in range(1, 60)] if size % 2 else None
    return structs.replace(turn(name, frames=frames), body=digest * size, input=digest * (size % 5))


async def save(url: str, name: str, count: int | None) -> None:
    numbers = itertools.count() if count is None else iter(range(count))

    async def keep_saving(responses: SqlResponses) -> None:
        for number in numbers:
            one = turn_named(f"{name}-{number}")
            await responses.save(one)
            os.write(sys.stdout.fileno(), f"{name}-{number}\n".encode())

    async with SqlDatabase.open(url) as database, asyncio.TaskGroup() as group:
        responses = SqlResponses(database, time.time)
        for _ in range(AT_ONCE):
            group.create_task(keep_saving(responses))


if __name__ == "__main__":
    uvloop.run(save(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None))
