"""Cohere's citations and token probabilities in the Responses API's shapes.

A citation names documents of the request, or outputs of calls, and the span of text that rests on each
(https://docs.cohere.com/v2/docs/retrieval-augmented-generation-rag, read 2026-11). One with an address becomes a
`url_citation`; any other a `file_citation`, which says beside where it ends also where it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Final

from antiphon.dialects.chat_notes import logprobs_of
from antiphon.dialects.chat_shapes import Logprob
from antiphon.dialects.cohere_shapes import Citation, Logprobs, Source
from antiphon.wire.requests import Item

_OF_TEXT: Final = (None, "TEXT_CONTENT")
"""Citations of plans and thoughts have no place in a response."""


def of_text(citations: Iterable[Citation]) -> list[Citation]:
    """Those that are of the answer's text."""
    return [citation for citation in citations if citation.type in _OF_TEXT]


def noted(citations: Sequence[Citation], base: int, text: Sized) -> Iterator[Item]:
    """Annotations of `text`, in which the cited block begins at `base`."""
    for citation in citations:
        end = len(text) if citation.end is None else min(max(base + citation.end, 0), len(text))
        start = end if citation.start is None else min(max(base + citation.start, 0), end)
        for source in citation.sources or ():
            yield _annotation(source, start, end)


def probabilities(said: Logprobs) -> list[Item]:
    """The probability of a piece of text: that of all its tokens together, whose own texts nobody tells."""
    if not said.text or not said.logprobs:
        return []
    return logprobs_of([Logprob(said.text, sum(said.logprobs))])


def _annotation(source: Source, start: int, end: int) -> Item:
    found = source.document or source.tool_output or {}
    span = {"start_index": start, "end_index": end}
    url, title = _text(found.get("url")), _text(found.get("title"))
    if url.startswith(("https://", "http://")):
        return {"type": "url_citation", "url": url, "title": title} | span
    id_ = source.id or ""
    return {"type": "file_citation", "file_id": id_, "filename": title or id_, "index": end} | span


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
