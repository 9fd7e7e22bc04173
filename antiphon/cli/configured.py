"""The configuration, as every command takes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from antiphon.config.environment import Environment, this_environment
from antiphon.config.loading import Loaded, load
from antiphon.config.source import Source
from antiphon.config.tree import Node

config_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file; antiphon.yaml, if it is there, when absent.",
)


def source_of(loaded: Loaded, **options: object) -> Source:
    """Where what was loaded can be read again. `options` as in `configured`.

    The file that was read is the one from then on: should it go, nothing stands in for it.
    """
    said = {name: value for name, value in options.items() if isinstance(value, str | int)}
    return Source(None if loaded.path is None else loaded.path.absolute(), said)


def configured(config: Path | None, **options: object) -> tuple[Loaded, Environment]:
    """What is configured. `options` are settings of the server by name; None says nothing. Raises ConfigError."""
    environment = this_environment()
    said = {
        ("server", name): Node(value, f"--{name}", text=True)
        for name, value in options.items()
        if isinstance(value, str | int)
    }
    return load(environment, config=config, options=said), environment
