"""The ways to a Redis: a password, TLS, Sentinel, a cluster; and one that leads nowhere any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from antiphon.bus import Word
from antiphon.counters import Change, Want
from antiphon.errors import StoreFailed
from antiphon.store.redis.bus import RedisBus
from antiphon.store.redis.counters import RedisCounters
from antiphon.store.redis.link import Link
from antiphon.store.redis.wire import Refused
from tests.contracts.bus import ears
from tests.contracts.counters import SLIDING, places
from tests.contracts.responses_store import HandClock
from tests.integration.harness import ROOT, until
from tests.integration.test_redis_bus import bus_at
from tests.integration.upstream.authority import Authority
from tests.redis import Server, free_port, linked, running


async def test_a_password_a_user_and_a_database() -> None:
    with running("redis", "requirepass secret", "user me on >s/1 ~* +@all") as server:
        async with linked(f"unix://:secret@{server.path}?db=3") as link:
            await link.ask(b"SET", b"a", b"1")
        async with linked(f"unix://me:{quote('s/1', safe='')}@{server.path}") as link:
            assert await link.ask(b"GET", b"a") is None
            await link.ask(b"SELECT", b"3")
            assert await link.ask(b"GET", b"a") == b"1"
        async with linked(f"unix://:wrong@{server.path}") as link:
            with pytest.raises(StoreFailed):
                await link.ping()


async def test_a_user_who_may_do_no_more_than_the_manual_says() -> None:
    _, _, rest = (ROOT / "docs" / "howto" / "redis.md").read_text("utf-8").partition("ACL SETUSER ")
    with running("redis", f"user {' '.join(rest.partition('```')[0].split())}") as server:
        url = f"unix://gateway:secret@{server.path}?db=1"
        async with linked(url) as link, ears(lambda: bus_at(url), 2) as (one, two):
            one.bus.say(Word("job"))
            one.bus.say(Word("told"), two.bus.name)
            await until(lambda: len(two.heard) == 2, "both have come")
            counters, place = RedisCounters(link, "antiphon", HandClock()), places(1, 1)[0]
            assert (await counters.reserve([Want(SLIDING, 1, 10)], place)).granted
            await counters.renew([place])
            await counters.change([Change(SLIDING, 1, 0)], place)
            assert (await counters.read([SLIDING]))[0].running == 2


async def test_a_user_who_may_not_listen_or_speak_is_told_of_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with running("redis", "user me on >secret resetchannels ~* +@all") as server:
        async with linked(f"unix://me:secret@{server.path}") as link:
            bus = RedisBus(link, "antiphon")
            bus.listen(lambda _: None, lambda: None)
            for _ in range(3):
                bus.say(Word("job"))
                await link.ping()
            await link.ask(b"SET", b"a", b"1")
            assert await link.ask(b"GET", b"a") == b"1"
    assert sorted(record.getMessage().partition(" NOPERM")[0] for record in caplog.records) == [
        "Redis lets nothing be heard, so that processes hear late of each other:",
        "Redis refuses what is said:",
    ]


async def test_a_connection_that_takes_nothing_any_more_is_closed_all_the_same() -> None:
    with running() as server:
        async with linked(server.url) as link:
            assert link.wire is not None
            server.freeze()
            link.wire.say(b"SET", b"a", b"x" * 20_000_000)
        server.thaw()


async def test_what_redis_refuses_is_told_and_the_next_is_not(redis_url: str, valkey_url: str) -> None:
    for url in (redis_url, valkey_url):
        async with linked(url) as link:
            await link.ask(b"SET", b"a", b"1")
            with pytest.raises(Refused, match="WRONGTYPE"):
                await link.ask(b"ZCARD", b"a")
            assert await link.ask(b"GET", b"a") == b"1"


@asynccontextmanager
async def behind_tls(server: Server, authority: Authority) -> AsyncGenerator[int]:
    """A port that leads to the server, by TLS."""

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(server.path)
        async with asyncio.TaskGroup() as group:
            group.create_task(pipe(reader, back))
            group.create_task(pipe(there, writer))

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority.server("IP:127.0.0.1"))
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def test_tls_is_trusted_by_the_authority_that_is_named(
    redis_server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    async with behind_tls(redis_server, authority) as port:
        async with linked(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority.certificate}") as link:
            await link.ping()
        async with linked(f"rediss://127.0.0.1:{port}/0?ssl_cert_reqs=none") as link:
            await link.ping()
        caplog.clear()
        async with linked(f"rediss://127.0.0.1:{port}/0") as link:
            with pytest.raises(StoreFailed):
                await link.ping()
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


async def test_sentinel_tells_where_the_master_is() -> None:
    port, watched = free_port(), free_port()
    with (
        running("redis", f"port {port}", "bind 127.0.0.1"),
        running("redis", f"port {watched}", f"sentinel monitor main 127.0.0.1 {port} 1") as sentinel,
    ):
        await until(lambda: Path(sentinel.path).exists(), "Sentinel is there")
        url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{watched}"
        async with linked(f"{url}/main/0") as link:
            await link.ask(b"SET", b"a", b"1")
        async with linked(f"{url}/another") as link:
            with pytest.raises(StoreFailed):
                await link.ping()


async def test_a_copy_that_takes_no_writes_is_left_for_its_master(caplog: pytest.LogCaptureFixture) -> None:
    """As after a failover behind one name: whoever is refused there looks again."""
    with running() as server:
        async with linked(server.url) as link:
            counters = RedisCounters(link, "antiphon", HandClock())
            await server.told("REPLICAOF", "127.0.0.1", "1")
            with pytest.raises(StoreFailed):
                await counters.reserve([Want(SLIDING, 1, 10)])
            await server.told("REPLICAOF", "NO", "ONE")
            await until(lambda: link.wire is not None, "it is connected again")
            assert (await counters.reserve([Want(SLIDING, 1, 10)])).granted


async def test_in_a_cluster_the_node_that_has_our_keys_is_found() -> None:
    ports = free_port(), free_port()
    cluster = "cluster-enabled yes", "cluster-require-full-coverage no", "bind 127.0.0.1"
    with (
        running("redis", f"port {ports[0]}", *cluster) as one,
        running("redis", f"port {ports[1]}", *cluster) as other,
    ):
        await other.told("CLUSTER", "ADDSLOTS", *map(str, range(16_384)))
        await one.told("CLUSTER", "MEET", "127.0.0.1", str(ports[1]))
        async with linked(f"redis://127.0.0.1:{ports[0]}") as link:
            counters = RedisCounters(link, "antiphon", HandClock())
            await until(lambda: link.wire is not None, "it is connected")
            granted = await insisting(link, counters)
            assert granted == 1
            assert (await counters.reserve([Want(SLIDING, 1, 10)], places(1, 1)[0])).counts[0].running == 2


async def insisting(link: Link, counters: RedisCounters) -> int:
    """What is counted once the nodes know each other."""
    async with asyncio.timeout(10):
        while True:
            try:
                return (await counters.reserve([Want(SLIDING, 1, 10)])).counts[0].running
            except StoreFailed:
                await asyncio.sleep(0.01)


async def test_trouble_is_told_once_when_it_begins_and_once_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "antiphon.store")
    with running() as server:
        async with linked(server.url) as link:
            server.stop()
            for _ in range(5):
                with pytest.raises(StoreFailed):
                    await link.ping()
            server.start()
            await until(lambda: link.wire is not None, "it is connected again")
    told = [record.getMessage() for record in caplog.records]
    assert [message.split(",")[0].split(":")[0] for message in told] == [
        "Redis cannot be used",
        "Redis can be used again",
    ]


async def test_a_connection_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.store.redis.link.DEAD_SECONDS", 0.1)
    with running() as server:
        async with linked(server.url, 0.05) as link:
            wire = link.wire
            server.freeze()
            await until(lambda: link.wire is not wire, "it was given up")
            server.thaw()
            await until(lambda: link.wire is not None, "it is connected again")
            await link.ping()
