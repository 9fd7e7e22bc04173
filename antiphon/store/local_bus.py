"""The bus of the processes that share a SQLite file: sockets in a folder beside it, each process's with its name.

Everybody connects to everybody else, and talks on the connection that it opened. So nothing is lost while both live, a
word of any size goes through, and the end of a connection tells at once that a process is gone.

Law: whoever is connected hears every word in order; after a connection ended or began, it is told that it missed some.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from antiphon.bus import EVERYBODY, Word

FOLDER_MODE: Final = 0o700
MOST_WAITING: Final = 16 * 1024 * 1024
"""Bytes that a process may owe another, as one that is stopped; then it is left, and missed something."""

_LENGTH: Final = 4
_READ: Final = 256 * 1024
_BACKLOG: Final = 128
_AGAIN_SECONDS: Final = 0.05
_NEAR: Final = Path("/proc/self/fd")
"""Paths of sockets have about a hundred bytes; by the folder's descriptor every name is short enough."""

_logger: Final = logging.getLogger("antiphon.store")
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(str | list[Word]).decode


class Nobody:
    """Implements `Bus` where no other process can be: the database is in memory."""

    name = "nobody"
    alone = True

    def say(self, word: Word, to: str = EVERYBODY) -> None:
        """There is nobody."""

    def listen(self, hear: Callable[[Word], None], missed: Callable[[], None]) -> None:
        """As `say`."""


@contextmanager
def local_bus(folder: Path) -> Generator[LocalBus | None]:
    """The bus of whoever uses this folder, to be begun by `listen`; None, and a warning, where there can be no sockets.

    The folder is made if need be, for its owner alone, and stays.
    """
    try:
        bus = LocalBus(folder)
    except OSError as error:
        _logger.warning("processes cannot hear each other through %s, and look more often instead: %s", folder, error)
        yield None
        return
    try:
        yield bus
    finally:
        bus.close()


class LocalBus:
    """Implements `Bus`, and `Local`: it knows whether anybody listens."""

    def __init__(self, folder: Path) -> None:
        """Nobody sees it yet. Raises OSError where there can be no sockets."""
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._loop = asyncio.get_running_loop()
        self._hear: Callable[[Word], None] = _deaf
        self._missed: Callable[[], None] = _nothing
        self._listening = False
        self._waiting: list[tuple[str, Word]] = []
        self._mouths: dict[str, _Mouth] = {}
        self._ears: set[_Ear] = set()
        folder.mkdir(FOLDER_MODE, exist_ok=True)
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._place = _NEAR / str(self._folder) if _NEAR.exists() else folder
        self._door = _link()
        try:
            os.fchmod(self._folder, FOLDER_MODE)
            self._door.bind(self._path(f".{self.name}"))
            self._door.listen(_BACKLOG)
        except OSError:
            self._door.close()
            os.close(self._folder)
            raise

    @property
    def alone(self) -> bool:
        """Whether nobody else listens."""
        return not self._mouths

    def say(self, word: Word, to: str = EVERYBODY) -> None:
        if not self._listening or not self._mouths:
            return
        if not self._waiting:
            # What is said in one turn of the loop goes together.
            self._loop.call_soon(self.speak)
        self._waiting.append((to, word))

    def listen(self, hear: Callable[[Word], None], missed: Callable[[], None]) -> None:
        self._hear, self._missed = hear, missed
        self._listening = True
        self._loop.add_reader(self._door, self._open_ears)
        # Only now has it a name that others look for: whoever finds the socket can connect to it.
        os.rename(f".{self.name}", self.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        with os.scandir(self._folder) as entries:
            for entry in entries:
                self._greet(entry.name)

    def close(self) -> None:
        """What was said until now is said first, as far as the others take it at once."""
        self.speak()
        if self._listening:
            self._loop.remove_reader(self._door)
        self._listening = False
        for end in (*self._mouths.values(), *self._ears):
            end.close()
        self._mouths.clear()
        self._ears.clear()
        for name in (self.name, f".{self.name}"):
            self._unlink(name)
        self._door.close()
        os.close(self._folder)

    def greeted(self, ear: _Ear, name: str) -> None:
        """Somebody says its name: it is there from now on, and may have talked before we heard it."""
        ear.name = name
        self._greet(name)
        self._missed()

    def heard(self, words: list[Word]) -> None:
        for word in words:
            self._hear(word)

    def left(self, ear: _Ear) -> None:
        """Somebody talks to us no more: it is gone, or had to wait too long for us and is to hear that we are here."""
        self._ears.discard(ear)
        mouth = self._mouths.get(ear.name)
        if mouth is not None:
            mouth.say(_frame(_encode(self.name)))
        self._missed()

    def lost(self, mouth: _Mouth) -> None:
        """Somebody listens to us no more."""
        if self._mouths.get(mouth.name) is mouth:
            del self._mouths[mouth.name]

    def speak(self) -> None:
        """Says what waits to be said now, and not when the loop comes to it."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        broadcast = all(to == EVERYBODY for to, _ in waiting)
        data = _frame(_encode([word for _, word in waiting])) if broadcast else b""
        for name, mouth in tuple(self._mouths.items()):
            if not broadcast:
                words = [word for to, word in waiting if to in (EVERYBODY, name)]
                data = _frame(_encode(words)) if words else b""
            if data:
                mouth.say(data)

    def _open_ears(self) -> None:
        with suppress(BlockingIOError, ConnectionError):
            while True:
                self._ears.add(_Ear(self, self._loop, self._door.accept()[0]))

    def _greet(self, name: str) -> None:
        """Connects to somebody, and says who it is that does."""
        if not self._listening or name == self.name or name in self._mouths or name.startswith("."):
            return
        link = _link()
        try:
            link.connect(self._path(name))
        except BlockingIOError:  # too many come at once
            link.close()
            self._loop.call_later(_AGAIN_SECONDS, self._greet, name)
        except OSError:
            link.close()
            self._unlink(name)  # it died without doing so
        else:
            self._mouths[name] = _Mouth(self, self._loop, name, link)
            self._mouths[name].say(_frame(_encode(self.name)))

    def _path(self, name: str) -> str:
        return str(self._place / name)

    def _unlink(self, name: str) -> None:
        with suppress(OSError):
            os.unlink(name, dir_fd=self._folder)


class _Mouth:
    """A connection on which we talk to one other process."""

    def __init__(self, bus: LocalBus, loop: asyncio.AbstractEventLoop, name: str, link: socket.socket) -> None:
        self.name = name
        self._bus = bus
        self._loop = loop
        self._link = link
        self._owed = bytearray()
        self._closed = False
        loop.add_reader(link, self._lose)  # the other never talks on it: there is something to read when it ends

    def say(self, data: bytes) -> None:
        if self._owed:
            self._owed += data
            if len(self._owed) > MOST_WAITING:
                self._lose()
            return
        sent = self._sent(data)
        if sent < len(data) and not self._closed:
            self._owed += memoryview(data)[sent:]
            self._loop.add_writer(self._link, self._go_on)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._link)
            self._loop.remove_writer(self._link)
            self._link.close()

    def _go_on(self) -> None:
        sent = self._sent(self._owed)
        if self._closed:
            return
        del self._owed[:sent]
        if not self._owed:
            self._loop.remove_writer(self._link)

    def _sent(self, data: bytes | bytearray) -> int:
        try:
            return self._link.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._lose()
            return 0

    def _lose(self) -> None:
        self.close()
        self._bus.lost(self)


class _Ear:
    """A connection on which one other process talks to us."""

    def __init__(self, bus: LocalBus, loop: asyncio.AbstractEventLoop, link: socket.socket) -> None:
        self.name = ""
        self._bus = bus
        self._loop = loop
        self._link = link
        self._come = bytearray()
        link.setblocking(False)  # noqa: FBT003 - the standard library's
        loop.add_reader(link, self._read)

    def close(self) -> None:
        self._loop.remove_reader(self._link)
        self._link.close()

    def _read(self) -> None:
        try:
            data = self._link.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._bus.left(self)
            return
        self._come += data
        place = 0
        while len(self._come) - place >= _LENGTH:
            end = place + _LENGTH + int.from_bytes(self._come[place : place + _LENGTH])
            if len(self._come) < end:
                break
            self._take(bytes(memoryview(self._come)[place + _LENGTH : end]))
            place = end
        del self._come[:place]

    def _take(self, text: bytes) -> None:
        try:
            told = _decode(text)
        except msgspec.MsgspecError:  # a release that knows other words
            return
        if isinstance(told, str):
            self._bus.greeted(self, told)
        else:
            self._bus.heard(told)


def _link() -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    link.setblocking(False)  # noqa: FBT003 - the standard library's
    return link


def _frame(text: bytes) -> bytes:
    return len(text).to_bytes(_LENGTH) + text


def _deaf(word: Word) -> None:
    """Nobody listens yet."""


def _nothing() -> None:
    """As `_deaf`."""
