"""What every translation of a turn into a provider's body begins and ends with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from antiphon.dialects.fates import Fates
from antiphon.dialects.losses import Losses
from antiphon.dialects.sealed import Unsealing
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Sealer, Target, Turn
from antiphon.wire.envelope import Kind

_encode: Final = msgspec.json.Encoder().encode

Translate = Callable[[Turn, Target, Losses, Unsealing], dict[str, Any]]
"""Makes the body."""


def built_by(translate: Translate, turn: Turn, target: Target, sealer: Sealer, kind: Kind, fates: Fates) -> Built:
    """The body to send; losses are told by `fates`, reasoning that is given back was sealed in the form `kind`.

    Raises BadRequest for what cannot be said at all, or not without loss when strict.
    """
    strict = turn.strict or turn.request.strict is True
    losses = Losses(strict=strict, provider=target.provider, fates=fates, quirks=target.quirks)
    try:
        body = _encode(translate(turn, target, losses, Unsealing(turn, target, sealer, kind)))
    except RecursionError:
        raise BadRequest("The request is nested too deeply.", code="invalid_value") from None
    return Built(body, losses.sentences(), tuple(losses.removed))
