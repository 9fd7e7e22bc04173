"""Bytes that come too fast, too slow or not at all, in both directions; and readers that change their minds."""

import asyncio

import pytest

from antiphon.errors import UpstreamBroke, UpstreamTimeout
from antiphon.providers.connection import HIGH_WATER
from antiphon.providers.deadlines import Timeouts
from tests.integration.upstream.origin import CHUNKED, OK, Peer, answering, body_of, reaching, serving, silent

LARGE = bytes(range(256)) * (1 << 17)
ONE_READ = 256 * 1024
"""The most that either loop hands over at once."""


async def test_a_chunk_is_everything_that_has_arrived() -> None:
    more = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n")
        await more.wait()
        await peer.say(b"1\r\nd\r\n0\r\n\r\n")
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == b"abc"
        more.set()
        assert [await reply.chunk(), await reply.chunk(), await reply.chunk()] == [b"d", b"", b""]
        reply.release()


async def test_waiting_for_a_chunk_can_be_limited_and_taken_up_again() -> None:
    more = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        await more.wait()
        await peer.say(b"1\r\na\r\n0\r\n\r\n")
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert [await reply.chunk(0), await reply.chunk(0.01), await reply.chunk(0.02)] == [None, None, None]
        more.set()
        assert [await reply.chunk(10), await reply.chunk(10)] == [b"a", b""]
        reply.release()


async def test_a_provider_that_does_not_answer_is_left_in_time() -> None:
    async with serving(silent) as origin, reaching(Timeouts(first_byte=0.05)) as client:
        with pytest.raises(UpstreamTimeout, match=r"did not answer within 0\.05 s"):
            await client.post(origin.endpoint(), b"", b"{}")


async def test_a_head_alone_is_no_answer() -> None:
    async with serving(answering(CHUNKED)) as origin, reaching(Timeouts(first_byte=0.05)) as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        with pytest.raises(UpstreamTimeout, match=r"did not answer within 0\.05 s"):
            await reply.chunk()
        reply.release()


@pytest.mark.parametrize(
    ("timeouts", "message"),
    [
        (Timeouts(idle=0.05), r"fell silent for 0\.05 s"),
        (Timeouts(whole=0.05), r"took longer than 0\.05 s"),
    ],
)
async def test_an_answer_that_stalls_is_cut_and_what_came_is_given(timeouts: Timeouts, message: str) -> None:
    async with serving(answering(CHUNKED + b"1\r\na\r\n")) as origin, reaching(timeouts) as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == b"a"
        with pytest.raises(UpstreamTimeout, match=message):
            await reply.chunk()
        reply.release()


async def test_one_request_may_have_deadlines_of_its_own() -> None:
    async with serving(silent) as origin, reaching() as client:
        with pytest.raises(UpstreamTimeout, match=r"0\.05 s"):
            await client.post(origin.endpoint(), b"", b"{}", Timeouts(first_byte=0.05))


async def test_a_kept_connection_does_not_keep_old_deadlines() -> None:
    async with serving(answering(OK, CHUNKED)) as origin, reaching(Timeouts(first_byte=5, keep_alive=4)) as client:
        await body_of(client, origin.endpoint())
        reply = await client.post(origin.endpoint(), b"", b"{}", Timeouts(first_byte=0.05))
        with pytest.raises(UpstreamTimeout, match=r"0\.05 s"):
            await reply.chunk()
        reply.release()


async def test_a_provider_that_reads_no_request_is_left_in_time() -> None:
    stop = asyncio.Event()

    async def script(peer: Peer) -> None:
        await stop.wait()
        peer.reset()

    async with serving(script) as origin, reaching(Timeouts(first_byte=0.05)) as client:
        with pytest.raises(UpstreamTimeout, match="did not answer"):
            await client.post(origin.endpoint(), b"", LARGE)
        stop.set()


async def test_a_slow_reader_stops_the_provider_and_is_not_taken_for_its_silence() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(LARGE), LARGE))
        await peer.gone()

    async with serving(script) as origin, reaching(Timeouts(idle=0.05, whole=0.3)) as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        await origin.finished()
        arrived = await reply.chunk()
        assert arrived
        assert len(arrived) <= HIGH_WATER + ONE_READ
        with pytest.raises(UpstreamTimeout, match="took longer"):
            await reply.chunk()
        reply.release()


async def test_a_slow_reader_gets_everything() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(LARGE), LARGE)
    async with serving(answering(answer, OK)) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        parts: list[bytes] = []
        while part := await reply.chunk():
            parts.append(part)
            assert len(part) <= HIGH_WATER + ONE_READ
            await asyncio.to_thread(lambda: None)
        reply.release()
        assert b"".join(parts) == LARGE
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert origin.connections == 1


async def test_an_answer_that_has_arrived_and_nobody_reads_does_not_cost_its_connection() -> None:
    async with (
        serving(answering(OK, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")) as origin,
        reaching() as client,
    ):
        (await client.post(origin.endpoint(), b"", b"{}")).release()
        assert await body_of(client, origin.endpoint()) == b"new"
    assert origin.connections == 1


async def test_a_large_request_arrives_whole_at_a_server_that_takes_its_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await asyncio.to_thread(lambda: None)
        assert await peer.reader.readexactly(len(LARGE)) == LARGE
        await peer.say(OK)
        assert (await peer.request()).body == b"{}"
        await peer.say(OK)
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint(), LARGE) == b"ok"
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert origin.connections == 1


async def test_a_refusal_that_comes_before_the_whole_request_was_sent_is_heard() -> None:
    refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large"

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(refused)
        await peer.gone()

    async with serving(script, answering(OK)) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", LARGE)
        assert (reply.status, await reply.read(100)) == (413, b"too large")
        reply.release()
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert origin.connections == 2


async def test_an_answer_that_begins_early_does_not_stop_the_request() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(CHUNKED + b"1\r\na\r\n")
        assert await peer.reader.readexactly(len(LARGE)) == LARGE
        await peer.say(b"1\r\nb\r\n0\r\n\r\n")
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint(), LARGE) == b"ab"


async def test_an_answer_that_ends_before_the_request_closes_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(OK)
        await peer.gone()

    async with serving(script, answering(OK)) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint(), LARGE) == b"ok"
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert origin.connections == 2


async def test_an_abandoned_answer_is_really_closed() -> None:
    async with serving(answering(CHUNKED + b"1\r\na\r\n"), answering(OK)) as origin, reaching(limit=1) as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        reply.release()
        reply.release()
        await origin.finished()
        with pytest.raises(UpstreamBroke, match="released"):
            await reply.chunk()
        assert await body_of(client, origin.endpoint()) == b"ok"


async def test_a_request_that_is_cancelled_is_really_closed() -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    async with serving(script, answering(OK)) as origin, reaching(limit=1) as client, asyncio.TaskGroup() as group:
        task = group.create_task(body_of(client, origin.endpoint()))
        await asked.wait()
        task.cancel()
        await origin.finished()
        assert await body_of(client, origin.endpoint()) == b"ok"


async def test_an_answer_whose_reader_is_cancelled_is_really_closed() -> None:
    async with serving(answering(CHUNKED + b"1\r\na\r\n"), answering(OK)) as origin, reaching(limit=1) as client:
        reading = asyncio.Event()

        async def read() -> None:
            reply = await client.post(origin.endpoint(), b"", b"{}")
            try:
                while await reply.chunk():
                    reading.set()
            finally:
                reply.release()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(read())
            await reading.wait()
            task.cancel()
        await origin.finished()
        assert await body_of(client, origin.endpoint()) == b"ok"


async def test_a_reader_that_was_cancelled_may_read_on() -> None:
    more = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        await more.wait()
        await peer.say(b"1\r\na\r\n0\r\n\r\n")
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await reply.chunk()
        more.set()
        assert await reply.chunk() == b"a"
        reply.release()
