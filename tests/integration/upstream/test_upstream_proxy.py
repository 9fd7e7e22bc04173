"""Through a proxy: as a tunnel for https, as a reader of requests for http."""

import asyncio
import ssl
from contextlib import suppress

import pytest

from antiphon.errors import ConnectFailed, Retry, UpstreamTimeout
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.proxy import Proxies
from tests.integration.upstream.authority import Authority
from tests.integration.upstream.origin import (
    OK,
    Origin,
    Peer,
    Request,
    Script,
    answering,
    body_of,
    closing,
    reaching,
    serving,
    silent,
)

HIDDEN = Endpoint.parse("https://provider.test/v1/responses")


def https_by(proxy: Origin, login: str = "") -> Proxies:
    return Proxies.parse(https=f"{proxy.scheme}://{login}127.0.0.1:{proxy.port}")


def http_by(proxy: Origin) -> Proxies:
    return Proxies.parse(http=f"http://u:p@127.0.0.1:{proxy.port}")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


def tunnelling(target: Origin, seen: list[tuple[bytes, dict[bytes, bytes]]]) -> Script:
    """A proxy that takes everybody to `target`, whatever name was asked for."""

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        await peer.say(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, peer.writer))
            group.create_task(pump(peer.reader, writer))

    return script


async def test_https_goes_through_a_tunnel_that_ends_at_the_provider(
    authority: Authority, ours: ssl.SSLContext
) -> None:
    seen: list[tuple[bytes, dict[bytes, bytes]]] = []
    async with (
        serving(answering(OK, OK), tls=ours) as origin,
        serving(tunnelling(origin, seen)) as proxy,
        reaching(trust=authority.trust(), proxies=https_by(proxy, "us%40er:p%3Aw@")) as client,
    ):
        for _ in range(2):
            assert await body_of(client, HIDDEN) == b"ok"
    assert proxy.connections == 1
    ((line, headers),) = seen
    assert line == b"CONNECT provider.test:443 HTTP/1.1"
    assert headers == {b"host": b"provider.test:443", b"proxy-authorization": b"Basic dXNAZXI6cDp3"}


async def test_the_way_to_the_proxy_may_itself_be_tls(authority: Authority, ours: ssl.SSLContext) -> None:
    seen: list[tuple[bytes, dict[bytes, bytes]]] = []
    async with (
        serving(answering(OK), tls=ours) as origin,
        serving(tunnelling(origin, seen), tls=ours) as proxy,
        reaching(trust=authority.trust(), proxies=https_by(proxy)) as client,
    ):
        assert await body_of(client, HIDDEN) == b"ok"
    assert len(seen) == 1


async def test_the_provider_behind_a_tunnel_must_prove_itself(authority: Authority) -> None:
    other = authority.server("DNS:elsewhere.test")
    async with (
        serving(closing(OK), tls=other) as origin,
        serving(tunnelling(origin, [])) as proxy,
        reaching(trust=authority.trust(), proxies=https_by(proxy)) as client,
    ):
        with pytest.raises(ConnectFailed, match="another host"):
            await body_of(client, HIDDEN)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "it answered 407"),
        (b"SSH-2.0-x\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "speaks first"),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection"),
    ],
)
async def test_a_proxy_that_opens_no_way_is_named_as_the_culprit(
    authority: Authority, answer: bytes, message: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(answer)

    async with serving(script) as proxy, reaching(trust=authority.trust(), proxies=https_by(proxy)) as client:
        with pytest.raises(ConnectFailed, match=message) as caught:
            await body_of(client, HIDDEN)
    assert caught.value.retry is Retry.NEVER


async def test_a_proxy_that_does_not_answer_is_left_in_time_and_closed(authority: Authority) -> None:
    async with (
        serving(silent) as proxy,
        reaching(Timeouts(connect=0.05), trust=authority.trust(), proxies=https_by(proxy)) as client,
    ):
        with pytest.raises(UpstreamTimeout):
            await body_of(client, HIDDEN)
        await proxy.finished()


async def test_http_is_asked_of_the_proxy_in_absolute_form() -> None:
    seen: list[Request] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.say(OK)
        await peer.gone()

    async with serving(script) as proxy, reaching(proxies=http_by(proxy)) as client:
        assert await body_of(client, Endpoint.parse("http://provider.test:81/v1?a=b")) == b"ok"
    (request,) = seen
    assert request.line == b"POST http://provider.test:81/v1?a=b HTTP/1.1"
    assert request.headers[b"host"] == b"provider.test:81"
    assert request.headers[b"proxy-authorization"] == b"Basic dTpw"


async def test_this_machine_is_reached_directly() -> None:
    async with serving(answering(OK)) as origin, serving(silent) as proxy, reaching(proxies=http_by(proxy)) as client:
        assert await body_of(client, origin.endpoint()) == b"ok"
    assert proxy.connections == 0
