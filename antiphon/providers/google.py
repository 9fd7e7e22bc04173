"""Who signs requests to Google Cloud: application default credentials, in the order of Google's own clients.

https://docs.cloud.google.com/docs/authentication/application-default-credentials, read 2026-11. The key that is set or
the file that is named, the file that ``gcloud auth application-default login`` wrote, the machine's metadata service.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from antiphon.credential_settings import GoogleSettings
from antiphon.errors import ConfigError, CredentialsFailed
from antiphon.protocols import Clock
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.errands import Errands, decoded
from antiphon.providers.google_grants import Grants, KeyFile, Token, TokenAnswer, can_sign, lapsing
from antiphon.providers.key_files import file_text
from antiphon.providers.renewal import Lapsing, Renewed
from antiphon.wire.faults import UNDECODABLE

EXTRA: Final = "`make vertex`, or elsewhere `pip install 'antiphon[vertex]'`"
_GCLOUD: Final = "~/.config/gcloud"
_WELL_KNOWN: Final = "application_default_credentials.json"
_MACHINE: Final = "metadata.google.internal"
_MACHINE_PATH: Final = "/computeMetadata/v1/instance/service-accounts/default/token"
_METADATA: Final = "the machine's metadata service"
_SERVICE_ACCOUNT: Final = "service_account"

_key_file: Final = msgspec.json.Decoder(KeyFile)


@dataclass(frozen=True, slots=True)
class GoogleSearch:
    """Finds a token by the settings, a new one each time it is asked."""

    settings: GoogleSettings
    errands: Errands
    clock: Clock

    async def token(self) -> Lapsing[Token]:
        """A token for Google Cloud. Raises CredentialsFailed, with a word on everything that was tried."""
        try:
            key = self._key()
            return await (self._by_machine() if key is None else Grants(self.errands, self.clock).by_file(key))
        except CredentialsFailed as error:
            raise CredentialsFailed(f"Google Cloud: {error.message}") from error

    def check(self) -> None:
        """Raises ConfigError for a service account's key that nothing here can sign with."""
        try:
            key = self._key()
        except CredentialsFailed:
            return  # told when it is needed: the file may come later
        if key is not None and key.type == _SERVICE_ACCOUNT and not can_sign():
            raise ConfigError(f"the key of a Google service account needs one more library: {EXTRA}")

    def _key(self) -> KeyFile | None:
        said = self.settings
        if said.key is not None:
            return _read(said.key, "the key in `google.key`")
        if said.file is not None:
            return _read(file_text(said.file, "Google's key"), "the file with Google's key")
        usual = Path(said.gcloud_folder or _GCLOUD) / _WELL_KNOWN
        try:
            if not usual.expanduser().is_file():
                return None
        except (OSError, RuntimeError, ValueError):  # nobody's home folder, or one that is closed to the gateway
            return None
        return _read(file_text(str(usual), "gcloud's credentials"), "the file with gcloud's credentials")

    async def _by_machine(self) -> Lapsing[Token]:
        nothing = "no key file is set, gcloud has left none, and "
        if self.settings.metadata_disabled:
            raise CredentialsFailed(nothing + "the machine's metadata service is switched off")
        url = f"http://{self.settings.metadata_host or _MACHINE}{_MACHINE_PATH}"
        try:
            answer = await self.errands.ask_near(_METADATA, url, {"Metadata-Flavor": "Google"})
        except CredentialsFailed as error:
            raise CredentialsFailed(nothing + error.message) from error
        return lapsing(decoded(_METADATA, answer, TokenAnswer), self.clock())


def _read(text: str, what: str) -> KeyFile:
    try:
        return _key_file.decode(text)
    except (*UNDECODABLE, UnicodeEncodeError):
        raise CredentialsFailed(f"{what} is not of a form that is known") from None


class GoogleCredentials:
    """Implements `credentials.Credentials`: a bearer token, and the project that pays where the key names one."""

    def __init__(self, search: GoogleSearch) -> None:
        """Asks nobody yet. Raises ConfigError for a key that cannot be used with what is installed."""
        search.check()
        self._token = Renewed(search.token, search.clock)

    async def headers(self, method: bytes, endpoint: Endpoint, body: bytes) -> bytes:
        token = await self._token.get()
        return token.lines
