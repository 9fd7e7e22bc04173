"""An answer that goes on after a compaction in the same response: any dialect, with one item before its own."""

from __future__ import annotations

from typing import Final

from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Counting, Media, Reader, Target, Turn, UpstreamDialect, resumption_of
from antiphon.wire.events import EMPTY, Chunk, Outcome
from antiphon.wire.prefix import Prefixing, with_item
from antiphon.wire.requests import Item
from antiphon.wire.usage import Usage


class Continued:
    """Implements `protocols.UpstreamDialect` around another: the item and what it cost are part of every answer."""

    def __init__(self, dialect: UpstreamDialect, item: Item, used: Usage) -> None:
        """`used` is added to the usage of the answer."""
        self.name: str = dialect.name
        self.counting: Counting | None = dialect.counting
        self._dialect: Final = dialect
        self._item: Final = item
        self._used: Final = used

    def build(self, turn: Turn, target: Target) -> Built:
        """As the dialect has it."""
        return self._dialect.build(turn, target)

    def reader(self, turn: Turn, target: Target) -> Reader:
        """The dialect's reader, the item told before what it reads."""
        return _ContinuedReader(self._dialect.reader(turn, target), self._item, self._used)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        """The dialect's outcome, the item before its output."""
        return with_item(self._dialect.whole(turn, target, body), self._item, self._used)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """As the dialect has it."""
        return self._dialect.unreachable(target)

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As the dialect has it."""
        return self._dialect.refusal(status, body, retry_after)


class _ContinuedReader:
    """Implements `protocols.Reader`."""

    __slots__ = ("_item", "_prefixing", "_reader", "_used", "failure", "outcome")

    def __init__(self, reader: Reader, item: Item, used: Usage) -> None:
        self._reader = reader
        self._item = item
        self._used = used
        self._prefixing = Prefixing(item)
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None

    @property
    def resumption(self) -> Built | None:
        """What to ask for the answer to go on, where its provider has interrupted it."""
        return resumption_of(self._reader)

    def feed(self, data: bytes) -> Chunk:
        return self._taken(self._reader.feed(data))

    def quick(self, data: bytes, number: int) -> bytes | None:
        """Never: every event changes its place."""
        _ = data, number
        return None

    def close(self) -> Chunk:
        return self._taken(self._reader.close())

    def _taken(self, chunk: Chunk) -> Chunk:
        self.failure = self._reader.failure
        if self._reader.outcome is not None and self.outcome is None:
            self.outcome = with_item(self._reader.outcome, self._item, self._used)
        events = self._prefixing.events(chunk.events, self.outcome)
        return Chunk(events) if events else EMPTY
