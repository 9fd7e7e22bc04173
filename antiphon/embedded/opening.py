"""What a gateway in another program is made of, open."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.app import wired
from antiphon.config.environment import this_environment
from antiphon.config.keeping import PREFIX, with_kept_keys
from antiphon.config.loading import load
from antiphon.embedded.room import Room
from antiphon.errors import ConfigError
from antiphon.http.edge import Edge
from antiphon.observe.logs import told_to_logging
from antiphon.settings import Settings

_logger: Final = logging.getLogger("antiphon")

Configuration = str | Path | Mapping[str, Any] | Settings | None


class Opened(Struct, frozen=True):
    """Who answers, where clients of this process ask, and the master key."""

    edge: Edge
    room: Room
    key: str


@asynccontextmanager
async def opened(config: Configuration) -> AsyncGenerator[Opened]:
    """Everything, for a while. Raises ConfigError, or StoreFailed when the database cannot be used."""
    settings = _settings(config)
    key = settings.master_key or PREFIX + secrets.token_urlsafe(32)
    async with wired(msgspec.structs.replace(settings, master_key=key), told_to_logging) as edge, Room(edge) as room:
        yield Opened(edge, room, key)


def _settings(config: Configuration) -> Settings:
    if isinstance(config, Settings):
        return config
    environment = this_environment()
    if isinstance(config, Mapping):
        try:
            text = msgspec.json.encode(config).decode()
        except TypeError as error:
            raise ConfigError(f"the configuration can hold texts, numbers, lists and mappings alone: {error}") from None
        loaded = load(environment, text=text)
    else:
        loaded = load(environment, config=None if config is None else Path(config))
    for warning in loaded.warnings:
        _logger.warning("%s", warning)
    return with_kept_keys(loaded.settings, environment.variables)[0]
