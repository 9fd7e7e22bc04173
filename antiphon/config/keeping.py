"""What a gateway without configuration keeps in the user's data folder: its database and its master key."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from antiphon.errors import ConfigError

PREFIX: Final = "sk-antiphon-"
_KEY_FILE: Final = "master-key"
_DATABASE_FILE: Final = "antiphon.db"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key that was made here; `is_new` until the first start has shown it."""

    key: str = field(repr=False)
    file: Path
    is_new: bool


def data_folder(variables: Mapping[str, str]) -> Path:
    """Where the user's programs keep their data (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    named = Path(variables.get("XDG_DATA_HOME", ""))
    return named / "antiphon" if named.is_absolute() else platformdirs.user_data_path("antiphon", appauthor=False)


def database_url(folder: Path) -> str:
    """The address of the database that is used when none is configured."""
    return f"sqlite:///{folder / _DATABASE_FILE}"


def prepare(folder: Path) -> None:
    """Makes the folder, for its owner alone. Raises ConfigError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the data folder {folder} cannot be made: {error.strerror}") from None


def kept_master_key(folder: Path) -> MasterKey:
    """The master key kept in `folder`, made and written for its owner alone when there is none. Raises ConfigError."""
    file = folder / _KEY_FILE
    prepare(folder)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return MasterKey(_read(file), file, is_new=False)
    except OSError as error:
        raise _unusable(file, error) from None
    key = PREFIX + secrets.token_urlsafe(32)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(key + "\n")
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        raise _unusable(file, error) from None
    return MasterKey(key, file, is_new=True)


def _read(file: Path) -> str:
    try:
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(file, error) from None
    if not key or not key.isprintable() or " " in key:
        raise ConfigError(f"{file} holds no key; remove it and a new one is made")
    return key


def _unusable(file: Path, error: OSError | UnicodeDecodeError) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else "it is no text"
    return ConfigError(f"the master key cannot be kept in {file}: {reason}; set ANTIPHON_MASTER_KEY instead")
