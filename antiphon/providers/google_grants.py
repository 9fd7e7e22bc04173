"""How Google's key files become tokens: each type of file by its own grant.

https://google.aip.dev/auth (4110 to 4117) and https://developers.google.com/identity/protocols/oauth2/service-account,
read 2026-11. Left out: workload identities that AWS vouches for or that a program prints the token of.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec
from typing_extensions import override

from antiphon.errors import CredentialsFailed
from antiphon.protocols import Clock
from antiphon.providers.credentials import bearer_line, credential_lines
from antiphon.providers.errands import Answer, Errands, decoded
from antiphon.providers.key_files import file_text
from antiphon.providers.moments import unix_time
from antiphon.providers.renewal import Lapsing
from antiphon.wire.faults import UNDECODABLE

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens are had, not one of them
_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
_LIFE_SECONDS: Final = 3600
_WHO: Final = "Google's token service"
_VOUCHER: Final = "the service that vouches for the workload"
_IMPERSONATION: Final = "Google's impersonation of a service account"


class Format(msgspec.Struct, frozen=True):
    """How a file or an answer holds a token: as it is, or as a member of a JSON object."""

    type: str = "text"
    subject_token_field_name: str = ""


class Source(msgspec.Struct, frozen=True):
    """Where a workload's own token comes from. `environment_id` is set where that is AWS, which has no such token."""

    environment_id: str | None = None
    file: str | None = None
    url: str | None = None
    headers: Mapping[str, str] = {}
    format: Format = Format()


class KeyFile(msgspec.Struct, frozen=True):
    """A key file of any type; which members it has depends on that."""

    type: str
    client_email: str = ""
    private_key: str = ""
    private_key_id: str = ""
    token_uri: str = _TOKEN_URI
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    quota_project_id: str | None = None
    audience: str = ""
    subject_token_type: str = ""
    token_url: str = ""
    credential_source: Source = Source()
    service_account_impersonation_url: str | None = None
    source_credentials: KeyFile | None = None

    @override
    def __repr__(self) -> str:
        """Without anything secret."""
        return f"KeyFile(type={self.type!r})"


class TokenAnswer(msgspec.Struct):
    """What token services answer (RFC 6749, section 5.1)."""

    access_token: str
    expires_in: float = float(_LIFE_SECONDS)


class _Impersonated(msgspec.Struct):
    token: str = msgspec.field(name="accessToken")
    end: str = msgspec.field(name="expireTime")


@dataclass(frozen=True, slots=True)
class Token:
    """The header lines that a token is sent in."""

    lines: bytes

    @override
    def __repr__(self) -> str:
        """Without the token."""
        return "Token()"


def lapsing(answer: TokenAnswer, now: float, quota_project: str | None = None) -> Lapsing[Token]:
    """The token as it is sent, with the project that is charged for it, if one is named."""
    lines = bearer_line(answer.access_token)
    if quota_project is not None:
        lines += credential_lines({"x-goog-user-project": quota_project})
    return Lapsing(Token(lines), now + answer.expires_in)


@dataclass(frozen=True, slots=True)
class Grants:
    """Asks for tokens."""

    errands: Errands
    clock: Clock

    async def by_file(self, key: KeyFile) -> Lapsing[Token]:
        """A token for a key file. Raises CredentialsFailed."""
        answer = await self._answer(key)
        impersonated = key.service_account_impersonation_url
        if impersonated is None:
            return lapsing(answer, self.clock(), key.quota_project_id)
        headers = {"Authorization": f"Bearer {answer.access_token}"}
        body = {"scope": [SCOPE], "lifetime": f"{_LIFE_SECONDS}s"}
        told = decoded(
            _IMPERSONATION, await self.errands.json(_IMPERSONATION, impersonated, body, headers), _Impersonated
        )
        seconds = (unix_time(told.end) or 0.0) - self.clock()
        return lapsing(TokenAnswer(told.token, seconds), self.clock(), key.quota_project_id)

    async def _answer(self, key: KeyFile) -> TokenAnswer:
        match key.type:
            case "service_account":
                fields = {"grant_type": _JWT_GRANT, "assertion": self._assertion(key)}
                return await self._granted(key.token_uri, fields)
            case "authorized_user":
                fields = {
                    "grant_type": "refresh_token",
                    "client_id": key.client_id,
                    "client_secret": key.client_secret,
                    "refresh_token": key.refresh_token,
                }
                return await self._granted(key.token_uri, fields)
            case "external_account":
                return await self._exchanged(key)
            case "impersonated_service_account" if key.source_credentials is not None:
                return await self._answer(key.source_credentials)
            case _:
                raise CredentialsFailed("the key file is of a type that is not supported")

    async def _granted(self, url: str, fields: Mapping[str, str]) -> TokenAnswer:
        return decoded(_WHO, await self.errands.form(_WHO, url, fields, {}), TokenAnswer)

    async def _exchanged(self, key: KeyFile) -> TokenAnswer:
        fields = {
            "grant_type": _EXCHANGE,
            "audience": key.audience,
            "scope": SCOPE,
            "requested_token_type": _ACCESS_TOKEN,
            "subject_token": await self._subject_token(key.credential_source),
            "subject_token_type": key.subject_token_type,
        }
        return await self._granted(key.token_url, fields)

    async def _subject_token(self, source: Source) -> str:
        if source.file is not None:
            return _member(file_text(source.file, "the workload's token"), source.format)
        if source.url is None or source.environment_id is not None:
            raise CredentialsFailed("a workload identity is supported whose token a file or an address gives")
        answer = await self._vouched(source.url, source.headers)
        if not answer.good:
            raise CredentialsFailed(f"{_VOUCHER} refused: {answer.reason}")
        return _member(answer.body.decode("utf-8", "replace").strip(), source.format)

    async def _vouched(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Machines' own services are asked without a proxy."""
        if _is_near(url):
            return await self.errands.ask_near(_VOUCHER, url, headers)
        return await self.errands.fetch(_VOUCHER, url, headers)

    def _assertion(self, key: KeyFile) -> str:
        """The signed claim that asks for a token (RFC 7523)."""
        now = int(self.clock())
        header = {"alg": "RS256", "typ": "JWT", "kid": key.private_key_id}
        claims = {
            "iss": key.client_email,
            "scope": SCOPE,
            "aud": key.token_uri,
            "iat": now,
            "exp": now + _LIFE_SECONDS,
        }
        text = b".".join(_base64(msgspec.json.encode(part)) for part in (header, claims))
        return (text + b"." + _base64(_rs256(key.private_key, text))).decode()


def can_sign() -> bool:
    """Whether the library is installed that service accounts' keys need."""
    try:
        import_module("cryptography")
    except ImportError:
        return False
    return True


def _rs256(private_key: str, text: bytes) -> bytes:
    """The library is an extra, so it is imported where it is needed."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    except ImportError:
        raise CredentialsFailed("the key of a service account needs the extra `vertex`") from None
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CredentialsFailed("the service account's private key cannot be read") from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialsFailed("the service account's private key is no RSA key")
    return key.sign(text, PKCS1v15(), SHA256())


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _member(text: str, form: Format) -> str:
    if form.type != "json":
        return text
    try:
        members = msgspec.json.decode(text, type=dict[str, object])
    except (*UNDECODABLE, UnicodeEncodeError):
        members = {}
    token = members.get(form.subject_token_field_name)
    if not isinstance(token, str):
        raise CredentialsFailed("the workload's token is not where its key file says")
    return token


def _is_near(url: str) -> bool:
    host = ""
    try:
        host = urlsplit(url).hostname or ""
        address = ip_address(host)
    except ValueError:
        return host in ("localhost", "metadata.google.internal")
    return address.is_link_local or address.is_loopback
