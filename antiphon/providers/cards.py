"""A model as `GET /v1/models` shows it, and what a provider's list says of it, each in its own words.

Law: a member of an unexpected kind is unknown, never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.providers.facts import Fact
from antiphon.providers.lists import Entry
from antiphon.wire.money import Price


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
    usd_per_million_tokens: Price | UnsetType = UNSET


_CONTEXT: Final = (
    "context_window",
    "context_length",
    "max_context_length",
    "max_model_len",
    "context_size",
    "inputTokenLimit",
    "max_input_tokens",
    "metadata.context_length",
    "meta.n_ctx",
    "meta.n_ctx_train",
    "top_provider.context_length",
    "limits.max_input_tokens",
)
_OUTPUT: Final = (
    "max_completion_tokens",
    "max_output_tokens",
    "outputTokenLimit",
    "top_provider.max_completion_tokens",
    "metadata.max_tokens",
    "limits.max_output_tokens",
    "max_tokens",
)
_ABILITIES: Final[Mapping[str, str]] = {
    "capabilities.function_calling": "tools",
    "supports_tools": "tools",
    "capabilities.reasoning": "reasoning",
    "capabilities.thinking.supported": "reasoning",
    "supports_reasoning": "reasoning",
    "thinking": "reasoning",
    "capabilities.structured_outputs.supported": "structured_outputs",
    "supports_structured_output": "structured_outputs",
    "capabilities.code_execution.supported": "code_execution",
}
_SENSES: Final[Mapping[str, str]] = {
    "supports_image_in": "image",
    "supports_image_input": "image",
    "capabilities.vision": "image",
    "capabilities.image_input.supported": "image",
    "capabilities.pdf_input.supported": "file",
    "capabilities.audio": "audio",
    "supports_video_in": "video",
}
_WORDS: Final = ("supported_parameters", "supported_features", "features", "tags", "capabilities", "metadata.tags")
_ABILITY_WORDS: Final[Mapping[str, str]] = {
    "tools": "tools",
    "tool-use": "tools",
    "tool_use": "tools",
    "function_calling": "tools",
    "reasoning": "reasoning",
    "thinking": "reasoning",
    "structured_outputs": "structured_outputs",
    "json_schema": "structured_outputs",
    "implicit-caching": "prompt_caching",
    "prompt_cache": "prompt_caching",
    "web-search": "web_search",
}
_SENSE_WORDS: Final[Mapping[str, str]] = {"vision": "image", "file-input": "file"}
_RATES: Final[Mapping[str, tuple[str, ...]]] = {
    "input": ("pricing.prompt", "pricing.input", "metadata.pricing.input_tokens"),
    "output": ("pricing.completion", "pricing.output", "metadata.pricing.output_tokens"),
    "cached_input": ("pricing.input_cache_read", "pricing.cached_input", "metadata.pricing.cache_read_tokens"),
    "cache_write": ("pricing.input_cache_write",),
}
_WHOLE: Final = frozenset({"input", "output"})
_PER_TOKEN: Final = Decimal("0.001")
"""Whoever names less than this for every kind of token names the price of one: for a million nothing is so cheap, and
for one nothing so dear. OpenRouter and Vercel do, Together and DeepInfra name the price of a million."""

_MILLION: Final = 1_000_000
_MAX_INT: Final = 1 << 53


def card(provider: str, model: str, entry: Entry, fact: Fact) -> ModelCard:
    """The model with all that is known of it; `entry` tells whose it is, and since when."""
    owner = entry.get("owned_by") or entry.get("organization")
    return ModelCard(
        id=f"{provider}/{model}",
        created=_number(entry, ("created",)) or 0,
        owned_by=owner if isinstance(owner, str) else provider,
        context_window=fact.context_window,
        max_output_tokens=fact.max_output_tokens,
        input_modalities=fact.input,
        output_modalities=fact.output,
        capabilities=fact.capabilities,
        usd_per_million_tokens=fact.price,
    )


def fact_of(entry: Entry) -> Fact:
    """What a list says of a model."""
    context = _number(entry, _CONTEXT) or _widest(entry)
    output = _number(entry, _OUTPUT)
    return Fact(
        context_window=context or UNSET,
        max_output_tokens=output if output and output <= (context or _MAX_INT) else UNSET,
        input=_inputs(entry) or UNSET,
        output=_modalities(entry, "output") or UNSET,
        capabilities=_abilities(entry) or UNSET,
        price=_price(entry) or UNSET,
    )


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
    """Amazon writes its kinds in capitals, and the members' names as Java does."""
    paths = (f"architecture.{side}_modalities", f"{side}_modalities", f"{side}Modalities")
    told = next((words for path in paths if (words := _strings(_at(entry, path)))), ())
    return tuple(word.lower() for word in told)


def _inputs(entry: Entry) -> tuple[str, ...]:
    told = _modalities(entry, "input")
    if told:
        return told
    senses = [sense for path, sense in _SENSES.items() if _at(entry, path) is True]
    senses += [_SENSE_WORDS[word] for word in _words(entry) if word in _SENSE_WORDS]
    return tuple(dict.fromkeys(["text", *senses])) if senses else ()


def _abilities(entry: Entry) -> tuple[str, ...]:
    told = [_ABILITY_WORDS[word] for word in _words(entry) if word in _ABILITY_WORDS]
    told += [ability for path, ability in _ABILITIES.items() if _at(entry, path) is True]
    return tuple(dict.fromkeys(told))


def _words(entry: Entry) -> list[str]:
    return [word for path in _WORDS for word in _strings(_at(entry, path))]


def _price(entry: Entry) -> Price | None:
    """Only what has both an input and an output price has one; a part that costs nothing is one nobody has priced."""
    rates = {kind: rate for kind, paths in _RATES.items() if (rate := _rate(entry, paths)) is not None}
    if not rates.keys() >= _WHOLE:
        return None
    unit = _MILLION if max(rates.values()) < _PER_TOKEN else 1
    rates = {
        kind: Decimal(f"{(rate * unit).normalize():f}")
        for kind, rate in rates.items()
        if rate or kind in ("input", "output")
    }
    return msgspec.convert(rates, Price)


def _rate(entry: Entry, paths: Iterable[str]) -> Decimal | None:
    for path in paths:
        value = _at(entry, path)
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            continue
        try:
            rate = Decimal(str(value))
        except InvalidOperation:
            continue
        if rate.is_finite() and 0 <= rate < _MILLION:
            return rate
    return None
