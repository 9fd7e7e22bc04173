"""``antiphon doctor``."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from antiphon.app.checkup import examined
from antiphon.app.checkup.finding import Finding
from antiphon.cli.configured import config_option, configured
from antiphon.errors import ConfigError

_SIGNS: Final = {"ok": "✓", "warning": "!", "failed": "✗"}
_WIDTH: Final = 100
_DEPTH: Final = "    "


@click.command("doctor")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object for programs.")
def command(config: Path | None, *, as_json: bool) -> None:
    """Look at everything that can be wrong, and say what to do about what is.

    Providers are asked for their lists of models, which costs nothing; nothing is changed, and no secret is printed.
    Status 1 tells that something has failed; warnings alone leave it at 0.
    """
    findings = _found(config)
    failed = sum(finding.state == "failed" for finding in findings)
    warned = sum(finding.state == "warning" for finding in findings)
    if as_json:
        shown = {"failed": failed, "warnings": warned, "findings": findings}
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    else:
        for line in _lines(findings):
            click.echo(line)
        click.echo(f"\n{failed} failed, {warned} to look at")
    sys.exit(1 if failed else 0)


def _found(config: Path | None) -> list[Finding]:
    try:
        loaded, _ = configured(config)
    except ConfigError as error:
        advice = "Mend it; `antiphon check` tells when. The rest was not looked at."
        return [Finding("configuration", "failed", error.message, advice)]
    return asyncio.run(examined(loaded))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        yield from textwrap.wrap(
            f"{_SIGNS[finding.state]} {finding.about}: {finding.said}", _WIDTH, subsequent_indent=_DEPTH
        )
        if finding.advice:
            yield from textwrap.wrap(finding.advice, _WIDTH, initial_indent=_DEPTH, subsequent_indent=_DEPTH)
