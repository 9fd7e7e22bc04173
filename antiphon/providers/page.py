"""The page docs/reference/providers.md, made from the table: ``python -m antiphon.providers.page`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec

from antiphon.providers.row import ProviderRow
from antiphon.providers.table import TABLE
from antiphon.quirks import Quirks

_HEAD = """\
# Providers

Antiphon knows {count} providers by name. One is used as soon as a key for it is found, in the environment or in the
configuration; a server of your own as soon as its base URL is given. A base URL may be written with or without its
version path: a URL without any path gets the one shown here.

`responses` means that the provider's own Responses API is used, and its answers are relayed as they are. `chat` means
that Antiphon translates to chat completions and back. Other names stand for a vendor's own format, translated too.
Where a provider has several, the first one is used, or the one that is named for the model; `dialect` in the
configuration chooses another for all. A Responses API that its maker calls a beta, that serves a few models only, or
that drops what it does not know without a word comes second: what Antiphon cannot translate, it says.

Quirks are what differs from OpenAI. They come from the documentation and the recorded traffic named with each provider;
where both are silent, from what cannot do harm. `quirks` in the configuration replaces any of them.

| Name | Provider | API | Base URL | Key |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page. Ends with a line end."""
    rows = sorted(TABLE.values(), key=lambda row: (row.local, not row.base_url, row.name))
    parts = [_HEAD.format(count=len(rows)), *map(_line, rows), *("\n".join(_section(row)) for row in rows)]
    return "".join(parts)


def _line(row: ProviderRow) -> str:
    key = f"`{row.key_variables[0]}`" if row.needs_key else "none needed"
    return f"| [`{row.name}`](#{row.name}) | {row.title} | {', '.join(row.dialects)} | {_url(row)} | {key} |\n"


def _section(row: ProviderRow) -> Iterator[str]:
    yield f"\n## {row.name}\n"
    yield f"{row.title}. API: {', then '.join(f'`{dialect}`' for dialect in row.dialects)}. Base URL: {_url(row)}."
    if row.note:
        yield f"\n{row.note}"
    yield f"\n- Key: {_names(row.key_variables)}{'' if row.needs_key else ' (not needed)'}"
    yield f"- Base URL: {_names(row.url_variables)}"
    if row.standard:
        said = (variable for group in row.standard for variables in group.values() for variable in variables)
        yield f"- Read too, where the configuration says nothing of it: {_names(tuple(said))}"
    for rule in row.speaks:
        yield f"- Models that match `{rule.models}`: `{rule.dialect}`"
    for name, value in _differences(row.quirks):
        yield f"- `{name}`: {value}"
    yield f"- Sources, read {row.read_on}: {'; '.join(row.sources)}"
    yield ""


def _differences(quirks: Quirks) -> Iterator[tuple[str, str]]:
    usual = msgspec.structs.asdict(Quirks())
    for name, value in msgspec.structs.asdict(quirks).items():
        if value != usual[name]:
            yield name, f"`{_spelled(value)}`"


def _spelled(value: object) -> str:
    if isinstance(value, frozenset | tuple):
        members = msgspec.convert(value, list[str])
        return ", ".join(sorted(members) if isinstance(value, frozenset) else members)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) or '""'


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _url(row: ProviderRow) -> str:
    return f"`{row.base_url}`" if row.base_url else "yours"


if __name__ == "__main__":
    sys.stdout.write(page())
