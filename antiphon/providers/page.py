"""The page docs/reference/providers.md, made from the table and from what the golden tests replay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from antiphon.providers.abilities import abilities, differences
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import ROWS
from antiphon.quirks import Quirks

_HEAD: Final = """\
# Providers

<!-- Made by `make docs` from antiphon/providers/table*.py and the recordings: edit those. -->

Antiphon knows {count} providers by name. One is used as soon as a key for it is found, in the environment or in the
configuration; a server of your own, and an account at an address of its own, as soon as its base URL is given. A base
URL may be written with or without its version path: a URL without any path gets the one that is shown with the
provider. `antiphon providers` prints the same as this page, and what of it is switched on.

`responses` means that the provider's own Responses API is used, and its answers are relayed as they are. `chat` means
that Antiphon translates to chat completions and back. Other names stand for a vendor's own format, translated too.
Where a provider has several, the first one is used, or the one that is named for the model; `dialect` in the
configuration chooses another for all. A Responses API that its maker calls a beta, that serves a few models only, or
that drops what it does not know without a word comes second: what Antiphon cannot translate, it says. `embeddings`,
`rerank` and `moderations` are [endpoints beside answers](../howto/embeddings.md).

The last column counts the [recorded exchanges](#recorded-exchanges) with the provider, of those that there are, that
Antiphon's tests replay without a difference.

"""

_TABLE: Final = """\
| Name | Provider | Switched on by | API | Exchanges |
|---|---|---|---|---:|
"""

_FIGURES: Final = """
## Recorded exchanges

Real traffic between other people's clients and the providers, recorded and published by them. Of each exchange

- the request is said in the words of the Responses API, and Antiphon must ask the provider the same again;
- the answer must come out as a legal stream and as a whole response that agree with each other, and with what the
  recording says when it is read by other means: text, calls, reasoning, citations, usage;
- a refusal must come out as an error that says the same;
- a count of tokens must be asked for with the same request, and come out as the same number.

The table counts what passes, of how many there are. Not every source kept its requests.

| API | Requests | Answers | Refusals |
|---|---:|---:|---:|
"""

_DETAILS: Final = """
## Details

Quirks are what differs from OpenAI. They come from the documentation and the recorded traffic named with each provider;
where both are silent, from what cannot do harm. `quirks` in the configuration replaces any of them. "Itself" tells what
the provider does without help, though some of its models may do less. What it does not, Antiphon does instead, as with
parallel calls, or the answer says in `warnings` what is missing. "Losses" counts what becomes of all that a request can
say and an answer can hold; `antiphon providers NAME` lists what is lost, and [Losses](losses.md) says how.
"""

_API: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z_]+)+")


class Figures(Struct, frozen=True, kw_only=True):
    """Of one API, what passes of the recordings. `reasons` are those of what does not, by the exchange's id."""

    api: str
    requests: int
    requests_recorded: int
    answers: int
    answers_recorded: int
    refusals: int
    reasons: Mapping[str, str]

    @property
    def passed(self) -> int:
        return self.exchanges - len(self.reasons)

    @property
    def exchanges(self) -> int:
        return self.answers_recorded + self.refusals


class Beside(Struct, frozen=True, kw_only=True):
    """So many exchanges of one API in one format that are recorded and not counted, and why."""

    api: str
    format: str
    exchanges: int
    reason: str


def page(figures: Sequence[Figures], fates: Callable[[str, Quirks], str], beside: Sequence[Beside] = ()) -> str:
    """The whole page. Ends with a line end. `fates` says, for an API and quirks, how much is lost there."""
    by_api = {each.api: each for each in figures}
    rows = sorted(ROWS, key=lambda row: (not row.needs_key, row.name))
    lines = (_line(row, [by_api[api] for api in recorded_apis(row) if api in by_api]) for row in rows)
    sections = ("\n".join(_section(row, fates)) for row in rows)
    return "".join(
        (_HEAD.format(count=len(rows)), _TABLE, *lines, *_figures(figures), *_beside(beside), _DETAILS, *sections)
    )


def recorded_apis(row: ProviderRow) -> list[str]:
    """The folders of recordings that the row names among its sources."""
    named = (source for source in row.sources if source.startswith("recordings "))
    return [api for source in named for api in _API.findall(re.sub(r"\([^)]*\)", "", source))]


def services_of(row: ProviderRow) -> list[str]:
    """The endpoints beside answers, each once."""
    return list(dict.fromkeys(service.service for service in row.services))


def _line(row: ProviderRow, figures: Sequence[Figures]) -> str:
    passed, recorded = sum(each.passed for each in figures), sum(each.exchanges for each in figures)
    share = f" {passed} of {recorded}" if recorded else ""
    apis = ", ".join([*row.dialects, *services_of(row)])
    return f"| [`{row.name}`](#{row.name}) | {row.title} | {_switch(row)} | {apis} |{share} |\n"


def _switch(row: ProviderRow) -> str:
    return " and ".join(" or ".join(f"`{name}`" for name in group[:2]) for group in row.switches)


def _figures(figures: Sequence[Figures]) -> Iterator[str]:
    yield _FIGURES
    for each in figures:
        requests = f"{each.requests} of {each.requests_recorded}" if each.requests_recorded else "none kept"
        refusals = f" {each.refusals}" if each.refusals else ""
        yield f"| `{each.api}` | {requests} | {each.answers} of {each.answers_recorded} |{refusals} |\n"
    passed, recorded = sum(each.passed for each in figures), sum(each.exchanges for each in figures)
    yield f"\n{passed} of {recorded} exchanges pass."
    reasons = {name: reason for each in figures for name, reason in each.reasons.items()}
    yield " The others:\n\n" if reasons else "\n"
    for name, reason in sorted(reasons.items()):
        yield f"- `{name}`: {reason}\n"


def _beside(beside: Sequence[Beside]) -> Iterator[str]:
    if beside:
        yield "\nRecorded too, and not counted:\n\n"
    for each in beside:
        yield f"- `{each.api}`, {each.exchanges} in the format `{each.format}`: {each.reason}\n"


def _section(row: ProviderRow, fates: Callable[[str, Quirks], str]) -> Iterator[str]:
    can = abilities(row)
    url = f"`{row.base_url}`" if row.base_url else "yours"
    yield f"\n### {row.name}\n"
    api = f"API: {', then '.join(f'`{dialect}`' for dialect in row.dialects)}. " if row.dialects else ""
    yield f"{row.title}. {api}Base URL: {url}."
    if row.note:
        yield f"\n{row.note}"
    yield f"\n- Key: {_names(row.key_variables)}{'' if row.needs_key else ' (not needed)'}"
    yield f"- Base URL: {_names(row.url_variables)}"
    if row.standard:
        said = (variable for group in row.standard for variables in group.values() for variable in variables)
        yield f"- Read too, where the configuration says nothing of it: {_names(tuple(said))}"
    for rule in row.speaks:
        yield f"- Models that match `{rule.models}`: `{rule.dialect}`"
    if row.services:
        yield f"- Beside answers: {', '.join(services_of(row))}"
    if row.completes is not None:
        models = f"models that match `{row.completes}`" if row.completes else "every model"
        yield f"- [Legacy completions](../howto/chat-completions.md#legacy-completions) passed on: {models}"
    if can:
        yield f"- Itself: {', '.join(name for name, able in can.items() if able)}"
    if not all(can.values()):
        yield f"- Not by itself: {', '.join(name for name, able in can.items() if not able)}"
    for name, value in differences(row.quirks):
        yield f"- `{name}`: `{value}`"
    for dialect in row.dialects:
        yield f"- [Losses](losses.md#{row.name}) in `{dialect}`: {fates(dialect, row.quirks)}"
    yield f"- Sources, read {row.read_on}: {'; '.join(row.sources)}"
    yield ""


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
