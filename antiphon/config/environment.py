"""The environment and the `.env` file of the working directory, as one mapping that knows which is which."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from antiphon.config.references import interpolated
from antiphon.errors import ConfigError

DOTENV: Final = ".env"


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables by name; those in `from_file` were found in `.env` and not in the environment.

    `seen` gets the files that were read, or would have been had they been there.
    """

    variables: Mapping[str, str]
    folder: Path
    from_file: frozenset[str] = frozenset()
    seen: set[Path] = field(default_factory=set[Path])

    def origin(self, name: str) -> str:
        """The variable, and the file if it stands there."""
        return f"{name} ({DOTENV})" if name in self.from_file else name


def this_environment() -> Environment:
    """What this process was started with, and where. Raises ConfigError when `.env` cannot be read."""
    return read_environment(os.environ, Path.cwd())


def read_environment(process: Mapping[str, str], folder: Path) -> Environment:
    """`process` over the `.env` file in `folder`. Raises ConfigError when that is there and cannot be read."""
    file = folder / DOTENV
    if not file.is_file():
        return Environment(dict(process), folder, seen={file})
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"{file}: {reason}") from None
    variables = dict(process)
    for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items():
        if name not in process:
            variables[name] = interpolated(value or "", variables)
    return Environment(variables, folder, frozenset(variables) - frozenset(process), {file})
