"""How much a model thinks, and how freely it draws its words: what each model takes of both, and what excludes what.

https://platform.claude.com/docs/en/build-with-claude/thinking, .../effort, .../preserved-thinking (read 2026-11).
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.dialects.losses import Losses
from antiphon.dialects.messages_hosts import Host
from antiphon.dialects.messages_models import BUDGETS, SMALLEST_BUDGET, Traits
from antiphon.dialects.messages_turns import TurnWriter
from antiphon.wire.requests import Effort, Request

Body = dict[str, Any]

BINDING_BETA: Final = "thinking-binding-controls-2026-08-01"

_LOWEST_TOP_P: Final = 0.95
"""Beside thoughts."""


class Mind:
    """What is said of thinking: `thinking` of the body, `effort` of `output_config`, and `betas` that it needs."""

    def __init__(self, request: Request, traits: Traits, losses: Losses) -> None:
        """`losses` hears what the model cannot be told."""
        reasoning = request.reasoning
        self.thinking: Body | None = None
        self.effort: str | None = None
        self.betas: set[str] = set()
        self._traits = traits
        self._losses = losses
        self._summary = reasoning and (reasoning.summary or reasoning.generate_summary)
        if self._summary in ("concise", "detailed"):
            losses.report("field.reasoning.summary", "reasoning.summary")
        self._wanted: Effort | None = reasoning.effort if reasoning is not None else None

    @property
    def excludes_force(self) -> bool:
        """Whether a model that thinks so cannot be made to call a tool."""
        return self.thinking is not None and self.thinking["type"] == "enabled"

    def decide(self, turns: TurnWriter, max_tokens: int, host: Host) -> None:
        """Settles it, once the conversation is known."""
        wanted, traits = self._wanted, self._traits
        if wanted == "none":
            self._rest()
        elif wanted is not None:
            self._think(wanted, max_tokens, loop=turns.thoughtless_loop)
        elif traits.thinks_unasked and (self._summary or (traits.bound and turns.recalls_thoughts)):
            self.thinking = {"type": "adaptive"}
        if self.thinking is None or self.thinking["type"] == "disabled":
            return
        if self._summary and not traits.tells_unasked:
            self.thinking["display"] = "summarized"
        if traits.bound and host.whole and turns.recalls_thoughts:
            self.thinking["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
            self.betas.add(BINDING_BETA)

    def _rest(self) -> None:
        match self._traits.thinking:
            case "always":
                self._losses.report("field.reasoning.effort.none", "reasoning.effort")
                self.effort = self._traits.efforts["minimal"]
            case "adaptive" if self._traits.thinks_unasked:
                self.thinking = {"type": "disabled"}
            case _:
                return

    def _think(self, wanted: Effort, max_tokens: int, *, loop: bool) -> None:
        traits = self._traits
        if traits.efforts:
            word = self.effort = traits.efforts[wanted]
            if word != wanted:
                self._losses.report("field.reasoning.effort", "reasoning.effort", effort=wanted, used=word)
        if traits.thinking in ("adaptive", "always"):
            self.thinking = {"type": "adaptive"}
        elif traits.thinking == "never":
            self._losses.report("field.reasoning.effort.unknown", "reasoning.effort")
        elif loop:
            self._losses.report("field.reasoning.effort.loop", "reasoning.effort")
        elif max_tokens <= SMALLEST_BUDGET:
            self._losses.report("field.reasoning.effort.small", "max_output_tokens")
        else:
            budget = BUDGETS[wanted] if BUDGETS[wanted] < max_tokens else max(SMALLEST_BUDGET, max_tokens // 2)
            self.thinking = {"type": "enabled", "budget_tokens": budget}


def sample(body: Body, request: Request, mind: Mind, traits: Traits, losses: Losses) -> None:
    """Temperature, top_p and top_k, where the model takes them; 1 is what it takes anyhow."""
    temperature, top_p = request.temperature, request.top_p
    if temperature is not None and temperature > 1:
        losses.report("field.temperature", "temperature")
        temperature = 1.0
    manual = mind.excludes_force
    if traits.sampling == "neither" or (manual and temperature != 1):
        if temperature not in (None, 1):
            losses.report("field.temperature.unknown", "temperature")
        temperature = None
    if traits.sampling == "neither" or (manual and top_p is not None and top_p < _LOWEST_TOP_P):
        if top_p not in (None, 1):
            losses.report("field.top_p", "top_p")
        top_p = None
    if traits.sampling == "one" and temperature is not None and top_p is not None:
        if top_p != 1:
            losses.report("field.top_p", "top_p")
        top_p = None
    _narrow(body, request, losses, takes=traits.sampling != "neither" and not manual)
    if temperature is not None:
        body["temperature"] = temperature
    if top_p is not None:
        body["top_p"] = top_p


def _narrow(body: Body, request: Request, losses: Losses, *, takes: bool) -> None:
    if request.top_k is not None and takes:
        body["top_k"] = request.top_k
    elif request.top_k is not None:
        losses.report("field.top_k", "top_k")
