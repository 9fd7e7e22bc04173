"""`/metrics`: numbers for Prometheus, to whoever may read them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

from antiphon.errors import Unauthorized
from antiphon.http.auth import Keyring
from antiphon.http.call import Call
from antiphon.http.errors import unknown_path

_PROXIED: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")

Access = Literal["key", "machine", "open"]
Tell = Callable[[bool], Awaitable[tuple[bytes, bytes]]]
"""The text and its media type, as OpenMetrics if that is wanted."""


class MetricsEndpoint:
    """The handler."""

    def __init__(self, tell: Tell, readers: Keyring, access: Access) -> None:
        """`readers` are the keys that open it to anybody."""
        self._tell = tell
        self._readers = readers
        self._access = access

    async def __call__(self, call: Call) -> None:
        """`GET /metrics`. Raises Unauthorized."""
        if self._access != "open" and not (self._access == "machine" and is_near(call)):
            self._check(call)
        text, media_type = await self._tell(b"application/openmetrics-text" in (call.header(b"accept") or b""))
        await call.reply(200, text, ((b"content-type", media_type), (b"cache-control", b"no-store")))

    def _check(self, call: Call) -> None:
        try:
            self._readers.caller(call)
        except Unauthorized:
            raise Unauthorized(
                "The gateway's numbers are not for everybody. Send `metrics.key` or the master key as"
                " 'Authorization: Bearer KEY', or have the owner set `metrics.access`."
            ) from None


async def no_metrics(call: Call) -> None:
    """`GET /metrics` where there are none. Raises NotFound."""
    raise unknown_path(call.scope["path"], "GET")


def is_near(call: Call) -> bool:
    """Whether a client on this machine asks for itself: a proxy says whom it speaks for."""
    client: tuple[str, int] | None = call.scope.get("client")
    if client is None or any(call.header(name) is not None for name in _PROXIED):
        return False
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
