"""Citations of the Messages API as annotations.

https://platform.claude.com/docs/en/build-with-claude/citations, .../agents-and-tools/tool-use/web-search-tool (read
2026-11). Text comes in blocks, and a block cites its sources as a whole: so a citation spans what its block said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized

from antiphon.wire.requests import Item


def noted(citations: Iterable[Item], length: int, text: Sized) -> Iterator[Item]:
    """The annotations of a block of this length, the last of `text`."""
    end = len(text)
    start = max(end - length, 0)
    for citation in citations:
        kind, source = citation.get("type"), _text(citation.get("source"))
        title = _text(citation.get("title")) or _text(citation.get("document_title"))
        if kind == "web_search_result_location":
            yield _page(_text(citation.get("url")), title, start, end)
        elif kind == "search_result_location" and "://" in source:
            yield _page(source, title, start, end)
        else:
            file_id = _text(citation.get("file_id")) or source
            yield {"type": "file_citation", "file_id": file_id, "filename": title or source, "index": end}


def _page(url: str, title: str, start: int, end: int) -> Item:
    return {"type": "url_citation", "url": url, "title": title, "start_index": start, "end_index": end}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
