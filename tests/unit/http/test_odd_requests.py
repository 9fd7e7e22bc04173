"""Requests that are odd, broken, abandoned or too many on one connection, as the protocol sees them."""

from __future__ import annotations

import asyncio
import gc
import re
from typing import Any

import pytest

from antiphon.errors import RequestTimeout
from tests.echoing import Echo
from tests.wires import Link

GET = b"GET /whole HTTP/1.1\r\nHost: g\r\n\r\n"
HEAD = b"POST /whole HTTP/1.1\r\nHost: g\r\n"
POST = HEAD + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
HESITATING = HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
async def link(echo: Echo) -> Link:
    return Link(echo)


def statuses(written: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", written)


# --- trailers and targets ---------------------------------------------------------------------------------------------


async def test_trailers_are_not_taken_for_headers(link: Link) -> None:
    answer = await link.answered(CHUNKED + b"2\r\n{}\r\n0\r\nContent-Encoding: gzip\r\nX-Real-Ip: me\r\n\r\n")
    assert answer.endswith(b"POST /whole 2 {}")


@pytest.mark.parametrize("name", [b"Connection", b"Proxy-connection"])
async def test_a_trailer_cannot_close_the_parser_to_what_follows(link: Link, name: bytes) -> None:
    answer = await link.answered(CHUNKED + b"2\r\n{}\r\n0\r\n" + name + b": close\r\n\r\n" + GET)
    assert statuses(answer) == [b"400"]
    assert not link.is_open


@pytest.mark.parametrize("target", [b"http://other", b"http://other?x=1"])
async def test_a_host_alone_is_its_first_page(link: Link, echo: Echo, target: bytes) -> None:
    await link.answered(b"GET %b HTTP/1.1\r\nHost: g\r\n\r\n" % target)
    assert echo.asked == ["/"]


async def test_a_url_that_is_too_long_is_called_that(link: Link) -> None:
    assert statuses(await link.answered(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: g\r\n\r\n")) == [b"431"]


async def test_heads_are_measured_one_by_one(link: Link) -> None:
    long = b"GET /whole HTTP/1.1\r\nHost: g\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"
    assert statuses(await link.answered(long * 8)) == [b"200"] * 8


@pytest.mark.parametrize("version", [b"0.9", b"1.0", b"2.0"])
async def test_who_speaks_another_version_gets_no_chunks(link: Link, version: bytes) -> None:
    answer = await link.answered(b"GET /streamed HTTP/%b\r\nHost: g\r\n\r\n" % version)
    assert answer.endswith(b"connection: close\r\n\r\nGET /streamed 1 ")
    assert not link.is_open


# --- clients that hesitate --------------------------------------------------------------------------------------------


async def test_who_hesitates_is_told_to_go_on_and_keeps_the_connection(link: Link) -> None:
    link.protocol.data_received(HESITATING)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert link.wire.written == GO_ON
    assert statuses(await link.answered(b"{}", GET)) == [b"200", b"200"]
    assert link.is_open


async def test_who_does_not_wait_after_all_is_not_told_to_go_on(link: Link) -> None:
    assert statuses(await link.answered(HESITATING + b"{}" + GET)) == [b"200", b"200"]
    assert link.is_open


async def test_an_old_client_cannot_hesitate(link: Link) -> None:
    answer = await link.answered(HESITATING.replace(b"HTTP/1.1", b"HTTP/1.0"), b"{}")
    assert statuses(answer) == [b"200"]


async def test_after_a_refusal_nobody_knows_what_a_client_that_hesitates_sends(link: Link, echo: Echo) -> None:
    answer = await link.answered(HESITATING.replace(b"/whole", b"/unread"))
    assert statuses(answer) == [b"200"]
    assert b"\r\nconnection: close\r\n" in answer
    assert await link.answered(GET, GET) == b""
    assert echo.asked == ["/unread"]
    assert link.wire.ended
    assert not link.wire.closed  # while the client may still be sending


async def test_nobody_is_told_to_go_on_behind_a_refusal(link: Link) -> None:
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    hesitating = HEAD + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(await link.answered(hesitating + b"zz\r\n")) == [b"400"]
    assert faults == []


# --- what is broken behind what is not --------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [1, 2, 3])
async def test_a_request_is_answered_though_a_broken_one_is_behind_it(link: Link, whole: int) -> None:
    answer = await link.answered(POST * whole + CHUNKED + b"zz\r\n" + GET)
    assert statuses(answer) == [b"200"] * whole
    assert not link.is_open


@pytest.mark.parametrize("whole", [1, 2, 3])
async def test_a_request_is_answered_though_the_one_behind_it_stalls(link: Link, echo: Echo, whole: int) -> None:
    echo.open.clear()
    await link.send(POST * whole + POST[:-1])
    assert link.protocol.arriving() is not None
    link.protocol.give_up(RequestTimeout("Too slow."))
    assert link.protocol.arriving() is None
    echo.open.set()
    assert statuses(await link.answered()) == [b"200"] * whole
    assert not link.is_open


# --- clients that leave, or say that they are done --------------------------------------------------------------------


@pytest.mark.parametrize("whole", [1, 2])
@pytest.mark.parametrize("rest", [b"", POST[:-1], CHUNKED + b"2\r\n", b"GE", b"\0"])
async def test_who_sends_no_more_gets_what_is_ready_soon(link: Link, whole: int, rest: bytes) -> None:
    await link.send(POST * whole + rest)
    assert link.protocol.eof_received()
    assert statuses(await link.answered()) == [b"200"] * whole
    assert not link.is_open


async def test_what_is_answered_when_a_client_is_done_is_written_before_the_end(link: Link) -> None:
    await link.send(GET)
    await asyncio.sleep(0)
    assert link.wire.written == b"", "it is put off to the end of the turn"
    assert not link.protocol.eof_received()
    assert statuses(link.wire.written) == [b"200"]


@pytest.mark.parametrize("data", [b"", b"GE", POST[:-1], CHUNKED])
async def test_who_leaves_in_the_middle_is_let_go_at_once(link: Link, data: bytes) -> None:
    await link.send(data)
    assert not link.protocol.eof_received()


# --- too much ---------------------------------------------------------------------------------------------------------


async def test_no_more_is_read_while_many_requests_wait(link: Link, echo: Echo) -> None:
    echo.open.clear()
    await link.send(GET, GET * 100, GET * 1_000)
    assert link.wire.reads, "or nobody would see the client leave"
    await link.send(GET * 2_000)
    assert not link.wire.reads
    echo.open.set()
    while len(echo.asked) < 10:
        await asyncio.sleep(0)
        assert not link.wire.reads
    await link.settle()
    assert statuses(link.wire.written) == [b"200"] * 3_101
    assert link.wire.reads


async def test_a_flood_of_requests_is_put_off_and_answered(link: Link, echo: Echo) -> None:
    echo.open.clear()
    count = 5_000
    await link.send(GET * count)
    begun = sum(type(each).__name__ == "Exchange" for each in gc.get_objects())
    assert begun < count / 3
    echo.open.set()
    await link.settle()
    assert statuses(link.wire.written) == [b"200"] * count


async def test_an_answer_that_came_early_does_not_keep_the_connection_for_ever(link: Link) -> None:
    early = POST[:-1].replace(b"/whole", b"/unread")
    assert statuses(await link.answered(early)) == [b"200"]
    owed = link.protocol.arriving()
    assert owed is not None
    assert owed[0] == "rest"
    link.protocol.give_up(None)
    assert not link.is_open


async def test_what_the_client_does_not_take_is_not_kept_for_ever(link: Link) -> None:
    await link.answered(GET)
    link.wire.unsent = 100_000
    first, second = link.protocol.arriving(), link.protocol.arriving()
    assert first is not None
    assert second is not None
    assert first[1] is second[1]
    link.wire.unsent = 90_000
    third = link.protocol.arriving()
    assert third is not None
    assert third[1] is not second[1], "it has taken something"
    link.protocol.give_up(None)
    assert link.wire.aborted


async def test_what_comes_behind_a_last_answer_does_not_cost_the_client_it(link: Link) -> None:
    last = HEAD.replace(b"/whole", b"/unread") + b"Connection: close\r\nContent-Length: 9\r\n\r\n{"
    assert statuses(await link.answered(last)) == [b"200"]
    assert link.wire.ended
    assert not link.wire.closed


async def test_a_head_that_is_not_read_is_not_late(link: Link, echo: Echo) -> None:
    echo.open.clear()
    await link.send(GET + b"GE")
    assert link.protocol.arriving() is not None
    link.protocol.pause_reading()
    assert link.protocol.arriving() is None
