"""Who opens the provider's door: a key, which is bytes made once, or somebody who is asked for each request.

What lapses is renewed by `renewal.Renewed`; what is signed is signed over the whole request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from antiphon.errors import CredentialsFailed
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.row import KeyStyle

STYLES: Final[dict[KeyStyle, tuple[str, str]]] = {
    "bearer": ("Authorization", "Bearer "),
    "token": ("Authorization", "Token "),
    "x-api-key": ("x-api-key", ""),
    "xi-api-key": ("xi-api-key", ""),
    "x-goog-api-key": ("x-goog-api-key", ""),
    "api-key": ("api-key", ""),
}
"""A header, and what stands before the key in it."""


class Credentials(Protocol):
    """Authorises requests one by one."""

    async def headers(self, method: bytes, endpoint: Endpoint, body: bytes) -> bytes:
        """Whole header lines for this request. Raises CredentialsFailed, which says what was tried."""
        ...


def key_header(style: KeyStyle, key: str) -> tuple[str, str]:
    """The name and the value of the header that a key is sent in."""
    name, before = STYLES[style]
    return name, before + key


def bearer_line(token: str) -> bytes:
    """A token as a header line of its own. Raises CredentialsFailed for one that no header can carry."""
    return credential_lines({"Authorization": f"Bearer {token}"})


def credential_lines(headers: Mapping[str, str]) -> bytes:
    """What a service has given, as header lines. Raises CredentialsFailed for what no header can carry."""
    try:
        return header_block(headers)
    except ValueError as error:
        raise CredentialsFailed(f"what was given cannot be sent: {error}") from None
