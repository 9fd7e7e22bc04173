"""Embeddings of Amazon's own models through InvokeModel: one input at a time.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, titan-embed-mm.html and
https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html. From recordings and the first of these pages
(2026-11); pictures are in no recording, and the other pages were not read for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Raw, Struct

from antiphon.dialects.converse_refusals import bedrock_refusal
from antiphon.dialects.embeddings_answer import vectors_told
from antiphon.dialects.embeddings_request import (
    COMMON,
    CUTS,
    PURPOSES,
    Embedding,
    Picture,
    Piece,
    asked_embedding,
    pieces,
    text_of,
)
from antiphon.dialects.service_members import broken, filled, total, understood, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.service_protocols import Answer, Asked, At, Plan, Told

_NOVA_PURPOSES: Final = {
    "query": "GENERIC_RETRIEVAL",
    "document": "GENERIC_INDEX",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}

Json = Mapping[str, Any]


class _Vector(Struct):
    embedding: Raw


class _Answer(Struct, rename="camel"):
    """Titan's vector, or Nova's list of them."""

    embedding: Raw = Raw(b"")
    embeddings: list[_Vector] | None = None
    input_text_token_count: int | None = None


class Family(Struct, frozen=True):
    """How one input is said to a family of models, and which members they know beside `COMMON`."""

    body: Callable[[Piece, Embedding, At], Json]
    taken: frozenset[str]


class AmazonEmbeddings:
    """Implements `ServiceDialect`."""

    def __init__(self, family: Family) -> None:
        """One of `FAMILIES`."""
        self._family = family

    def plan(self, asked: Asked, at: At) -> Plan:
        """One body for each input."""
        wanted, family = asked_embedding(asked), self._family
        inputs = pieces(wanted)
        return Plan(
            [filled(family.body(piece, wanted, at)) for piece in inputs],
            lambda answers: _told(answers, wanted, at, len(inputs)),
            unsaid(asked, at, family.taken.union(COMMON)),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `converse_refusals.bedrock_refusal`."""
        return bedrock_refusal(status, body, retry_after)


def _told(answers: Sequence[Answer], wanted: Embedding, at: At, count: int) -> Told:
    vectors: list[Raw] = []
    counts: list[int | None] = []
    for answer in answers:
        read = understood(answer, at, _Answer)
        vector = read.embeddings[0].embedding if read.embeddings else read.embedding
        if not bytes(vector):
            raise broken(at)
        vectors.append(vector)
        counts.append(answer.input_tokens if read.input_text_token_count is None else read.input_text_token_count)
    return vectors_told(vectors, total(counts), wanted, at, count)


def _titan_text(piece: Piece, wanted: Embedding, at: At) -> Json:
    text = text_of(piece, at.provider)
    return {"inputText": text, "dimensions": wanted.dimensions, "normalize": wanted.normalize}


def _titan_picture(piece: Piece, wanted: Embedding, at: At) -> Json:
    said = (
        {"inputImage": _bytes(piece, at)[1]}
        if isinstance(piece, Picture)
        else {"inputText": text_of(piece, at.provider)}
    )
    length = None if wanted.dimensions is None else {"outputEmbeddingLength": wanted.dimensions}
    return {**said, "embeddingConfig": length}


def _nova(piece: Piece, wanted: Embedding, at: At) -> Json:
    purpose = wanted.purpose or "document"
    params: dict[str, Any] = {"embeddingPurpose": _NOVA_PURPOSES.get(purpose, purpose)}
    if isinstance(piece, Picture):
        format, data = _bytes(piece, at)
        params["image"] = {"format": format, "source": {"bytes": data}}
    else:
        cut = (wanted.cut or "none").upper()
        params["text"] = {"value": text_of(piece, at.provider), "truncationMode": cut}
    if wanted.dimensions is not None:
        params["embeddingDimension"] = wanted.dimensions
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


def _bytes(picture: Picture, at: At) -> tuple[str, str]:
    """The format and the bytes, in base64, of a picture. Raises BadRequest for one that is elsewhere."""
    kind, comma, data = picture.url.partition(";base64,")
    if comma and kind.startswith("data:image/"):
        return kind.removeprefix("data:image/"), data
    message = f"{at.provider} embeds no picture by its address: send it as a data URL."
    raise BadRequest(message, param="input", code="unsupported_value")


FAMILIES: Final = {
    "titan": Family(_titan_text, frozenset({"normalize"})),
    "titan-image": Family(_titan_picture, frozenset()),
    "nova": Family(_nova, frozenset({*PURPOSES, *CUTS})),
}
