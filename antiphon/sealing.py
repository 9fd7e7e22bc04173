"""What leaves for a while and comes back: blobs that only their tenant can bring back, and names for tenants' words.

Law: a blob opens for the tenant that it was sealed for, unchanged in every bit; anything else is refused.

Blobs are XChaCha20-Poly1305 (https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha, read 2026-11): its nonces
are long enough to be drawn at random for ever. Keys are derived from a secret by scrypt, since an owner may have chosen
it and a client who holds a blob could try words, and from that per tenant by HKDF (RFC 5869).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

from typing_extensions import override

from antiphon.protocols import Sealer
from antiphon.wire.envelope import MARK, unverified

Randomness = Callable[[int], bytes]
"""So many bytes that nobody can guess."""

_NONCE_BYTES: Final = 24
_TAG_BYTES: Final = 16
_SALT: Final = b"antiphon sealing 1"
_WORK: Final = 2**14
"""About 40 ms and 16 MB, once in a process's life."""

_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/   ")
"""From the letters that blobs are written in to those that are decoded; what else is decoded is none of them."""


class _Secret:
    """One secret, made into keys when the first is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _root(self) -> bytes:
        return hashlib.scrypt(self._text.encode(), salt=_SALT, n=_WORK, r=8, p=1, dklen=32)

    def key(self, purpose: bytes, tenant: str) -> bytes:
        """HKDF's second half: the key of 32 bytes for one purpose and tenant."""
        return hmac.digest(self._root, purpose + b"|" + tenant.encode() + b"\x01", "sha256")


class Seals(Sealer):
    """Implements `protocols.Sealer`, and `protocols.Pseudonym` by `pseudonym`."""

    def __init__(self, secrets: Sequence[str], randomness: Randomness) -> None:
        """`secrets` has the one that seals first, then older ones that still open."""
        self._secrets = [_Secret(text) for text in dict.fromkeys(secrets)]
        self._randomness = randomness

    @override
    def seal(self, tenant: str, payload: bytes) -> str:
        from nacl.bindings import (  # noqa: PLC0415 - 20 ms that no start should wait for
            crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt,
        )

        nonce = self._randomness(_NONCE_BYTES)
        box = nonce + encrypt(payload, _about(tenant), nonce, self._secrets[0].key(b"seal", tenant))
        return MARK + urlsafe_b64encode(box).rstrip(b"=").decode()

    @override
    def open(self, tenant: str, text: str) -> bytes:
        from nacl.bindings import (  # noqa: PLC0415 - as in seal
            crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt,
        )
        from nacl.exceptions import CryptoError  # noqa: PLC0415 - as in seal

        box = _box(text)
        if box is None:
            raise unverified(text)
        about = _about(tenant)
        for secret in self._secrets:
            try:
                return decrypt(box[_NONCE_BYTES:], about, box[:_NONCE_BYTES], secret.key(b"seal", tenant))
            except CryptoError:
                continue
        raise unverified(text)

    def pseudonym(self, tenant: str, value: str) -> str:
        """64 hexadecimal digits that stand for `value`: always the same, and nobody can find `value` by trying."""
        return hmac.digest(self._secrets[0].key(b"pseudonym", tenant), value.encode(), "sha256").hex()


def _about(tenant: str) -> bytes:
    return b"ant1|" + tenant.encode()


def _box(text: str) -> bytes | None:
    """The bytes of a blob; None if it is not the one spelling that `seal` has for them."""
    if not text.startswith(MARK) or not text.isascii():
        return None
    letters = text[len(MARK) :].encode()
    try:
        box = binascii.a2b_base64(letters.translate(_STANDARD) + b"=" * (-len(letters) % 4), strict_mode=True)
    except binascii.Error:
        return None
    end = len(box) - len(box) % 3  # only the last letter has bits that mean nothing
    if len(box) < _NONCE_BYTES + _TAG_BYTES or urlsafe_b64encode(box[end:]).rstrip(b"=") != letters[end // 3 * 4 :]:
        return None
    return box
