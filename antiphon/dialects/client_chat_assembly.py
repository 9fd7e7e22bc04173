"""A streamed chat completion, put together again as the whole answer that it would have been.

Law: however the stream was cut, the same answer comes of it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.errors import UpstreamBroke
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.requests import Item, is_array, is_item
from antiphon.wire.sse import FrameSplitter

MAX_STREAM_BYTES: Final = 64 * 1024 * 1024
"""A stream that is kept is in memory until it ends."""

_DONE: Final = b"[DONE]"
_REPLACED: Final = frozenset({"id", "type", "role", "index", "name", "format", "expires_at"})
"""Members of deltas that say the same each time, where they say it again."""

_chunk: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode


class ChatAssembly:
    """Takes the bytes of one stream. `done` is set once the mark of its end has come."""

    __slots__ = ("_answer", "_choices", "_failed", "_size", "_splitter", "done")

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.done = False
        self._splitter = FrameSplitter()
        self._answer: Item = {}
        self._choices: dict[int, Item] = {}
        self._failed = False
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Takes the next bytes. Raises UpstreamBroke for what is no stream of chunks."""
        self._size += len(data)
        if self._size > MAX_STREAM_BYTES:
            message = f"The provider's stream is longer than the {MAX_STREAM_BYTES} bytes that can be kept of one."
            raise UpstreamBroke(message)
        for frame in self._splitter.feed(data):
            self._take(frame.data)

    def whole(self) -> bytes | None:
        """The answer, at the end of the stream; None where it told of a failure, or of nothing."""
        for frame in self._splitter.finish():
            self._take(frame.data)
        if self._failed or not self._answer:
            return None
        choices = [self._choices[index] for index in sorted(self._choices)]
        for choice in choices:
            choice["message"] = choice.pop("delta")
            for call in choice["message"].get("tool_calls") or ():
                call.pop("index", None)
        return _encode(self._answer | {"object": "chat.completion", "choices": choices})

    def _take(self, data: bytes) -> None:
        if data == _DONE:
            self.done = True
            return
        try:
            chunk = _chunk(data)
        except UNDECODABLE:
            message = "The provider sent a stream event that is no chunk of a chat completion."
            raise UpstreamBroke(message) from None
        self._failed = self._failed or chunk.get("error") is not None
        choices: Any = chunk.pop("choices", None)
        chunk.pop("obfuscation", None)
        for name, value in chunk.items():
            if value is not None or name not in self._answer:
                self._answer[name] = value
        for choice in choices if is_array(choices) else ():
            if is_item(choice):
                self._choose(choice)

    def _choose(self, said: Item) -> None:
        index = said.get("index")
        place = index if isinstance(index, int) else 0
        if not is_item(said.get("delta")):
            said["delta"] = {}
        choice = self._choices.setdefault(place, {"index": place, "delta": {"role": "assistant", "content": None}})
        _grow(choice, said)


def _grow(grown: Item, more: Item) -> None:
    """Adds what came to what was there: texts and lists go on, objects grow, anything else is as it is said last."""
    for name, value in more.items():
        before: Any = grown.get(name)
        if value is None:
            grown.setdefault(name, None)
        elif isinstance(value, str) and isinstance(before, str) and name not in _REPLACED:
            grown[name] = before + value
        elif is_item(value) and is_item(before):
            _grow(before, value)
        elif is_array(value):
            grown[name] = _longer(before if is_array(before) else [], value)
        else:
            grown[name] = value


def _longer(entries: list[Any], more: list[Any]) -> list[Any]:
    """The list with its new entries; one with the `index` of another goes on with that."""
    for entry in more:
        place = entry.get("index") if is_item(entry) else None
        known = next((each for each in entries if place is not None and each.get("index") == place), None)
        if known is None:
            entries.append(entry)
        else:
            _grow(known, entry)
    return entries
