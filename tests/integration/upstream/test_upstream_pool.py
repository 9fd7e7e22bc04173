"""Connections that are kept: which is used, when one is dropped, what is sent twice and what never is."""

import asyncio
import socket
from contextlib import suppress

import pytest

from antiphon.errors import ConnectFailed, ShuttingDown, UpstreamBroke, UpstreamTimeout
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.http import HttpUpstream
from tests.integration.upstream.origin import (
    OK,
    Origin,
    Peer,
    answering,
    body_of,
    closing,
    reaching,
    serving,
    silent,
)


def naming(name: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name)


async def answer_and_close_on_the_next_request(peer: Peer) -> None:
    await peer.request()
    await peer.say(OK)
    with suppress(asyncio.IncompleteReadError):
        await peer.request()


async def test_a_request_that_crosses_with_the_close_of_its_idle_connection_is_sent_again() -> None:
    async with serving(answer_and_close_on_the_next_request, answering(naming(b"new"))) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        assert await body_of(client, origin.endpoint()) == b"new"
    assert origin.connections == 2


async def test_a_request_is_sent_again_on_a_new_connection_and_not_on_another_that_idled() -> None:
    dies = answer_and_close_on_the_next_request
    async with serving(dies, dies, answering(naming(b"new"))) as origin, reaching() as client:
        one = await client.post(origin.endpoint(), b"", b"{}")
        two = await client.post(origin.endpoint(), b"", b"{}")
        one.release()
        two.release()
        assert await body_of(client, origin.endpoint()) == b"new"
    assert origin.connections == 3


async def test_a_large_request_on_a_dead_connection_is_sent_again_whole() -> None:
    body = bytes(range(256)) * 8_192

    async def die(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.head()
        peer.reset()

    async def live(peer: Peer) -> None:
        assert (await peer.request()).body == body
        await peer.say(OK)
        await peer.gone()

    async with serving(die, live) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        assert await body_of(client, origin.endpoint(), body) == b"ok"


async def test_a_request_on_a_new_connection_is_never_sent_again() -> None:
    async with serving(closing(b"")) as origin, reaching() as client:
        with pytest.raises(UpstreamBroke, match="without an answer"):
            await body_of(client, origin.endpoint())
    assert origin.connections == 1


async def test_a_request_is_sent_again_only_once() -> None:
    async with serving(answer_and_close_on_the_next_request, closing(b"")) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        with pytest.raises(UpstreamBroke, match="without an answer"):
            await body_of(client, origin.endpoint())
    assert origin.connections == 2


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_a_request_whose_answer_has_begun_is_never_sent_again(begun: bytes) -> None:
    async with serving(closing(OK, begun)) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        with pytest.raises(UpstreamBroke, match="cut the head"):
            await body_of(client, origin.endpoint())
    assert origin.connections == 1


async def test_a_close_that_comes_late_is_no_crossing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.providers.connection._STALE_WITHIN", -1.0)
    async with serving(answer_and_close_on_the_next_request, answering(OK)) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        with pytest.raises(UpstreamBroke, match="without an answer"):
            await body_of(client, origin.endpoint())
    assert origin.connections == 1


@pytest.mark.parametrize("last_words", [b"", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", b"\r\n"])
async def test_an_idle_connection_that_the_server_ends_or_speaks_on_is_not_used(last_words: bytes) -> None:
    dropped = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await idle.wait()
        if last_words:
            await peer.say(last_words)
        else:
            peer.writer.write_eof()
        await peer.gone()
        dropped.set()

    idle = asyncio.Event()
    async with serving(script, answering(OK)) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        idle.set()
        await dropped.wait()
        await body_of(client, origin.endpoint())
    assert origin.connections == 2


async def test_a_connection_is_not_kept_longer_than_servers_keep_theirs() -> None:
    expired = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.gone()
        expired.set()

    async with serving(script, answering(OK)) as origin, reaching(Timeouts(keep_alive=0.05)) as client:
        await body_of(client, origin.endpoint())
        await expired.wait()
        await body_of(client, origin.endpoint())
    assert origin.connections == 2


async def test_the_connection_used_last_is_used_next() -> None:
    first, second = answering(naming(b"1"), naming(b"1")), answering(naming(b"2"), naming(b"2"))
    async with serving(first, second) as origin, reaching() as client:
        one = await client.post(origin.endpoint(), b"", b"{}")
        two = await client.post(origin.endpoint(), b"", b"{}")
        two.release()
        one.release()
        assert await body_of(client, origin.endpoint()) == b"1"
    assert origin.connections == 2


async def test_origins_do_not_share_connections() -> None:
    async with serving(answering(naming(b"a"))) as a, serving(answering(naming(b"b"))) as b, reaching() as client:
        assert await body_of(client, a.endpoint()) == b"a"
        assert await body_of(client, b.endpoint()) == b"b"


async def test_a_limit_makes_requests_wait_their_turn() -> None:
    answers = [naming(b"%d" % number) for number in range(6)]
    async with serving(answering(*answers)) as origin, reaching(limit=1) as client:
        seen: list[bytes] = []

        async def one() -> None:
            seen.append(await body_of(client, origin.endpoint()))

        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(one())
    assert (origin.connections, seen) == (1, [b"0", b"1", b"2", b"3", b"4", b"5"])


async def test_a_place_that_is_freed_by_a_lost_connection_goes_to_whoever_waits() -> None:
    async with serving(closing(b"HTTP/1.1 200 OK\r\n\r\nx")) as origin, reaching(limit=2) as client:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(body_of(client, origin.endpoint())) for _ in range(7)]
        assert [task.result() for task in tasks] == [b"x"] * 7
    assert origin.connections == 7


async def test_a_dead_connection_is_replaced_within_the_limit() -> None:
    dies, lives = answer_and_close_on_the_next_request, answering(naming(b"new"))
    async with serving(dies, lives) as origin, reaching(limit=1) as client:
        await body_of(client, origin.endpoint())
        assert await body_of(client, origin.endpoint()) == b"new"


async def test_waiting_for_a_free_connection_ends_in_time() -> None:
    async with serving(answering(OK)) as origin, reaching(Timeouts(connect=0.05), limit=1) as client:
        held = await client.post(origin.endpoint(), b"", b"{}")
        with pytest.raises(UpstreamTimeout, match="no connection"):
            await client.post(origin.endpoint(), b"", b"{}")
        held.release()
        assert origin.connections == 1


async def waiting_for_a_place(client: HttpUpstream, origin: Origin, group: asyncio.TaskGroup) -> asyncio.Task[bytes]:
    """A request that has come as far as it can while another holds the only connection."""
    task = group.create_task(body_of(client, origin.endpoint()))
    await asyncio.to_thread(lambda: None)
    return task


@pytest.mark.parametrize("before", [True, False], ids=["cancelled before it is free", "cancelled as it comes free"])
async def test_whoever_stops_waiting_leaves_the_place_to_the_next(before: bool) -> None:  # noqa: FBT001 - a parameter
    async with serving(answering(OK, OK, OK)) as origin, reaching(limit=1) as client, asyncio.TaskGroup() as group:
        held = await client.post(origin.endpoint(), b"", b"{}")
        leaves = await waiting_for_a_place(client, origin, group)
        stays = await waiting_for_a_place(client, origin, group)
        if before:
            leaves.cancel()
            held.release()
        else:
            held.release()
            leaves.cancel()
        assert await stays == b"ok"
        assert leaves.cancelled()
        assert origin.connections == 1


async def test_a_place_is_given_up_when_no_connection_could_be_had() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = Endpoint.parse(f"http://127.0.0.1:{nobody.getsockname()[1]}")
        async with reaching(Timeouts(connect=1), limit=1) as client:
            for _ in range(2):
                with pytest.raises(ConnectFailed):
                    await client.get(endpoint, b"")


async def test_closing_ends_everything_that_runs_waits_or_idles() -> None:
    async with serving(answering(OK), answering(OK), silent) as origin, reaching(limit=3) as client:
        ended: list[str] = []

        async def one(name: str) -> None:
            with pytest.raises(ShuttingDown):
                await body_of(client, origin.endpoint())
            ended.append(name)

        first = await client.post(origin.endpoint(), b"", b"{}")
        unread = await client.post(origin.endpoint(), b"", b"{}")
        async with asyncio.TaskGroup() as group:
            group.create_task(one("runs"))
            await asyncio.to_thread(lambda: None)
            group.create_task(one("waits"))
            await asyncio.to_thread(lambda: None)
            await client.close()
        first.release()
        unread.release()
        assert sorted(ended) == ["runs", "waits"]
        with pytest.raises(ShuttingDown):
            await client.post(origin.endpoint(), b"", b"{}")
        await origin.finished()
    assert origin.connections == 3


async def test_closing_ends_what_idles() -> None:
    async with serving(answering(OK)) as origin, reaching() as client:
        await body_of(client, origin.endpoint())
        await client.close()
        await origin.finished()
