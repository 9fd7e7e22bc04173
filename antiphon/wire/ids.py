"""Identifiers: a prefix that says what a thing is, then 48 hex digits that sort by time of birth.

Twelve digits are the milliseconds since the epoch, so that rows made together lie together in an index; the other 36
are 144 random bits, so that an id cannot be guessed. Callers bring both, since nothing in `wire` reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

RANDOM_BYTES: Final = 18

NewId = Callable[[str], str]
"""Makes a fresh identifier with the given prefix, such as ``resp``."""

_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")


def identifier(prefix: str, milliseconds: int, randomness: bytes) -> str:
    """`prefix` and 48 hex digits; `randomness` is `RANDOM_BYTES` long."""
    return f"{prefix}_{(milliseconds.to_bytes(6) + randomness).hex()}"


def named_after(identifier: str, prefix: str) -> str:
    """The identifier of another kind of thing that was born with this one."""
    return prefix + identifier[identifier.find("_") :]


def is_well_formed(text: str) -> bool:
    """Whether `text` may be somebody's identifier at all: anything else is not worth a look-up."""
    return _WELL_FORMED.fullmatch(text) is not None
