"""Heads that have come before, recognised without being parsed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.http.call import DIRECT_WRITER, FIRST_HEADERS, Receive, Scope, Send
from antiphon.http.known_heads import KnownHead, known_head
from tests.wires import Link

LINES = (
    b"POST /v1/responses?after=%41 HTTP/1.1",
    b"Host: g",
    b"Authorization: Bearer k",
    b"Content-Length: %d",
    b"X-Twice: a",
    b"x-twice: b",
)


def said(body: bytes, *lines: bytes) -> bytes:
    """A request whose head has these lines, the length among them."""
    head = b"\r\n".join(lines or LINES) + b"\r\n\r\n"
    return head.replace(b"%d", b"%d" % len(body)) + body


class Noting:
    """Answers nothing of interest, and keeps what it was asked: the scope without the way back, and the body."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, Any], bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.asked.append(({name: scope[name] for name in scope if name != DIRECT_WRITER}, message["body"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def read(*requests: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """What an application is asked by requests that follow each other on one connection."""
    noting = Noting()
    link = Link(noting)
    for request in requests:
        await link.answered(request)
    link.leave()
    return noting.asked


async def known(body: bytes = b"{}", *lines: bytes) -> KnownHead | None:
    """What is remembered of a request."""
    (asked,) = await read(said(body, *lines))
    return known_head(said(body, *lines), asked[0])


@pytest.mark.parametrize("size", [0, 2, 3, 10, 20_000])
async def test_a_known_head_is_what_it_was_read_as(size: int) -> None:
    body = b"x" * size
    head = await known()
    assert head is not None
    assert [head.request(said(body))] == await read(said(body))


async def test_a_connection_tells_the_same_of_each_request() -> None:
    bodies = [b"{}", b"[]", b"", b"x" * 100, b"{}"]
    alone = [asked for body in bodies for asked in await read(said(body))]
    assert await read(*map(said, bodies)) == alone
    assert await read(*(said(body).lower() for body in bodies)) == [
        asked for body in bodies for asked in await read(said(body).lower())
    ]


async def test_what_an_application_does_to_a_scope_is_gone_with_the_request() -> None:
    head = await known()
    assert head is not None
    first = head.request(said(b"{}"))
    assert first is not None
    first[0]["path"] = "/elsewhere"
    assert [head.request(said(b"{}"))] == await read(said(b"{}"))


@pytest.mark.parametrize(
    "data",
    [
        said(b"{}") + b"P",
        said(b"{}")[:-1],
        said(b"{}")[:-4],
        b"\r\n" + said(b"{}"),
        *(said(b"{}").replace(b"Length: 2", b"Length: " + length) for length in (b"", b"+2", b" 2", b"2 ", b"0x2")),
        *(said(b"{}").replace(b"Length: 2", b"Length: " + length) for length in (b"00000002", b"2\r\nX: 2", b"2\n")),
        said(b"{}").replace(b"Host: g", b"Host: h"),
        said(b"{}").replace(b"x-twice: b", b"x-twice: c"),
        b"",
    ],
)
async def test_whatever_differs_is_left_to_the_parser(data: bytes) -> None:
    head = await known()
    assert head is not None
    assert head.request(data) is None


async def test_heads_that_nothing_is_certain_of_are_not_remembered() -> None:
    assert await known(b"", b"GET /v1/models HTTP/1.1", b"Host: g") is None
    request = said(b"{}", *LINES)
    (asked,) = await read(request)
    for data in (request + request, request + b"\r\n", b"\r\n\r\n" + request, request[:-1]):
        assert known_head(data, asked[0]) is None
    chunked = {**asked[0], FIRST_HEADERS: asked[0][FIRST_HEADERS] | {b"transfer-encoding": b"chunked"}}
    assert known_head(request, chunked) is None


async def test_a_second_length_is_no_request() -> None:
    link = Link(Noting())
    twice = said(b"{}", *LINES, b"Content-Length: %d")
    assert (await link.answered(said(b"{}"))).startswith(b"HTTP/1.1 204 ")
    assert (await link.answered(twice)).startswith(b"HTTP/1.1 400 ")


@given(st.lists(st.sampled_from([b"2", b"3", b"02", b"2, 2", b"99999999"]), min_size=2, max_size=6))
async def test_lengths_that_lie_are_told_apart_as_on_new_connections(lengths: list[bytes]) -> None:
    requests = [said(b"{}").replace(b"Length: 2", b"Length: " + length) for length in lengths]
    honest = [length in (b"2", b"02") for length in lengths]
    asked = await read(*requests[: honest.index(False) if False in honest else None])
    assert [body for _, body in asked] == [b"{}"] * len(asked)
    assert [scope[FIRST_HEADERS][b"content-length"] for scope, _ in asked] == lengths[: len(asked)]
