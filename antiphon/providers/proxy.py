"""Proxies on the way to providers: which one, and the tunnel through it.

Behaviour: CONNECT is RFC 9110, section 9.3.6; the forms of `no_proxy` are those curl and Go's net/http agree on.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit

from typing_extensions import override

from antiphon.errors import ConnectFailed, Retry
from antiphon.providers.endpoint import Endpoint

_MAX_HEAD: Final = 64 * 1024
_PORTS: Final = {"http": 8080, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy. `authorization` is a whole header line, or nothing; `secure` means TLS as far as the proxy."""

    host: str
    port: int
    secure: bool
    authorization: bytes

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Raises ValueError, without the URL, which may hold a password."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("a proxy is http://host:port or https://host:port")
        authorization = b""
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = b"Proxy-Authorization: Basic %b\r\n" % b64encode(login.encode())
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.hostname, port, parts.scheme == "https", authorization)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies for http and https targets. This machine itself is never reached through one."""

    http: Proxy | None = None
    https: Proxy | None = None
    exempt: tuple[str, ...] = ()

    @classmethod
    def parse(cls, http: str | None = None, https: str | None = None, no_proxy: str = "") -> Proxies:
        """From what HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold; empty means none. Raises ValueError."""
        return cls(
            Proxy.parse(http) if http else None,
            Proxy.parse(https) if https else None,
            tuple(entry.strip().lower() for entry in no_proxy.split(",") if entry.strip()),
        )

    def towards(self, endpoint: Endpoint) -> Proxy | None:
        proxy = self.https if endpoint.scheme == "https" else self.http
        if proxy is None or _is_this_machine(endpoint.host):
            return None
        return None if any(_covers(entry, endpoint) for entry in self.exempt) else proxy


class Tunnel(asyncio.Protocol):
    """The talk with a proxy until it has opened a way through."""

    def __init__(self) -> None:
        self._answer = bytearray()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, transport: asyncio.Transport, endpoint: Endpoint, proxy: Proxy) -> None:
        """Raises ConnectFailed when the proxy will not."""
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        target = f"{host}:{endpoint.port}".encode()
        transport.write(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (target, target, proxy.authorization))
        await self._opened

    @override
    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, rest = self._answer.partition(b"\r\n\r\n")
        if end:
            self._judge(head, rest)
        elif len(self._answer) > _MAX_HEAD:
            self._fail("its answer is not HTTP")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("it closed the connection")

    def _judge(self, head: bytearray, rest: bytearray) -> None:
        status = head.split(b" ", 2)[1:2]
        if not head.startswith(b"HTTP/1.") or not status or not status[0].isdigit():
            self._fail("its answer is not HTTP")
        elif not status[0].startswith(b"2"):
            self._fail(f"it answered {status[0].decode()}")
        elif rest:
            self._fail("something that is not the provider speaks first")
        elif not self._opened.done():
            self._opened.set_result(None)

    def _fail(self, why: str) -> None:
        if not self._opened.done():
            failed = ConnectFailed(f"the proxy opened no way to the provider: {why}")
            failed.retry = Retry.NEVER
            self._opened.set_exception(failed)


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _covers(entry: str, endpoint: Endpoint) -> bool:
    """`*`, a host, a domain (with or without its dot), an address, a network; the first three also with a port."""
    if entry == "*":
        return True
    address = _address(endpoint.host)
    if address is not None and "/" in entry:
        return _in_network(address, entry)
    name, port = _split(entry)
    if port and port != str(endpoint.port):
        return False
    return endpoint.host == name or (address is None and endpoint.host.endswith("." + name.lstrip(".")))


def _split(entry: str) -> tuple[str, str]:
    """A name and a port, if it has one; only in brackets may an IPv6 address have one."""
    if entry.startswith("["):
        name, _, port = entry[1:].partition("]")
        return name, port.removeprefix(":")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def _in_network(address: IPv4Address | IPv6Address, entry: str) -> bool:
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
