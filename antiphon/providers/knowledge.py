"""All that is known of models, from who knows it best: the owner, the provider's list, the files beside this one.

Law: nothing is asked of anybody here, and a file is read when a model of its provider is first asked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.providers.facts import UNKNOWN, Fact, Words
from antiphon.providers.model_names import names_of, resold
from antiphon.wire.money import Price

Facts = Mapping[str, Fact]
"""By the name of a model at its provider."""


class Source(Struct, frozen=True):
    """Where facts were read, and when."""

    url: str
    read_on: str
    name: str = ""
    licence: str = ""


class Profile(Struct, frozen=True, rename={"sources": "from"}):
    """What many models have in common; `sources` are the letters of those that say it."""

    sources: str
    input: Words | UnsetType = UNSET
    output: Words | UnsetType = UNSET
    capabilities: Words | UnsetType = UNSET


class Filed(Struct, frozen=True):
    """One model in a file."""

    profile: str
    context: int | UnsetType = UNSET
    max_output: int | UnsetType = UNSET
    price: Price | UnsetType = UNSET


class File(Struct, frozen=True):
    """One file of `antiphon/providers/models/`, which `tools/refresh_models.py` writes."""

    sources: dict[str, Source]
    profiles: dict[str, Profile]
    models: dict[str, Filed]


_FILES: Final = resources.files("antiphon.providers").joinpath("models")
_NO_FILE: Final = File({}, {}, {})
_SAFE: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


def file_of(row: str) -> File:
    """What lies here of a kind of provider; nothing for most of those that run on the owner's own machines."""
    path = _FILES.joinpath(f"{row}.json")
    if not _SAFE.fullmatch(row) or not path.is_file():
        return _NO_FILE
    return msgspec.json.decode(path.read_bytes(), type=File)


class Knowledge:
    """What is known by now. `revision` grows whenever that changes."""

    def __init__(self, told: Facts) -> None:
        """`told` is what the owner says, by ``provider/model``, where ``*`` stands for anything.

        Of two names that fit, the one that says more of the model is believed.
        """
        self.revision = 0
        vague_first = sorted(told.items(), key=lambda each: len(each[0].replace("*", "")))
        self._told = [(_pattern(name), fact) for name, fact in vague_first]
        self._listed: dict[str, Facts] = {}
        self._filed: dict[str, Facts] = {}

    def fact(self, provider: str, row: str, model: str) -> Fact:
        """What the owner says of the model, then its provider's list, then the file of its kind of provider."""
        known = self._listed.get(provider, {}).get(model, UNKNOWN).over(self._in_files(row, model))
        name = f"{provider}/{model}"
        for pattern, fact in self._told:
            if pattern.fullmatch(name):
                known = fact.over(known)
        return known

    def about(self, provider: str, row: str) -> Callable[[str], Fact]:
        """`fact` for the models of one provider."""
        return lambda model: self.fact(provider, row, model)

    def learn(self, provider: str, listed: Facts) -> None:
        """Takes what a provider's list says, in place of what it said before."""
        if self._listed.get(provider) != listed:
            self._listed[provider] = listed
            self.revision += 1

    def _in_files(self, row: str, model: str) -> Fact:
        facts = self._facts(row)
        found = next((facts[name] for name in names_of(model) if name in facts), None)
        if found is not None:
            return found
        vendor = resold(row, model)
        if vendor is None:
            return UNKNOWN
        return msgspec.structs.replace(self._in_files(*vendor), price=UNSET)

    def _facts(self, row: str) -> Facts:
        if row not in self._filed:
            self._filed[row] = _facts_in(file_of(row))
        return self._filed[row]


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL)


def _facts_in(file: File) -> Facts:
    """The models of a file; a name that only longer ones have stands for the nearest of them, of two for the newer."""
    facts = {model: _fact(file.profiles[filed.profile], filed) for model, filed in file.models.items()}
    nearest: dict[str, tuple[int, str]] = {}
    for model in sorted(facts, reverse=True):
        for distance, name in enumerate(names_of(model)):
            if name not in nearest or distance < nearest[name][0]:
                nearest[name] = distance, model
    return {name: facts[model] for name, (_, model) in nearest.items()}


def _fact(profile: Profile, filed: Filed) -> Fact:
    return Fact(
        context_window=filed.context,
        max_output_tokens=filed.max_output,
        input=profile.input,
        output=profile.output,
        capabilities=profile.capabilities,
        price=filed.price,
    )
