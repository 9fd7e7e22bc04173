"""Stands between the gateway and PostgreSQL in a process of its own, and cuts the line at a word.

    python -m tests.integration.cutting_process SERVERS_FOLDER OWN_FOLDER

A line of input says what to do next: `heard WORD` lets the server hear the word before the line is cut, `lost WORD`
does not. A line of output says that this was done.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

SOCKET = ".s.PGSQL.5432"


class _Ended(Exception):
    """One way has ended, and so shall the other."""


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class Between:
    """Cuts once for each order."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.word = b""
        self.hears = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(f"{self._folder}/{SOCKET}")
        cut = False

        async def there() -> None:
            nonlocal cut
            while data := await reader.read(65_536):
                if self.word and self.word in data:
                    self.word, cut = b"", True
                    if not self.hears:
                        return
                server_writer.write(data)

        async def back() -> None:
            while (data := await server_reader.read(65_536)) and not cut:  # else it is done, and nobody hears of it
                writer.write(data)

        async def ended(way: Callable[[], Awaitable[None]]) -> None:
            await way()
            raise _Ended

        with suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as ways:
                ways.create_task(ended(there))
                ways.create_task(ended(back))
        writer.close()
        server_writer.close()
        if cut:
            tell("cut")


async def main(server: str, own: str) -> None:
    between = Between(server)
    loop = asyncio.get_running_loop()
    async with await asyncio.start_unix_server(between.serve, f"{own}/{SOCKET}"):
        tell("ready")
        while order := await loop.run_in_executor(None, sys.stdin.readline):
            how, word = order.split()
            between.hears, between.word = how == "heard", word.encode()
            tell("understood")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
