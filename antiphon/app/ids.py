"""Names for everything that is made, from the system's randomness."""

from __future__ import annotations

import os
import random
import time
from typing import Final

from antiphon.wire.ids import RANDOM_BYTES, identifier

_IDS_PER_BLOCK: Final = 64


class Identifiers:
    """Makes identifiers that nobody can guess, from randomness that is drawn in blocks to spare system calls."""

    __slots__ = ("_block", "_place")

    def __init__(self) -> None:
        """Belongs to one process: a fork would draw the same numbers twice."""
        self._block = b""
        self._place = 0

    def __call__(self, prefix: str) -> str:
        """A fresh identifier."""
        place = self._place
        if place >= len(self._block):
            self._block = os.urandom(RANDOM_BYTES * _IDS_PER_BLOCK)
            place = 0
        self._place = place + RANDOM_BYTES
        return identifier(prefix, time.time_ns() // 1_000_000, self._block[place : self._place])


def new_request_id() -> str:
    """A fresh name for one HTTP request."""
    return f"req_{random.getrandbits(96).to_bytes(12).hex()}"
