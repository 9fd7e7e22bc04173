"""What a gateway without configuration keeps in the user's data folder: its database and its keys."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from antiphon.errors import ConfigError
from antiphon.key_digests import is_meant
from antiphon.settings import Settings

PREFIX: Final = "sk-antiphon-"
_KEY_FILE: Final = "master-key"
_SEALING_FILE: Final = "sealing-key"
_DATABASE_FILE: Final = "antiphon.db"
_OWNERS: Final = 0o600
_OTHERS: Final = 0o077


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


def key_files(folder: Path) -> tuple[Path, ...]:
    """Where keys are kept that were made here, there or not."""
    return folder / _KEY_FILE, folder / _SEALING_FILE


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
    try:
        key, is_new = _kept(file)
    except _CannotKeep as error:
        message = f"the master key cannot be kept in {file}: {error}; set ANTIPHON_MASTER_KEY instead"
        raise ConfigError(message) from None
    return MasterKey(key, file, is_new=is_new)


def kept_sealing_key(folder: Path) -> str:
    """As `kept_master_key`, for sealing where there is no master key to derive that from. Raises ConfigError."""
    file = folder / _SEALING_FILE
    try:
        return _kept(file)[0]
    except _CannotKeep as error:
        message = f"the sealing key cannot be kept in {file}: {error}; set ANTIPHON_SECURITY__SEALING_KEYS instead"
        raise ConfigError(message) from None


def with_kept_keys(settings: Settings, variables: Mapping[str, str]) -> tuple[Settings, MasterKey | None]:
    """The settings with what is kept in the data folder where they name no key; the master key if it is among that.

    Every process that serves or works needs the same: what one has sealed, the others must open.
    """
    folder, kept = data_folder(variables), None
    if settings.master_key is None and not settings.keys:
        kept = kept_master_key(folder)
        settings = msgspec.structs.replace(settings, master_key=kept.key)
    if settings.master_key is None and not settings.security.sealing_keys:
        security = msgspec.structs.replace(settings.security, sealing_keys=[kept_sealing_key(folder)])
        settings = msgspec.structs.replace(settings, security=security)
    return settings, kept


def is_own_key(key: str, settings: Settings, variables: Mapping[str, str]) -> bool:
    """Whether clients come to this gateway with the key. None is made."""
    own = [*filter(None, [settings.master_key]), *(each.key for each in settings.keys)]
    if not own:
        with suppress(_CannotKeep, ConfigError):
            own = [_read(data_folder(variables) / _KEY_FILE)]
    return any(is_meant(each, key) for each in own)


class _CannotKeep(Exception):
    """Why a key cannot be read or written."""


def _kept(file: Path) -> tuple[str, bool]:
    """The key in `file`, and whether it was made just now."""
    prepare(file.parent)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNERS)
    except FileExistsError:
        return _read(file), False
    except OSError as error:
        raise _CannotKeep(error.strerror) from None
    key = PREFIX + secrets.token_urlsafe(32)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(key + "\n")
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        raise _CannotKeep(error.strerror) from None
    return key, True


def _read(file: Path) -> str:
    try:
        if file.stat().st_mode & _OTHERS:
            file.chmod(_OWNERS)
        key = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise _CannotKeep(error.strerror) from None
    except UnicodeDecodeError:
        raise _CannotKeep("it is no text") from None
    if not key or not key.isprintable() or " " in key:
        raise ConfigError(f"{file} holds no key; remove it and a new one is made")
    return key
