"""The page of compatibility, made of what was found out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.e2e.pairs.clients import Client
from tests.e2e.pairs.matrix import TOLD, UPSTREAMS, VERBATIM, WARNED, YES, Marks

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "reference" / "compatibility.md"

_HEAD: Final = f"""\
# Compatibility

<!-- Made by `make docs` from tests/e2e/pairs. -->

Every format that clients speak, on every kind of upstream. Each cell was found out by a test: a client's request in
that format, through a running gateway, to a fake of the vendor that refuses what the vendor refuses, and the answer
read back.

| Sign | Meaning |
|---|---|
| `{VERBATIM}` | The client has the provider's own answer, byte for byte. |
| {YES} | It works, translated. |
| {WARNED} | It works, with something else that was lost and reported in [`antiphon-warnings`](headers.md#warnings). |
| {TOLD} | The upstream's API has no words for it. That is reported, and an error with `"strict": true`. |
| | The client's format has no words for it. |

Nothing is lost without a word: a cell that would say so fails the test. What a provider's own models cannot do, though
its API has words for it, and all smaller differences are in the [table of losses](losses.md); which provider is reached
through which API is told by [providers](providers.md).
"""


def page_of(found: Iterable[tuple[Client, Marks]]) -> str:
    """The page."""
    return "\n".join([_HEAD, *("\n".join([*_table(client, marks), ""]) for client, marks in found)])


def _table(client: Client, marks: Marks) -> list[str]:
    return [
        f"## {client.name}: `{client.path}`",
        "",
        _row("On an upstream that speaks", list(UPSTREAMS)),
        "|---" * (len(UPSTREAMS) + 1) + "|",
        *(_row(feature, list(map(_shown, row.values()))) for feature, row in marks.items() if any(row.values())),
    ]


def _row(first: str, others: list[str]) -> str:
    return f"| {first} | {' | '.join(others)} |"


def _shown(mark: str) -> str:
    return f"`{mark}`" if mark == VERBATIM else mark
