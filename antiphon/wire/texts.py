"""Text that comes as bytes, as it should be and as it sometimes is."""

from __future__ import annotations


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
