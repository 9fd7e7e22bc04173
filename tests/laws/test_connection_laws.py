"""However the bytes of several requests on one connection are cut, each gets the same answer, in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from tests.echoing import Echo, echo_of
from tests.wires import Link, in_pieces

SIZES = (0, 1, 2, 100, 40_000)
"""Of bodies: below and above what is read, or waits to be asked for, in one piece."""

BROKEN = (
    b"\x00\r\n\r\n",
    b"GET /whole HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}zz",
    b"POST /whole HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nConnection: close\r\n\r\n",
    b"CONNECT g:80 HTTP/1.1\r\nHost: g\r\n\r\n",
)


@dataclass(frozen=True)
class Asked:
    method: str
    said: bytes
    echo: bytes


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """A request in one of the forms that there are, and what it is to be answered."""
    method = draw(st.sampled_from(["POST", "GET", "HEAD", "DELETE"]))
    path = "/" + draw(st.sampled_from(["whole", "streamed", "unread", "plain"]))
    body = draw(st.binary(max_size=3)) * draw(st.sampled_from(SIZES))
    lines = [b"%b %b HTTP/1.1" % (method.encode(), path.encode()), b"Host: g"]
    lines += [b"X-%d: %b" % (each, b"x" * each) for each in range(draw(st.integers(0, 3)))]
    lines += [b"X-Long: " + b"x" * draw(st.sampled_from([0, 500, 40_000]))]
    chunked = draw(st.booleans())
    framed = _chunked(draw, body) if chunked else body
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    elif body or draw(st.booleans()):
        lines.append(b"Content-Length: %d" % len(body))
    if path != "/unread" and draw(st.booleans()):  # else what comes next depends on how much has come
        lines.append(b"Expect: 100-continue")
    headers = len(lines) - 1
    if draw(st.booleans()):
        lines += [b"Connection: Upgrade", b"Upgrade: h2c"]
        headers += 1  # the offer is declined by leaving it out
    said = b"\r\n".join(lines) + b"\r\n\r\n" + framed
    return Asked(method, said, echo_of(method, path, headers, b"" if path == "/unread" else body))


def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    parts = in_pieces(body, draw(st.lists(st.integers(1, 200_000), max_size=4))) if body else []
    extension = draw(st.sampled_from([b"", b";a", b";a=b;c", b';a="b c"']))
    trailers = draw(st.sampled_from([b"", b"X-Checksum: 1\r\n", b"Content-Encoding: gzip\r\nX: y\r\n"]))
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    return chunks + b"0%b\r\n%b\r\n" % (extension, trailers)


class Client:
    """Reads answers as strictly as h11 does."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._connection = h11.Connection(h11.CLIENT)
        self._fed = 0

    def answer(self, method: str) -> bytes:
        """The next one, which has been written."""
        connection = self._connection
        connection.send(h11.Request(method=method, target="/", headers=[("Host", "g")]))
        connection.send(h11.EndOfMessage())
        body = b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                unread = self._link.wire.written[self._fed :]
                self._fed += len(unread)
                assert unread or not self._link.is_open, "an answer is missing"
                connection.receive_data(unread)
            elif isinstance(event, h11.Response):
                assert event.status_code == 200
                assert dict(event.headers).get(b"connection", b"") in (b"", b"close")
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return body
            else:
                assert isinstance(event, h11.InformationalResponse)

    def next(self) -> None:
        """Another request, on the same connection."""
        self._connection.start_next_cycle()

    @property
    def rest(self) -> bytes:
        """What was written behind the answers."""
        return bytes(self._connection.trailing_data[0]) + self._link.wire.written[self._fed :]


async def _spoken(asked: Sequence[Asked], tail: bytes, cuts: Sequence[int], pauses: Sequence[bool]) -> None:
    link = Link(Echo())
    data = b"".join(each.said for each in asked) + tail
    paces = iter(pauses)
    for piece in in_pieces(data, cuts):
        await link.send(piece)
        if next(paces, False):
            await link.settle()
    await link.settle()
    client = Client(link)
    for number, each in enumerate(asked):
        if number:
            client.next()
        assert client.answer(each.method) == (b"" if each.method == "HEAD" else each.echo)
    assert client.rest.startswith(b"HTTP/1.1 400 ") if client.rest else link.is_open or tail
    assert link.is_open != bool(tail)
    link.leave()


SEVERAL = st.lists(requests(), min_size=1, max_size=8)
CUTS = st.lists(st.one_of(st.integers(1, 2_000), st.integers(1, 400_000)), max_size=12)
ONE = Asked(
    "POST", b"POST /plain HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\n\r\nx", echo_of("POST", "/plain", 2, b"x")
)


@given(SEVERAL, st.sampled_from([b"", *BROKEN]), CUTS, st.lists(st.booleans(), max_size=12))
@example([ONE] * 3, BROKEN[3], [], [])
@example([ONE] * 40, b"", [1_000], [])
def test_answers_do_not_depend_on_how_the_requests_arrive(
    asked: list[Asked], tail: bytes, cuts: list[int], pauses: list[bool]
) -> None:
    with asyncio.Runner() as runner:
        runner.run(_spoken(asked, tail, cuts, pauses))


@given(
    st.lists(st.integers(0, 1_200), min_size=2, max_size=8), st.sampled_from(["/whole", "/streamed", "/plain"]), CUTS
)
def test_a_head_may_come_again_and_again(sizes: list[int], path: str, cuts: list[int]) -> None:
    head = b"POST %b HTTP/1.1\r\nHost: g\r\ncontent-LENGTH: %d\r\nX: y\r\n\r\n"
    bodies = [b"x" * size for size in sizes]
    asked = [Asked("POST", head % (path.encode(), len(body)) + body, echo_of("POST", path, 3, body)) for body in bodies]
    edges = [sum(len(each.said) for each in asked[:count]) for count in range(len(asked))]
    with asyncio.Runner() as runner:
        runner.run(_spoken(asked, b"", [*edges, *cuts], [True] * (len(edges) + len(cuts))))


@given(SEVERAL, st.sampled_from(BROKEN), st.booleans())
def test_every_byte_may_come_alone(
    asked: list[Asked],
    tail: bytes,
    pausing: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    short = [each for each in asked if len(each.said) < 400][:3]
    data = b"".join(each.said for each in short) + tail
    with asyncio.Runner() as runner:
        runner.run(_spoken(short, tail, range(len(data)), [pausing] * len(data)))
