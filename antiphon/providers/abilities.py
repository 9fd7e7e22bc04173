"""What a row says in words: what can be asked of the provider, and how it differs from OpenAI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from antiphon.provider_settings import Dialect
from antiphon.providers.row import ProviderRow
from antiphon.quirks import Quirks

NATIVE: Final[Dialect] = "responses"
"""The API whose requests and answers are passed on as they are."""

_LACKING: Final[Mapping[Dialect, frozenset[str]]] = {
    "messages": frozenset({"audio", "video"}),
    "gemini": frozenset({"parallel calls"}),
    "converse": frozenset({"parallel calls"}),
    "cohere": frozenset({"audio", "video", "parallel calls", "a named call"}),
}
"""What a vendor's own format has no words for; the quirks of such a row are about its chat completions."""


def abilities(row: ProviderRow) -> Mapping[str, bool]:
    """By name, whether the provider does it itself; some of its models may do less.

    Nothing is lost where the gateway does it instead, as with parallel calls, or says so, as with files.
    """
    lacking = _LACKING.get(row.dialects[0]) if row.dialects else None
    by_quirks = _by_quirks(row)
    return by_quirks if lacking is None else {name: name not in lacking for name in by_quirks}


def _by_quirks(row: ProviderRow) -> Mapping[str, bool]:
    quirks = row.quirks
    if not row.dialects:
        return {}
    native = row.dialects[0] == NATIVE
    return {
        "images": quirks.image_input,
        "files": quirks.file_input,
        "audio": quirks.audio_input,
        "video": quirks.video_input,
        "tools": "tools" not in quirks.refused_fields,
        "parallel calls": quirks.parallel_tool_calls,
        "forced calls": quirks.tool_choice_required != "auto",
        "a named call": quirks.tool_choice_named,
        "JSON Schema": quirks.json_schema,
        "strict functions": quirks.strict_functions,
        "reasoning effort": native or quirks.effort_style != "none",
        "reasoning replay": native or quirks.reasoning_replay != "none",
    }


def differences(quirks: Quirks) -> Iterator[tuple[str, str]]:
    """The quirks that are not OpenAI's, by name, as they are written in a configuration."""
    usual = msgspec.structs.asdict(Quirks())
    for name, value in msgspec.structs.asdict(quirks).items():
        if value != usual[name]:
            yield name, _spelled(value)


def _spelled(value: object) -> str:
    if isinstance(value, frozenset | tuple):
        members = msgspec.convert(value, list[str])
        return ", ".join(sorted(members) if isinstance(value, frozenset) else members)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) or '""'
