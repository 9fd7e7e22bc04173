"""The configuration, as every command takes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from antiphon.config.environment import Environment, this_environment
from antiphon.config.keeping import MasterKey, data_folder, kept_master_key, kept_sealing_key
from antiphon.config.loading import Loaded, load
from antiphon.config.tree import Node
from antiphon.settings import SecuritySettings, Settings

config_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file; antiphon.yaml, if it is there, when absent.",
)


def configured(config: Path | None, **options: object) -> tuple[Loaded, Environment]:
    """What is configured. `options` are settings of the server by name; None says nothing. Raises ConfigError."""
    environment = this_environment()
    said = {
        ("server", name): Node(value, f"--{name}", text=True)
        for name, value in options.items()
        if isinstance(value, str | int)
    }
    return load(environment, config=config, options=said), environment


def with_kept_keys(settings: Settings, environment: Environment) -> tuple[Settings, MasterKey | None]:
    """The settings with what is kept in the data folder where they name no key; the master key if it is among that.

    Every process that serves or works needs the same: what one has sealed, the others must open.
    """
    folder, kept = data_folder(environment.variables), None
    if settings.master_key is None and not settings.keys:
        kept = kept_master_key(folder)
        settings = msgspec.structs.replace(settings, master_key=kept.key)
    if settings.master_key is None and not settings.security.sealing_keys:
        security = SecuritySettings(sealing_keys=[kept_sealing_key(folder)])
        settings = msgspec.structs.replace(settings, security=security)
    return settings, kept
