"""Members of a request that a provider has no word for, and members that nobody acts on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec
from msgspec import Raw

from antiphon.dialects.losses import Losses
from antiphon.wire.requests import KNOWN_FIELDS, Reasoning, Request, StreamOptions, TextFormat, TextOptions

_NESTED: Final = {
    "reasoning": frozenset(Reasoning.__struct_fields__),
    "text": frozenset(TextOptions.__struct_fields__),
    "text.format": frozenset(TextFormat.__struct_fields__),
    "stream_options": frozenset(StreamOptions.__struct_fields__),
}
"""Members that are objects, with theirs that are acted on."""

_USUAL: Final = {"reasoning.context": b'"auto"', "reasoning.mode": b'"standard"'}
"""What says no more than leaving it out would."""

_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode


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


def report_unknown(request: Request, losses: Losses, told: Collection[str] = ()) -> None:
    """Reports what nobody acts on, but for `told`, which this dialect does: ``prompt_cache_options``, for example."""
    if not request.body:
        return
    members = request.members()
    lost = [name for name in members if name not in KNOWN_FIELDS and _says(members[name])]
    for name in _NESTED:
        lost += _inside(name, members)
    lost = [name for name in lost if name not in told]
    if lost:
        listed = ", ".join(f"'{name[:64]}'" for name in lost[:16])
        losses.report("field.other", lost[0][:64], names=listed)


def _inside(place: str, members: dict[str, Raw]) -> Iterator[str]:
    """The full names of what is unknown in the object at `place`."""
    *outer, last = place.split(".")
    for name in outer:
        if (value := members.get(name)) is None or not _says(value):
            return
        members = _members(value)
    value = members.get(last)
    if value is None or not bytes(value).lstrip().startswith(b"{"):
        return
    for name, member in _members(value).items():
        full = f"{place}.{name}"
        if name not in _NESTED[place] and _says(member) and bytes(member) != _USUAL.get(full):
            yield full


def _says(value: Raw) -> bool:
    return bytes(value) != b"null"
