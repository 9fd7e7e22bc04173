"""Rankings as clients read them: one answer that Cohere's and Jina's clients both understand, or Voyage's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Raw, Struct

from antiphon.dialects.service_members import broken, encode, total, understood
from antiphon.service_protocols import Answer, At, Told
from antiphon.wire.events import split_object

_QUOTE: Final = b'"'
_RETOLD: Final = ("results", "data", "id", "object", "model", "meta", "usage")


class Shape(Struct, frozen=True, kw_only=True):
    """How an answer is to be: at most `limit` results of `count` documents, with the `documents` where they are wanted.

    `voyages` tells whether the client speaks as Voyage's do.
    """

    id: str
    at: At
    limit: int | None
    voyages: bool
    documents: Sequence[Raw] | None
    count: int


class _Result(Struct):
    index: int
    relevance_score: float


class _Usage(Struct):
    total_tokens: int | None = None
    prompt_tokens: int | None = None


class _Billed(Struct):
    input_tokens: float | None = None
    search_units: float | None = None


class _Meta(Struct):
    billed_units: _Billed | None = None
    tokens: _Billed | None = None


class _Ranking(Struct):
    results: list[_Result] | None = None
    data: list[_Result] | None = None
    usage: _Usage | None = None
    meta: _Meta | None = None
    id: str | None = None

    @property
    def tokens(self) -> int | None:
        """As far as they were counted: Cohere counts searches instead."""
        if self.usage is not None and self.usage.total_tokens is not None:
            return self.usage.total_tokens
        for counts in () if self.meta is None else (self.meta.tokens, self.meta.billed_units):
            if counts is not None and counts.input_tokens is not None:
                return int(counts.input_tokens)
        return None

    @property
    def searches(self) -> float | None:
        billed = None if self.meta is None else self.meta.billed_units
        return None if billed is None else billed.search_units


def ranking_told(answers: Sequence[Answer], starts: Sequence[int], shape: Shape) -> Told:
    """The best results of all answers; those of each are numbered from its start. Raises UpstreamBroke."""
    rankings = [understood(answer, shape.at, _Ranking) for answer in answers]
    best = sorted(
        (
            _Result(start + result.index, result.relevance_score)
            for start, each in zip(starts, rankings, strict=True)
            for result in _results(each, shape)
        ),
        key=lambda result: -result.relevance_score,
    )[: shape.limit]
    if (shape.count and not best) or not all(0 <= result.index < shape.count for result in best):
        raise broken(shape.at)
    tokens = total([each.tokens for each in rankings])
    others = {name: value for name, value in split_object(answers[0].body).items() if name not in _RETOLD}
    results = [_told(result, shape) for result in best]
    if shape.voyages:
        usage = {"total_tokens": tokens or 0}
        return Told(
            encode({**others, "object": "list", "data": results, "model": shape.at.model, "usage": usage}), tokens
        )
    told = {
        **others,
        "id": rankings[0].id or shape.id,
        "object": "list",
        "model": shape.at.model,
        "results": results,
        "usage": {"prompt_tokens": tokens or 0, "total_tokens": tokens or 0},
        "meta": _meta(tokens, total([_whole(each.searches) for each in rankings])),
    }
    return Told(encode(told), tokens)


def _results(ranking: _Ranking, shape: Shape) -> list[_Result]:
    found = ranking.results if ranking.results is not None else ranking.data
    if found is None:
        raise broken(shape.at)
    return found


def _told(result: _Result, shape: Shape) -> dict[str, Any]:
    told: dict[str, Any] = {"index": result.index, "relevance_score": result.relevance_score}
    if shape.documents is not None:
        document = shape.documents[result.index]
        is_text = bytes(document).startswith(_QUOTE)
        told["document"] = document if shape.voyages or not is_text else {"text": document}
    return told


def _meta(tokens: int | None, searches: int | None) -> dict[str, Any]:
    meta: dict[str, Any] = {"api_version": {"version": "2"}}
    if searches is not None:
        meta["billed_units"] = {"search_units": searches}
    if tokens is not None:
        meta["tokens"] = {"input_tokens": tokens}
    return meta


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
