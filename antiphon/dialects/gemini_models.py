"""What Google's models differ in, by name; and what the two places differ in that serve them.

https://ai.google.dev/gemini-api/docs/thinking, …/docs/gemini-3, …/docs/openai (the table of efforts),
…/docs/tool-combination, …/docs/function-calling, …/docs/image-generation (all read 2026-11). A name that no pattern
knows is taken for a model of the newest generation.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from msgspec import Struct

from antiphon.protocols import Target
from antiphon.wire.requests import Effort

Thinking = Literal["level", "budget", "none"]
"""How a model is told how much to think: by a word, by tokens, or not at all."""

Hosted = frozenset[str]

_NOTHING: Final[Mapping[Effort, str | int]] = MappingProxyType({})


class Traits(Struct, frozen=True, kw_only=True):
    """What one model can be asked for.

    `efforts` gives Google's word or number for each effort; those in `inexact` come to another effort than was asked
    for. `signs`: it takes no call back without a signature. `combines`: functions, tools of Google's own and a schema
    may be asked for together. `validates`: it knows the mode VALIDATED. `draws`: it makes pictures. `instructed`: it
    takes a system instruction. `resolves`: it can be told how closely to look.
    """

    thinking: Thinking = "none"
    efforts: Mapping[Effort, str | int] = _NOTHING
    inexact: frozenset[Effort] = frozenset()
    signs: bool = False
    combines: bool = False
    validates: bool = False
    draws: bool = False
    instructed: bool = True
    resolves: bool = False
    hosted: Hosted = frozenset({"web_search", "code_interpreter", "file_search"})

    @property
    def runs(self) -> Hosted:
        """The kinds of tools that are run for it."""
        return self.hosted | {"image_generation"} if self.draws else self.hosted


def _efforts(values: str) -> Mapping[Effort, str | int]:
    """From least to most: none, minimal, low, medium, high, xhigh, max."""
    names: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    told = (int(value) if value.isdigit() else value for value in values.split())
    return MappingProxyType(dict(zip(names, told, strict=True)))


_SEARCH: Final[Hosted] = frozenset({"web_search"})

_LATEST_FLASH: Final = Traits(
    thinking="level",
    efforts=_efforts("MINIMAL MINIMAL LOW MEDIUM HIGH HIGH HIGH"),
    inexact=frozenset({"none", "xhigh", "max"}),
    signs=True,
    combines=True,
    validates=True,
    resolves=True,
)
_LATEST_PRO: Final = msgspec.structs.replace(
    _LATEST_FLASH,
    efforts=_efforts("LOW LOW LOW MEDIUM HIGH HIGH HIGH"),
    inexact=frozenset({"none", "minimal", "xhigh", "max"}),
)
_FIRST_PRO: Final = msgspec.structs.replace(
    _LATEST_FLASH,
    efforts=_efforts("LOW LOW LOW HIGH HIGH HIGH HIGH"),
    inexact=frozenset({"none", "minimal", "medium", "xhigh", "max"}),
)
_FLASH_2_5: Final = Traits(
    thinking="budget",
    efforts=_efforts("0 1024 1024 8192 24576 24576 24576"),
    inexact=frozenset({"xhigh", "max"}),
    validates=True,
    resolves=True,
)
_PRO_2_5: Final = msgspec.structs.replace(
    _FLASH_2_5,
    efforts=_efforts("128 1024 1024 8192 24576 32768 32768"),
    inexact=frozenset({"none"}),
)

_MODELS: Final[tuple[tuple[re.Pattern[str], Traits], ...]] = tuple(
    (re.compile(pattern), traits)
    for pattern, traits in (
        (r"gemini-3[\d.]*-flash-image", Traits(
            thinking="level",
            efforts=_efforts("MINIMAL MINIMAL MINIMAL HIGH HIGH HIGH HIGH"),
            inexact=frozenset({"none", "low", "medium", "xhigh", "max"}),
            signs=True,
            combines=True,
            draws=True,
            hosted=_SEARCH,
        )),
        (r"gemini-([3-9]|\d\d)[\d.]*-.*image", Traits(signs=True, combines=True, draws=True, hosted=_SEARCH)),
        (r"gemini-.*image", Traits(draws=True, hosted=frozenset())),
        (r"gemini-3-pro", _FIRST_PRO),
        (r"gemini-(([3-9]|\d\d)[\d.]*-)?pro", _LATEST_PRO),
        (r"gemini-2\.5-.*pro", _PRO_2_5),
        (r"gemini-(2\.5|robotics-er)", _FLASH_2_5),
        (r"gemini-[12]\b|learnlm", Traits(hosted=frozenset({"web_search", "code_interpreter"}))),
        (r"gemma-[12]\b|gemma-3", Traits(instructed=False, hosted=frozenset())),
        (r"gemma", Traits(hosted=frozenset())),
    )
)  # fmt: skip


def traits_of(model: str) -> Traits:
    """What is known of a model by its name, be it alone or the end of a path."""
    name = model.rpartition("/")[2].lower()
    return next((traits for pattern, traits in _MODELS if pattern.match(name)), _LATEST_FLASH)


class Place(Struct, frozen=True, kw_only=True):
    """Where Google's models are served, and what is said there in another way.

    `circulates`: what its own tools did is told, and taken back, as parts of the content; it has to be asked for.
    `stores`: it searches file stores. `buckets`: it reads from Cloud Storage. `tier_headers`: tiers are asked for by
    headers. `counts_whole`: the body that asks for a count is the one that asks for an answer. `needs_roles`: every
    content has to say whose it is.
    """

    circulates: bool
    stores: bool
    buckets: bool
    tier_headers: bool
    counts_whole: bool
    needs_roles: bool


_PLACES: Final[Mapping[str, Place]] = {
    "studio": Place(
        circulates=True, stores=True, buckets=False, tier_headers=False, counts_whole=False, needs_roles=False
    ),
    "vertex": Place(
        circulates=False, stores=False, buckets=True, tier_headers=True, counts_whole=True, needs_roles=True
    ),
}


def place_of(target: Target) -> Place:
    """The place of a target: the quirk `google_api` names it."""
    return _PLACES[target.quirks.google_api]


def hosts_of(target: Target) -> Hosted:
    """The kinds of tools that Google runs for the target's model."""
    hosts = traits_of(target.model).runs
    return hosts if place_of(target).stores else hosts - {"file_search"}


def as_google_chooses(target: Target) -> Target:
    """The target with the quirks of choosing tools that the format has, whatever its other formats need."""
    quirks = msgspec.structs.replace(
        target.quirks,
        allowed_tools=traits_of(target.model).validates,
        tool_choice_required="required",
        tool_choice_named=True,
        custom_tools=False,
        strict_functions=True,
    )
    return dataclasses.replace(target, quirks=quirks)
