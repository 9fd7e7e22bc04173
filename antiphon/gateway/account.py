"""One line in the log, and one more in the numbers, for each answer in the background: no request is there any more."""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.metrics import BACKGROUND, SPENT
from antiphon.protocols import Turn
from antiphon.wire.counts import counts_of
from antiphon.wire.events import Outcome
from antiphon.wire.money import cost_nanos

_logger: Final = logging.getLogger("antiphon.gateway")


class _Error(Struct):
    message: str = ""


class _Ended(Struct):
    error: _Error | None = None


_ended: Final = msgspec.json.Decoder(_Ended)


def tell(turn: Turn, outcome: Outcome) -> None:
    """Says how the answer ended, whose it was, who gave it, and what its client is told if it failed.

    The time is that since it was asked for.
    """
    error = _ended.decode(outcome.body).error
    target = "nobody" if turn.target is None else turn.target.name
    BACKGROUND.add((outcome.status,))
    counts = outcome.counts or counts_of(outcome.body)
    if counts is not None and turn.target is not None:
        price = turn.target.price
        SPENT.add(target, counts, None if price is None else cost_nanos(counts, price))
    _logger.log(
        logging.INFO if error is None else logging.WARNING,
        "response %s ended in the background: %s%s (key %s, tenant %s, %s -> %s, attempts: %d, %.3f s%s)",
        turn.id,
        outcome.status,
        "" if error is None else f": {error.message}",
        turn.caller.key_name,
        turn.caller.tenant,
        turn.request.model,
        target,
        turn.attempts,
        turn.clock() - turn.created_at,
        "" if turn.upstream_request_id is None else f", upstream request {turn.upstream_request_id!r}",
    )
