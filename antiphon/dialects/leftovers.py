"""Members of a request that nobody acts on."""

from __future__ import annotations

from antiphon.dialects.losses import Losses
from antiphon.wire.requests import KNOWN_FIELDS, Request


def report_unknown(request: Request, losses: Losses) -> None:
    """Reports fields that nobody acts on: what is unknown here must not reach a provider that may refuse it."""
    if not request.body:
        return
    members = request.members()
    if members.keys() <= KNOWN_FIELDS:
        return
    lost = [name for name, value in members.items() if name not in KNOWN_FIELDS and bytes(value) != b"null"]
    for name in lost[:1]:
        listed = ", ".join(f"'{name[:64]}'" for name in lost[:16])
        losses.lose(f"These parameters were left out: {listed}.", name[:64], "unsupported_parameter")
