"""Who signs requests to AWS: the search that AWS's own clients make, in their order.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html, read 2026-11. Keys that are set, a web
identity, the profile of the shared files, a container's service, the machine's. A profile that somebody names comes
before the web identity. Left out: SSO's token files, and the sign-in of consoles; `credential_process` runs both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from antiphon.credential_settings import AwsSettings
from antiphon.errors import CredentialsFailed
from antiphon.protocols import Clock
from antiphon.providers.aws_machine import container_keys, machine_keys
from antiphon.providers.aws_profiles import Profile, Profiles, process_keys
from antiphon.providers.aws_roles import RoleRequest, Sts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.errands import Errands
from antiphon.providers.renewal import Lapsing, Renewed
from antiphon.providers.sigv4 import Keys, signed

DEFAULT_PROFILE: Final = "default"
_DEEPEST: Final = 5
"""Profiles that take a role with the keys of another that takes a role with the keys of another."""

Found = Lapsing[Keys]


@dataclass(frozen=True, slots=True)
class AwsSearch:
    """Finds keys by the settings, new ones each time it is asked."""

    settings: AwsSettings
    region: str
    errands: Errands
    clock: Clock

    async def keys(self) -> Found:
        """What signs. Raises CredentialsFailed, with a word on everything that was tried."""
        found = await self._found()
        role = self.settings.role_arn
        if role is None:
            return found
        request = RoleRequest(role, self._session, self.settings.external_id)
        return await self._sts(self.region).assumed(request, found.value)

    @property
    def _session(self) -> str:
        return self.settings.role_session_name or "antiphon"

    async def _found(self) -> Found:
        said = self.settings
        if said.access_key_id is not None and said.secret_access_key is not None:
            return Lapsing(Keys(said.access_key_id, said.secret_access_key, said.session_token or ""), None)
        if said.access_key_id is not None or said.secret_access_key is not None:
            raise CredentialsFailed("AWS: an access key's id and its secret go together, and one of them is missing")
        tried: list[str] = []
        for look in self._places():
            try:
                found = await look()
            except CredentialsFailed as error:
                raise CredentialsFailed("; ".join(["AWS: " + error.message, *tried])) from error
            if isinstance(found, Lapsing):
                return found
            tried.append(found)
        raise CredentialsFailed("AWS: no credentials were found: " + "; ".join(tried))

    def _places(self) -> list[Callable[[], Awaitable[Found | str]]]:
        """Each gives keys, or says why there are none; a place that was told of and fails ends the search."""
        if self.settings.profile is not None:
            return [self._by_profile]
        return [self._by_web_identity, self._by_profile, self._by_container, self._by_machine]

    async def _by_web_identity(self) -> Found | str:
        said = self.settings
        if said.web_identity_token_file is None or said.web_identity_role_arn is None:
            return "no web identity is set"
        request = RoleRequest(said.web_identity_role_arn, self._session)
        return await self._sts(self.region).with_web_identity(request, said.web_identity_token_file)

    async def _by_profile(self) -> Found | str:
        name = self.settings.profile or DEFAULT_PROFILE
        profiles = Profiles.read(self.settings.config_file, self.settings.credentials_file)
        if name not in profiles.by_name:
            if self.settings.profile is not None:
                raise CredentialsFailed(f"the profile '{name}' is in no shared file")
            return "no shared file has a default profile"
        return await self._of_profile(profiles, name, _DEEPEST)

    async def _of_profile(self, profiles: Profiles, name: str, depth: int) -> Found | str:
        profile = profiles.named(name)
        if depth == 0:
            raise CredentialsFailed("the profiles of the shared files refer to each other in a circle")
        if profile.role_arn:
            return await self._of_role(profiles, profile, depth)
        if profile.keys is not None:
            return Lapsing(profile.keys, None)
        if profile.process:
            return await process_keys(profile.process)
        if profile.is_sso:
            raise CredentialsFailed(
                f"the profile '{name}' signs in with SSO, which is not supported here; use its "
                "`credential_process = aws configure export-credentials --profile NAME --format process`"
            )
        return f"the profile '{name}' holds no credentials"

    async def _of_role(self, profiles: Profiles, profile: Profile, depth: int) -> Found:
        request = RoleRequest(profile.role_arn, profile.session_name or self._session, profile.external_id)
        sts = self._sts(profile.region or self.region)
        if profile.token_file:
            return await sts.with_web_identity(request, profile.token_file)
        if profile.source:
            base = await self._of_source(profiles, profile, depth)
        elif profile.credential_source == "EcsContainer":
            base = await self._by_container()
        elif profile.credential_source == "Ec2InstanceMetadata":
            base = await self._by_machine()
        else:
            base = "it names neither a source_profile nor a credential_source that is known"
        if isinstance(base, str):
            raise CredentialsFailed(f"the role of the profile '{profile.name}' cannot be taken on: {base}")
        return await sts.assumed(request, base.value)

    async def _of_source(self, profiles: Profiles, profile: Profile, depth: int) -> Found | str:
        """A profile may be its own source: then its keys take its role on."""
        if profile.source == profile.name and profile.keys is not None:
            return Lapsing(profile.keys, None)
        return await self._of_profile(profiles, profile.source, depth - 1)

    async def _by_container(self) -> Found | str:
        said = self.settings
        if said.container_uri is None:
            return "no container's service is set"
        return await container_keys(self.errands, said.container_uri, said.container_token, said.container_token_file)

    async def _by_machine(self) -> Found | str:
        if self.settings.metadata_disabled:
            return "the machine's metadata service is switched off"
        return await machine_keys(self.errands, self.settings.metadata_url)

    def _sts(self, region: str) -> Sts:
        return Sts(self.errands, region, self.settings.sts_url, self.clock)


class AwsCredentials:
    """Implements `credentials.Credentials`: signs with keys that are searched for once and renewed in time."""

    def __init__(self, search: AwsSearch, service: str) -> None:
        """`service` is what AWS calls it in signatures."""
        self._scope = (search.region, service)
        self._clock = search.clock
        self._keys = Renewed(search.keys, search.clock)

    async def headers(self, method: bytes, endpoint: Endpoint, body: bytes) -> bytes:
        keys = await self._keys.get()
        return signed(keys, self._scope, method, endpoint, body, self._clock())
