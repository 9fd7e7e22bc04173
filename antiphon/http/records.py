"""What is told of a request once it is over."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter
from typing import Final

import msgspec

from antiphon.dialects.failures import failure_of
from antiphon.errors import AntiphonError
from antiphon.gateway.errands import Errand
from antiphon.http.call import Call
from antiphon.passing_protocols import Passage, Passing
from antiphon.protocols import Sink
from antiphon.records import RequestRecord
from antiphon.wire.counts import Counts, counts_of
from antiphon.wire.events import Chunk, Outcome, failure_by
from antiphon.wire.money import cost_nanos

_NOTHING: Final = Decimal(0)
_ERRORS: Final = 400


def note_usage(call: Call, outcome: Outcome) -> None:
    """Puts the tokens of an answer, and what they cost, where its record is made from, and why it failed."""
    note_failed(call, outcome)
    counts = outcome.counts or counts_of(outcome.body)
    if counts is None:
        return
    call.counts = counts
    price = None if call.turn is None or call.turn.target is None else call.turn.target.price
    if price is not None:
        call.cost_nanos = cost_nanos(counts, price)


def note_failed(call: Call, outcome: Outcome) -> None:
    """Puts where its record is made from why an answer failed, if it did."""
    if outcome.status == "failed":
        call.failure = outcome.failure or failure_by(failure_of(outcome.body))


def noting_failure(call: Call, sink: Sink) -> Sink:
    """As `note_failed`, for an answer that is given to somebody else and followed into `sink`."""

    async def pass_on(chunk: Chunk) -> None:
        last = chunk.events[-1]
        if last.type == "response.failed":
            call.failure = failure_by(failure_of(last.data))
        await sink(chunk)

    return pass_on


def note_input(call: Call, errand: Errand, tokens: int | None) -> None:
    """As `note_usage`, for what has input alone."""
    if tokens is None:
        return
    call.counts = Counts(input=tokens)
    price = None if errand.target is None else errand.target.price
    if price is not None:
        free = msgspec.structs.replace(price, output=_NOTHING)
        call.cost_nanos = cost_nanos(call.counts, free)


def note_counts(call: Call, errand: Errand, counts: Counts | None) -> None:
    """As `note_usage`, for pictures and sounds."""
    if counts is None:
        return
    call.counts = counts
    price = None if errand.target is None else errand.target.price
    if price is not None:
        call.cost_nanos = cost_nanos(counts, price)


def record_of(call: Call, method: str, path: str, seconds: float, error: AntiphonError | None) -> RequestRecord:
    """The record of a call that took so long; `error` is what ended it, if one did."""
    turn, caller, counts = call.turn, call.caller, call.counts
    work = turn or call.errand
    failure = call.failure if error is None else failure_by(error)
    record = RequestRecord(
        request_id=call.request_id,
        method=method,
        path=path,
        status=call.status,
        seconds=round(seconds, 6),
        route=call.route,
        client=call.tongue,
        first_seconds=None if work is None or work.output_at is None else _first(work.output_at, seconds),
        key=None if caller is None else caller.key_name,
        tenant=None if caller is None else caller.tenant,
        response_id=None if turn is None else turn.id,
        model=call.errand.model if call.errand is not None else None if turn is None else turn.request.model,
        target=None if work is None or work.target is None else work.target.name,
        stream=bool(turn.request.stream) if turn is not None else call.errand is not None and call.errand.streamed,
        attempts=0 if work is None else work.attempts,
        upstream_request_id=None if work is None else work.upstream_request_id,
        input_tokens=None if counts is None else counts.input,
        output_tokens=None if counts is None else counts.output,
        cached_tokens=0 if counts is None else counts.cached,
        reasoning_tokens=0 if counts is None else counts.reasoning,
        cost_nanos=call.cost_nanos,
        warnings=() if work is None else work.warnings,
        error=None if failure is None else failure.message,
        error_code=None if failure is None else failure.code,
        upstream_error=None if failure is None else failure.said,
        error_status=0 if failure is None or call.status >= _ERRORS else failure.status,
    )
    return record if call.passage is None else _passed(record, call.passage)


def note_passed(call: Call, passing: Passing, passage: Passage, counts: Counts | None) -> None:
    """As `note_usage`, for what could be recognised of an answer that was passed on."""
    if counts is None:
        return
    call.counts = counts
    if passage.model is not None:
        call.cost_nanos = passing.cost_nanos(passage.model, counts)


def _first(output_at: float, seconds: float) -> float:
    """Seconds from the head of a request, which has taken so many until now, to its first output."""
    return round(max(0.0, seconds - perf_counter() + output_at), 6)


def _passed(record: RequestRecord, passage: Passage) -> RequestRecord:
    model = passage.model
    return msgspec.structs.replace(
        record,
        model=model,
        target=passage.provider if model is None else f"{passage.provider}/{model}",
        stream=passage.streamed,
        attempts=1,
        upstream_request_id=passage.upstream_request_id,
    )
