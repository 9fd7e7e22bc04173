"""What is lost at one provider, in short: for its page, and for ``antiphon providers``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from antiphon.dialects.all_fates import AT_TIMES, counts_of, losses_of
from antiphon.quirks import Quirks

_KINDS: Final = {
    "field": "fields",
    "tool": "tools",
    "choice": "tool_choice",
    "item": "items",
    "part": "parts",
    "output": "answers",
}


def counted(dialect: str, quirks: Quirks) -> str:
    """How many things have each fate: ``95 native, 41 emulated, 60 lost, 9 lost at times``."""
    counts = counts_of(dialect, quirks)
    numbers = {
        "native": counts["native"],
        "emulated": counts["emulated"],
        "lost": counts["approximated"],
        "refused": counts["refused"],
        "lost at times": counts[AT_TIMES],
    }
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)


def listed(dialect: str, quirks: Quirks) -> Iterator[str]:
    """A line for what is always lost, and one for what is at times."""
    yield f"{dialect}: {_by_kind(losses_of(dialect, quirks)) or 'nothing'}"
    if seldom := _by_kind(losses_of(dialect, quirks, at_times=True)):
        yield f"{dialect}, at times: {seldom}"


def _by_kind(subjects: Iterable[str]) -> str:
    found: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _, name = subject.partition(".")
        found.setdefault(_KINDS[kind], []).append(name)
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in found.items())
