"""Embeddings at Google: `batchEmbedContents` of its Gemini API; `embedContent`, for older models `predict`, at Vertex.

https://ai.google.dev/api/embeddings and
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api. From recordings and
the first of these pages (2026-11); `predict` is in no recording, and its page was not read for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Raw, Struct

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
from antiphon.dialects.gemini_refusals import refused as google_refusal
from antiphon.dialects.service_members import filled, portions, total, understood, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.service_protocols import Answer, Asked, At, Plan, Told

_PURPOSES: Final = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "similarity": "SEMANTIC_SIMILARITY",
}

Json = Mapping[str, Any]


class _Vector(Struct):
    values: Raw


class _Usage(Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Batch(Struct, rename="camel"):
    embeddings: list[_Vector]
    usage_metadata: _Usage | None = None


class _Single(Struct, rename="camel"):
    embedding: _Vector
    usage_metadata: _Usage | None = None


class _Statistics(Struct):
    token_count: float | None = None


class _Counted(Struct):
    values: Raw
    statistics: _Statistics | None = None


class _Prediction(Struct):
    embeddings: _Counted


class _Predictions(Struct):
    predictions: list[_Prediction]


Found = tuple[list[Raw], int | None]
"""The vectors of one answer, and the tokens that it counted."""


class GoogleEmbeddings:
    """Implements `ServiceDialect` for one of Google's three ways."""

    def __init__(self, way: Way) -> None:
        """One of `WAYS`."""
        self._way = way

    def plan(self, asked: Asked, at: At) -> Plan:
        """One body for each portion of the inputs."""
        wanted, way = asked_embedding(asked), self._way
        inputs = pieces(wanted)
        taken = {*COMMON, *PURPOSES, "title"}
        return Plan(
            [filled(way.body(portion, wanted, at)) for portion in portions(inputs, at.batch)],
            lambda answers: _told(answers, way, wanted, at, len(inputs)),
            unsaid(asked, at, taken | set(CUTS) if way.cuts else taken),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `gemini_refusals.refused`."""
        return google_refusal(status, body, retry_after)


class Way(Struct, frozen=True):
    """How one body is made, and one answer read; `cuts` tells whether it can be said what becomes of long inputs."""

    body: Callable[[Sequence[Piece], Embedding, At], Json]
    found: Callable[[Answer, At], Found]
    cuts: bool


def _told(answers: Sequence[Answer], way: Way, wanted: Embedding, at: At, count: int) -> Told:
    found = [way.found(answer, at) for answer in answers]
    vectors = [vector for each, _ in found for vector in each]
    return vectors_told(vectors, total([tokens for _, tokens in found]), wanted, at, count)


def _batch_body(portion: Sequence[Piece], wanted: Embedding, at: At) -> Json:
    name = f"models/{at.model.removeprefix('models/')}"
    shared = {"model": name, **_config(wanted)}
    return {"requests": [_set(shared | {"content": {"parts": [_part(piece, at)]}}) for piece in portion]}


def _batch_found(answer: Answer, at: At) -> Found:
    read = understood(answer, at, _Batch)
    return [each.values for each in read.embeddings], _tokens(read.usage_metadata)


def _single_body(portion: Sequence[Piece], wanted: Embedding, at: At) -> Json:
    return {"content": {"parts": [_part(portion[0], at)]}, **_config(wanted), "autoTruncate": _truncates(wanted)}


def _single_found(answer: Answer, at: At) -> Found:
    read = understood(answer, at, _Single)
    return [read.embedding.values], _tokens(read.usage_metadata)


def _predict_body(portion: Sequence[Piece], wanted: Embedding, at: At) -> Json:
    instances = [
        _set({"content": text_of(piece, at.provider), "task_type": _purpose(wanted), "title": wanted.title})
        for piece in portion
    ]
    parameters = _set({"outputDimensionality": wanted.dimensions, "autoTruncate": _truncates(wanted)})
    return {"instances": instances, "parameters": parameters or None}


def _predict_found(answer: Answer, at: At) -> Found:
    read = understood(answer, at, _Predictions).predictions
    counts = [each.embeddings.statistics for each in read]
    tokens = [None if each is None or each.token_count is None else int(each.token_count) for each in counts]
    return [each.embeddings.values for each in read], total(tokens)


WAYS: Final = {
    "gemini": Way(_batch_body, _batch_found, cuts=False),
    "vertex": Way(_single_body, _single_found, cuts=True),
    "vertex-predict": Way(_predict_body, _predict_found, cuts=True),
}


def _config(wanted: Embedding) -> dict[str, object]:
    return {"taskType": _purpose(wanted), "title": wanted.title, "outputDimensionality": wanted.dimensions}


def _purpose(wanted: Embedding) -> str | None:
    purpose = wanted.purpose
    return None if purpose is None else _PURPOSES.get(purpose, purpose.upper())


def _truncates(wanted: Embedding) -> bool | None:
    return None if wanted.cut is None else wanted.cut != "none"


def _part(piece: Piece, at: At) -> Json:
    """A part of a content. Raises BadRequest: Google takes pictures as bytes, or from where it keeps files itself."""
    if not isinstance(piece, Picture):
        return {"text": text_of(piece, at.provider)}
    kind, comma, data = piece.url.removeprefix("data:").partition(";base64,")
    if comma and piece.url.startswith("data:"):
        return {"inlineData": {"mimeType": kind, "data": data}}
    if piece.url.startswith("gs://"):
        return {"fileData": {"fileUri": piece.url}}
    message = f"{at.provider} embeds no picture by its address: send it as a data URL."
    raise BadRequest(message, param="input", code="unsupported_value")


def _tokens(usage: _Usage | None) -> int | None:
    return None if usage is None else usage.prompt_token_count


def _set(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
