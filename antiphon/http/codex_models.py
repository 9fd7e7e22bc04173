"""`GET /v1/models?client_version=…`: the models as Codex wants to know them, so that it offers all of them by name.

Shape: `ModelInfo` in codex-rs/protocol/src/openai_models.rs of https://github.com/openai/codex, read 2026-11 and tried
with Codex 0.169. Law: one member of a kind that Codex does not know spoils the whole list, so only kinds that every
version since 0.110 knows are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from antiphon.http.model_cards import Card


class ReasoningLevel(Struct, frozen=True):
    """An effort that can be chosen."""

    effort: str
    description: str


class Truncation(Struct, frozen=True):
    """How much of a tool's output Codex shows the model."""

    mode: str = "tokens"
    limit: int = 10_000


class CodexModel(Struct, frozen=True, kw_only=True):
    """One model. What is the same for all of them are the defaults."""

    slug: str
    display_name: str
    description: str | None = None
    default_reasoning_level: str | UnsetType = UNSET
    supported_reasoning_levels: tuple[ReasoningLevel, ...]
    shell_type: str = "unified_exec"
    visibility: str = "list"
    supported_in_api: bool = True
    priority: int
    upgrade: None = None
    base_instructions: str
    supports_reasoning_summaries: bool
    support_verbosity: bool = False
    default_verbosity: None = None
    apply_patch_tool_type: str = "freeform"
    truncation_policy: Truncation = Truncation()
    supports_parallel_tool_calls: bool = True
    context_window: int | UnsetType = UNSET
    experimental_supported_tools: tuple[str, ...] = ()
    input_modalities: tuple[str, ...]


class CodexModels(Struct, frozen=True):
    """The list."""

    models: list[CodexModel]


_LEVELS: Final = (
    ReasoningLevel("low", "Answers soon, with little reasoning"),
    ReasoningLevel("medium", "Weighs speed against depth"),
    ReasoningLevel("high", "Reasons long about hard problems"),
)
_DEFAULT_LEVEL: Final = "medium"
_SHOWN: Final = ("text", "image")
"""The kinds of input that Codex knows."""

_FIRST: Final = 100
"""Codex's own models come before ours: its priorities begin at 1, and the least is the first."""

OWN: Final = ("gpt-5.5", "gpt-5.6-", "gpt-6-", "gpt-6.1-", "gpt-daybreak-", "codex-auto-review")
"""How the models begin that Codex brings with it, each with instructions and tools made for it. It knows them behind a
provider's name too, unless they are listed here, so they are not. From `codex debug models`, 0.169."""


def codex_models(cards: Sequence[Card]) -> CodexModels:
    """Those that can work as an agent's: who speaks something other than text, or cannot call tools, is left out."""
    able = [card for card in cards if _is_able(card)]
    return CodexModels([_model(card, _FIRST + place) for place, card in enumerate(able)])


def _is_able(card: Card) -> bool:
    """What nobody has told of is taken to be possible."""
    outputs, capabilities = card.output_modalities, card.capabilities
    writes = not isinstance(outputs, tuple) or "text" in outputs
    calls = not isinstance(capabilities, tuple) or "tools" in capabilities
    return writes and calls and not _is_known(card.id)


def _is_known(name: str) -> bool:
    """Whether Codex looks it up among its own, where no more than a provider may stand in front."""
    return name.count("/") <= 1 and name.rpartition("/")[2].startswith(OWN)


@cache
def _instructions() -> str:
    return resources.files("antiphon.http").joinpath("assets", "codex.md").read_text("utf-8").rstrip()


def _model(card: Card, priority: int) -> CodexModel:
    inputs, capabilities = card.input_modalities, card.capabilities
    reasons = isinstance(capabilities, tuple) and "reasoning" in capabilities
    return CodexModel(
        slug=card.id,
        display_name=card.id,
        default_reasoning_level=_DEFAULT_LEVEL if reasons else UNSET,
        supported_reasoning_levels=_LEVELS if reasons else (),
        priority=priority,
        base_instructions=_instructions(),
        supports_reasoning_summaries=reasons,
        context_window=card.context_window,
        input_modalities=tuple(kind for kind in _SHOWN if kind in inputs) if isinstance(inputs, tuple) else _SHOWN,
    )
