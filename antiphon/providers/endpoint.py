"""Where a request goes: a URL taken apart once, so that nothing is parsed per request.

Law: what is kept here can be written to a socket as it is; nothing in it can end a line or start another header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_NOT_IN_A_URL: Final = re.compile(r"[\x00-\x20\x7f]")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LISTS: Final = frozenset({b"anthropic-beta"})
_PATH: Final = "/%:@!$&'()*+,;=~-._"
_QUERY: Final = _PATH + "?"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL of a provider. `origin` names the connections that may carry it; the heads lack only what varies."""

    scheme: str
    host: str
    port: int
    origin: str
    authority: bytes
    target: bytes
    post_head: bytes
    get_head: bytes

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Raises ValueError, without the URL in its message, for what is not an absolute http or https URL."""
        if _NOT_IN_A_URL.search(url):
            raise ValueError("a URL has no blanks and no control characters")
        try:
            parts = urlsplit(url)
            given = parts.port
        except ValueError:  # whose message quotes the URL
            raise ValueError("a URL's host or port is not a legal one") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("a URL starts with http:// or https:// and a host")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a URL holds no user and password; keys have settings of their own")
        host = _ascii(parts.hostname)
        port = given or _PORTS[parts.scheme]
        shown = f"[{host}]" if ":" in host else host
        authority = (shown if port == _PORTS[parts.scheme] else f"{shown}:{port}").encode()
        query = f"?{quote(parts.query, _QUERY)}" if parts.query else ""
        target = f"{quote(parts.path, _PATH) or '/'}{query}".encode()
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port,
            origin=f"{parts.scheme}://{shown}:{port}",
            authority=authority,
            target=target,
            post_head=request_head(b"POST", target, authority),
            get_head=request_head(b"GET", target, authority),
        )

    def behind(self, tail: str) -> Endpoint:
        """The same URL with `tail`, which is quoted already, behind it; a query joins the query that there is."""
        joined = f"&{tail[1:]}" if tail.startswith("?") and b"?" in self.target else tail
        target = self.target + joined.encode()
        post, get = (request_head(method, target, self.authority) for method in (b"POST", b"GET"))
        return replace(self, target=target, post_head=post, get_head=get)


def request_head(method: bytes, target: bytes, authority: bytes) -> bytes:
    """The request line and the headers that no caller varies; identity, since an event waits in no compressor."""
    return b"%b %b HTTP/1.1\r\nHost: %b\r\nAccept-Encoding: identity\r\n" % (method, target, authority)


def header_block(headers: Mapping[str, str]) -> bytes:
    """The headers as they go over the wire. Raises ValueError, naming the header and not its value."""
    lines: list[bytes] = []
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError("a header's name has letters, digits and dashes")
        if _NOT_IN_A_VALUE.search(value) or not value.isascii():
            raise ValueError(f"the value of header {name} has a line end, or a character that no header can carry")
        lines.append(f"{name}: {value}\r\n".encode())
    return b"".join(lines)


def overridden(lines: bytes, more: bytes) -> bytes:
    """Headers as `header_block` makes them, with more of them: one that is no list takes the place of its like."""
    names = {line.partition(b":")[0].lower() for line in more.split(b"\r\n")} - _LISTS
    kept = [line for line in lines.splitlines(keepends=True) if line.partition(b":")[0].lower() not in names]
    return b"".join(kept) + more


def _ascii(host: str) -> str:
    """The host as DNS and TLS want it. Raises ValueError."""
    if ":" in host or host.isascii():
        name = host
    else:
        try:
            name = host.encode("idna").decode()
        except UnicodeError:
            raise ValueError("a URL's host is not a legal name") from None
    labels = name.rstrip(".").split(".")
    longest = max(len(label) for label in labels)
    if ":" not in name and (not all(labels) or longest > 63 or len(name) > 253):  # noqa: PLR2004 - RFC 1035, 2.3.4
        raise ValueError("a URL's host is not a legal name")
    return name
