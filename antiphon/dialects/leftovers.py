"""Members of a request that a provider has no word for, and members that nobody acts on."""

from __future__ import annotations

from typing import Final

from antiphon.dialects.losses import Losses
from antiphon.wire.requests import KNOWN_FIELDS, Request

_PRIVATE: Final = ("prompt_cache_key", "prompt_cache_retention", "safety_identifier", "user")


def report_wordless(request: Request, losses: Losses) -> None:
    """Reports, by the table of fates, what only some providers can be told: tiers, caches, users, how much to say."""
    if request.text is not None and request.text.verbosity not in (None, "medium"):
        losses.report("field.text.verbosity", "text.verbosity")
    if request.service_tier not in (None, "auto", "default"):
        losses.report("field.service_tier", "service_tier", tier=request.service_tier)
    for name in _PRIVATE:
        if getattr(request, name):
            losses.report(f"field.{name}", name, name=name)
    if request.reasoning is not None:
        summary = request.reasoning.summary or request.reasoning.generate_summary
        if summary in {"concise", "detailed"}:
            losses.report("field.reasoning.summary", "reasoning.summary")


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
