"""What was said, encrypted before it reaches the database and decrypted as it leaves it.

Law: what is brought back is what was put there, in the same column of the same row of the same tenant; else nothing is.

XChaCha20-Poly1305 with random nonces, under keys that scrypt derives from the owner's secrets, as in `sealing`. A value
says under which key it stands. What does not say so was written before there was a key, and is brought back as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from antiphon.errors import ContentUnreadable

MARK: Final = b"\x00AE1"
"""What encrypted values begin with, and neither JSON, nor a stream, nor anything deflated."""

ID_BYTES: Final = 4
_NONCE_BYTES: Final = 24
_NONCE: Final = len(MARK) + ID_BYTES
_BOX: Final = _NONCE + _NONCE_BYTES
_SALT: Final = b"antiphon content 1"
_WORK: Final = 2**14
"""About 40 ms and 16 MB for each key, once in a process's life."""

_logger: Final = logging.getLogger("antiphon.store")


class _ContentKey(Struct, frozen=True):
    id: bytes
    secret: bytes

    @property
    def prefix(self) -> bytes:
        return MARK + self.id


def _key_of(text: str) -> _ContentKey:
    root = hashlib.scrypt(text.encode(), salt=_SALT, n=_WORK, r=8, p=1, dklen=32)
    identifier = hmac.digest(root, b"id", "sha256")[:ID_BYTES]
    return _ContentKey(identifier, hmac.digest(root, b"content", "sha256"))


class Vault:
    """The keys of one database's content. Any thread may use it."""

    def __init__(
        self,
        keys: Sequence[str],
        randomness: Callable[[int], bytes],
        *,
        lost: Sequence[str] = (),
        encrypts: bool = True,
    ) -> None:
        """The first of `keys` encrypts unless `encrypts` is false, and all decrypt; `lost` are ids of keys gone."""
        from nacl.bindings import (  # noqa: PLC0415 - 20 ms that nobody should wait for who has no use for it
            crypto_aead_xchacha20poly1305_ietf_decrypt,
            crypto_aead_xchacha20poly1305_ietf_encrypt,
        )
        from nacl.exceptions import CryptoError  # noqa: PLC0415 - as above

        self._encrypt = crypto_aead_xchacha20poly1305_ietf_encrypt
        self._decrypt = crypto_aead_xchacha20poly1305_ietf_decrypt
        self._refused = CryptoError
        self._randomness = randomness
        made = [_key_of(text) for text in dict.fromkeys(keys)]
        self._first = made[0] if made and encrypts else None
        self._keys = {key.id: key for key in made}
        self.lost = frozenset(lost)

    @property
    def key_id(self) -> str | None:
        """What the key that encrypts is called; None where nothing is encrypted any more."""
        return None if self._first is None else self._first.id.hex()

    @property
    def key_ids(self) -> frozenset[str]:
        """What the keys are called that are there."""
        return frozenset(identifier.hex() for identifier in self._keys)

    @property
    def mark(self) -> bytes:
        """What values begin with that the first key has encrypted; or any, where nothing is encrypted any more."""
        return MARK if self._first is None else self._first.prefix

    def seal(self, value: bytes, about: bytes) -> bytes:
        """The value as the database is to have it; `about` says where it stands. What is empty stays so."""
        key = self._first
        if key is None or not value:
            return value
        nonce = self._randomness(_NONCE_BYTES)
        return key.prefix + nonce + self._encrypt(value, about, nonce, key.secret)

    def open(self, value: bytes, about: bytes) -> bytes:
        """The other way round. Raises ContentUnreadable, and logs the key's id."""
        if not value.startswith(MARK):
            return value
        key = self._keys.get(value[len(MARK) : _NONCE])
        if key is None:
            wanted = value[len(MARK) : _NONCE].hex()
            _logger.error("Content is encrypted with the key %s, which is not in security.encryption_keys.", wanted)
            raise ContentUnreadable("What was stored cannot be decrypted: its key is missing. The log names it.")
        try:
            return self._decrypt(value[_BOX:], about, value[_NONCE:_BOX], key.secret)
        except (self._refused, ValueError) as error:
            place = about.partition(b"|")[0].decode()
            _logger.error(  # noqa: TRY400 - how the cipher says so tells nothing
                "Content in %s, under the key %s, was changed or moved.", place, key.id.hex()
            )
            raise ContentUnreadable(
                "What was stored cannot be decrypted: it was changed. The log says where."
            ) from error
