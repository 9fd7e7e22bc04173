"""The bus of processes that share a PostgreSQL database: NOTIFY and LISTEN, on a connection of its own.

Words that are said while earlier ones are on their way go together, so that a busy process makes few transactions: they
are what PostgreSQL does one after another (https://www.postgresql.org/docs/current/sql-notify.html, 2026-11).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
from sqlalchemy import Text, bindparam, func
from sqlalchemy import select as selected

from antiphon.bus import EVERYBODY, Word
from antiphon.store.failures import Caught, Refusal
from antiphon.store.postgres.link import Address, Trouble, connected
from antiphon.store.postgres.session import Session
from antiphon.store.statements import text_of

CHANNEL: Final = "antiphon"
MOST_WAITING: Final = 10_000
"""Words that could not yet be said; beyond, the oldest are dropped."""

_PAYLOAD: Final = 7_900
"""Bytes; PostgreSQL takes less than 8,000."""

_PAUSE_SECONDS: Final = 0.2
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[Word]).decode
_SAY: Final = text_of(
    selected(func.pg_notify(bindparam("channel", type_=Text), bindparam("payload", type_=Text)).label("said"))
)


class PostgresBus:
    """Implements `Bus` by one thread, which is started by `listen`."""

    def __init__(self, address: Address, trouble: Trouble) -> None:
        """Opens nothing yet."""
        self.name = f"{CHANNEL}_{secrets.token_hex(8)}"
        self._address = address
        self._trouble = trouble
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[str, Word]] = deque(maxlen=MOST_WAITING)
        self._parts = Parts()
        self._ears, self._mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._closing = False
        self._opened: float | None = None
        self._thread: threading.Thread | None = None
        self._hear: Callable[[Word], None] = _deaf
        self._missed: Callable[[], None] = _nothing

    @property
    def trouble(self) -> str | None:
        """Implements `Troubled`."""
        if self._trouble.since is None:
            return None
        return "PostgreSQL cannot be used: what replicas tell each other waits, and is looked for later."

    def say(self, word: Word, to: str = EVERYBODY) -> None:
        if self._thread is not None and not self._closing:
            self._waiting.append((to or CHANNEL, word))
            self._wake()

    def listen(self, hear: Callable[[Word], None], missed: Callable[[], None]) -> None:
        self._hear, self._missed = hear, missed
        self._thread = threading.Thread(target=self._run, name="antiphon-bus", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """What was said until now is said first, if it can be."""
        self._closing = True
        self._wake()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        os.close(self._ears)
        os.close(self._mouth)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # a full pipe wakes too
            os.write(self._mouth, b".")

    def _run(self) -> None:
        while not self._closing:
            self._opened = None
            with Caught() as caught:
                self._serve()
            if isinstance(caught.error, Refusal):
                self._trouble.begins(caught.error, self._opened)
            if not self._closing:
                time.sleep(_PAUSE_SECONDS)

    def _serve(self) -> None:
        """Until the connection is lost, or everything is over."""
        connection = connected(self._address)
        try:
            # Words that a crash loses are no worse off than those of a lost connection: nobody waits for a disk.
            session = Session(connection, self._address.setting(writes=True, synchronous=False))
            session.say(f"LISTEN {CHANNEL}; LISTEN {self.name}".encode())
            self._trouble.is_over()
            self._opened = time.monotonic()
            self._call(self._missed)
            while True:
                closing = self._closing
                self._speak(session)
                self._listen(session)
                if closing:
                    return
                select.select([connection.socket, self._ears], [], [])
                with suppress(BlockingIOError):
                    os.read(self._ears, 4096)
        finally:
            connection.finish()

    def _speak(self, session: Session) -> None:
        texts: dict[str, list[Word]] = {}
        while self._waiting:
            channel, word = self._waiting.popleft()
            texts.setdefault(channel, []).append(word)
        said = [
            (channel, payload) for channel, words in texts.items() for payload in payloads(self.name, _encode(words))
        ]
        if said:
            session.executemany(_SAY, said)

    def _listen(self, session: Session) -> None:
        for payload in session.notices():
            whole = self._parts.add(payload, but=self.name)
            if whole is not None:
                self._call(self._told, whole)

    def _call(self, act: Callable[..., None], *given: object) -> None:
        # A loop that is closed has nobody left to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, *given)

    def _told(self, text: bytes) -> None:
        try:
            words = _decode(text)
        except msgspec.MsgspecError:  # a release that knows other words
            return
        for word in words:
            self._hear(word)


def payloads(sender: str, text: bytes) -> Sequence[str]:
    """A text in pieces that PostgreSQL carries. Each says who sends it, which it is and of how many."""
    width = _PAYLOAD - len(sender) - 32
    pieces: list[str] = []
    start = 0
    while start < len(text):
        piece = text[start : start + width].decode(errors="ignore")  # without a character that the cut goes through
        pieces.append(piece)
        start += len(piece.encode())
    return [f"{sender} {place} {len(pieces)} {piece}" for place, piece in enumerate(pieces, 1)]


class Parts:
    """Texts that come in pieces, several senders' at once."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._begun: dict[str, list[str]] = {}

    def add(self, payload: str, *, but: str) -> bytes | None:
        """The text that is whole now, if one is. None of whoever is named `but`, or of what lacks a piece."""
        sender, place, of, piece = (*payload.split(" ", 3), "", "", "", "")[:4]
        if sender == but or not (place.isdecimal() and of.isdecimal()):
            return None
        pieces = self._begun.pop(sender, [])
        if int(place) == 1:
            pieces = []
        elif len(pieces) + 1 != int(place):
            return None
        pieces.append(piece)
        if len(pieces) < int(of):
            self._begun[sender] = pieces
            return None
        return "".join(pieces).encode()


def _deaf(word: Word) -> None:
    """Nobody listens yet."""


def _nothing() -> None:
    """As `_deaf`."""
