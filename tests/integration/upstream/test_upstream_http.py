"""What goes over the wire, and how answers are told apart and ended."""

import asyncio

import pytest

from antiphon.errors import UpstreamBroke
from antiphon.providers.endpoint import header_block
from tests.integration.upstream.origin import (
    CHUNKED,
    OK,
    Peer,
    Request,
    answering,
    body_of,
    closing,
    reaching,
    serving,
)

SPLIT = b"2\r\nab\r\n3;ext=1\r\ncde\r\n0\r\nTrailer: x\r\n\r\n"


async def test_a_request_says_what_was_given_and_little_else() -> None:
    seen: list[Request] = []

    async def script(peer: Peer) -> None:
        for _ in range(2):
            seen.append(await peer.request())
            await peer.say(OK)

    async with serving(script) as origin, reaching() as client:
        headers = header_block({"Authorization": "Bearer k", "Content-Type": "application/json"})
        (await client.post(origin.endpoint("/v1/é?a=b c".replace(" ", "%20")), headers, b'{"a":1}')).release()
        (await client.get(origin.endpoint("/v1/models"), headers)).release()

    authority = f"127.0.0.1:{origin.port}".encode()
    common = {b"host": authority, b"accept-encoding": b"identity", b"authorization": b"Bearer k"}
    typed = {**common, b"content-type": b"application/json"}
    post, get = seen
    assert (post.line, post.body) == (b"POST /v1/%C3%A9?a=b%20c HTTP/1.1", b'{"a":1}')
    assert post.headers == {**typed, b"content-length": b"7"}
    assert (get.line, get.headers) == (b"GET /v1/models HTTP/1.1", typed)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(OK, 200, b"ok", id="content-length"),
        pytest.param(CHUNKED + SPLIT, 200, b"abcde", id="chunked with extension and trailer"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b"", id="304"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b"", id="empty"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok", id="100 before"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK, 200, b"ok", id="103 thrice before"),
        pytest.param(b"HTTP/1.1 200\nContent-Length: 2\n\nok", 200, b"ok", id="bare line feeds"),
        pytest.param(CHUNKED + b"2  \r\nok\r\n0\r\n\r\n", 200, b"ok", id="padded chunk size"),
        pytest.param(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", id="1.0"),
    ],
)
async def test_a_complete_answer_is_read_and_its_connection_used_again(answer: bytes, status: int, body: bytes) -> None:
    async with serving(answering(answer, OK)) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert (reply.status, await reply.read(100)) == (status, body)
        reply.release()
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert origin.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", id="connection: close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", id="1.0"),
        pytest.param(OK + b"HTTP/1.1 200 OK\r\n", id="more than was asked for"),
        pytest.param(OK + b"garbage", id="garbage after the end"),
        pytest.param(OK + b"H", id="one byte after the end"),
    ],
)
async def test_a_connection_that_cannot_be_trusted_any_more_is_closed(answer: bytes) -> None:
    async with serving(answering(answer), answering(OK)) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint()) == b"ok"
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert origin.connections == 2


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
    async with serving(closing(answer)) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint()) == b"data: 1\n\n"
        assert await body_of(client, origin.endpoint()) == b"data: 1\n\n"
    assert origin.connections == 2


async def test_headers_come_as_they_were_but_for_the_case_of_their_names() -> None:
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 2\r\n\r\nno"
    async with serving(answering(answer)) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert reply.status == 429
        assert reply.headers == [
            (b"retry-after", b"7"),
            (b"x-a", b"1"),
            (b"x-a", b"2 "),
            (b"content-length", b"2"),
        ]
        assert (reply.header(b"x-a"), reply.header(b"retry-after"), reply.header(b"nope")) == (b"2", b"7", None)
        reply.release()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n", id="another protocol"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="another version"),
        pytest.param(b"HTTP/1.1 2000 OK\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="upgrade"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="101"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", id="negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", id="both framings"),
        pytest.param(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", id="no colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", id="nul"),
        pytest.param(b"HTTP/1.1 200 OK\r\nLong: %b" % (b"a" * 70_000), id="endless header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", id="too many headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + OK[17:], id="too many headers, and a body"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, id="endless interim answers"),
    ],
)
async def test_what_is_no_answer_is_an_error_of_ours(answer: bytes) -> None:
    async with serving(answering(answer)) as origin, reaching() as client:
        with pytest.raises(UpstreamBroke) as caught:
            await client.post(origin.endpoint(), b"", b"{}")
        await origin.finished()
    assert "127.0.0.1" not in caught.value.message
    assert origin.connections == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2"])
async def test_an_answer_that_never_quite_begins_is_an_error_of_ours(answer: bytes) -> None:
    async with serving(closing(answer)) as origin, reaching() as client:
        with pytest.raises(UpstreamBroke):
            await client.post(origin.endpoint(), b"", b"{}")
    assert origin.connections == 1


@pytest.mark.parametrize(
    ("answer", "arrived"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"abc", id="length not met"),
        pytest.param(CHUNKED + b"3\r\nabc\r\n", b"abc", id="no last chunk"),
        pytest.param(CHUNKED + b"9\r\nabc", b"abc", id="cut in a chunk"),
        pytest.param(CHUNKED + b"3\r\nabc\r\n0\r\n", b"abc", id="cut in the trailers"),
        pytest.param(CHUNKED + b"3\r\nabc\r\nzz\r\n", b"abc", id="no chunk size"),
        pytest.param(CHUNKED + b"3\r\nabcdef\r\n", b"abc", id="chunk too long"),
    ],
)
async def test_an_answer_that_breaks_off_gives_what_arrived_and_then_raises(answer: bytes, arrived: bytes) -> None:
    async with serving(closing(answer)) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == arrived
        for _ in range(2):
            with pytest.raises(UpstreamBroke):
                await reply.chunk()
        reply.release()


@pytest.mark.parametrize(
    "endless", [b"0\r\n" + b"T: x\r\n" * 20_000, b"1;" + b"x" * 100_000], ids=["trailers", "extension"]
)
async def test_an_answer_that_goes_on_without_a_body_is_cut(endless: bytes) -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"1\r\na\r\n")
        await read.wait()
        peer.writer.write(endless)
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == b"a"
        read.set()
        with pytest.raises(UpstreamBroke, match="no body"):
            await reply.chunk()
        reply.release()


async def test_a_reset_is_no_end_even_where_the_end_is_that_of_the_connection() -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await read.wait()
        peer.reset()

    async with serving(script) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == b"abc"
        read.set()
        with pytest.raises(UpstreamBroke):
            await reply.chunk()
        reply.release()


async def test_an_answer_larger_than_its_reader_wants_is_refused() -> None:
    async with (
        serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789")) as origin,
        reaching() as client,
    ):
        reply = await client.post(origin.endpoint(), b"", b"{}")
        with pytest.raises(UpstreamBroke, match="larger than 8 bytes"):
            await reply.read(8)
        reply.release()


async def test_many_exchanges_at_once_do_not_mix() -> None:
    async def echo(peer: Peer) -> None:
        for _ in range(4):
            request = await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.body), request.body))
        await peer.gone()

    async with serving(echo) as origin, reaching() as client:

        async def several(body: bytes) -> None:
            for turn in range(4):
                assert await body_of(client, origin.endpoint(), body * turn) == body * turn

        async with asyncio.TaskGroup() as group:
            for number in range(16):
                group.create_task(several(b"%d " % number))
    assert origin.connections == 16
