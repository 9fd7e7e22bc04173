"""Who asks Entra for tokens: a client secret, a workload's own token, App Service, or the machine's managed identity.

https://learn.microsoft.com/en-us/azure/developer/python/sdk/authentication/credential-chains (its order) and
https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow, read 2026-11. Left out:
certificates, and what developers' tools are signed in with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import msgspec

from antiphon.credential_settings import AzureSettings
from antiphon.errors import CredentialsFailed
from antiphon.protocols import Clock
from antiphon.providers.credentials import bearer_line
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.errands import Errands, decoded
from antiphon.providers.key_files import file_text
from antiphon.providers.renewal import Lapsing, Renewed

DEFAULT_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
_AUTHORITY: Final = "https://login.microsoftonline.com"
_MACHINE: Final = "http://169.254.169.254"
_MACHINE_PATH: Final = "/metadata/identity/oauth2/token"
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ENTRA: Final = "Entra"
_APP_SERVICE: Final = "App Service's identity service"
_METADATA: Final = "the machine's identity service"


class _Granted(msgspec.Struct):
    """Managed identities tell the moment of the end, in text; Entra tells the seconds until then."""

    access_token: str
    expires_in: float | None = None
    expires_on: float | None = None


@dataclass(frozen=True, slots=True)
class AzureSearch:
    """Finds a token by the settings, a new one each time it is asked."""

    settings: AzureSettings
    errands: Errands
    clock: Clock

    async def line(self) -> Lapsing[bytes]:
        """A token as it is sent. Raises CredentialsFailed, which says whom was asked."""
        try:
            granted = await self._granted()
        except CredentialsFailed as error:
            raise CredentialsFailed(f"Azure: {error.message}") from error
        now = self.clock()
        if granted.expires_in is not None:
            end = now + granted.expires_in
        else:
            end = now if granted.expires_on is None else granted.expires_on
        return Lapsing(bearer_line(granted.access_token), end)

    async def _granted(self) -> _Granted:
        said = self.settings
        if said.client_secret is not None:
            return await self._by_entra({"client_secret": said.client_secret})
        if said.federated_token_file is not None:
            token = file_text(said.federated_token_file, "the workload's token")
            return await self._by_entra({"client_assertion_type": _ASSERTION_TYPE, "client_assertion": token})
        if said.identity_url is not None and said.identity_header is not None:
            url = _asking(said.identity_url, self._identity("2019-08-01"))
            headers = {"X-IDENTITY-HEADER": said.identity_header}
            return decoded(_APP_SERVICE, await self.errands.ask_near(_APP_SERVICE, url, headers), _Granted)
        url = _asking((said.metadata_url or _MACHINE).rstrip("/") + _MACHINE_PATH, self._identity("2018-02-01"))
        try:
            answer = await self.errands.ask_near(_METADATA, url, {"Metadata": "true"})
        except CredentialsFailed as error:
            raise CredentialsFailed(f"no key, client secret or workload's token is set, and {error.message}") from error
        return decoded(_METADATA, answer, _Granted)

    async def _by_entra(self, proof: Mapping[str, str]) -> _Granted:
        said = self.settings
        if said.tenant_id is None or said.client_id is None:
            raise CredentialsFailed("Entra needs `azure.tenant_id` and `azure.client_id` beside what proves them")
        url = f"{(said.authority_url or _AUTHORITY).rstrip('/')}/{said.tenant_id}/oauth2/v2.0/token"
        fields = {
            "grant_type": "client_credentials",
            "client_id": said.client_id,
            "scope": said.scope or DEFAULT_SCOPE,
            **proof,
        }
        return decoded(_ENTRA, await self.errands.form(_ENTRA, url, fields, {}), _Granted)

    def _identity(self, version: str) -> dict[str, str]:
        """What managed identities are asked: the resource, which is the scope without its end."""
        resource = (self.settings.scope or DEFAULT_SCOPE).removesuffix("/.default")
        fields = {"api-version": version, "resource": resource}
        return fields if self.settings.client_id is None else {**fields, "client_id": self.settings.client_id}


def _asking(url: str, fields: Mapping[str, str]) -> str:
    return f"{url}?{urlencode(fields)}"


class AzureCredentials:
    """Implements `credentials.Credentials`: a bearer token."""

    def __init__(self, search: AzureSearch) -> None:
        """Asks nobody yet."""
        self._line = Renewed(search.line, search.clock)

    async def headers(self, method: bytes, endpoint: Endpoint, body: bytes) -> bytes:
        return await self._line.get()
