"""Where settings came from, to be read again: by a process that goes on serving while its owner edits them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.config.environment import this_environment
from antiphon.config.keeping import with_kept_keys
from antiphon.config.loading import load
from antiphon.config.tree import Node
from antiphon.errors import ConfigError
from antiphon.settings import Settings

FIXED: Final = (
    ("server", "host"),
    ("server", "port"),
    ("server", "workers"),
    ("server", "shutdown_seconds"),
    ("server", "drain_seconds"),
    ("server", "reload"),
    ("server", "tls"),
    ("connections",),
    ("database",),
    ("redis",),
    ("limits", "counters"),
    ("metrics", "enabled"),
    ("metrics", "worker_port"),
    ("security", "encryption_keys"),
    ("security", "lost_encryption_keys"),
    ("websocket", "max_frame_bytes"),
    ("websocket", "ping_seconds"),
)
"""What only a start can change: sockets, processes and the database outlive every reload."""

Fingerprint = Mapping[Path, tuple[int, int, int] | None]
"""What tells a file from itself as it was; None where there is none."""


class Source(Struct, frozen=True):
    """The file that was named, if one was, and what the command line said; the rest is found where it always is.

    `watches` is whether to look for changes; whoever does not is told to read it again, and need not tell anybody.
    """

    config: Path | None = None
    options: Mapping[str, str | int] = {}
    watches: bool = True

    def read(self) -> tuple[Settings | ConfigError, frozenset[Path]]:
        """The settings that hold now, or what is wrong with them; and every file that they hang on, there or not."""
        seen: set[Path] = set()
        try:
            environment = this_environment()
            seen = environment.seen
            options = {("server", name): Node(value, f"--{name}", text=True) for name, value in self.options.items()}
            loaded = load(environment, config=self.config, options=options)
            settings, _ = with_kept_keys(loaded.settings, environment.variables)
        except ConfigError as error:
            return error, frozenset(seen)
        return settings, frozenset(seen)


def fingerprint(files: Iterable[Path]) -> Fingerprint:
    """How the files stand."""
    return {file: _mark(file) for file in files}


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def with_fixed(settings: Settings, running: Settings) -> Settings:
    """`settings` but for what only a start can change: that is as it is `running`."""
    for path in FIXED:
        settings = _with(settings, running, path)
    return settings


def _with(settings: Settings, running: Settings, path: tuple[str, ...]) -> Settings:
    name, *rest = path
    ours = getattr(running, name)
    if not rest:
        return msgspec.structs.replace(settings, **{name: ours})
    section = msgspec.structs.replace(getattr(settings, name), **{rest[0]: getattr(ours, rest[0])})
    return msgspec.structs.replace(settings, **{name: section})


def is_fixed(name: str) -> bool:
    """Whether the setting of this dotted name is one that only a start can change."""
    return any(f"{name}.".startswith(".".join(path) + ".") for path in FIXED)
