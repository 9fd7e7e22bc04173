"""What the models behind Bedrock's Converse API take, by their names.

Sources, read 2026-11: AWS's pages on adaptive thinking (claude-messages-adaptive-thinking.html), extended thinking,
Nova 2 (nova2-userguide), structured output (structured-output.html) and prompt caching (prompt-caching.html) below
https://docs.aws.amazon.com/bedrock/latest/userguide/; what pydantic-ai has verified live
(pydantic_ai_slim/pydantic_ai/providers/bedrock.py); for OpenAI's models https://github.com/anomalyco/opencode/pull/48195
and https://github.com/stdapi-ai/stdapi.ai/issues/283; for DeepSeek https://github.com/langchain-ai/langchain-aws/pull/1261.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec import Struct

Thinking = Literal[
    "none", "budget", "adaptive", "reasoning_effort", "reasoning.effort", "reasoningConfig", "reasoning_config"
]
"""How a model is told how much to think, in `additionalModelRequestFields`. The first cannot be told."""

Off = Literal["unsaid", "disabled", "none", "never"]
"""How thinking is turned off: by saying nothing, by saying so, by that effort, or not at all."""

Kind = Literal["text", "image", "document", "video"]

_EVERYTHING: Final[frozenset[Kind]] = frozenset({"text", "image", "document", "video"})
_NOTHING: Final[frozenset[Kind]] = frozenset()


class Traits(Struct, frozen=True, kw_only=True):
    """A model's ways.

    `efforts` are the words it knows, least first. `tells` says whether the reasoning it shows is a summary, `omits`
    whether it shows none unless asked. `samplers` tells whether temperature and top_p may be set: both, only one of
    them, or none. `forced` are the tool choices it knows beside ``auto``. `schema` tells whether it can be
    held to a JSON schema. `cached` is what a cache point may follow, `lasting_cache` whether that is kept for an hour.
    `beside` is what may stand in one message with tool results, `inside` what may stand in them beside text;
    `binary_inside` is about documents there, `status` about the status of results. Ids of calls may have dots and
    colons (`dotted`) or are exactly so many letters and `digits`. `grounds` says whether it searches the web itself.
    """

    thinking: Thinking = "none"
    off: Off = "unsaid"
    efforts: tuple[str, ...] = ()
    tells: bool = False
    omits: bool = False
    samplers: Literal["both", "one", "none"] = "both"
    forced: frozenset[str] = frozenset({"any", "tool"})
    schema: bool = False
    cached: frozenset[Literal["tools", "system", "messages"]] = frozenset()
    lasting_cache: bool = False
    system: bool = True
    beside: frozenset[Kind] = _EVERYTHING
    inside: frozenset[Kind] = frozenset({"image"})
    binary_inside: bool = True
    status: bool = True
    dotted: bool = False
    digits: int = 0
    grounds: bool = False


_CLAUDE: Final = Traits(
    tells=True,
    cached=frozenset({"tools", "system", "messages"}),
    beside=frozenset({"text", "image"}),
    inside=frozenset({"image", "document"}),
)
_BUDGET: Final = msgspec.structs.replace(_CLAUDE, thinking="budget")
_BUDGET_SCHEMA: Final = msgspec.structs.replace(_BUDGET, samplers="one", schema=True, lasting_cache=True)
_ADAPTIVE: Final = msgspec.structs.replace(
    _BUDGET_SCHEMA, thinking="adaptive", efforts=("low", "medium", "high", "max")
)
_NEWEST: Final = msgspec.structs.replace(
    _ADAPTIVE, efforts=("low", "medium", "high", "xhigh", "max"), omits=True, samplers="none", schema=False
)
_NOVA: Final = Traits(
    cached=frozenset({"system", "messages"}), inside=frozenset({"image", "document"}), binary_inside=False
)
_ANY: Final = frozenset({"any"})
_FREE: Final = frozenset[str]()
_ALONE: Final = Traits(beside=_NOTHING)
_LEVELS: Final = ("low", "medium", "high")

_TABLE: Final = (
    (r"anthropic\.claude-(?:v2|instant|3-[05]|3-haiku|3-sonnet|3-opus)", _CLAUDE),
    (r"anthropic\.claude-(?:3-7|sonnet-4-2|opus-4-2)", _BUDGET),
    (r"anthropic\.claude-opus-4-1", msgspec.structs.replace(_BUDGET, samplers="one")),
    (r"anthropic\.claude-(?:sonnet|haiku|opus)-4-5", _BUDGET_SCHEMA),
    (r"anthropic\.claude-(?:sonnet|opus)-4-6", _ADAPTIVE),
    (r"anthropic\.claude-opus-4-[78]", _NEWEST),
    (
        r"anthropic\.claude-(?:fable|mythos)-5-[1-9]\b",
        msgspec.structs.replace(_NEWEST, off="never", forced=_FREE),
    ),
    (r"anthropic\.claude-(?:fable|mythos)", msgspec.structs.replace(_NEWEST, off="never")),
    (r"anthropic\.claude-(?:sonnet|opus)-5-5", msgspec.structs.replace(_NEWEST, off="disabled", forced=_FREE)),
    (r"anthropic\.", msgspec.structs.replace(_NEWEST, off="disabled")),
    (
        r"amazon\.nova-2",
        msgspec.structs.replace(_NOVA, thinking="reasoningConfig", efforts=_LEVELS, off="disabled", grounds=True),
    ),
    (r"amazon\.nova-premier", msgspec.structs.replace(_NOVA, grounds=True)),
    (r"amazon\.nova", _NOVA),
    (r"amazon\.titan", Traits(system=False, forced=_FREE)),
    (r"openai\.gpt-oss", Traits(thinking="reasoning_effort", efforts=_LEVELS, off="never")),
    (
        r"openai\.gpt-6-astra",
        Traits(thinking="reasoning.effort", efforts=("low", "medium", "high", "xhigh", "max"), off="never"),
    ),
    (
        r"openai\.",
        Traits(thinking="reasoning.effort", efforts=("low", "medium", "high", "xhigh", "max"), off="none"),
    ),
    (r"deepseek\.r1", Traits(forced=_FREE)),
    (r"deepseek\.", Traits(thinking="reasoning_effort", efforts=_LEVELS, forced=_ANY, schema=True)),
    (
        r"qwen\.",
        Traits(thinking="reasoning_config", efforts=("low", "high"), off="never", schema=True, inside=_NOTHING),
    ),
    (
        r"moonshot(?:ai)?\.kimi-k2(?!\.5)",
        Traits(thinking="reasoning_effort", efforts=_LEVELS, off="never", schema=True, inside=_NOTHING, dotted=True),
    ),
    (r"moonshot(?:ai)?\.", Traits(schema=True, inside=_NOTHING, dotted=True)),
    (r"minimax\.minimax-m2|nvidia\.nemotron-nano|google\.gemma-3-(?:12|27)b-it|zai\.", Traits(schema=True)),
    (
        r"mistral\.(?:magistral-small|ministral-3|mistral-large-3|voxtral)",
        Traits(schema=True, beside=_NOTHING, inside=frozenset({"document"}), digits=9, forced=_ANY),
    ),
    (r"mistral\.mi[sx]tral-(?:7b|8x7b)", Traits(system=False, forced=_FREE, beside=_NOTHING, digits=9)),
    (r"mistral\.", Traits(beside=_NOTHING, inside=frozenset({"document"}), digits=9, forced=_ANY)),
    (r"meta\.", Traits(beside=_NOTHING, inside=frozenset({"image", "document"}), forced=_FREE)),
    (r"writer\.", msgspec.structs.replace(_ALONE, status=False)),
    (r"cohere\.|ai21\.", Traits(forced=_FREE)),
)
_PATTERNS: Final = tuple((re.compile(pattern), traits) for pattern, traits in _TABLE)
_UNKNOWN: Final = Traits()

_RESOURCE: Final = re.compile(r"arn:aws[^:]*:bedrock:[^:]*:\d*:(?:foundation-model|inference-profile)/(?P<model>.+)")
_REGION: Final = re.compile(r"(?:us|eu|apac|jp|au|ca|in|sa|me|af|global|us-gov)\.(?=[a-z0-9]+\.)")


def bare_name(model: str) -> str:
    """The model behind an identifier: ``us.anthropic.claude-…`` and the ARNs that name it are ``anthropic.claude-…``.

    What an application profile, a provisioned or a custom model stands for is not in its ARN, which is returned.
    """
    found = _RESOURCE.fullmatch(model)
    return _REGION.sub("", model if found is None else found["model"], count=1)


@lru_cache(maxsize=1024)
def traits_of(model: str) -> Traits:
    """The ways of a model, by any of its identifiers; those of a model that can do nothing special if it is unknown."""
    name = bare_name(model)
    return next((traits for pattern, traits in _PATTERNS if pattern.match(name)), _UNKNOWN)
