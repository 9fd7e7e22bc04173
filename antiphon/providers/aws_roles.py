"""AWS's token service, which gives keys for roles.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and API_AssumeRoleWithWebIdentity.html, read
2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import urlencode

from antiphon.errors import CredentialsFailed
from antiphon.protocols import Clock
from antiphon.providers.errands import Answer, Errands, place_of
from antiphon.providers.key_files import file_text
from antiphon.providers.moments import unix_time
from antiphon.providers.renewal import Lapsing
from antiphon.providers.sigv4 import Keys, signed

_VERSION: Final = "2011-06-15"
_WHO: Final = "AWS's token service (STS)"


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """A role, what to be called in it, and the word its owner may ask for."""

    role_arn: str
    session: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sts:
    """The service of one region; at `url` if that is given."""

    errands: Errands
    region: str
    url: str | None
    clock: Clock

    async def assumed(self, request: RoleRequest, keys: Keys) -> Lapsing[Keys]:
        """The role's keys, asked for with others. Raises CredentialsFailed."""
        fields = _fields("AssumeRole", request)
        if request.external_id is not None:
            fields["ExternalId"] = request.external_id
        body = urlencode(fields).encode()
        endpoint = place_of(_WHO, self._address)
        lines = signed(keys, (self.region, "sts"), b"POST", endpoint, body, self.clock()).decode()
        headers = dict(line.split(": ", 1) for line in lines.splitlines())
        return _keys(await self.errands.form(_WHO, self._address, fields, headers))

    async def with_web_identity(self, request: RoleRequest, token_file: str) -> Lapsing[Keys]:
        """The role's keys, asked for with a token, which others write anew before it ends. Raises CredentialsFailed."""
        token = file_text(token_file, "the web identity's token")
        fields = _fields("AssumeRoleWithWebIdentity", request) | {"WebIdentityToken": token}
        return _keys(await self.errands.form(_WHO, self._address, fields, {}))

    @property
    def _address(self) -> str:
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return (self.url or f"https://sts.{self.region}.{domain}").rstrip("/") + "/"


def _fields(action: str, request: RoleRequest) -> dict[str, str]:
    return {
        "Action": action,
        "Version": _VERSION,
        "RoleArn": request.role_arn,
        "RoleSessionName": request.session,
    }


def _keys(answer: Answer) -> Lapsing[Keys]:
    """STS speaks XML; the four values in it hold no markup."""
    if not answer.good:
        raise CredentialsFailed(f"{_WHO} refused: {answer.reason}")
    text = answer.body.decode("utf-8", "replace")
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    found = [re.search(f"<{name}>([^<]+)</{name}>", text) for name in names]
    key_id, secret, token, end = (unescape(each[1]).strip() if each else "" for each in found)
    if not (key_id and secret and token and end):
        raise CredentialsFailed(f"{_WHO} answered what is no credential")
    return Lapsing(Keys(key_id, secret, token), unix_time(end))
