"""Tools that a chat completions provider ran by itself, as the items that a Responses client knows them by.

Groq tells of them in `executed_tools`: once when a tool begins, and again with what it gave
(https://console.groq.com/docs/compound/built-in-tools, read 2026-11, and the recording groq.chat).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from antiphon.dialects.chat_shapes import objects
from antiphon.wire.requests import Item, Request, is_item

_SEARCHES: Final = frozenset({"search", "web_search", "browser_search", "browser.search"})
_VISITS: Final = frozenset({"visit", "visit_website", "browser.open"})
_CODE: Final = frozenset({"python", "code_interpreter", "code_execution"})


class Executed:
    """The tools that were run for one answer; each is told once, when it is done or the answer is."""

    __slots__ = ("_begun", "_provider", "_request", "_told")

    def __init__(self, request: Request, provider: str) -> None:
        """`request` says how much of their results the client wants."""
        self._request = request
        self._provider = provider
        self._begun: dict[Any, Item] = {}
        self._told: set[tuple[Any, str]] = set()

    def take(self, entries: Iterable[Item]) -> Iterator[Item]:
        """The items of those that are done with these."""
        for entry in entries:
            index, arguments = entry.get("index"), _text(entry.get("arguments"))
            if (index, arguments) in self._told:
                continue
            if entry.get("output") is None:
                self._begun[index] = entry
                continue
            self._begun.pop(index, None)
            self._told.add((index, arguments))
            yield self._item(entry)

    def rest(self) -> Iterator[Item]:
        """The items of those of whose end nobody told."""
        begun, self._begun = self._begun, {}
        return map(self._item, begun.values())

    def _item(self, entry: Item) -> Item:
        kind, arguments = _text(entry.get("type")), _arguments(entry)
        if kind in _SEARCHES:
            query = _text(arguments.get("query"))
            action: Item = {"type": "search", "query": query, "queries": [query]}
            if self._request.includes("web_search_call.action.sources"):
                action["sources"] = [{"type": "url", "url": url} for url in _addresses(entry)]
            return {"type": "web_search_call", "action": action}
        if kind in _VISITS:
            return {"type": "web_search_call", "action": {"type": "open_page", "url": _text(arguments.get("url"))}}
        output = _text(entry.get("output"))
        if kind in _CODE:
            wanted = self._request.includes("code_interpreter_call.outputs")
            code = _text(arguments.get("code"))
            outputs = [{"type": "logs", "logs": output}] if wanted else None
            return {"type": "code_interpreter_call", "container_id": "", "code": code, "outputs": outputs}
        named = {"server_label": self._provider, "name": kind, "arguments": _text(entry.get("arguments"))}
        return {"type": "mcp_call", **named, "output": output, "error": None}


def _arguments(entry: Item) -> Item:
    try:
        value: object = msgspec.json.decode(_text(entry.get("arguments")))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {}
    return value if is_item(value) else {}


def _addresses(entry: Item) -> list[str]:
    found = entry.get("search_results")
    results = objects(found.get("results")) if is_item(found) else []
    return [url for result in results if (url := _text(result.get("url")))]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
