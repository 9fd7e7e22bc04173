"""Bodies that come compressed although identity was asked for."""

import asyncio
import gzip
import zlib

import pytest

from antiphon.errors import Retry, UpstreamBroke
from antiphon.providers.inflate import PIECE
from tests.integration.upstream.origin import CHUNKED, Peer, answering, body_of, reaching, serving

TEXT = b"data: word\n\n" * 1_000


def bare(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


def answer(encoding: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (encoding, len(body)) + body


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        pytest.param(b"gzip", gzip.compress(TEXT), id="gzip"),
        pytest.param(b"X-GZIP ", gzip.compress(TEXT), id="x-gzip"),
        pytest.param(b"gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), id="two members"),
        pytest.param(b"gzip", gzip.compress(TEXT) + bytes(8), id="padding"),
        pytest.param(b"deflate", zlib.compress(TEXT), id="deflate"),
        pytest.param(b"deflate", bare(TEXT), id="deflate as some servers have it"),
        pytest.param(b"identity", TEXT, id="identity"),
    ],
)
async def test_a_compressed_answer_reads_like_any_other(encoding: bytes, body: bytes) -> None:
    async with serving(answering(answer(encoding, body), answer(b"gzip", b""))) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint()) == TEXT
        assert await body_of(client, origin.endpoint()) == b""
    assert origin.connections == 1


async def test_events_that_were_flushed_come_through_at_once() -> None:
    squeeze = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    more = asyncio.Event()

    async def chunk(peer: Peer, data: bytes) -> None:
        await peer.say(b"%x\r\n%b\r\n" % (len(data), data))

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"))
        await chunk(peer, squeeze.compress(b"data: 1\n\n") + squeeze.flush(zlib.Z_SYNC_FLUSH))
        await more.wait()
        await chunk(peer, squeeze.compress(b"data: 2\n\n") + squeeze.flush())
        await peer.say(b"0\r\n\r\n")
        await peer.gone()

    async with serving(script) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == b"data: 1\n\n"
        assert await reply.chunk(0) is None
        more.set()
        assert [await reply.chunk(), await reply.chunk()] == [b"data: 2\n\n", b""]
        reply.release()


@pytest.mark.parametrize("body", [gzip.compress(TEXT, mtime=0)[:-9], b"\x1fno gzip at all", b"no deflate"])
async def test_a_compressed_answer_that_is_damaged_is_an_error_of_ours(body: bytes) -> None:
    async with serving(answering(answer(b"gzip", body))) as origin, reaching() as client:
        with pytest.raises(UpstreamBroke, match="compressed"):
            await body_of(client, origin.endpoint())


async def test_an_encoding_nobody_knows_is_refused_and_its_connection_closed() -> None:
    async with serving(answering(answer(b"br", b"\x0b") + b"more")) as origin, reaching() as client:
        with pytest.raises(UpstreamBroke, match="not asked for") as caught:
            await client.post(origin.endpoint(), b"", b"{}")
        assert caught.value.retry is Retry.ELSEWHERE
        await origin.finished()


async def test_a_bomb_is_unpacked_no_further_than_it_is_read() -> None:
    bomb = gzip.compress(bytes(100 << 20), compresslevel=1)
    async with serving(answering(answer(b"gzip", bomb), answer(b"gzip", bomb))) as origin, reaching() as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert len(await reply.chunk() or b"") == PIECE
        with pytest.raises(UpstreamBroke, match="larger than"):
            await reply.read(1 << 20)
        reply.release()
