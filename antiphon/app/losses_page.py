"""The page docs/reference/losses.md, made from the tables of fates and of providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from antiphon.dialects.all_fates import TABLES, circumstances_of, fates_of, variants_of
from antiphon.dialects.fates import Fate, Fates, Gap, Way
from antiphon.dialects.members import IRRELEVANT
from antiphon.dialects.subjects import EVENTS, SUBJECTS
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import TABLE

_HEAD: Final = """\
# Losses

<!-- Made by `make docs` from antiphon/dialects/*fates.py: edit those. -->

Antiphon drops nothing silently. What becomes of each thing that a request can say, and of each thing that an answer can
hold, depends on the format that a provider speaks, and on the provider:

| | | |
|---|---|---|
| ✓ | native | the provider does it itself |
| = | emulated | Antiphon does it, and nothing is lost |
| ~ | approximated | it is lost or changed, and a warning says so: in the header \
[`antiphon-warnings`](headers.md#warnings), in the words that are shown here; with `"strict": true` in the request it \
is a 400 instead |
| ✗ | refused | the request is answered with a 400 |

"✓ ~" is native, but approximated for some models or in some circumstances, which the note beside it names. The numbers
are those of the notes below each table.

The first tables show each format as its maker speaks it: {names}.
What is different at other providers is [below](#providers), and `antiphon providers NAME` lists all that one of them
loses. A fate is that of the most demanding use: a provider that knows some efforts of reasoning and not others
approximates `reasoning.effort`, and warns of those alone.

These words are the code's own: the warnings are written from the same tables, and a test asks every format, at every
provider, for every one of these things, with models that differ.
"""

_MARKS: Final[Mapping[Way, str]] = {"native": "✓", "emulated": "=", "approximated": "~", "refused": "✗"}

_LIKE: Final = {"vertex-messages": "messages", "bedrock-messages": "messages"}
"""Formats that differ from another in so little that they need no column."""

_KINDS: Final = {
    "field": (
        "Fields of the request",
        "`other` stands for a field that no specification names. For `input`, `tools` and `tool_choice` see below.",
    ),
    "tool": ("Tools", "Members are listed where they have a fate of their own; all else goes with the tool."),
    "choice": ("Forms of tool_choice", "`left_out` is the choice of a tool that could not be offered."),
    "item": ("Input items", "`other` are items with a slug, such as `acme:mood`."),
    "part": ("Content parts", ""),
    "output": ("Answers", ""),
}

_EVENTS: Final = """
## Events

An event shares the fate of what it tells of. Where Antiphon translates, it makes all of them itself, in the order that
[every stream](streams.md) has.

| Event | Tells of |
|---|---|
"""

_MEMBERS: Final = """
## What need not be told

These members of items, parts and tools reach providers that speak the Responses API. Others are not told of them, and
lose nothing by it.

| Member | Why |
|---|---|
"""

_PROVIDERS: Final = """
## Providers

What differs from the tables above, by provider and format. The numbers are those of the notes at [the end](#notes).
"""

_NOTES: Final = """
## Notes

"""


class _Shown(dict[str, str]):
    """What stands for the words of a sentence."""

    def __missing__(self, word: str) -> Gap:
        return Gap("…")


def page() -> str:
    """The whole page. Ends with a line end."""
    makers = {dialect: _maker(dialect) for dialect in TABLES}
    titles = ", ".join(f"`{dialect}` at {row.title}" for dialect, row in makers.items())
    tables = {dialect: fates_of(dialect, row.quirks) for dialect, row in makers.items()}
    sections = ["\n".join(_section(kind, tables)) for kind in _KINDS]
    said: dict[str, int] = {}
    events = [
        f"| `{name.removeprefix('event.')}` | `{told.removeprefix('output.')}` |\n" for name, told in EVENTS.items()
    ]
    members = [f"| `{name}` | {reason} |\n" for name, reason in IRRELEVANT.items()]
    rows = sorted((row for row in TABLE.values() if row.dialects), key=lambda row: row.name)
    providers = ["".join(_provider(row, tables, said)) for row in rows]
    notes = [f"{number}. {note}\n" for note, number in said.items()]
    head = _HEAD.format(names=titles)
    return "".join([head, *sections, _EVENTS, *events, _MEMBERS, *members, _PROVIDERS, *providers, _NOTES, *notes])


def _maker(dialect: str) -> ProviderRow:
    """Whose the format is: the first provider that has it as its own, or has it at all."""
    rows = [row for row in TABLE.values() if dialect in row.dialects]
    own = [row for row in rows if row.name == "openai" or row.dialects[0] == dialect]
    return (own or rows)[0]


def _section(kind: str, tables: dict[str, Fates]) -> Iterator[str]:
    title, words = _KINDS[kind]
    yield f"\n## {title}\n"
    if words:
        yield f"{words}\n"
    columns = [dialect for dialect in tables if dialect not in _LIKE]
    yield f"| | {' | '.join(f'`{dialect}`' for dialect in columns)} |"
    yield "|---|" + "---|" * len(columns)
    notes: dict[str, int] = {}
    for subject in SUBJECTS:
        if subject.startswith(f"{kind}."):
            cells = [_cell(variants_of(dialect, subject), tables[dialect][subject], notes) for dialect in columns]
            yield f"| `{subject.removeprefix(f'{kind}.')}` | {' | '.join(cells)} |"
    for dialect in columns:
        if sentences := [_said(fate) for fate in circumstances_of(dialect, kind)]:
            yield f"\nAt times, of several of these, `{dialect}`: {' '.join(sentences)}"
    yield ""
    for dialect, like in _LIKE.items():
        yield from _alike(kind, dialect, like, tables, notes)
    for note, number in notes.items():
        yield f"{number}. {note}"
    yield ""


def _alike(kind: str, dialect: str, like: str, tables: dict[str, Fates], notes: dict[str, int]) -> Iterator[str]:
    """What a format has otherwise than the one that it is like."""
    changed = _changed(tables[like], tables[dialect])
    lines = [
        f"- {_numbered(fate.way, [fate], notes)}{' at times' if fate.at_times else ''}: {_listed(kind, ours)}"
        for fate, subjects in changed.items()
        if (ours := [subject for subject in subjects if subject.startswith(f"{kind}.")])
    ]
    if lines:
        yield f"`{dialect}` is as `{like}`, but:\n"
        yield from lines
        yield ""


def _listed(kind: str, subjects: Sequence[str]) -> str:
    return ", ".join(f"`{subject.removeprefix(f'{kind}.')}`" for subject in subjects)


def _cell(variants: Sequence[Fate], fate: Fate, notes: dict[str, int]) -> str:
    """The way, with the numbers of what is to be said of it; what is so at times alone comes behind it."""
    by_way: dict[Way, list[Fate]] = {"native": []} if fate.at_times else {}
    for each in (fate, *variants):
        by_way.setdefault(each.way, []).append(each)
    return " ".join(_numbered(way, fates, notes) for way, fates in by_way.items())


def _numbered(way: Way, fates: Sequence[Fate], notes: dict[str, int]) -> str:
    said = dict.fromkeys(note for fate in fates for note in _notes(fate))
    numbers = ", ".join(str(notes.setdefault(note, len(notes) + 1)) for note in said)
    return f"{_MARKS[way]} ({numbers})" if numbers else _MARKS[way]


def _notes(fate: Fate) -> Sequence[str]:
    return [note for note in (_said(fate), fate.note) if note]


def _said(fate: Fate) -> str:
    """The warning, with words for what is put in."""
    said = fate.sentence.format_map(_Shown(provider="the provider"))
    return said[:1].upper() + said[1:]


def _provider(row: ProviderRow, tables: dict[str, Fates], notes: dict[str, int]) -> Iterator[str]:
    yield f"\n### {row.name}\n"
    for dialect in row.dialects:
        changed = _changed(tables[dialect], fates_of(dialect, row.quirks))
        if not changed:
            yield f"\n`{dialect}`: as above.\n"
            continue
        yield f"\n`{dialect}`:\n\n"
        for fate, subjects in changed.items():
            often = " at times" if fate.at_times else ""
            listed = ", ".join(f"`{subject}`" for subject in subjects)
            yield f"- {_numbered(fate.way, [fate], notes)}{often}: {listed}\n"


def _changed(usual: Fates, fates: Fates) -> dict[Fate, list[str]]:
    """What is otherwise than usual, by what it is instead."""
    found: dict[Fate, list[str]] = {}
    for subject, fate in fates.items():
        if fate != usual[subject] and not subject.startswith("event."):
            found.setdefault(fate, []).append(subject)
    return found
