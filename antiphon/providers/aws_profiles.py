"""AWS's shared files, ``~/.aws/config`` and ``~/.aws/credentials``, and the programs that profiles name.

https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html and feature-process-credentials.html, read 2026-11.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from antiphon.errors import CredentialsFailed
from antiphon.providers.moments import unix_time
from antiphon.providers.renewal import Lapsing
from antiphon.providers.sigv4 import Keys
from antiphon.wire.faults import UNDECODABLE

PROCESS_SECONDS: Final = 60.0
_FOLDER: Final = Path("~/.aws")
_SECTION: Final = re.compile(r"profile\s+(?P<quote>[\"']?)(?P<name>.+)(?P=quote)")
"""A profile in the configuration; a name with blanks stands in quotes."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One section of the files, those members that lead to keys."""

    name: str
    members: Mapping[str, str]

    def _said(self, member: str) -> str:
        return self.members.get(member, "")

    @property
    def keys(self) -> Keys | None:
        key_id, secret = self._said("aws_access_key_id"), self._said("aws_secret_access_key")
        return Keys(key_id, secret, self._said("aws_session_token")) if key_id and secret else None

    @property
    def role_arn(self) -> str:
        return self._said("role_arn")

    @property
    def source(self) -> str:
        return self._said("source_profile")

    @property
    def credential_source(self) -> str:
        return self._said("credential_source")

    @property
    def token_file(self) -> str:
        return self._said("web_identity_token_file")

    @property
    def session_name(self) -> str:
        return self._said("role_session_name")

    @property
    def external_id(self) -> str | None:
        return self.members.get("external_id")

    @property
    def region(self) -> str:
        return self._said("region")

    @property
    def process(self) -> str:
        return self._said("credential_process")

    @property
    def is_sso(self) -> bool:
        return bool(self._said("sso_session") or self._said("sso_start_url"))


@dataclass(frozen=True, slots=True)
class Profiles:
    """All of them, by name."""

    by_name: Mapping[str, Profile]

    @classmethod
    def read(cls, config: str | None, credentials: str | None) -> Profiles:
        """Both files; one that is not there is empty. Raises CredentialsFailed for one that cannot be read."""
        members: dict[str, dict[str, str]] = {}
        for name, section in _sections(Path(config) if config else _FOLDER / "config", "configuration"):
            found = _SECTION.fullmatch(name)
            if name == "default" or found is not None:
                members.setdefault(name if found is None else found["name"], {}).update(section)
        for name, section in _sections(Path(credentials) if credentials else _FOLDER / "credentials", "credentials"):
            members.setdefault(name, {}).update(section)
        return cls({name: Profile(name, section) for name, section in members.items()})

    def named(self, name: str) -> Profile:
        """Raises CredentialsFailed."""
        if name not in self.by_name:
            raise CredentialsFailed(f"the profile '{name}' is in no shared file")
        return self.by_name[name]


def _sections(path: Path, what: str) -> list[tuple[str, dict[str, str]]]:
    parser = RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(path.expanduser().read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, RuntimeError):
        return []
    except (OSError, ValueError, Error):
        raise CredentialsFailed(f"AWS's shared {what} file cannot be read") from None
    return [(name, dict(parser.items(name))) for name in parser.sections()]


class _Printed(msgspec.Struct):
    """What such a program prints."""

    version: int = msgspec.field(name="Version")
    key_id: str = msgspec.field(name="AccessKeyId")
    secret: str = msgspec.field(name="SecretAccessKey")
    token: str | None = msgspec.field(name="SessionToken", default=None)
    expiration: str | None = msgspec.field(name="Expiration", default=None)


async def process_keys(command: str) -> Lapsing[Keys]:
    """The keys that a program prints. Raises CredentialsFailed, without anything that it printed."""
    try:
        words = shlex.split(command)
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except (OSError, ValueError, TypeError):
        raise CredentialsFailed("the program of `credential_process` cannot be started") from None
    try:
        async with asyncio.timeout(PROCESS_SECONDS):
            printed, _ = await process.communicate()
    except TimeoutError:
        raise CredentialsFailed("the program of `credential_process` does not end") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise CredentialsFailed(f"the program of `credential_process` ended with status {process.returncode}")
    try:
        said = msgspec.json.decode(printed, type=_Printed)
    except UNDECODABLE:
        raise CredentialsFailed("the program of `credential_process` printed no credentials") from None
    return Lapsing(Keys(said.key_id, said.secret, said.token or ""), unix_time(said.expiration))
