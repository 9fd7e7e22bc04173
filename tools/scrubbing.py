"""Blanks out of recorded bytes what may name an account, a machine or a person, length by length.

Law: what is scrubbed is as long as it was, so the boundaries of the reads stay true; and a secret that is known is
nowhere in the result, or the recording is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from zlib import crc32

from antiphon.errors import ConfigError

IDENTIFIERS: Final = re.compile(
    rb"\b(?:org|proj|user|acct|team|account|workspace)[-_](?=[A-Za-z0-9]*\d)[A-Za-z0-9]{6,}"
    rb"|\b(?:org|proj)[-_][A-Za-z0-9]{12,}"
    rb"|\b(?:sk|rk|pk|gsk|csk|xai|nvapi|pplx|tgp_v1|hf|fw)[-_][A-Za-z0-9_-]{12,}"
    rb"|\b(?:gh[pousr]_|github_pat_|dapi|ABSK)[A-Za-z0-9_+/=]{20,}"
    rb"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    rb"|\bya29\.[\w-]{20,}"
    rb"|\bAIza[\w-]{20,}|\beyJ[\w-]{16,}\.[\w-]+\.[\w-]+"
    rb"|(?<=projects/)[\w-]{4,}|(?<=accounts/)[0-9a-f]{32}"
    rb"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    rb"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
)
ACCOUNTS: Final = re.compile(rb"(?<=:)\d{12}(?=:)")
"""The account in the middle of an ARN, which its form wants to be a number."""

_PRELUDE, _CHECKSUM = 12, 4


def scrubbed(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """`data` in its own length, with the secrets and whatever looks like an identifier of somebody blanked out."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        data = data.replace(secret, _blank(len(secret)))
    data = ACCOUNTS.sub(lambda found: b"0" * len(found[0]), data)
    return IDENTIFIERS.sub(lambda found: _blank(len(found[0])), data)


def scrubbed_frames(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """An AWS event stream, its payloads scrubbed and its checksums made anew.

    Raises ConfigError for what is no such stream, and for a secret that stands where it cannot be blanked out.
    """
    known = list(secrets)
    scrubbed_stream = b"".join(_reframed(frame, known) for frame in frames(data))
    if any(secret in scrubbed_stream for secret in known):
        raise ConfigError("A secret stands in the frames of the stream, outside of their payloads: nothing is kept.")
    return scrubbed_stream


def frames(data: bytes) -> Iterator[bytes]:
    """The frames of an AWS event stream. Raises ConfigError for bytes that are none.

    https://smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-21.
    """
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        frame = data[at : at + length]
        sound = length >= _PRELUDE + _CHECKSUM and len(frame) == length
        if not sound or _sum(frame[:-_CHECKSUM]) != frame[-_CHECKSUM:]:
            raise ConfigError("The provider's stream of frames is damaged: nothing is kept.")
        yield frame
        at += length


def events(data: bytes) -> Iterator[dict[str, Any]]:
    """What the frames say: their headers, which are texts, and their payloads, which are JSON."""
    for frame in frames(data):
        end = _PRELUDE + int.from_bytes(frame[4:8], "big")
        payload = frame[end:-_CHECKSUM]
        yield {"headers": _headers(frame[_PRELUDE:end]), "payload": json.loads(payload) if payload else {}}


def _headers(data: bytes) -> dict[str, str]:
    """Raises ConfigError for one that is no text, which no answer of a model has."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        if data[name_end] != _TEXT:
            raise ConfigError("A header of the stream's frames is no text: nothing is kept.")
        value_at = name_end + 3
        value_end = value_at + int.from_bytes(data[name_end + 1 : value_at], "big")
        found[data[at + 1 : name_end].decode()] = data[value_at:value_end].decode()
        at = value_end
    return found


_TEXT: Final = 7
"""The type of a header whose value is a text."""


def _reframed(frame: bytes, secrets: Iterable[bytes]) -> bytes:
    end = _PRELUDE + int.from_bytes(frame[4:8], "big")
    said = frame[:end] + _scrubbed_payload(frame[end:-_CHECKSUM], secrets)
    return said + _sum(said)


def _scrubbed_payload(payload: bytes, secrets: Iterable[bytes]) -> bytes:
    """The payload, and what it carries as base64 under `bytes`, as the frames of InvokeModel do."""
    payload = scrubbed(payload, secrets)
    return _CARRIED.sub(lambda found: found[1] + _scrubbed_base64(found[2], secrets), payload)


def _scrubbed_base64(data: bytes, secrets: Iterable[bytes]) -> bytes:
    try:
        return base64.b64encode(scrubbed(base64.b64decode(data, validate=True), secrets))
    except binascii.Error:
        return data


_CARRIED: Final = re.compile(rb'("bytes"\s*:\s*")([A-Za-z0-9+/]+=*)(?=")')


def _sum(data: bytes) -> bytes:
    return crc32(data).to_bytes(4, "big")


def _blank(length: int) -> bytes:
    return (b"REDACTED" * (length // 8 + 1))[:length]
