"""The keys of the machine or the container that the gateway runs on, from services that only it can reach.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html and feature-imds-credentials.html,
read 2026-11.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from antiphon.errors import CredentialsFailed
from antiphon.providers.errands import Errands, decoded
from antiphon.providers.key_files import file_text
from antiphon.providers.moments import unix_time
from antiphon.providers.renewal import Lapsing
from antiphon.providers.sigv4 import Keys

_ECS: Final = "http://169.254.170.2"
_CONTAINERS: Final = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
"""The only addresses without TLS, but for this machine's own, that may be told a container's token: ECS, EKS, EKS."""
_MACHINE: Final = "http://169.254.169.254"
_ROLES: Final = "/latest/meta-data/iam/security-credentials/"
_TOKEN_SECONDS: Final = 21_600
_CONTAINER: Final = "the container's credential service"
_METADATA: Final = "the machine's metadata service"


class _Told(msgspec.Struct):
    key_id: str = msgspec.field(name="AccessKeyId")
    secret: str = msgspec.field(name="SecretAccessKey")
    token: str = msgspec.field(name="Token")
    expiration: str = msgspec.field(name="Expiration")

    def keys(self) -> Lapsing[Keys]:
        return Lapsing(Keys(self.key_id, self.secret, self.token), unix_time(self.expiration))


async def container_keys(errands: Errands, uri: str, token: str | None, token_file: str | None) -> Lapsing[Keys]:
    """What ECS, or EKS's pod identity, gives. Raises CredentialsFailed."""
    url = _ECS + uri if uri.startswith("/") else uri
    if not _may_be_told(url):
        raise CredentialsFailed(f"{_CONTAINER} is at an address that a token must not be sent to without TLS")
    if token_file is not None:
        token = file_text(token_file, "the container's token")
    answer = await errands.ask_near(_CONTAINER, url, {} if token is None else {"Authorization": token})
    return decoded(_CONTAINER, answer, _Told).keys()


async def machine_keys(errands: Errands, url: str | None) -> Lapsing[Keys] | str:
    """What the machine's role gives, by version 2 of the service alone; why there is none, if there is none."""
    base = (url or _MACHINE).rstrip("/")
    seconds = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
    try:
        session = await errands.ask_near(_METADATA, base + "/latest/api/token", seconds, put=True)
    except CredentialsFailed as error:
        return error.message
    if not session.good:
        return f"{_METADATA} gives no session: {session.reason}"
    headers = {"X-aws-ec2-metadata-token": session.body.decode("ascii", "replace").strip()}
    role = await errands.ask_near(_METADATA, base + _ROLES, headers)
    names = role.body.decode("utf-8", "replace").split() if role.good else []
    if not names:
        return "the machine has no role"
    answer = await errands.ask_near(_METADATA, base + _ROLES + quote(names[0], safe=""), headers)
    return decoded(_METADATA, answer, _Told).keys()


def _may_be_told(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        secure = parts.scheme == "https" or host in _CONTAINERS or host == "localhost"
        return secure or ip_address(host).is_loopback
    except ValueError:
        return False
