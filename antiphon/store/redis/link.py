"""The one connection of a process to Redis, made anew when it was lost, and what is known of a Redis that is of no use.

Law: nobody waits long. Whoever asks a Redis that is away, or has just been too slow, is told so at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from antiphon.errors import StoreFailed
from antiphon.store.redis.address import Address
from antiphon.store.redis.wire import Refused, Reply, Wire

CONNECT_SECONDS: Final = 5.0
DEAD_SECONDS: Final = 5.0
"""After so long without a reply a connection is given up; when nothing else is said, it is asked this often."""

RETRY_SECONDS: Final = 1.0
"""What a client is told to wait that needs Redis."""

_PAUSES: Final = (0.05, 0.2, 0.5, 1.0)
_MOVED: Final = ("MOVED", "READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "UNBLOCKED", "CLUSTERDOWN")
"""This connection leads to who is not, or not yet, the right one."""

_logger: Final = logging.getLogger("antiphon.store")


class Script:
    """What Redis is to do in one piece; it keeps scripts by their digests until it is restarted or flushed."""

    def __init__(self, text: str) -> None:
        """`text` is Lua."""
        self.text = text.encode()
        self.digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest().encode()


class Link:
    """Bound to one event loop. `wait_seconds` is the longest that a reply is waited for."""

    def __init__(self, address: Address, wait_seconds: float) -> None:
        """Opens nothing."""
        self._address = address
        self._moved: tuple[str, int] | None = None
        self._wait_seconds = wait_seconds
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = None
        self.is_slow = False
        """A reply has been waited for in vain, and has not come yet."""
        self._watching = False
        self.trouble: str | None = None
        """Why it cannot be used now."""
        self._trouble_since: float | None = None
        self._channels: tuple[bytes, ...] = ()
        self._hear: Callable[[Sequence[object]], None] = _deaf
        self._ready: Callable[[], None] = _nothing

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address, wait_seconds: float, group: asyncio.TaskGroup) -> AsyncGenerator[Link]:
        """Connected, if Redis is there; else as soon as it is. `group` owns the task that sees to it."""
        link = cls(address, wait_seconds)
        tried = asyncio.Event()
        task = group.create_task(link.run(tried))
        await tried.wait()
        try:
            yield link
        finally:
            task.cancel()
            if link.wire is not None:
                await link.wire.close()

    @property
    def wire(self) -> Wire | None:
        """The connection, while there is one that takes words."""
        return None if self._wire is None or self._wire.lost.is_set() else self._wire

    def listen(
        self, channels: tuple[bytes, ...], hear: Callable[[Sequence[object]], None], ready: Callable[[], None]
    ) -> None:
        """From now on `hear` gets what comes by the channels; `ready` is called with each new connection."""
        self._channels, self._hear, self._ready = channels, hear, ready
        if self.wire is not None:
            self._subscribe(self.wire)

    async def ask(self, *command: bytes) -> Reply:
        """The reply. Raises Refused for one that Redis refuses, StoreFailed when there is none."""
        wire = self.wire
        if wire is None or self.is_slow:
            raise self._unusable()
        asked = wire.ask(*command)
        self._watch()
        try:
            return await asked
        except Refused as refused:
            self._refused(wire, refused)
            if not refused.code or refused.code in _MOVED:
                raise self._unusable() from refused
            raise

    async def run_script(self, script: Script, keys: Sequence[bytes], values: Sequence[bytes]) -> Reply:
        """What the script returns. Raises StoreFailed."""
        rest = (b"%d" % len(keys), *keys, *values)
        try:
            try:
                return await self.ask(b"EVALSHA", script.digest, *rest)
            except Refused as refused:
                if refused.code != "NOSCRIPT":
                    raise
            return await self.ask(b"EVAL", script.text, *rest)
        except Refused as refused:
            _logger.warning("Redis refuses: %s", refused)
            raise StoreFailed("Redis refuses what is asked of it.", retry_after=RETRY_SECONDS) from refused

    async def ping(self) -> None:
        """Whether it can be used now. Raises StoreFailed."""
        with suppress(Refused):
            await self.ask(b"PING")

    async def run(self, tried: asyncio.Event) -> None:
        """Keeps a connection, for as long as its task runs. Sets `tried` after the first try."""
        tries = 0
        while True:
            wire = None
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    wire = await self._connected()
            except (OSError, TimeoutError, Refused) as error:
                self._begins(str(error) or "it does not answer")
            tried.set()
            if wire is not None:
                tries = 0
                await self._keep(wire)
                self._begins("the connection was lost")
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    async def _connected(self) -> Wire:
        """Raises OSError, or Refused."""
        address = self._address
        place = self._moved or (None if address.master is None else await self._master(address))
        self._moved = None
        wire = await self._opened(place, self._told)
        try:
            await self._greet(wire)
        except BaseException:
            wire.abort()
            raise
        return wire

    async def _opened(self, place: tuple[str, int] | None, hear: Callable[[Sequence[object]], None]) -> Wire:
        address, loop = self._address, self._loop
        if address.path is not None:
            return (await loop.create_unix_connection(lambda: Wire(hear), address.path))[1]
        host, port = place or address.hosts[0]
        name = None if address.tls is None else host
        return (await loop.create_connection(lambda: Wire(hear), host, port, ssl=address.tls, server_hostname=name))[1]

    async def _greet(self, wire: Wire) -> None:
        """Says who we are, and what is to be heard."""
        address = self._address
        hello = [b"HELLO", b"3"]
        if address.password is not None:
            hello += [b"AUTH", (address.user or "default").encode(), address.password.encode()]
        await wire.ask(*hello, b"SETNAME", b"antiphon")
        if address.database:
            await wire.ask(b"SELECT", b"%d" % address.database)
        self._wire, self.is_slow = wire, False
        self._is_over()
        if self._channels:
            self._subscribe(wire)

    def _subscribe(self, wire: Wire) -> None:
        def subscribed(asked: asyncio.Future[Reply]) -> None:
            error = None if asked.cancelled() else asked.exception()
            if isinstance(error, Refused) and error.code:
                _logger.warning("Redis lets nothing be heard, so that processes hear late of each other: %s", error)

        self._ready()
        wire.subscribe(*self._channels).add_done_callback(subscribed)

    async def _master(self, address: Address) -> tuple[str, int]:
        """Where the Sentinels say that the master is. Raises OSError, or Refused."""
        error: Exception = OSError("no Sentinel knows the master")
        for place in address.hosts:
            try:
                wire = await self._opened(place, _deaf)
            except OSError as failed:
                error = failed
                continue
            try:
                told = await wire.ask(b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", (address.master or "").encode())
            except Refused as refused:
                error = refused
                continue
            finally:
                wire.abort()
            match told:
                case [bytes() as host, bytes() as port]:
                    return host.decode(), int(port)
                case _:
                    continue
        raise error

    async def _keep(self, wire: Wire) -> None:
        """Until the connection is lost. Asks it now and then whether it is still there."""
        while not wire.lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(DEAD_SECONDS):
                    await wire.lost.wait()
            if wire.asked_at is not None and self._loop.time() - max(wire.asked_at, wire.heard_at) > DEAD_SECONDS:
                wire.abort()
                await wire.lost.wait()
            elif wire.asked_at is None:
                wire.say(b"PING")
                self._watch()
        self._wire = None

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            self._loop.call_later(self._wait_seconds, self._look)

    def _look(self) -> None:
        """Whether what was asked longest ago has been waited for long enough."""
        self._watching = False
        wire = self.wire
        if wire is None:
            return
        asked_at = wire.asked_at
        if asked_at is None:
            self.is_slow = False
            self._is_over()
            return
        waited = self._loop.time() - max(asked_at, wire.heard_at)
        if waited >= self._wait_seconds:
            self.is_slow = True
            self._begins(f"no reply within {self._wait_seconds:g} s")
            wire.give_up()
        self._watch()

    def _told(self, message: Sequence[object]) -> None:
        self._hear(message)

    def _refused(self, wire: Wire, refused: Refused) -> None:
        """A connection that leads to the wrong one is given up for one that leads to the right one."""
        if refused.code not in _MOVED:
            return
        if refused.code == "MOVED":
            host, _, port = str(refused).split(" ")[-1].rpartition(":")
            if port.isdecimal():
                self._moved = host or self._address.hosts[0][0], int(port)
        self._begins(str(refused))
        wire.abort()

    def _begins(self, why: str) -> None:
        if self._trouble_since is None:
            self._trouble_since = self._loop.time()
            self.trouble = why
            _logger.warning("Redis cannot be used: %s", why)

    def _is_over(self) -> None:
        if self._trouble_since is not None:
            _logger.warning("Redis can be used again, after %.1f s", self._loop.time() - self._trouble_since)
            self._trouble_since = self.trouble = None

    def _unusable(self) -> StoreFailed:
        why = "does not answer in time" if self.wire is not None and self.is_slow else "cannot be reached"
        return StoreFailed(f"Redis {why}.", retry_after=RETRY_SECONDS)


def _deaf(message: Sequence[object]) -> None:
    """Nobody listens yet."""


def _nothing() -> None:
    """As `_deaf`."""
