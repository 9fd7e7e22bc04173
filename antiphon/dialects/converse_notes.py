"""What Converse says beside the text, in the Responses' shapes: where it comes from, and what it cost.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html and API_runtime_TokenUsage.html (read
2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.dialects.converse_shapes import NULL, Counts, decoder, read
from antiphon.wire.requests import Item, is_item
from antiphon.wire.usage import NO_USAGE, Usage, counted

_counts: Final = decoder(Counts)


def stopped_by(fields: object, asked: Sequence[str]) -> str | None:
    """Which of the texts that should end the answer did; None where nobody knows. `fields` are the model's own."""
    inner: Any = fields.get("delta") if is_item(fields) else None
    for place in (inner, fields):
        text = place.get("stop_sequence") if is_item(place) else None
        if isinstance(text, str) and text:
            return text
    return asked[0] if len(asked) == 1 else None


def cited(citations: Sequence[Item], length: int, text: Sized) -> Iterator[Item]:
    """Citations of the last `length` characters of `text`, which is all that was said so far.

    What comes from the web is cited by its address; the rest by the name that the client gave its document.
    """
    for citation in citations:
        location: Any = citation.get("location")
        web: Any = location.get("web") if is_item(location) else None
        source: Any = citation.get("source")
        address: Any = web.get("url") if is_item(web) else source
        title = _text(citation.get("title"))
        if isinstance(address, str) and address.startswith(("http://", "https://")):
            start = len(text) - length
            place = {"start_index": start, "end_index": len(text)}
            yield {"type": "url_citation", "url": address, "title": title} | place
        else:
            yield {"type": "file_citation", "file_id": "", "filename": title, "index": len(text)}


def usage_of(raw: Raw) -> Usage:
    """Token counts. Raises UpstreamBroke."""
    if raw == NULL:
        return NO_USAGE
    counts = read(_counts, bytes(raw))
    read_tokens, written = _count(counts.cache_read_input_tokens), _count(counts.cache_write_input_tokens)
    return counted(
        input_tokens=_count(counts.input_tokens) + read_tokens + written,
        output_tokens=_count(counts.output_tokens),
        cached=read_tokens,
        cache_write=written,
        reasoning=0,
        raw=Raw(bytes(raw)),
    )


def _count(value: int) -> int:
    return max(value, 0)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def picture(form: str, pieces: Sequence[str]) -> Item:
    """A picture as an item that lacks its id. `pieces` are of one base64 text."""
    return {"type": "image_generation_call", "status": "completed", "result": "".join(pieces), "output_format": form}


def searched(arguments: str) -> Item:
    """A search of the web that Bedrock has made, as an item that lacks its id."""
    try:
        given: object = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        given = None
    query = _text(given.get("query")) if is_item(given) else ""
    action: Item = {"type": "search", "query": query, "queries": [query] if query else []}
    return {"type": "web_search_call", "status": "completed", "action": action}
