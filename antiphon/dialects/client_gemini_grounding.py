"""What an answer rests on, told as Google tells it: the pages and passages it cites, and the searches made for it.

https://ai.google.dev/api/generate-content#GroundingMetadata (read 2026-11). Google counts in bytes of UTF-8, over all
text of the answer.
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.wire.requests import Item, is_item

_STORES: Final = "fileSearchStores/"
_FETCHED: Final = "URL_RETRIEVAL_STATUS_SUCCESS"
_NOT_FETCHED: Final = "URL_RETRIEVAL_STATUS_ERROR"


class Grounds:
    """Takes items in their order; afterwards `told` is what they come to."""

    __slots__ = ("_chunks", "_pages", "_places", "_queries", "_retrievals", "_supports", "_written")

    def __init__(self) -> None:
        """Nothing has been taken in."""
        self._chunks: list[Item] = []
        self._places: dict[str, int] = {}
        self._supports: list[Item] = []
        self._queries: list[str] = []
        self._retrievals: list[str] = []
        self._pages: list[Item] = []
        self._written = 0

    def take(self, item: Item) -> None:
        """Takes a finished item in."""
        match item["type"]:
            case "message":
                for part in item["content"]:
                    self._part(part)
            case "web_search_call":
                self._search(item)
            case "file_search_call":
                self._retrievals += item.get("queries") or ()
                for found in item.get("results") or ():
                    self._passage(found, found.get("text"))
            case _:
                pass

    @property
    def told(self) -> Item:
        """The members of a candidate."""
        grounding: Item = {
            "groundingChunks": self._chunks,
            "groundingSupports": self._supports,
            "webSearchQueries": self._queries,
            "retrievalQueries": self._retrievals,
        }
        grounding = {name: value for name, value in grounding.items() if value}
        members: Item = {"groundingMetadata": grounding} if grounding else {}
        return members | ({"urlContextMetadata": {"urlMetadata": self._pages}} if self._pages else {})

    def _part(self, part: Item) -> None:
        text: str = part.get("text", part.get("refusal", ""))
        for note in part.get("annotations") or ():
            if note.get("type") == "url_citation":
                self._support(self._page(note), text, note.get("start_index") or 0, note.get("end_index") or 0)
            elif note.get("type") == "file_citation":
                index = note.get("index") or 0
                self._support(self._passage(note), text, index, index)
        self._written += len(text.encode(errors="replace"))

    def _support(self, chunk: int, text: str, start: int, end: int) -> None:
        """A citation; several of one place are one support."""
        first, last = (self._written + len(text[:index].encode(errors="replace")) for index in (start, end))
        segment: Item = {"startIndex": first, "endIndex": last, "text": text[start:end]}
        before = self._supports[-1] if self._supports else {}
        if before.get("segment") == segment:
            before["groundingChunkIndices"].append(chunk)
        else:
            self._supports.append({"segment": segment, "groundingChunkIndices": [chunk]})

    def _search(self, item: Item) -> None:
        action: Any = item.get("action")
        if not is_item(action):
            return
        if action.get("type", "search") == "search":
            queries = action.get("queries") or ([action["query"]] if action.get("query") else [])
            self._queries += [query for query in queries if query and query not in self._queries]
            for source in action.get("sources") or ():
                if source.get("url"):
                    self._page(source)
        elif action.get("url"):
            status = _NOT_FETCHED if item.get("status") == "failed" else _FETCHED
            self._pages.append({"retrievedUrl": action["url"], "urlRetrievalStatus": status})

    def _page(self, page: Item) -> int:
        url: str = page.get("url") or ""
        title: str = page.get("title") or ""
        place = self._chunk(f"w{url}", {"web": {"uri": url, "title": title or url}})
        if title:
            self._chunks[place]["web"]["title"] = title
        return place

    def _passage(self, passage: Item, text: str | None = None) -> int:
        name: str = passage.get("file_id") or ""
        place = "fileSearchStore" if name.startswith(_STORES) else "uri"
        said: Item = {place: name, "title": passage.get("filename") or name} | ({"text": text} if text else {})
        return self._chunk(f"f{name}", {"retrievedContext": said})

    def _chunk(self, key: str, chunk: Item) -> int:
        """Where it is among all, of which each is told once."""
        if key not in self._places:
            self._places[key] = len(self._chunks)
            self._chunks.append(chunk)
        return self._places[key]
