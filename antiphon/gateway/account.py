"""One line in the log for each answer in the background, since no request is there any more that would have one."""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.protocols import Turn
from antiphon.wire.events import Outcome

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
    _logger.log(
        logging.INFO if error is None else logging.WARNING,
        "response %s ended in the background: %s%s (key %s, tenant %s, %s -> %s, %d attempts, %.3f s%s)",
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
