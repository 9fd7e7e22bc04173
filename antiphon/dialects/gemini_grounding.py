"""What an answer rests on: citations in its text, and the searches that found the sources.

https://ai.google.dev/gemini-api/docs/google-search, …/docs/file-search, …/docs/url-context (read 2026-11). Google
counts bytes of UTF-8 from the beginning of a part; the Responses API counts characters of the whole text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.gemini_shapes import (
    NULL,
    Candidate,
    Citations,
    Grounding,
    Passage,
    Segment,
    Source,
    ToolCall,
    UrlContext,
    told,
)
from antiphon.dialects.writer_items import Run
from antiphon.wire.requests import Item, is_array

_FETCHED: Final = ("URL_RETRIEVAL_STATUS_SUCCESS", 1, None)
_FILES: Final = "FILE_SEARCH"

_Shape = TypeVar("_Shape", bound=Struct)

_NO_SEGMENT: Final = Segment()


class Foundations:
    """Gathers what the chunks of one answer tell of its sources; `searches` are those that Google told of as calls."""

    __slots__ = ("_citations", "_grounding", "_pages", "searches")

    def __init__(self) -> None:
        """Nothing has been told."""
        self.searches: list[tuple[str, ToolCall]] = []
        self._grounding = Grounding()
        self._citations = Citations()
        self._pages = UrlContext()

    def note(self, candidate: Candidate) -> None:
        """Takes in what stands beside the content. The last word on each thing counts."""
        if candidate.grounding_metadata != NULL:
            self._grounding = _updated(self._grounding, candidate.grounding_metadata)
        if candidate.citation_metadata != NULL:
            self._citations = _updated(self._citations, candidate.citation_metadata)
        if candidate.url_context_metadata != NULL:
            self._pages = _updated(self._pages, candidate.url_context_metadata)

    @property
    def cites(self) -> bool:
        """Whether there is anything to note on a text."""
        cited = self._citations.citation_sources or self._citations.citations
        return bool(self._grounding.grounding_supports or cited)

    def notes(self, run: Run, parts: Mapping[int, int]) -> Iterator[Item]:
        """The annotations of a text; `parts` tells where in it each part begins, where it is made of several."""
        text = run.text()
        encoded = text.encode(errors="replace")
        sources = self._grounding.grounding_chunks or []
        for support in self._grounding.grounding_supports or ():
            segment = support.segment or _NO_SEGMENT
            place = _place(segment, text, encoded, parts.get(segment.part_index or 0, 0))
            for index in support.grounding_chunk_indices or ():
                if place is not None and 0 <= index < len(sources):
                    yield from _note(sources[index], *place)
        for cited in (*(self._citations.citation_sources or ()), *(self._citations.citations or ())):
            segment = Segment(start_index=cited.start_index, end_index=cited.end_index)
            place = _place(segment, text, encoded, 0)
            if cited.uri and place is not None:
                yield _url_citation(cited.uri, cited.title, *place)

    def items(self) -> Iterator[Item]:
        """The searches as items, some of which lack their ids."""
        grounding = self._grounding
        sources = grounding.grounding_chunks or []
        urls = dict.fromkeys(page.uri for source in sources if (page := source.web or source.maps) and page.uri)
        passages = [source.retrieved_context for source in sources if source.retrieved_context is not None]
        searches = self.searches
        if not any(_searches_files(call) for _, call in searches) and (passages or grounding.retrieval_queries):
            files = ToolCall(tool_type=_FILES, args={"queries": grounding.retrieval_queries or []})
            searches = [*searches, ("", files)]
        queries = [query for query in grounding.web_search_queries or () if query]
        if queries and all(_searches_files(call) for _, call in searches):
            searches = [*searches, ("", ToolCall(args={"queries": queries}))]
        for identity, call in searches:
            known: Item = {"id": identity} if identity else {}
            if _searches_files(call):
                yield _file_search(call, passages) | known
                passages = []
            else:
                yield _web_search(call, list(urls)) | known
                urls = {}
        for page in self._pages.url_metadata or ():
            if page.retrieved_url:
                status = "completed" if page.url_retrieval_status in _FETCHED else "failed"
                action = {"type": "open_page", "url": page.retrieved_url}
                yield {"type": "web_search_call", "status": status, "action": action}


def _updated(before: _Shape, raw: Raw) -> _Shape:
    """What was told, with what is told now in its place."""
    now = told(raw, type(before))
    news = {name: value for name, value in msgspec.structs.asdict(now).items() if value}
    return msgspec.structs.replace(before, **news)


def _place(segment: Segment, text: str, encoded: bytes, begins: int) -> tuple[int, int] | None:
    """Where a segment is, in characters; its own words count for more than its numbers."""
    base = len(text[:begins].encode(errors="replace"))
    first, last = base + (segment.start_index or 0), base + (segment.end_index or 0)
    if segment.text is not None and encoded[first:last] != segment.text.encode(errors="replace"):
        found = text.find(segment.text)
        if found >= 0:
            return found, found + len(segment.text)
    if not 0 <= first <= last <= len(encoded):
        return None
    start = len(encoded[:first].decode(errors="ignore"))
    return start, start + len(encoded[first:last].decode(errors="ignore"))


def _note(source: Source, start: int, end: int) -> Iterator[Item]:
    page = source.web or source.maps
    if page is not None and page.uri:
        yield _url_citation(page.uri, page.title, start, end)
    elif (passage := source.retrieved_context) is not None:
        yield {
            "type": "file_citation",
            "file_id": _file_id(passage),
            "filename": passage.title or "",
            "index": end,
        }


def _url_citation(url: str, title: str | None, start: int, end: int) -> Item:
    return {"type": "url_citation", "url": url, "title": title or "", "start_index": start, "end_index": end}


def _file_id(passage: Passage) -> str:
    return passage.uri or passage.document_name or passage.file_search_store or ""


def _searches_files(call: ToolCall) -> bool:
    return call.tool_type == _FILES


def _queries(call: ToolCall) -> list[str]:
    queries: Any = call.args.get("queries")
    return [query for query in queries if isinstance(query, str)] if is_array(queries) else []


def _web_search(call: ToolCall, urls: list[str]) -> Item:
    queries = _queries(call)
    action: Item = {"type": "search", "query": queries[0] if queries else "", "queries": queries}
    if urls:
        action["sources"] = [{"type": "url", "url": url} for url in urls]
    return {"type": "web_search_call", "status": "completed", "action": action}


def _file_search(call: ToolCall, passages: list[Passage]) -> Item:
    results: list[Item] = [
        {"file_id": _file_id(passage), "filename": passage.title or "", "text": passage.text or "", "attributes": {}}
        for passage in passages
    ]
    return {"type": "file_search_call", "status": "completed", "queries": _queries(call), "results": results}
