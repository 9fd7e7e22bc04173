"""Requests as bytes: in their proper form, and in all the forms that they must not have (RFC 9112)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from backports import zstd

from tools.fuzz.asks import Ask, path_bytes
from tools.fuzz.mutation import Mutator, encoded

SMUGGLED: Final = b"GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n"
"""A request inside the body of another. Nothing answers it, unless somebody took the body's length for another."""

SMUGGLED_ANSWER: Final = b'"openapi":"3.1'
CLOSING: Final = b"GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
"""What follows on a connection that is not understood any more: whoever reads it answers and ends."""

_HEADERS: Final = (
    *(b"Expect: 100-continue", b"Accept: \xff", b"Range: bytes=0-0", b"If-None-Match: *", b"Idempotency-Key: a"),
    *(
        b"Connection: Upgrade\r\nUpgrade: h2c",
        b"Connection: close, x",
        b"X-Y: " + b"z" * 5000,
        b"Cookie: a=b",
        b"Host: h2",
    ),
    *(
        b"anthropic-version: 2023-06-01",
        b"x-goog-api-key: nope",
        b"OpenAI-Beta: x",
        b"Accept-Encoding: br",
        b"TE: trailers",
    ),
    *(
        b"Content-Encoding: br",
        b"Content-Type: text/plain",
        b"Content-Type: \xff",
        b"Authorization: Bearer nope",
        b"A:",
    ),
    *(b"X-Request-Id: \x80", b"Idempotency-Key: " + b"k" * 300, b"anthropic-beta: a,b", b"Last-Event-ID: 5"),
)


def whole(ask: Ask, key: str, body: bytes, *more: bytes) -> bytes:
    """The request as a client sends it."""
    lines = [b"Host: gateway", b"Authorization: Bearer " + key.encode(), *more]
    if body or ask.method in ("POST", "PUT", "PATCH"):
        lines += [b"Content-Length: %d" % len(body)]
        if not any(line.lower().startswith(b"content-type") for line in more):
            lines += [b"Content-Type: " + ask.media_type.encode()]
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n%b" % (ask.method.encode(), path_bytes(ask.path), b"\r\n".join(lines), body)


class Speller:
    """Writes requests down, well or badly."""

    def __init__(self, chance: Random, mutator: Mutator, key: str) -> None:
        """`key` is what opens the gateway."""
        self._chance = chance
        self._mutator = mutator
        self._key = key
        self._odd: Final[Sequence[Callable[[Ask, bytes], bytes]]] = (
            self._pipelined,
            self._chunked,
            self._badly_chunked,
            self._two_lengths,
            self._length_and_chunks,
            self._flood,
            self._line_ends,
            self._garbled,
            self._cut,
            self._first_line,
            self._upgrading,
        )

    def body(self, ask: Ask) -> bytes:
        """The body, nearly always changed."""
        if ask.body is None:
            return b""
        if isinstance(ask.body, bytes):
            data: bytes = ask.body
            return data if self._chance.random() < 0.3 else self._mutator.data(data)
        how = self._chance.random()
        value = ask.body if how < 0.15 else self._mutator.json(ask.body)
        data = encoded(value)
        return self._mutator.data(data) if how > 0.9 else data

    def proper(self, ask: Ask) -> bytes:
        """A request that is HTTP, whatever it says."""
        body = self.body(ask)
        more: list[bytes] = []
        how = self._chance.randrange(20)
        if how == 0 and body:
            pack, name = self._chance.choice(
                ((gzip.compress, b"gzip"), (zlib.compress, b"deflate"), (zstd.compress, b"zstd"))
            )
            body = pack(body)
            body = body if self._chance.random() < 0.5 else self._mutator.data(body)
            more = [b"Content-Encoding: " + name]
        elif how in (1, 2):
            more = [self._chance.choice(_HEADERS)]
        return whole(ask, self._key, body, *more)

    def odd(self, ask: Ask) -> bytes:
        """Bytes that are not quite a request, or several."""
        return self._chance.choice(self._odd)(ask, self.body(ask))

    def _pipelined(self, ask: Ask, body: bytes) -> bytes:
        one = whole(ask, self._key, body)
        return self._chance.choice((one * 2, one * 5, CLOSING.replace(b"close", b"x") * 3 + one, one + SMUGGLED[:9]))

    def _chunked(self, ask: Ask, body: bytes) -> bytes:
        size = self._chance.choice((1, 7, 1000))
        return self._in_chunks(ask, [body[at : at + size] for at in range(0, min(len(body), 400 * size), size)])

    def _in_chunks(self, ask: Ask, pieces: Sequence[bytes], last: bytes = b"0\r\n\r\n") -> bytes:
        head = whole(Ask("GET", ask.path), self._key, b"", b"Transfer-Encoding: chunked")
        said = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
        return head.replace(b"GET", ask.method.encode(), 1) + said + last

    def _badly_chunked(self, ask: Ask, body: bytes) -> bytes:
        ends = (
            b"0\r\n",
            b"0\r\nX: y\r\n\r\n",
            b"-1\r\n\r\n",
            b"zz\r\n",
            b"ffffffffffffffff\r\n",
            b"5;x=\xff\r\nhello\r\n0\r\n\r\n",
        )
        data = self._in_chunks(
            ask, [body[:50]], self._chance.choice((*ends, b"3\r\nabcdef\r\n0\r\n\r\n", b"0x3\r\nabc\r\n"))
        )
        return data if self._chance.random() < 0.5 else data.replace(b"chunked", b"gzip, chunked")

    def _two_lengths(self, ask: Ask, body: bytes) -> bytes:
        data = whole(ask, self._key, body, b"Content-Length: %d" % (len(body) + len(SMUGGLED)))
        return data + SMUGGLED

    def _length_and_chunks(self, ask: Ask, body: bytes) -> bytes:
        """The smuggler's trick: whoever believes the one header sees another request where the other sees a body."""
        spelt = self._chance.choice(
            (
                b"Transfer-Encoding: chunked",
                b"Transfer-Encoding : chunked",
                b"transfer-encoding:\tchunked",
                b"Transfer-Encoding: xchunked",
            )
        )
        inner = b"0\r\n\r\n" + SMUGGLED
        head = whole(Ask("GET", ask.path), self._key, b"", spelt, b"Content-Length: %d" % len(inner))
        return head.replace(b"GET", b"POST", 1) + inner

    def _flood(self, ask: Ask, body: bytes) -> bytes:
        count = self._chance.choice((100, 500, 2000))
        return whole(ask, self._key, body, *(b"X-%d: %b" % (number, b"y" * 40) for number in range(count)))

    def _line_ends(self, ask: Ask, body: bytes) -> bytes:
        head, _, rest = whole(ask, self._key, body).partition(b"\r\n\r\n")
        end = self._chance.choice((b"\n", b"\r", b"\r\r\n", b"\r\n ", b"\r\n\t", b"\0\r\n"))
        return head.replace(b"\r\n", end, self._chance.choice((1, 2, 99))) + b"\r\n\r\n" + rest

    def _garbled(self, ask: Ask, body: bytes) -> bytes:
        return self._mutator.data(whole(ask, self._key, body))

    def _cut(self, ask: Ask, body: bytes) -> bytes:
        data = whole(ask, self._key, body)
        return data[: self._chance.randrange(1, len(data) + 1)]

    def _first_line(self, ask: Ask, body: bytes) -> bytes:
        lines = (
            *(b"GET /health HTTP/1.0", b"GET /health HTTP/2.0", b"PRI * HTTP/2.0", b"GET http://other/health HTTP/1.1"),
            *(
                b"CONNECT a:1 HTTP/1.1",
                b"OPTIONS * HTTP/1.1",
                b"get /health HTTP/1.1",
                b"GET /v1/%ff%00 HTTP/1.1",
                b"\r\n\r\n",
            ),
            *(
                b"GET //v1//responses HTTP/1.1",
                b"GET /a?" + b"b=c&" * 200 + b" HTTP/1.1",
                b"GET " + b"/x" * 30_000 + b" HTTP/1.1",
            ),
        )
        _, _, rest = whole(ask, self._key, body).partition(b"\r\n")
        return self._chance.choice(lines) + b"\r\n" + rest

    def _upgrading(self, ask: Ask, body: bytes) -> bytes:
        offer = b"Connection: Upgrade\r\nUpgrade: %b" % self._chance.choice(
            (b"websocket", b"h2c", b"\xff", b"websocket, h2c")
        )
        return whole(ask, self._key, body, offer, b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: x")
