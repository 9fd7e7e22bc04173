"""What is inside a sealed blob: whose it is and, in its maker's own form, what it holds."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.requests import Item

MARK: Final = "ant1."
"""What every blob of ours begins with."""

VERSION: Final = 1

Kind = Literal["openai", "chat", "anthropic", "gemini", "converse", "cohere", "ollama"]
"""Whose form the items are in: that of a Responses API (``openai``), of chat completions, or of a vendor's own API."""

_SHOWN: Final = 16
"""Of a blob, so many characters tell one from another and nothing else."""

_FAMILY: Final = re.compile(r"(?:models/)?((?:.*/)?[a-z]*)", re.IGNORECASE)


class Envelope(Struct, frozen=True, omit_defaults=True):
    """The payload of a blob. `p` is the provider, `m` its model, `d` its deployment, `t` when, in Unix seconds."""

    p: str
    m: str
    d: str
    k: Kind
    items: list[Item]
    t: int
    v: int = VERSION


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Envelope).decode


def packed(envelope: Envelope) -> bytes:
    """The payload to seal."""
    return _encode(envelope)


def unpacked(payload: bytes) -> Envelope | None:
    """The envelope in an opened blob; None for one that this version cannot read."""
    try:
        envelope = _decode(payload)
    except UNDECODABLE:
        return None
    return envelope if envelope.v == VERSION else None


def is_sealed(value: Any) -> bool:
    """Whether a value claims to be a blob of ours."""
    return isinstance(value, str) and value.startswith(MARK)


def unverified(blob: str) -> BadRequest:
    """The error for a blob that is not ours, not whole, or not this tenant's: in OpenAI's words."""
    message = f"The encrypted content {blob[:_SHOWN]}... could not be verified."
    return BadRequest(message, param="input", code="invalid_encrypted_content")


def family(model: str) -> str:
    """Models of one family read each other's signatures: ``openai/gpt-5-mini`` is of ``openai/gpt``."""
    found = _FAMILY.match(model)
    return found[1].lower() if found else model.lower()
