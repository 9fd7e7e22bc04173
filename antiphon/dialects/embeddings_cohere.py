"""Embeddings at Cohere, in the second version of its API, and Cohere's models at Amazon, which take the same but a few.

https://docs.cohere.com/reference/embed, and for Bedrock
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html. From recordings, and of Amazon
its page on Embed v3 (2026-11); the pages named here were not read for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Text,
    asked_embedding,
    pieces,
    refused,
)
from antiphon.dialects.refusals import refusal
from antiphon.dialects.service_members import broken, filled, given, portions, total, understood, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.service_protocols import Answer, Asked, At, Plan, Told

_PURPOSES: Final = {"query": "search_query", "document": "search_document", "similarity": "clustering"}
_DEFAULT_PURPOSE: Final = "search_document"
"""What is embedded most: a store of documents. Queries are to be named as such, or they are found less well."""

_OWN: Final = ("embedding_types", "max_tokens", "priority")


class _Billed(Struct):
    input_tokens: float | None = None
    image_tokens: float | None = None


class _Meta(Struct):
    billed_units: _Billed | None = None


class _Answer(Struct):
    embeddings: list[Raw] | dict[str, list[Raw]]
    meta: _Meta | None = None


class CohereEmbeddings:
    """Implements `ServiceDialect`."""

    def __init__(self, *, at_amazon: bool) -> None:
        """`at_amazon` the model stands in the path, and floats are what comes unasked."""
        self._at_amazon = at_amazon

    def plan(self, asked: Asked, at: At) -> Plan:
        """One body for each portion of the inputs."""
        wanted = asked_embedding(asked)
        kind = _kind(wanted)
        inputs = pieces(wanted)
        members = self._members(asked, at, wanted, kind)
        cut_up = portions(inputs, at.batch)
        return Plan(
            [filled(members | _inputs(portion, at)) for portion in cut_up],
            lambda answers: _told(answers, cut_up, kind, wanted, at),
            unsaid(asked, at, {*COMMON, *PURPOSES, *CUTS, *_OWN}),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `refusals.refusal`, or Bedrock's."""
        return (bedrock_refusal if self._at_amazon else refusal)(status, body, retry_after)

    def _members(self, asked: Asked, at: At, wanted: Embedding, kind: str) -> dict[str, Any]:
        """All but the inputs."""
        purpose = wanted.purpose or _DEFAULT_PURPOSE
        own = given(asked)
        return {
            "model": None if self._at_amazon else at.model,
            "input_type": _PURPOSES.get(purpose, purpose),
            "embedding_types": None if self._at_amazon and kind == "float" else [kind],
            "output_dimension": wanted.dimensions,
            "truncate": None if wanted.cut is None else wanted.cut.upper(),
            "max_tokens": own.get("max_tokens"),
            "priority": own.get("priority"),
        }


def _kind(wanted: Embedding) -> str:
    """What the vectors are made of. Raises BadRequest: an answer in OpenAI's format has one vector for each input."""
    kinds = wanted.embedding_types or ["float"]
    if len(kinds) == 1:
        return kinds[0]
    message = "Ask for one of 'embedding_types' at a time: each input is answered with one vector here."
    raise BadRequest(message, param="embedding_types", code="invalid_value")


def _inputs(portion: Sequence[Piece], at: At) -> dict[str, Any]:
    words = [piece.text for piece in portion if isinstance(piece, Text)]
    if len(words) == len(portion):
        return {"texts": words}
    return {"inputs": [{"content": [_content(piece, at)]} for piece in portion]}


def _content(piece: Piece, at: At) -> Mapping[str, object]:
    match piece:
        case Text(text):
            return {"type": "text", "text": text}
        case Picture(url):
            return {"type": "image_url", "image_url": {"url": url}}
        case _:
            raise refused(piece, at.provider)


def _told(answers: Sequence[Answer], cut_up: Sequence[Sequence[Piece]], kind: str, wanted: Embedding, at: At) -> Told:
    vectors: list[Raw] = []
    counts: list[int | None] = []
    for answer, portion in zip(answers, cut_up, strict=True):
        read = understood(answer, at, _Answer)
        found = read.embeddings if isinstance(read.embeddings, list) else read.embeddings.get(kind, [])
        if len(found) != len(portion):
            raise broken(at)
        vectors += found
        counts.append(answer.input_tokens if read.meta is None else _tokens(read.meta))
    return vectors_told(vectors, total(counts), wanted, at, len(vectors))


def _tokens(meta: _Meta) -> int | None:
    billed = meta.billed_units
    return None if billed is None else int((billed.input_tokens or 0) + (billed.image_tokens or 0))
