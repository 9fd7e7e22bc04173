"""What chat completions say beside the text: citations, token probabilities and pictures, in the Responses' shapes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Final

import msgspec

from antiphon.dialects.chat_shapes import Logprob, TopLogprob, objects
from antiphon.dialects.writer_items import Run
from antiphon.wire.requests import Item, is_array, is_item

_DATA_URL: Final = re.compile(r"data:image/(?P<format>[a-z0-9.+-]+)[^,]*;base64,", re.IGNORECASE)
_NEVER: Final = -9999.0
"""What OpenAI says of a token that has no probability at all."""
_MARK: Final = re.compile(r"\[(\d{1,3})\]")


def flattened(notes: Iterable[Item], text: Sized) -> Iterator[Item]:
    """Citations in the flat form of a response, which has no place for notes of other kinds.

    A citation that does not say where it belongs stands at the end of `text`, which is all that was said so far.
    """
    for note in notes:
        nested = note.get("url_citation")
        source = nested if is_item(nested) else note
        url = source.get("url")
        if note.get("type") != "url_citation" or not isinstance(url, str):
            continue
        start, end = source.get("start_index"), source.get("end_index")
        if not isinstance(start, int) or not isinstance(end, int):
            start = end = len(text)
        yield _citation(url, source.get("title"), start, end)


def cited(sources: Sequence[tuple[str, str]], run: Run) -> Iterator[Item]:
    """Perplexity lists its sources (URL, title) beside the text and cites them in it as ``[1]``, ``[2]``.

    Each mark becomes a citation that spans it; a source that is never cited stands at the end.
    """
    text = run.text()
    unseen = dict.fromkeys(range(len(sources)))
    for mark in _MARK.finditer(text):
        index = int(mark[1]) - 1
        if 0 <= index < len(sources):
            unseen.pop(index, None)
            yield _citation(*sources[index], *mark.span())
    for index in unseen:
        yield _citation(*sources[index], len(text), len(text))


def referred(ids: object, text: Sized) -> Iterator[Item]:
    """Mistral's references to documents that the client numbered, which stand behind the text that rests on them.

    https://docs.mistral.ai/capabilities/citations/ (read 2026-11).
    """
    for number in ids if is_array(ids) else ():
        yield {"type": "file_citation", "file_id": str(number), "filename": "", "index": len(text)}


def recognised(verdicts: bytes, text: Sized) -> Iterator[Item]:
    """Where code comes from that Azure recognised in the text, with its licence for a title.

    https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter-protected-material (read 2026-11).
    """
    value: object = msgspec.json.decode(verdicts)
    for verdict in value.values() if is_item(value) else ():
        citation = verdict.get("citation") if is_item(verdict) else None
        url = citation.get("URL") if is_item(citation) else None
        if isinstance(url, str) and is_item(citation):
            yield _citation(url, citation.get("license"), 0, len(text))


def sources_of(citations: Iterable[object], results: object) -> list[tuple[str, str]]:
    """The numbered sources: `results` name URL and title, `citations` the URLs alone."""
    titles: dict[str, str] = {
        found["url"]: _text(found.get("title")) for found in objects(results) if isinstance(found.get("url"), str)
    }
    urls = [url for url in citations if isinstance(url, str)]
    return [(url, titles.get(url, "")) for url in urls or titles]


def logprobs_of(logprobs: Iterable[Logprob]) -> list[Item]:
    """Token probabilities with the bytes of every token, which some vendors leave out."""
    return [
        _logprob(chosen) | {"top_logprobs": [_logprob(likely) for likely in chosen.top_logprobs or ()]}
        for chosen in logprobs
    ]


def picture(image: Item) -> Item | str | None:
    """A picture as an item that lacks its id, or, if it was left on the web, as a link to be shown in the text."""
    holder = image.get("image_url")
    url = holder.get("url") if is_item(holder) else holder
    if not isinstance(url, str):
        return None
    data = _DATA_URL.match(url)
    if data is None:
        return f"![]({url})"
    form = data["format"].lower()
    return {
        "type": "image_generation_call",
        "status": "completed",
        "result": url[data.end() :],
        "output_format": "jpeg" if form == "jpg" else form.removesuffix("+xml"),
    }


def _citation(url: str, title: object, start: int, end: int) -> Item:
    return {"type": "url_citation", "url": url, "title": _text(title), "start_index": start, "end_index": end}


def _logprob(token: Logprob | TopLogprob) -> Item:
    said = token.bytes if token.bytes is not None else list(token.token.encode(errors="replace"))
    return {"token": token.token, "logprob": token.logprob if math.isfinite(token.logprob) else _NEVER, "bytes": said}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
