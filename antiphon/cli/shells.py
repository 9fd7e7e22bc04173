"""Lines that a shell reads to set up an agent: variables, and a function in front of a program that takes arguments."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from antiphon.cli.agents import Setup

Lines = Callable[[str, Setup], Iterator[str]]
"""The lines for a program and its setup."""


def _bash(program: str, setup: Setup) -> Iterator[str]:
    for name in setup.removed:
        yield f"unset {name}"
    for name, value in setup.variables.items():
        yield f"export {name}={shlex.quote(value)}"
    if setup.arguments:
        yield f'{program}() {{ command {program} {shlex.join(setup.arguments)} "$@"; }}'


def _fish(program: str, setup: Setup) -> Iterator[str]:
    for name in setup.removed:
        yield f"set -e {name}"
    for name, value in setup.variables.items():
        yield f"set -gx {name} {_fish_quoted(value)}"
    if setup.arguments:
        words = " ".join(map(_fish_quoted, setup.arguments))
        yield f"function {program}; command {program} {words} $argv; end"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _powershell(program: str, setup: Setup) -> Iterator[str]:
    for name in setup.removed:
        yield f"Remove-Item Env:{name} -ErrorAction SilentlyContinue"
    for name, value in setup.variables.items():
        yield f"$env:{name} = {_powershell_quoted(value)}"
    if setup.arguments:
        words = " ".join(map(_powershell_quoted, setup.arguments))
        found = f"(Get-Command -CommandType Application {program})[0]"
        yield f"function {program} {{ & {found} {words} @args }}"


def _powershell_quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


SHELLS: Final[Mapping[str, Lines]] = {"bash": _bash, "fish": _fish, "powershell": _powershell}

_WAYS: Final[Mapping[str, str]] = {
    "bash": '# In your shell: eval "$({command})"',
    "fish": "# In your shell: {command} | source",
    "powershell": "# In your shell: {command} | Out-String | Invoke-Expression",
}


def lines(shell: str, command: str, program: str, setup: Setup) -> Iterator[str]:
    """All of them; the first, a comment, says how to use what `command` has printed."""
    yield _WAYS[shell].format(command=command)
    yield from SHELLS[shell](program, setup)
