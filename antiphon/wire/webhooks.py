"""Webhook events and their signatures: OpenAI's body in the envelope of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, read 2026-11.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

KEY_BYTES: Final = range(24, 65)
"""How long a signing key may be."""

_SECRET: Final = "whsec_"  # noqa: S105 - what secrets begin with
_ID_DIGITS: Final = 48


class _Subject(msgspec.Struct, frozen=True):
    id: str


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    object: str = "event"
    type: str
    created_at: int
    data: _Subject


def event_id(response_id: str, event_type: str, receiver: str) -> str:
    """The same for the same three, so that a receiver knows an event again however often it is sent or announced."""
    digest = sha256(f"{response_id}\n{event_type}\n{receiver}".encode()).hexdigest()
    return f"evt_{digest[:_ID_DIGITS]}"


def event_body(event_id: str, event_type: str, created_at: int, response_id: str) -> bytes:
    """The whole body: it names the response and says nothing of what is in it. `created_at` is Unix time in seconds."""
    event = _Event(id=event_id, type=event_type, created_at=created_at, data=_Subject(response_id))
    return msgspec.json.encode(event)


def key_of(secret: str) -> bytes:
    """The signing key in ``whsec_…``. Raises ValueError, without the secret in its message."""
    if not secret.startswith(_SECRET):
        raise ValueError("a signing secret begins with `whsec_`")
    try:
        key = b64decode(secret.removeprefix(_SECRET), validate=True)
    except binascii.Error:
        raise ValueError("what follows `whsec_` is not base64") from None
    if len(key) not in KEY_BYTES:
        raise ValueError(f"a signing secret is {KEY_BYTES.start} to {KEY_BYTES.stop - 1} bytes in base64")
    return key


def signed(keys: Sequence[bytes], event_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, made at Unix time `at`: one signature per key, so that keys can be changed."""
    content = b"%b.%d.%b" % (event_id.encode(), at, body)
    signatures = (b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
