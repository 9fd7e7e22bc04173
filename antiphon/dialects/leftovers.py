"""Members of a request that a provider has no word for, and members that nobody acts on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec
from msgspec import Raw

from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import InputFile, Part, Picture, Url, Words
from antiphon.dialects.tools import HostedTool, Offer
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


def report_breakpoint(part: Part, place: str, losses: Losses) -> None:
    """Reports that a provider is not told to cache what stands up to this part."""
    if isinstance(part, Words | Picture | InputFile) and part.prompt_cache_breakpoint is not None:
        losses.report("part.prompt_cache_breakpoint", f"{place}.prompt_cache_breakpoint")


def report_media(role: str, place: str, losses: Losses) -> None:
    """Reports something other than text in a message of this role, which can hold text alone."""
    where = "An assistant's message" if role == "assistant" else "A system message"
    losses.report(f"part.media_from_{role}", place, where=where)


def report_detail(part: Picture | InputFile, place: str, losses: Losses) -> None:
    """Reports that a provider is not told how closely to look at a file or a picture."""
    detail = part.detail
    if detail is None and isinstance(part, Picture) and isinstance(part.image_url, Url):
        detail = part.image_url.detail
    if detail not in (None, "auto"):
        kind = "input_image" if isinstance(part, Picture) else "input_file"
        losses.report(f"part.{kind}.detail", f"{place}.detail")


def report_hosted(request: Request, offered: Offer, losses: Losses, *, limited: bool = False) -> None:
    """Reports what a provider cannot be told of its own tools, and what it does not tell of them.

    `limited`: `max_tool_calls` is seen to elsewhere.
    """
    kinds = [tool.kind for tool in offered.tools if isinstance(tool, HostedTool)]
    if kinds and request.max_tool_calls is not None and not limited:
        losses.report("field.max_tool_calls", "max_tool_calls", tool=kinds[0])
    for value in request.include or ():
        if value.partition(".")[0].removesuffix("_call") in kinds:
            losses.report(f"field.include.{value}", "include")


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
