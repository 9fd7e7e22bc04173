"""Keys as they may stand in a configuration: by a salted digest, from which nobody gets the key back.

SHA-256 and not a slow function such as scrypt: a key of 256 random bits cannot be found by trying, and a gateway that
computed something slow for whatever strangers send would be easy to keep busy. So short keys, which could be found by
trying, are refused (docs/decisions/0035-what-is-kept-from-whom.md).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from msgspec import Struct

MARK: Final = "sha256:"
SHORTEST: Final = 24
"""Characters of a key that may stand as a digest."""

_SALT_BYTES: Final = 16
_FORM: Final = re.compile(r"sha256:([A-Za-z0-9_-]{22}):([A-Za-z0-9_-]{43})")


class KeyDigest(Struct, frozen=True):
    """SHA-256 of a salt and then the key."""

    salt: bytes
    digest: bytes

    def fits(self, key: str) -> bool:
        """Whether it is the digest of this key; takes the same time for any."""
        return hmac.compare_digest(digest_of(self.salt, key.encode()), self.digest)

    def written(self) -> str:
        """As a configuration has it."""
        return f"{MARK}{_letters(self.salt)}:{_letters(self.digest)}"


def digest_of(salt: bytes, key: bytes) -> bytes:
    """What `KeyDigest.digest` is for a key."""
    return hashlib.sha256(salt + key).digest()


def hashed(key: str, salt: bytes) -> KeyDigest:
    """`salt` is 16 bytes that no other key has. Raises ValueError for a key that could be found by trying."""
    if len(key) < SHORTEST:
        message = f"a key of fewer than {SHORTEST} characters could be found from its digest by trying; make another"
        raise ValueError(message)
    if len(salt) != _SALT_BYTES:
        message = f"a salt has {_SALT_BYTES} bytes"
        raise ValueError(message)
    return KeyDigest(salt, digest_of(salt, key.encode()))


def read(text: str) -> KeyDigest | None:
    """The digest that a configuration has in place of a key; None for a key. Raises ValueError for half a digest."""
    if not text.startswith(MARK):
        return None
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise ValueError("it begins like the digest of a key and is none: make one with `antiphon keys hash`")
    salt, digest = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts.groups())
    return KeyDigest(salt, digest)


def is_meant(written: str, key: str) -> bool:
    """Whether a configuration means this key by what it has: the key itself, or its digest."""
    try:
        digest = read(written)
    except ValueError:
        return False
    return written == key if digest is None else digest.fits(key)


def _letters(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
