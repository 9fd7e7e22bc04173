"""Vectors as OpenAI's clients read them. Numbers keep the digits that their provider wrote, unless base64 is wanted."""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw

from antiphon.dialects.embeddings_request import Embedding
from antiphon.dialects.service_members import broken, encode
from antiphon.service_protocols import At, Told
from antiphon.wire.faults import UNDECODABLE

_numbers: Final = msgspec.json.Decoder(list[float]).decode
_LIST: Final = b"["
_TEXT: Final = b'"'


def vectors_told(vectors: Sequence[Raw], tokens: int | None, wanted: Embedding, at: At, count: int) -> Told:
    """The answer. Raises UpstreamBroke where there are not `count` vectors, each a list of numbers or base64."""
    if len(vectors) != count or not all(bytes(vector).startswith(_LIST) for vector in vectors):
        raise broken(at)
    data = [
        {"object": "embedding", "index": index, "embedding": formed(vector, wanted, at)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens or 0, "total_tokens": tokens or 0}
    return Told(encode({"object": "list", "data": data, "model": at.model, "usage": usage}), tokens)


def formed(vector: Raw, wanted: Embedding, at: At) -> Raw:
    """The vector in the format that the client wants; base64 stays what it is. Raises UpstreamBroke for none."""
    first = bytes(vector)[:1]
    if first == _TEXT or (first == _LIST and wanted.encoding_format != "base64"):
        return vector
    try:
        return Raw(b'"%b"' % base64_of(_numbers(vector)))
    except UNDECODABLE:
        raise broken(at) from None


def base64_of(numbers: Sequence[float]) -> bytes:
    """The numbers as OpenAI packs them: four bytes each, the lowest first."""
    packed = array("f", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes())
