"""From a host's name to a connected socket."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain, zip_longest
from typing import Final

from antiphon.providers.egress import Egress

_HEAD_START: Final = 0.25
"""Seconds that an address has before the next is tried beside it (RFC 8305, section 5)."""

Address = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]


async def dial(host: str, port: int, egress: Egress | None = None) -> socket.socket:
    """A connected socket. Addresses race, since neither asyncio by default nor uvloop at all lets them.

    The name is resolved once; where there is `egress`, only addresses that it permits are connected to.
    Raises OSError, that of the last address that failed, and AddressRefused.
    """
    loop = asyncio.get_running_loop()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses: list[Address] = [(family, address) for family, _, _, _, address in found]
    if egress is not None:
        addresses = [each for each in addresses if egress.permits(str(each[1][0]))]
        if not addresses:
            raise egress.refusal()
    if len(addresses) == 1:
        return await _connect(addresses[0])
    return await _race(alternating(addresses))


def alternating(addresses: Sequence[Address]) -> list[Address]:
    """The resolver's order, but with the two families in turn (RFC 8305, section 4)."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for address in chain.from_iterable(zip_longest(first, others)) if address is not None]


async def _race(addresses: Sequence[Address]) -> socket.socket:
    """The first address that answers; each later one starts when the one before has failed or had its head start."""
    connected: list[socket.socket] = []
    try:
        async with asyncio.TaskGroup() as group:
            outcome = await _first(addresses, group, connected)
        if isinstance(outcome, OSError):
            raise outcome
        connected.remove(outcome)
    finally:
        for too_late in connected:
            too_late.close()
    return outcome


async def _first(
    addresses: Sequence[Address], group: asyncio.TaskGroup, connected: list[socket.socket]
) -> socket.socket | OSError:
    outcomes: asyncio.Queue[socket.socket | OSError] = asyncio.Queue()
    waiting, running = deque(addresses), list[asyncio.Task[None]]()
    failure, failures = OSError("the name has no address"), 0

    async def attempt(address: Address) -> None:
        try:
            outcome = await _connect(address)
            connected.append(outcome)
        except OSError as error:
            outcome = error
        outcomes.put_nowait(outcome)

    try:
        while failures < len(addresses):
            if waiting:
                running.append(group.create_task(attempt(waiting.popleft())))
            try:
                async with asyncio.timeout(_HEAD_START if waiting else None):
                    outcome = await outcomes.get()
            except TimeoutError:
                continue
            if isinstance(outcome, socket.socket):
                return outcome
            failure, failures = outcome, failures + 1
        return failure
    finally:
        for task in running:
            task.cancel()


async def _connect(address: Address) -> socket.socket:
    with ExitStack() as undo:
        attempt = socket.socket(address[0], socket.SOCK_STREAM)
        undo.callback(attempt.close)
        attempt.settimeout(0)
        attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(attempt, address[1])
        undo.pop_all()
    return attempt
