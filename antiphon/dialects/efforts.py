"""How much a model shall reason, among the efforts that a provider knows."""

from __future__ import annotations

from typing import Final

from antiphon.quirks import Quirks
from antiphon.wire.requests import Effort

EFFORTS: Final[tuple[Effort, ...]] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From least to most."""


def nearest(wanted: Effort, quirks: Quirks) -> str | None:
    """The nearest effort that the provider knows; reasoning is not turned off but on request, and rather more of it."""
    if wanted in quirks.efforts:
        return wanted
    place = EFFORTS.index(wanted)
    known = [(effort, EFFORTS.index(effort)) for effort in EFFORTS if effort in quirks.efforts]
    thinking = [(effort, index) for effort, index in known if effort != "none"]
    ranked = sorted(thinking or known, key=lambda pair: (abs(pair[1] - place), -pair[1]))
    return ranked[0][0] if ranked else None
