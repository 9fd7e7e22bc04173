"""What each of Anthropic's models takes and does, by a pattern of its name: data that decides on parameters.

From https://platform.claude.com/docs/en/models, the pages on thinking, effort, structured outputs, preserved thinking
and mid-conversation system messages, and the migration guides of Opus 4.7, 5, 5.5 and Fable 5.1 (all read 2026-11).
Where a page is silent, a model is taken to know less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from msgspec import Struct

from antiphon.wire.requests import Effort

Thinking = Literal["never", "budget", "adaptive", "always"]
"""Not at all; for as many tokens as it is given; as much as it finds good, or not; as the last, and never not."""

_NO_EFFORTS: Final[Mapping[Effort, str]] = MappingProxyType({})
_TO_HIGH: Final[Mapping[Effort, str]] = MappingProxyType(
    {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
)
_TO_MAX: Final[Mapping[Effort, str]] = MappingProxyType({**_TO_HIGH, "xhigh": "max", "max": "max"})
_ALL: Final[Mapping[Effort, str]] = MappingProxyType({**_TO_MAX, "xhigh": "xhigh"})

BUDGETS: Final[Mapping[Effort, int]] = MappingProxyType(
    {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 65_536}
)
"""Tokens to think with, for models that are told a number."""

SMALLEST_BUDGET: Final = 1024
LARGEST_WHOLE_ANSWER: Final = 21_333
"""Answers that may be longer than so many tokens are streamed, whatever the client wants: they may take longer than the
ten minutes after which connections are cut (https://platform.claude.com/docs/en/api/errors#long-requests)."""


class Traits(Struct, frozen=True, kw_only=True):
    """One kind of model.

    `thinks_unasked` says what it does where nothing is said of thinking, `tells_unasked` whether it then says what it
    thought; `efforts` are its words for the efforts that clients know. `structured`: answers and calls can be held to a
    schema. `sampling`: it takes temperature and top_p, one of them, or neither. `forced`: it can be made to call a
    tool. `system_turns`: system messages may stand in the middle of a conversation. `bound`: its thoughts are only
    taken back with the very conversation that they were thought in.
    """

    output_limit: int
    thinking: Thinking = "budget"
    thinks_unasked: bool = False
    tells_unasked: bool = True
    efforts: Mapping[Effort, str] = _NO_EFFORTS
    structured: bool = False
    sampling: Literal["both", "one", "neither"] = "both"
    forced: bool = True
    system_turns: bool = False
    bound: bool = False
    server_tools: bool = True
    caches: bool = True
    code_execution: str = "code_execution_20250825"
    computer: str = "computer_20250124"
    fast: bool = False


_replaced: Final = msgspec.structs.replace

_OLDEST: Final = Traits(output_limit=4096, thinking="never", server_tools=False, caches=False, computer="")
_OF_3: Final = _replaced(_OLDEST, caches=True)
_OF_3_5: Final = Traits(output_limit=8192, thinking="never", computer="")
_OF_4: Final = Traits(output_limit=64_000)
_OPUS_4: Final = Traits(output_limit=32_000)
_OPUS_4_1: Final = _replaced(_OPUS_4, structured=True, sampling="one")
_OF_4_5: Final = _replaced(_OF_4, structured=True, sampling="one", code_execution="code_execution_20260120")
_OPUS_4_5: Final = _replaced(_OF_4_5, efforts=_TO_HIGH, computer="computer_20251124")
_OF_4_6: Final = _replaced(_OPUS_4_5, thinking="adaptive", efforts=_TO_MAX)
_OPUS_4_6: Final = _replaced(_OF_4_6, output_limit=128_000, fast=True)
_OPUS_4_7: Final = _replaced(_OPUS_4_6, tells_unasked=False, efforts=_ALL, sampling="neither")
_OPUS_4_8: Final = _replaced(_OPUS_4_7, system_turns=True)
_OPUS_5: Final = _replaced(_OPUS_4_8, thinks_unasked=True)
_SONNET_5: Final = _replaced(_OPUS_5, system_turns=False, fast=False)
_OF_5_5: Final = _replaced(_OPUS_5, bound=True, fast=False, computer="")
_FABLE_5: Final = _replaced(_OPUS_5, thinking="always", fast=False)
_NEWEST: Final = _replaced(_OF_5_5, thinking="always", forced=False)
_OTHERS: Final = Traits(output_limit=8192, server_tools=False, caches=False, computer="")
"""Models of others who speak Anthropic's format: Ollama, Moonshot, Z.ai, DeepSeek, MiniMax."""

_TABLE: Final[tuple[tuple[re.Pattern[str], Traits], ...]] = tuple(
    (re.compile(pattern), traits)
    for pattern, traits in (
        (r"claude-(?:instant|v?[12](?:\D|$))", _OLDEST),
        (r"claude-3-(?:opus|sonnet|haiku)", _OF_3),
        (r"claude-3-5-", _OF_3_5),
        (r"claude-3-7-", _OF_4),
        (r"opus-4-1(?:\D|$)", _OPUS_4_1),
        (r"opus-4-5(?:\D|$)", _OPUS_4_5),
        (r"opus-4-6(?:\D|$)", _OPUS_4_6),
        (r"opus-4-7(?:\D|$)", _OPUS_4_7),
        (r"opus-4-[89](?:\D|$)", _OPUS_4_8),
        (r"opus-4(?:\D|$)", _OPUS_4),
        (r"(?:sonnet|haiku)-4-5(?:\D|$)", _OF_4_5),
        (r"sonnet-4-[6-9](?:\D|$)", _OF_4_6),
        (r"sonnet-4(?:\D|$)", _OF_4),
        (r"sonnet-5-[1-9](?:\D|$)|haiku-5(?:\D|$)", _OF_5_5),
        (r"sonnet-5(?:\D|$)", _SONNET_5),
        (r"opus-5-[1-9](?:\D|$)", _NEWEST),
        (r"opus-5(?:\D|$)", _OPUS_5),
        (r"(?:fable|mythos)-5-[1-9](?:\D|$)|mythos-preview", _NEWEST),
        (r"(?:fable|mythos)-5(?:\D|$)", _FABLE_5),
        (r"claude", _NEWEST),  # what is not known yet is most likely to refuse what the newest refuse
        (r"", _OTHERS),
    )
)


_NUMBER_FIRST: Final = re.compile(r"claude-(?P<number>[4-9](?:-\d)?)-(?P<family>[a-z]+)")
"""The names of today as Snowflake, aliases of Anthropic's own and many a proxy put them: ``claude-4-5-sonnet``."""


@lru_cache(maxsize=1024)
def traits_of(model: str) -> Traits:
    """What a model is like, by its name at any host: ``claude-opus-4-6``, ``us.anthropic.claude-opus-4-6-v1:0``."""
    name = _NUMBER_FIRST.sub(r"claude-\g<family>-\g<number>", model.lower().replace(".", "-"))
    return next(traits for pattern, traits in _TABLE if pattern.search(name))
