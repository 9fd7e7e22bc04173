"""What is told of a request once it is over."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter
from typing import Any, Final

import msgspec

from antiphon.errors import AntiphonError, UpstreamRefused
from antiphon.gateway.errands import Errand
from antiphon.http.call import Call
from antiphon.passing_protocols import Passage, Passing
from antiphon.protocols import Turn
from antiphon.records import RequestRecord
from antiphon.wire.counts import Counts, counts_of
from antiphon.wire.events import Outcome
from antiphon.wire.money import cost_nanos

_NOTHING: Final = Decimal(0)


def note_usage(call: Call, outcome: Outcome) -> None:
    """Puts the tokens of an answer, and what they cost, where its record is made from."""
    counts = outcome.counts or counts_of(outcome.body)
    if counts is None:
        return
    call.counts = counts
    price = None if call.turn is None or call.turn.target is None else call.turn.target.price
    if price is not None:
        call.cost_nanos = cost_nanos(counts, price)


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
    """The record of a call that took so long; `error` is what its client was told, if it was one."""
    caller, counts = call.caller, call.counts
    told: dict[str, Any] = {
        "request_id": call.request_id,
        "method": method,
        "path": path,
        "status": call.status,
        "seconds": round(seconds, 6),
        "route": call.route,
        "client": call.tongue,
    }
    if caller is not None:
        told["key"], told["tenant"] = caller.key_name, caller.tenant
    work = call.turn or call.errand
    if work is not None:
        _tell_work(told, work, seconds)
        if call.turn is not None:
            told["response_id"] = call.turn.id
        if call.errand is not None:
            told["model"] = call.errand.model
    if counts is not None:
        told["input_tokens"], told["output_tokens"] = counts.input, counts.output
        told["cached_tokens"], told["reasoning_tokens"] = counts.cached, counts.reasoning
    if call.cost_nanos is not None:
        told["cost_nanos"] = call.cost_nanos
    if error is not None:
        told["error"], told["error_code"] = error.message, error.code
        told["upstream_error"] = error.said if isinstance(error, UpstreamRefused) else None
    record = RequestRecord(**told)
    return record if call.passage is None else _passed(record, call.passage)


def _tell_work(told: dict[str, Any], work: Turn | Errand, seconds: float) -> None:
    if isinstance(work, Errand):
        told["model"], told["stream"] = work.model, work.streamed
    else:
        told["model"], told["stream"] = work.request.model, work.request.streamed
    if work.target is not None:
        told["target"] = work.target.name
    if work.output_at is not None:
        told["first_seconds"] = _first(work.output_at, seconds)
    told["attempts"] = work.attempts
    told["upstream_request_id"] = work.upstream_request_id
    told["warnings"] = work.warnings


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
