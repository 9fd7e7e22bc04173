"""Headers and queries on their way through: what is one connection's own affair, or one door's, stays behind.

Laws: nothing that opens the gateway reaches a provider, and nothing that a provider says of its own connection, cookies
or site reaches a client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import unquote_plus

from antiphon.http.call import Header
from antiphon.passing_protocols import Line

_CONNECTION: Final = b"connection"
_LENGTH: Final = b"content-length"
_TRANSFER: Final = b"transfer-encoding"
_OF_A_CONNECTION: Final = frozenset(
    b"""
    connection keep-alive proxy-authenticate proxy-authorization proxy-authentication-info proxy-connection te trailer
    transfer-encoding upgrade
    """.split()
)
"""RFC 9110, 7.6.1."""

_ASKED_HERE: Final = _OF_A_CONNECTION | frozenset(
    b"""
    accept-encoding api-key authorization content-length cookie cookie2 expect forwarded host http2-settings
    max-forwards openai-organization openai-project origin referer true-client-ip via x-api-key x-client-ip
    x-goog-api-key x-goog-user-project x-http-method x-http-method-override x-method-override x-original-url x-real-ip
    x-request-id x-rewrite-url
    """.split()
)
"""What speaks to the gateway, or of who the client is, would make another request of this one, or have another account
pay for it."""

_ASKED_HERE_TOO: Final = (b"antiphon-", b"x-forwarded-", b"x-tfy-", b"sec-", b"cf-", b"x-amz-security-", b"x-envoy-")

_SAID_THERE: Final = _OF_A_CONNECTION | frozenset(
    b"""
    alt-svc anthropic-organization-id clear-site-data content-security-policy content-security-policy-report-only date
    expect-ct nel openai-organization openai-project public-key-pins referrer-policy report-to reporting-endpoints
    request-id server service-worker-allowed set-cookie set-cookie2 sourcemap strict-transport-security via
    www-authenticate x-powered-by x-request-id x-served-by x-frame-options x-xss-protection x-content-type-options
    """.split()
)
"""What would hold for the gateway's own host if a client took it from here, or tells whose account is asked."""

_SAID_THERE_TOO: Final = (b"access-control-", b"antiphon-", b"cross-origin-", b"x-envoy-")

_ADDRESSES: Final = frozenset({b"location", b"content-location"})
_WHOLE_ADDRESSES: Final = frozenset(
    {b"azure-asyncoperation", b"operation-location", b"x-goog-upload-control-url", b"x-goog-upload-url"}
)
"""What clients take for an address with a host."""

NO_PAGE: Final[tuple[Header, ...]] = (
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
)
"""A provider's page would run as the gateway's own."""


def passed_on(headers: Iterable[Header], opens: Callable[[bytes], bool]) -> list[Line]:
    """What the provider is told. `opens` knows keys of the gateway, which are cut wherever they stand."""
    lines = list(headers)
    named = _named(lines)
    return [
        (name, value)
        for name, value in lines
        if name not in _ASKED_HERE
        and name not in named
        and not name.startswith(_ASKED_HERE_TOO)
        and not opens(value.strip().rpartition(b" ")[2])
    ]


def query_passed_on(query: bytes, opens: Callable[[bytes], bool]) -> str:
    """The query as it came, without the pairs that hold a key of the gateway."""
    pairs = query.decode("latin-1").split("&")
    return "&".join(pair for pair in pairs if not opens(unquote_plus(pair.partition("=")[2]).encode()))


def handed_back(headers: Iterable[Line], here: Callable[[str], str | None], origin: bytes) -> Iterator[Header]:
    """What the client is told.

    `here` makes an address of the provider a path of the gateway, None one elsewhere; `origin` is where that is.
    """
    lines = list(headers)
    named = _named(lines)
    framed = any(name == _TRANSFER for name, _ in lines)
    for name, value in lines:
        if name in _SAID_THERE or name in named or name.startswith(_SAID_THERE_TOO):
            continue
        whole = name in _WHOLE_ADDRESSES
        if whole or name in _ADDRESSES:
            path = here(value.strip().decode("latin-1"))
            if path is not None:
                yield name, (origin if whole else b"") + path.encode("latin-1")
        elif not (framed and name == _LENGTH):  # of the two, it is the length that does not hold (RFC 9112, 6.3)
            yield name, value.strip()
    yield from NO_PAGE


def _named(lines: Iterable[Line]) -> frozenset[bytes]:
    """Headers that the sender calls the connection's own."""
    said = b",".join(value for name, value in lines if name == _CONNECTION)
    return frozenset(word.strip().lower() for word in said.split(b","))
