"""The bus by PUBLISH and SUBSCRIBE: every process has a channel of its own beside everybody's.

What is said in one turn of the event loop to one channel is one message.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from antiphon.bus import EVERYBODY, Word
from antiphon.store.redis.link import Link

MOST_WAITING: Final = 10_000
"""Words that could not yet be said; beyond, the oldest are dropped."""

_NAME_LENGTH: Final = 16
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Word]).decode


class RedisBus:
    """Implements `Bus`."""

    def __init__(self, link: Link, prefix: str) -> None:
        """Says and hears nothing until it listens. Processes hear each other that have the same `prefix`."""
        self.name = secrets.token_hex(_NAME_LENGTH // 2)
        self._link = link
        self._prefix = f"{prefix}:bus".encode()
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[str, Word]] = deque(maxlen=MOST_WAITING)
        self._listening = False
        self._speaking = False
        self._subscribed = 0
        self._hear: Callable[[Word], None] = _deaf
        self._missed: Callable[[], None] = _nothing

    def say(self, word: Word, to: str = EVERYBODY) -> None:
        if self._listening:
            self._waiting.append((to, word))
            if not self._speaking:
                self._speaking = True
                self._loop.call_soon(self._speak)

    def listen(self, hear: Callable[[Word], None], missed: Callable[[], None]) -> None:
        self._hear, self._missed = hear, missed
        self._listening = True
        self._link.listen((self._channel(EVERYBODY), self._channel(self.name)), self._told, self._connected)

    def _channel(self, name: str) -> bytes:
        return b"%b:%b" % (self._prefix, name.encode()) if name else self._prefix

    def _connected(self) -> None:
        """A connection is there, and our subscriptions are on their way."""
        self._subscribed = 0
        if self._waiting and not self._speaking:
            self._speaking = True
            self._loop.call_soon(self._speak)

    def _speak(self) -> None:
        self._speaking = False
        wire = self._link.wire
        if wire is None:
            return
        if not wire.writable:  # what waits is said when there is room, or never
            self._speaking = True
            self._loop.call_later(0.01, self._speak)
            return
        texts: dict[str, list[Word]] = {}
        while self._waiting:
            to, word = self._waiting.popleft()
            texts.setdefault(to, []).append(word)
        for to, words in texts.items():
            wire.say(b"PUBLISH", self._channel(to), self.name.encode() + _encode(words))

    def _told(self, message: Sequence[object]) -> None:
        match message:
            case [b"message", bytes(), bytes() as text]:
                self._pass_on(text)
            case [b"subscribe", *_]:
                self._subscribed += 1
                if self._subscribed == 2:  # noqa: PLR2004 - everybody's channel and our own
                    self._missed()
            case _:
                return

    def _pass_on(self, text: bytes) -> None:
        if text[:_NAME_LENGTH] == self.name.encode():
            return
        try:
            words = _decode(text[_NAME_LENGTH:])
        except msgspec.MsgspecError:  # a release that knows other words
            return
        for word in words:
            self._hear(word)


def _deaf(word: Word) -> None:
    """Nobody listens yet."""


def _nothing() -> None:
    """As `_deaf`."""
