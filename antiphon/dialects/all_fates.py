"""Every table of fates, by the name of its dialect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from antiphon.dialects import cohere_fates, messages_fates, ollama_fates
from antiphon.dialects.chat_fates import CHAT_FATES
from antiphon.dialects.common_fates import COMMON, fate_of
from antiphon.dialects.converse_fates import CONVERSE_FATES
from antiphon.dialects.fates import Fate, Fates, Way
from antiphon.dialects.gemini_fates import GEMINI_FATES
from antiphon.dialects.responses_fates import RESPONSES_FATES
from antiphon.dialects.subjects import CIRCUMSTANCES, SUBJECTS
from antiphon.quirks import Quirks

TABLES: Final[Mapping[str, Fates]] = MappingProxyType(
    {
        "responses": RESPONSES_FATES,
        "chat": CHAT_FATES,
        **messages_fates.FATES,
        "gemini": GEMINI_FATES,
        "converse": CONVERSE_FATES,
        "cohere": cohere_fates.FATES,
        "ollama": ollama_fates.FATES,
    }
)


AtTimes = Literal["at times"]
AT_TIMES: Final[AtTimes] = "at times"
"""How such losses are counted that not every model, or not every request, has."""

_SUBJECTS: Final = frozenset(SUBJECTS)


@lru_cache(maxsize=256)
def fates_of(dialect: str, quirks: Quirks) -> Fates:
    """The fate of every subject at a provider with these quirks. Raises LookupError for one that no table knows."""
    return MappingProxyType({subject: _fate(dialect, subject).at(quirks) for subject in SUBJECTS})


@lru_cache(maxsize=4096)
def variants_of(dialect: str, subject: str) -> tuple[Fate, ...]:
    """What a table says of some circumstances of a subject: entries below it that are no subjects themselves."""
    entries = {**COMMON, **TABLES[dialect]}
    return tuple(entries[name] for name in entries if name.startswith(f"{subject}.") and name not in _SUBJECTS)


def circumstances_of(dialect: str, kind: str) -> tuple[Fate, ...]:
    """What a table says of several subjects of a kind at once."""
    table = TABLES[dialect]
    return tuple(table[name] for name in CIRCUMSTANCES if name in table and name.startswith(f"{kind}."))


def _fate(dialect: str, subject: str) -> Fate:
    fate = fate_of(TABLES[dialect], subject)
    if fate is None:
        raise LookupError(f"The table of fates of '{dialect}' does not say what becomes of '{subject}'.")
    return fate


def counts_of(dialect: str, quirks: Quirks) -> Mapping[Way | AtTimes, int]:
    """How many subjects have each fate, events apart: they share the fates of what they tell of."""
    fates = fates_of(dialect, quirks)
    counts: Counter[Way | AtTimes] = Counter()
    for subject, fate in fates.items():
        if not subject.startswith("event."):
            counts[AT_TIMES if fate.at_times else fate.way] += 1
    return counts


def losses_of(dialect: str, quirks: Quirks, *, at_times: bool = False) -> tuple[str, ...]:
    """The subjects that a provider with these quirks cannot be told without a loss, events apart.

    `at_times`: those instead that some of its models can be told, or all of them under some circumstances.
    """
    fates = fates_of(dialect, quirks)
    lossy = (name for name, fate in fates.items() if fate.way in ("approximated", "refused"))
    return tuple(name for name in lossy if fates[name].at_times is at_times and not name.startswith("event."))
