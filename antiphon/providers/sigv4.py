"""AWS Signature Version 4, as far as JSON over HTTPS needs it: the headers that sign one request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, read 2026-11. Why it is our
own, and what it was measured against: docs/decisions/0017-aws-signatures.md.

Law: host, date, token and body are signed, whatever else a request carries is not; so a proxy may add headers.
"""

from __future__ import annotations

import hmac
import re
import time
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, quote

from antiphon.errors import CredentialsFailed
from antiphon.providers.endpoint import Endpoint

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNRESERVED: Final = "-._~"
_SENDABLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key. `token` belongs to those that lapse."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Raises CredentialsFailed for what no header can carry: a service's answer must not begin another one."""
        if not _SENDABLE.fullmatch(self.access_key_id + self.token):
            raise CredentialsFailed("AWS's keys hold characters that no header can carry")


def signed(keys: Keys, scope: tuple[str, str], method: bytes, endpoint: Endpoint, body: bytes, at: float) -> bytes:
    """Header lines that sign the request. `scope` is the region and AWS's name of the service, `at` is Unix time."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    headers = {"host": endpoint.authority.decode(), "x-amz-date": moment}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    path, _, query = endpoint.target.decode().partition("?")
    line = authorization(keys, scope, (method.decode(), path, query), headers, body)
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name != "host"]
    return "".join([*lines, f"Authorization: {line}\r\n"]).encode()


def authorization(
    keys: Keys, scope: tuple[str, str], request: tuple[str, str, str], headers: dict[str, str], body: bytes
) -> str:
    """The header's value. `request` is method, path and query as sent; `headers` have lower-case names."""
    method, path, query = request
    moment = headers["x-amz-date"]
    names = sorted(headers)
    signed_names = ";".join(names)
    canonical = "\n".join(
        (
            method,
            quote(path, "/" + _UNRESERVED),  # what is encoded already is encoded once more, for all services but S3
            _canonical_query(query),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            signed_names,
            sha256(body).hexdigest(),
        )
    )
    day, (region, service) = moment[:8], scope
    place = f"{day}/{region}/{service}/aws4_request"
    digest = sha256(canonical.encode()).hexdigest()
    key = _signing_key(keys.secret_access_key, day, region, service)
    signature = _hmac(key, f"{_ALGORITHM}\n{moment}\n{place}\n{digest}").hex()
    return f"{_ALGORITHM} Credential={keys.access_key_id}/{place}, SignedHeaders={signed_names}, Signature={signature}"


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    encoded = [(quote(name, _UNRESERVED), quote(value, _UNRESERVED)) for name, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


@lru_cache(maxsize=64)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """One per day, region and service: four of the five hashes of a signature."""
    key = b"AWS4" + secret.encode()
    for word in (day, region, service, "aws4_request"):
        key = _hmac(key, word)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
