"""Requests in numbers, counted from what is told of each once it is over."""

from __future__ import annotations

from antiphon.metrics import FIRST_OUTPUT_SECONDS, REQUEST_SECONDS, REQUESTS, SPENT
from antiphon.records import Record, RequestRecord
from antiphon.wire.counts import Counts


class RequestNumbers:
    """Counts every record on its way to `told`."""

    def __init__(self, told: Record) -> None:
        """Counts into what the whole process counts into."""
        self._told = told
        self._cells: dict[tuple[str, str, int, str, bool], tuple[list[float], list[float]]] = {}

    def __call__(self, record: RequestRecord) -> None:
        """Implements `Record`."""
        key = (record.route, record.method, record.status, record.client, record.stream)
        cells = self._cells.get(key)
        if cells is None:
            cells = self._opened(record)
        cells[0][0] += 1
        REQUEST_SECONDS.put(cells[1], record.seconds)
        if record.first_seconds is not None and record.target is not None:
            FIRST_OUTPUT_SECONDS.observe(record.first_seconds, (record.target.partition("/")[0],))
        if record.input_tokens is not None and record.target is not None:
            counts = Counts(
                input=record.input_tokens,
                output=record.output_tokens or 0,
                cached=record.cached_tokens,
                reasoning=record.reasoning_tokens,
            )
            SPENT.add(record.target, counts, record.cost_nanos)
        self._told(record)

    def _opened(self, record: RequestRecord) -> tuple[list[float], list[float]]:
        """The cells of such a request. Methods that nothing serves are whatever a client made up."""
        known = record.route != "unknown"
        method = record.method if known else "other"
        requests = REQUESTS.cell((record.route, method, record.status, record.client))
        seconds = REQUEST_SECONDS.cell((record.route, "true" if record.stream else "false"))
        if known:
            key = (record.route, record.method, record.status, record.client, record.stream)
            self._cells[key] = requests, seconds
        return requests, seconds
