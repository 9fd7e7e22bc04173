"""``antiphon providers``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct, field

from antiphon.cli.configured import config_option, configured
from antiphon.config.loading import Loaded
from antiphon.config.redact import redacted_address
from antiphon.config.tree import did_you_mean
from antiphon.dialects.all_fates import losses_of
from antiphon.dialects.fates_summary import listed
from antiphon.errors import ConfigError
from antiphon.providers.abilities import NATIVE, abilities, differences
from antiphon.providers.demo import NAME as DEMO
from antiphon.providers.page import services_of
from antiphon.providers.table import TABLE

WIDTH: Final = 80
_INDENT: Final = " " * 4
_LABELS: Final = 14
"""Columns that a label takes where one provider is described."""


class Known(Struct, frozen=True, kw_only=True):
    """A provider as JSON tells it. `found` says where its key or address was found, or why it is not used.

    `tried` tells whether anything is set for it, be it enough or not. `switches` are groups of variables: one of each
    group switches it on. `losses` are by API what cannot be told there without one, or is not told in an answer; see
    docs/reference/losses.md.
    """

    name: str
    type: str
    title: str
    apis: tuple[str, ...]
    services: tuple[str, ...]
    native: bool
    configured: bool
    tried: bool
    found: str
    base_url: str
    key_variables: tuple[str, ...]
    url_variables: tuple[str, ...]
    switches: tuple[tuple[str, ...], ...]
    needs_key: bool
    lists_models: bool
    owns: str
    abilities: Mapping[str, bool]
    quirks: Mapping[str, str]
    losses: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    losses_at_times: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    note: str
    sources: tuple[str, ...]
    read_on: str


@click.command("providers")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@config_option
def command(name: str | None, *, as_json: bool, config: Path | None) -> None:
    """List the providers that are known, those that are configured here first, and what each can do itself.

    With NAME, tell everything that is known of this one, and where it is known from.
    """
    loaded, _ = configured(config)
    listed = sorted(_known(loaded), key=lambda each: (not each.configured, not each.tried, each.name))
    if name is not None:
        listed = [_named(name, listed)]
    if as_json:
        told = [_with_losses(each) for each in listed]
        click.echo(msgspec.json.format(msgspec.json.encode(told if name is None else told[0])).decode())
        return
    for line in _all(listed) if name is None else _one(listed[0]):
        click.echo(line)


def _known(loaded: Loaded) -> Iterator[Known]:
    """Every provider but the demo."""
    for finding in loaded.findings:
        if finding.name == DEMO:
            continue
        settings = loaded.settings.providers.get(finding.name)
        kind = settings.type if settings is not None and settings.type else finding.name
        row = TABLE[kind]
        yield Known(
            name=finding.name,
            type=row.name,
            title=row.title,
            apis=row.dialects,
            services=tuple(services_of(row)),
            native=NATIVE in row.dialects,
            configured=finding.is_found,
            tried=finding.is_touched,
            found=finding.origin,
            base_url=redacted_address(finding.base_url) if finding.base_url else row.base_url,
            key_variables=row.key_variables,
            url_variables=row.url_variables,
            switches=row.switches,
            needs_key=row.needs_key,
            lists_models=row.models_path is not None,
            owns=row.owns,
            abilities=abilities(row),
            quirks=dict(differences(row.quirks)),
            note=row.note,
            sources=row.sources,
            read_on=row.read_on,
        )


def _with_losses(known: Known) -> Known:
    """The same, with what is lost there: that takes longer to find than all the rest."""
    quirks = TABLE[known.type].quirks
    return msgspec.structs.replace(
        known,
        losses={api: losses_of(api, quirks) for api in known.apis},
        losses_at_times={api: losses_of(api, quirks, at_times=True) for api in known.apis},
    )


def _named(name: str, listed: Sequence[Known]) -> Known:
    """Raises ConfigError, which names the nearest that there is."""
    for each in listed:
        if each.name == name:
            return each
    hint = did_you_mean(name, [each.name for each in listed]) or "; `antiphon providers` lists those that there are"
    raise ConfigError(f"there is no provider `{name}`{hint}")


def _all(listed: Sequence[Known]) -> Iterator[str]:
    names = max(len(each.name) for each in listed)
    for each in listed:
        yield f"{'✓' if each.configured else '✗'} {each.name:{names}}  {each.title}"
        yield from _wrapped(f"{_apis(each)}; {_switch(each)}", _INDENT)
        yield from _wrapped(", ".join(_able(each, able=True)), _INDENT)
    configured_here = sum(each.configured for each in listed)
    yield f"\n{configured_here} of {len(listed)} configured here. antiphon providers NAME tells more of one."


def _one(known: Known) -> Iterator[str]:
    """The whole row, a paragraph for each thing to know."""
    yield f"{known.name}: {known.title}"
    if known.note:
        yield from _wrapped(known.note, "")
    yield ""
    for label, lines in _facts(known):
        for line in lines:
            yield from _wrapped(line, f"{label:{_LABELS}}", " " * _LABELS)
            label = ""  # noqa: PLW2901 - only the first line of a paragraph has it


def _facts(known: Known) -> Iterator[tuple[str, Iterable[str]]]:
    yield "configured", [f"yes: {known.found}" if known.configured else f"no: {known.found}"]
    yield "key", [", ".join(known.key_variables) + ("" if known.needs_key else " (not needed)")]
    yield "base URL", [known.base_url or "yours", f"or from {', '.join(known.url_variables)}"]
    yield "APIs", [_apis(known)]
    if known.services:
        yield "also", [", ".join(known.services)]
    yield "models", [_models(known)]
    if known.abilities:
        yield "does itself", [", ".join(_able(known, able=True))]
    if not all(known.abilities.values()):
        yield "does not", [", ".join(_able(known, able=False))]
    if known.quirks:
        yield "differs", [f"{name}: {value}" for name, value in known.quirks.items()]
    yield "loses", [line for api in known.apis for line in listed(api, TABLE[known.type].quirks)]
    yield "sources", [f"read {known.read_on}", *known.sources]


def _apis(known: Known) -> str:
    """Those that answer, or, where none does, what there is instead."""
    answers = ", then ".join(f"{api} (native)" if api == NATIVE else api for api in known.apis)
    return answers or ", ".join(known.services)


def _switch(known: Known) -> str:
    """Where it was found, or what is wrong with it, or what would switch it on."""
    return known.found if known.tried else f"set {', and '.join(map(' or '.join, known.switches))}"


def _models(known: Known) -> str:
    own = f"; bare names of its own: {known.owns}" if known.owns else ""
    return f"{'listed by the provider' if known.lists_models else 'not listed: name them yourself'}{own}"


def _able(known: Known, *, able: bool) -> list[str]:
    return [name for name, can in known.abilities.items() if can is able]


def _wrapped(text: str, first: str, further: str | None = None) -> list[str]:
    """Lines of a terminal's usual width; what has no blanks, as an address, is never broken."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )
