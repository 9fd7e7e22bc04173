"""What the gateway itself has, for what is deployed to be held against: commands, variables, paths, metrics."""

from __future__ import annotations

import re
from functools import cache

import click

from antiphon.cli import main
from antiphon.config.shape import SETTINGS, leaves
from antiphon.config.variables import CONFIG, SHORT, variable
from antiphon.settings import ServerSettings
from tests.shape.repository import ROOT

PORT = ServerSettings().port
SHUTDOWN_SECONDS = ServerSettings().shutdown_seconds
ENDPOINTS = ROOT / "docs" / "reference" / "endpoints.md"
METRICS = ROOT / "docs" / "reference" / "metrics.md"


def check_path(path: str) -> None:
    """Something answers there, without a key or with one."""
    served = re.findall(r"(?m)^\| `GET` \| \[`([^`]+)`\]", ENDPOINTS.read_text("utf-8"))
    assert served
    assert path in served


@cache
def variables() -> frozenset[str]:
    """Every variable that is a setting, or names the configuration."""
    return frozenset({CONFIG, *SHORT, *(variable(path) for path, _ in leaves(SETTINGS))})


def check_variable(name: str) -> None:
    """A variable of ours means something."""
    assert name in variables()


def check_command(words: list[str]) -> None:
    """The words are a command of ours, and its options."""
    command: click.Command = main
    with click.Context(command) as context:
        while words and isinstance(command, click.Group):
            found = command.get_command(context, words[0])
            assert found is not None, words
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in parameter.opts}
    assert not isinstance(command, click.Group), "a group of commands does nothing"
    assert {word for word in words if word.startswith("--")} <= options


def check_metrics(expression: str) -> None:
    """Every metric of ours in a question to Prometheus is one that is told, with these labels."""
    told = _told()
    # What a question groups by is a label of one of its metrics at least.
    anywhere: set[str] = {"job", "instance", "le"}
    for name, matchers in re.findall(r"\b((?:antiphon|process)_[a-z_]+)\b(?:\{([^}]*)\})?", expression):
        base = name if name in told else re.sub(r"_(bucket|sum|count)$", "", name)
        assert base in told, name
        anywhere |= told[base]
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= told[base] | {"job", "instance"}, expression
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= anywhere, expression


@cache
def _told() -> dict[str, frozenset[str]]:
    """The labels of each metric, as the page tells them."""
    rows = re.findall(r"(?m)^\| `([a-z_]+)` \| \w+ \| ([^|]*) \|", METRICS.read_text("utf-8"))
    assert rows
    return {name: frozenset(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
