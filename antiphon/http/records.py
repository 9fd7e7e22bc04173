"""What is told of a request once it is over."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import AntiphonError, UpstreamRefused
from antiphon.http.call import Call
from antiphon.records import RequestRecord
from antiphon.wire.counts import counts_of
from antiphon.wire.events import Outcome
from antiphon.wire.money import cost_nanos


class _Counts(Struct, frozen=True):
    input_tokens: int = 0
    output_tokens: int = 0


class _Used(Struct, frozen=True):
    usage: _Counts | None = None


_used: Final = msgspec.json.Decoder(_Used).decode


def note_usage(call: Call, outcome: Outcome) -> None:
    """Puts the tokens of an answer, and what they cost, where its record is made from."""
    call.usage = outcome.counts
    price = None if call.turn is None or call.turn.target is None else call.turn.target.price
    counts = None if price is None else counts_of(outcome.body)
    if price is not None and counts is not None:
        call.usage = counts.input, counts.output
        call.cost_nanos = cost_nanos(counts, price)
        return
    if outcome.counts is None:
        usage = _used(outcome.body).usage
        call.usage = None if usage is None else (usage.input_tokens, usage.output_tokens)


def record_of(call: Call, method: str, path: str, seconds: float, error: AntiphonError | None) -> RequestRecord:
    """The record of a call that took so long; `error` is what its client was told, if it was one."""
    turn, caller, usage = call.turn, call.caller, call.usage
    return RequestRecord(
        request_id=call.request_id,
        method=method,
        path=path,
        status=call.status,
        seconds=round(seconds, 6),
        key=None if caller is None else caller.key_name,
        tenant=None if caller is None else caller.tenant,
        response_id=None if turn is None else turn.id,
        model=None if turn is None else turn.request.model,
        target=None if turn is None or turn.target is None else turn.target.name,
        stream=turn is not None and turn.request.streamed,
        attempts=0 if turn is None else turn.attempts,
        upstream_request_id=None if turn is None else turn.upstream_request_id,
        input_tokens=None if usage is None else usage[0],
        output_tokens=None if usage is None else usage[1],
        cost_nanos=call.cost_nanos,
        warnings=() if turn is None else turn.warnings,
        error=None if error is None else error.message,
        error_code=None if error is None else error.code,
        upstream_error=error.said if isinstance(error, UpstreamRefused) else None,
    )
