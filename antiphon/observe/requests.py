"""Requests in numbers, counted from what is told of each once it is over."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from msgspec import Struct

from antiphon.metrics import FAILED, FIRST_OUTPUT_SECONDS, REQUEST_SECONDS, REQUESTS, SPENT, Cells
from antiphon.records import Record, RequestRecord

_BOUNDS: Final = REQUEST_SECONDS.bounds
STRANGERS_AT_ONCE: Final = 100
"""So many requests for models that nobody knows are counted before it is asked again whether somebody does."""

_Key = tuple[str, str, int, str, bool, str | None]


class _Kind(Struct, frozen=True, gc=False):
    """What a request that is like others adds to."""

    requests: list[float]
    seconds: list[float]
    first: list[float] | None
    spent: Cells | None


class RequestNumbers:
    """Counts every record on its way to `told`. One look-up finds what a request adds to, which is then added up."""

    def __init__(self, told: Record) -> None:
        """Counts into what the whole process counts into."""
        self._told = told
        self._kinds: dict[_Key, _Kind] = {}
        self._strangers: dict[_Key, _Kind] = {}
        self._strange_left = STRANGERS_AT_ONCE

    def __call__(self, record: RequestRecord) -> None:
        """Implements `Record`."""
        key = (record.route, record.method, record.status, record.client, record.stream, record.target)
        kind = self._kinds.get(key) or self._strange(key) or self._opened(record)
        kind.requests[0] += 1
        if record.error_status:
            FAILED.add((record.route, record.error_status, record.client))
        seconds, cell = record.seconds, kind.seconds
        cell[bisect_left(_BOUNDS, seconds)] += 1
        cell[-1] += seconds
        first, spent, tokens = record.first_seconds, kind.spent, record.input_tokens
        if first is not None and kind.first is not None:
            FIRST_OUTPUT_SECONDS.put(kind.first, first)
        if spent is not None and tokens is not None:
            spent.input[0] += tokens
            spent.output[0] += record.output_tokens or 0
            if record.cached_tokens:
                spent.cached[0] += record.cached_tokens
            if record.reasoning_tokens:
                spent.reasoning[0] += record.reasoning_tokens
            if record.cost_nanos is not None:
                spent.nanos[0] += record.cost_nanos
        self._told(record)

    def _opened(self, record: RequestRecord) -> _Kind:
        """Methods that nothing serves are whatever a client made up: never kept. Unknown models are, for a while."""
        routed = record.route != "unknown"
        target = record.target
        kind = _Kind(
            requests=REQUESTS.cell(
                (record.route, record.method if routed else "other", record.status, record.client),
            ),
            seconds=REQUEST_SECONDS.cell((record.route, "true" if record.stream else "false")),
            first=None if target is None else FIRST_OUTPUT_SECONDS.cell((target.partition("/")[0],)),
            spent=None if target is None else SPENT.cells(target),
        )
        if routed:
            kinds = self._kinds if target is None or SPENT.is_known(target) else self._strangers
            kinds[record.route, record.method, record.status, record.client, record.stream, target] = kind
        return kind

    def _strange(self, key: _Key) -> _Kind | None:
        self._strange_left -= 1
        if self._strange_left < 0:
            self._strange_left = STRANGERS_AT_ONCE
            self._strangers.clear()
        return self._strangers.get(key)
