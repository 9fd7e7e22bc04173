"""What is known of a model, read from the lists that providers publish, each in its own words.

Law: a list that can be read at all gives a card for each of its models; a member of an unexpected kind is unknown,
never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from antiphon.errors import UpstreamBroke


class ModelCard(Struct, frozen=True, kw_only=True):
    """A model as `GET /v1/models` shows it: the OpenAI object and, where they are known, facts beside it."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str
    context_window: int | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    input_modalities: tuple[str, ...] | UnsetType = UNSET
    output_modalities: tuple[str, ...] | UnsetType = UNSET
    capabilities: tuple[str, ...] | UnsetType = UNSET


class Fact(Struct, frozen=True):
    """What our own file says of a model whose provider's list says nothing."""

    id: str
    context_window: int | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    input: tuple[str, ...] | UnsetType = UNSET
    capabilities: tuple[str, ...] | UnsetType = UNSET


class _File(Struct, frozen=True):
    models: dict[str, list[Fact]]


Entry = Mapping[str, object]
Facts = Mapping[tuple[str, str], Fact]
"""By the name of the provider's row and the model's id."""

_CONTEXT: Final = (
    "context_window",
    "context_length",
    "max_context_length",
    "max_model_len",
    "context_size",
    "metadata.context_length",
    "meta.n_ctx",
    "meta.n_ctx_train",
    "top_provider.context_length",
    "limits.max_input_tokens",
)
_OUTPUT: Final = (
    "max_completion_tokens",
    "max_output_tokens",
    "top_provider.max_completion_tokens",
    "metadata.max_tokens",
    "limits.max_output_tokens",
)
_ABILITIES: Final[Mapping[str, str]] = {
    "tools": "tools",
    "reasoning": "reasoning",
    "structured_outputs": "structured_outputs",
    "capabilities.function_calling": "tools",
    "capabilities.reasoning": "reasoning",
    "supports_tools": "tools",
    "supports_structured_output": "structured_outputs",
    "supports_reasoning": "reasoning",
}
_IMAGE_FLAGS: Final = ("supports_image_in", "supports_image_input", "capabilities.vision")
_DATED: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MAX_INT: Final = 1 << 53


def known_facts() -> Facts:
    """What models.json tells, which lies beside this file and names its sources."""
    text = resources.files("antiphon.providers").joinpath("models.json").read_bytes()
    file = msgspec.json.decode(text, type=_File)
    return {(row, fact.id): fact for row, facts in file.models.items() for fact in facts}


def entries(body: bytes) -> dict[str, Entry]:
    """The models of a provider's list by id: an object with `data`, or a bare array. Raises UpstreamBroke."""
    try:
        bare = body.lstrip().startswith(b"[")
        listed = body if bare else msgspec.json.decode(body, type=dict[str, Raw])["data"]
        found = msgspec.json.decode(listed, type=list[dict[str, object]])
    except (msgspec.DecodeError, KeyError, UnicodeDecodeError, RecursionError):
        raise UpstreamBroke("The provider's list of models is not one.") from None
    by_id: dict[str, Entry] = {}
    for entry in found:
        model = entry.get("id")
        if isinstance(model, str) and model and entry.get("active") is not False:
            by_id[model.removeprefix("models/")] = entry
    return by_id


def card(provider: str, model: str, entry: Entry, fact: Fact | None) -> ModelCard:
    """What the provider says of the model, and what only the file knows."""
    owner = entry.get("owned_by") or entry.get("organization")
    context, output = _number(entry, _CONTEXT) or _widest(entry), _number(entry, _OUTPUT)
    inputs, outputs = _modalities(entry, "input"), _modalities(entry, "output")
    abilities = _abilities(entry)
    if fact is not None:
        context = context or fact.context_window or UNSET
        output = output or fact.max_output_tokens or UNSET
        inputs = inputs or fact.input or UNSET
        abilities = abilities or fact.capabilities or UNSET
    return ModelCard(
        id=f"{provider}/{model}",
        created=_number(entry, ("created",)) or 0,
        owned_by=owner if isinstance(owner, str) else provider,
        context_window=context or UNSET,
        max_output_tokens=output or UNSET,
        input_modalities=inputs or UNSET,
        output_modalities=outputs or UNSET,
        capabilities=abilities or UNSET,
    )


def fact_for(facts: Facts, row: str, model: str) -> Fact | None:
    """The fact of this model, or of the one that it is a dated snapshot of."""
    return facts.get((row, model)) or facts.get((row, _DATED.sub("", model)))


def _at(entry: Entry, path: str) -> object:
    value: object = entry
    for name in path.split("."):
        value = _members(value).get(name)
    return value


def _members(value: object) -> Entry:
    try:
        return msgspec.convert(value, dict[str, object])
    except msgspec.ValidationError:
        return {}


def _strings(value: object) -> tuple[str, ...]:
    try:
        return msgspec.convert(value, tuple[str, ...])
    except msgspec.ValidationError:
        return ()


def _number(entry: Entry, paths: Iterable[str]) -> int | None:
    for path in paths:
        value = _at(entry, path)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MAX_INT:
            return int(value)
    return None


def _widest(entry: Entry) -> int | None:
    """The widest context among the hosts that serve the model, as Hugging Face tells it."""
    try:
        hosts = msgspec.convert(entry.get("providers"), list[dict[str, object]])
    except msgspec.ValidationError:
        return None
    return max((_number(host, _CONTEXT) or 0 for host in hosts), default=0) or None


def _modalities(entry: Entry, side: str) -> tuple[str, ...]:
    told = _strings(_at(entry, f"architecture.{side}_modalities")) or _strings(entry.get(f"{side}_modalities"))
    if told or side == "output":
        return told
    return ("text", "image") if any(_at(entry, flag) is True for flag in _IMAGE_FLAGS) else ()


def _abilities(entry: Entry) -> tuple[str, ...]:
    parameters = _strings(entry.get("supported_parameters"))
    told = [_ABILITIES[name] for name in parameters if name in _ABILITIES]
    told += [ability for path, ability in _ABILITIES.items() if _at(entry, path) is True]
    return tuple(dict.fromkeys(told))
