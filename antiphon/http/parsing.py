"""Requests as llhttp reads them, put as the rest of the server wants them."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from httptools import HttpParserCallbackError, HttpParserError, HttpRequestParser, parse_url

from antiphon.errors import AntiphonError, BadRequest, HeadTooLarge
from antiphon.http.call import FIRST_HEADERS, Header, Scope
from antiphon.http.exchange import Exchange
from antiphon.http.known_heads import KnownHead, known_head

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
HEAD_LIMIT: Final = 65_536
_OF_CONNECTION: Final = (b"connection", b"proxy-connection")
_QUERY: Final = ord("?")
_KNOWN_URL: Final = 128
"""Bytes of the longest URL that is remembered."""

_LESSONS: Final = 4
"""So many heads of a connection are remembered, each in place of the last: a client that sends others each time is not
worth more."""


class Requests:
    """Those of one connection. `exchange` is that of the newest, once its head is whole; until then it is `heading`.

    `brought_body` is set when a bit of a body comes, for whoever wants to know to take back.
    """

    __slots__ = (
        "_begin",
        "_client",
        "_known",
        "_lessons",
        "_newest_scope",
        "_parser",
        "_scheme",
        "brought_body",
        "exchange",
        "headers",
        "heading",
        "url",
    )

    def __init__(
        self, scheme: str, client: tuple[str, int] | None, begin: Callable[[Scope, bool, bool], Exchange]
    ) -> None:
        """`begin` is told of each head, whether the connection may be kept, and whether the client hesitates."""
        self._scheme = scheme
        self._client = client
        self._begin = begin
        self._parser = self._new_parser()
        self._known: KnownHead | None = None
        self._lessons = _LESSONS
        self._newest_scope: Scope | None = None
        self.exchange: Exchange | None = None
        self.heading = False
        self.brought_body = False
        self.headers: list[Header] = []
        self.url = b""

    @property
    def method(self) -> bytes:
        """Of the head that has been read last."""
        return self._parser.get_method()

    @property
    def version(self) -> str:
        """As `method`."""
        return self._parser.get_http_version()

    def feed(self, data: bytes) -> None:
        """Reads on. Raises HttpParserError for what is no request, HttpParserUpgrade behind a head that offers one."""
        known, newest = self._known, self.exchange
        fresh = not (self.heading or (newest is not None and newest.more_body))
        if fresh and known is not None and newest is not None and newest.keep_alive:
            request = known.request(data)
            if request is not None:
                self.exchange = newest = self._begin(request[0], True, False)  # noqa: FBT003 - as below
                newest.take_whole(request[1])
                return
        self._newest_scope = None
        self._parser.feed_data(data)
        if fresh and self._newest_scope is not None:
            self._learn(data, self._newest_scope)

    def _learn(self, data: bytes, scope: Scope) -> None:
        """Remembers the head of a whole request that came by itself."""
        newest = self.exchange
        head = None if self.heading or newest is None or newest.more_body else known_head(data, scope)
        if head is not None:
            self._lessons -= 1
            self._known = head

    def feed_without_offer(self) -> None:
        """Reads the head again, without the offer to upgrade that the parser stopped at. Raises HttpParserError."""
        lines = [b"%b %b HTTP/%b" % (self.method, self.url, self.version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self._parser = self._new_parser()
        self.headers = []
        self._parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")

    def end(self) -> None:
        """Nothing more is read. What refers back to this, or to the connection, would wait for the collector."""
        self.exchange = None
        del self._parser, self._begin

    def on_message_begin(self) -> None:
        """A head begins."""
        self.url = b""
        self.heading = True

    def on_url(self, url: bytes) -> None:
        """A bit of the URL."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole. At an offer to upgrade the parser stops."""
        parser = self._parser
        if parser.should_upgrade():
            return
        url = self.url
        path, raw_path, query = (_located if len(url) > _KNOWN_URL or _QUERY in url else _known)(url)
        version = parser.get_http_version()
        first = dict(reversed(self.headers))
        scope: Scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "scheme": self._scheme,
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "client": self._client,
            FIRST_HEADERS: first,
        }
        self.heading = False
        self.headers = []  # for trailers, which are no part of the head whatever they are called, and the next head
        current = version == "1.1"
        expected = first.get(b"expect")
        hesitates = expected is not None and current and expected.lower() == b"100-continue"
        keep_alive = current and parser.should_keep_alive()
        if keep_alive and self._lessons and not hesitates and b"content-length" in first:
            self._newest_scope = {**scope}
        self.exchange = self._begin(scope, keep_alive, hesitates)

    def on_body(self, body: bytes) -> None:
        """A bit of the body."""
        self.brought_body = True
        if self.exchange is not None:
            self.exchange.take(body)

    def on_message_complete(self) -> None:
        """The request is whole, unless it was an offer."""
        if self.exchange is not None and not self.heading:
            if self.headers:
                _check_trailers(self.headers)
                self.headers = []
            self.exchange.end()

    def _new_parser(self) -> HttpRequestParser:
        """What follows a request that wants the connection closed is read too, and told if it is none."""
        parser = HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser


def _check_trailers(trailers: list[Header]) -> None:
    """What one says of the connection would be heeded by the parser, which has read no further after a `close`."""
    if any(name in _OF_CONNECTION for name, _ in trailers):
        raise BadRequest("A trailer cannot speak of the connection.", code="invalid_http")


def _located(url: bytes) -> tuple[str, bytes, bytes]:
    if len(url) >= HEAD_LIMIT:
        raise head_too_large()
    parsed = parse_url(url)
    raw_path = parsed.path or b"/"  # `http://host` alone (RFC 9112, 3.2.2)
    path = raw_path.decode("ascii")
    return urllib.parse.unquote(path) if "%" in path else path, raw_path, parsed.query or b""


_known: Final = lru_cache(maxsize=256)(_located)


def head_too_large() -> HeadTooLarge:
    """The head goes on and on."""
    return HeadTooLarge(f"The path and the headers are longer than the {HEAD_LIMIT} bytes that are accepted here.")


def no_request(error: HttpParserError) -> AntiphonError:
    """What the parser says of the bytes, or we; what it says of us, that the URL made no sense, is put plainly."""
    if isinstance(error.__context__, AntiphonError):
        return error.__context__
    reason = "the URL cannot be read" if isinstance(error, HttpParserCallbackError) else str(error)
    return BadRequest(f"This is not a valid HTTP/1.1 request: {reason}.", code="invalid_http")
