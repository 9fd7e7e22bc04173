"""How much a model is to think, and what may not be asked of it while it does.

Every family has its own words for it, which Converse passes on in `additionalModelRequestFields`; see
`converse_models` for the sources.
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.dialects.converse_models import Traits
from antiphon.dialects.losses import Losses
from antiphon.protocols import Target
from antiphon.wire.requests import Effort, Request

Body = dict[str, Any]

_LEVELS: Final[tuple[Effort, ...]] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS: Final[dict[Effort, int]] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": 30720,
}
"""Tokens. The smallest is Anthropic's least; the largest leaves room for an answer in the oldest models' 32,000."""

_LEAST: Final = 1024
_USUAL: Final = 1
"""The temperature, and the top_p, of those who set none."""


def thinking_of(request: Request, target: Target, traits: Traits, losses: Losses, *, unsigned: bool) -> Body:
    """What to put into `additionalModelRequestFields`.

    `unsigned`: calls of the model stand last in the context without the reasoning that led to them.
    """
    reasoning = request.reasoning
    if reasoning is None:
        return {}
    summary = reasoning.summary or reasoning.generate_summary
    if summary in ("concise", "detailed"):
        losses.report("field.reasoning.summary", "reasoning.summary")
    shown = summary is not None
    if reasoning.effort is None:
        return _shown(traits) if shown and traits.omits else {}
    if traits.thinking == "none":
        losses.report("field.reasoning.effort.unknown", "reasoning.effort")
        return {}
    if reasoning.effort == "none":
        return _off(traits, losses)
    if traits.thinking == "budget":
        return _budget(reasoning.effort, request, target, losses, unsigned=unsigned)
    return _asked(_nearest(reasoning.effort, traits, losses), traits, shown=shown)


def _off(traits: Traits, losses: Losses) -> Body:
    match traits.off:
        case "unsaid":
            return {}
        case "disabled":
            return {"reasoningConfig" if traits.thinking == "reasoningConfig" else "thinking": {"type": "disabled"}}
        case "none":
            return {"reasoning": {"effort": "none"}}
        case _:
            effort = traits.efforts[0]
            losses.report("field.reasoning.effort.always", "reasoning.effort", effort=effort)
            return _asked(effort, traits, shown=False)


def _nearest(wanted: Effort, traits: Traits, losses: Losses) -> str:
    """The nearest effort that the model knows, and of two rather the greater."""
    if wanted in traits.efforts:
        return wanted
    place = _LEVELS.index(wanted)
    known = [(effort, index) for index, effort in enumerate(_LEVELS) if effort in traits.efforts]
    effort = min(known, key=lambda pair: (abs(pair[1] - place), -pair[1]))[0]
    losses.report("field.reasoning.effort.nearest", "reasoning.effort", wanted=wanted, effort=effort)
    return effort


def _asked(effort: str, traits: Traits, *, shown: bool) -> Body:
    match traits.thinking:
        case "adaptive":
            asked: Body = _shown(traits) if shown and traits.omits else {"thinking": {"type": "adaptive"}}
            return asked | {"output_config": {"effort": effort}}
        case "reasoning.effort":
            return {"reasoning": {"effort": effort}}
        case "reasoningConfig":
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
        case style:
            return {style: effort}


def _shown(traits: Traits) -> Body:
    """Thinking whose summary is shown: the newest models keep it to themselves otherwise."""
    return {"thinking": {"type": "adaptive", "display": "summarized"}} if traits.thinking == "adaptive" else {}


def _budget(effort: Effort, request: Request, target: Target, losses: Losses, *, unsigned: bool) -> Body:
    """Tokens to think with, which are part of those to answer with."""
    if unsigned:
        losses.report("field.reasoning.effort.unsigned", "reasoning.effort")
        return {}
    limit = request.max_output_tokens or target.output_limit
    budget = _BUDGETS[effort] if limit is None else min(_BUDGETS[effort], limit - 1)
    if budget < _LEAST:
        losses.report("field.reasoning.effort.cramped", "reasoning.effort")
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def inference(request: Request, traits: Traits, fields: Body, losses: Losses) -> Body:
    """`inferenceConfig`, without what the model would refuse beside the thinking that `fields` ask for."""
    unlimited = fields.get("reasoningConfig", {}).get("maxReasoningEffort") == "high"
    thinks = fields.get("thinking", {}).get("type") in ("enabled", "adaptive")
    config: Body = {}
    if request.max_output_tokens is not None:
        if unlimited:
            losses.report("field.max_output_tokens.unlimited", "max_output_tokens")
        else:
            config["maxTokens"] = request.max_output_tokens
    if request.stop:
        config["stopSequences"] = request.stop
    refused = traits.samplers == "none"
    when = "" if refused else " while it reasons"
    for name, word in (("temperature", "temperature"), ("top_p", "topP")):
        value: float | None = getattr(request, name)
        if value is None:
            continue
        if refused or thinks or unlimited:
            if value == _USUAL:
                continue
            losses.report(f"field.{name}.refused", name, when=when)
        elif word == "topP" and traits.samplers == "one" and "temperature" in config:
            losses.report("field.top_p.refused", name, when=" beside a temperature")
        else:
            config[word] = value
    if config.get("temperature", 0) > 1:
        losses.report("field.temperature", "temperature")
        config["temperature"] = 1
    return config
