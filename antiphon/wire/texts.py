"""Text that comes as bytes, as it should be and as it sometimes is."""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_REPLACED: Final = rb"\ufffd"


def mended(data: bytes) -> bytes:
    """The bytes as UTF-8, what is none of it replaced by U+FFFD (https://encoding.spec.whatwg.org/#utf-8-decode).

    JSON decoders pass over what they need not read, so that bytes which are no text would come to light only where
    somebody reads them later: a client, or a turn that goes on from a stored answer.
    """
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace").encode()
    return data


def paired(data: bytes) -> bytes:
    """JSON text, every escape in it that is half of a surrogate pair, which no text may hold, replaced by U+FFFD."""
    if data.find(b"\\ud") < 0 and data.find(b"\\uD") < 0:
        return data
    return _ESCAPE.sub(lambda found: _REPLACED if found["half"] else found[0], data)
