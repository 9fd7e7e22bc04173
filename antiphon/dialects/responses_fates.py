"""What becomes of a request at a provider that speaks the Responses API itself: it gets the request as it came.

What such a provider does not know it answers for itself; only what its row says it refuses is taken out.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import COMMON
from antiphon.dialects.fates import NATIVE, Fate, Fates, approximated, emulated, native, sometimes
from antiphon.dialects.subjects import SUBJECTS, words

_OWN_FIELDS: Final = words(
    "background context_management conversation metadata previous_response_id prompt provider store strict"
)
"""Members that are the gateway's affair here, too."""

_PSEUDONYM: Final = native("Told under another name for each tenant.")
_RELAYED: Final = native("Told as it came.")

_DIFFERENT: Final[Fates] = {
    "field.prompt_cache_key": _PSEUDONYM.without("prompt_cache_key"),
    "field.safety_identifier": _PSEUDONYM.without("safety_identifier"),
    "field.user": _PSEUDONYM.without("user"),
    "field.parallel_tool_calls": native("Where the provider ignores it, only the first call is let by.").without(
        "parallel_tool_calls"
    ),
    "field.include.reasoning.encrypted_content": COMMON["field.include.reasoning.encrypted_content"].without("include"),
    "field.reasoning.effort": sometimes("The model cannot be told how much to reason.").without("reasoning"),
    "field.reasoning.effort.none": sometimes("The model cannot be told not to reason; it reasons as it likes."),
    "field.max_output_tokens.least": approximated(
        "{provider} gives no fewer than {least} tokens; so many were allowed."
    ),
    "field.other": _RELAYED,
    **{
        f"field.{name}": COMMON[f"field.{name}"].where("responses_extensions", "holds", name, NATIVE)
        for name in ("seed", "stop", "top_k")
    },
    "choice.left_out": NATIVE,
    "item.compaction": approximated(
        "A conversation that another provider compacted cannot be read by {provider}.", "invalid_encrypted_content"
    ),
    "item.item_reference": COMMON["item.item_reference"],
    "item.reasoning": native("Reasoning goes to its own author alone; who cannot open it is not told it."),
    "output.encrypted_content": emulated("The provider's seal gets Antiphon's around it."),
}


def _fate(subject: str) -> Fate:
    kind, _, name = subject.partition(".")
    if subject in _DIFFERENT:
        return _DIFFERENT[subject]
    if kind == "field" and name in _OWN_FIELDS:
        return COMMON[subject]
    member = {"tool": "tools", "choice": "tool_choice", "field": name.split(".")[0]}.get(kind)
    return NATIVE if member is None else NATIVE.without(member)


RESPONSES_FATES: Final[Fates] = MappingProxyType(_DIFFERENT | {subject: _fate(subject) for subject in SUBJECTS})
