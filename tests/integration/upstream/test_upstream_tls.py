"""TLS: who is believed, and what a cut means."""

import asyncio
import ssl

import pytest

from antiphon.errors import ConnectFailed, Retry, UpstreamBroke, UpstreamTimeout
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.http import HttpUpstream
from antiphon.providers.trust import default_trust
from tests.integration.upstream.authority import Authority
from tests.integration.upstream.origin import OK, Origin, Peer, answering, body_of, closing, reaching, serving, silent


async def test_a_trusted_provider_is_told_which_name_is_meant_and_kept(authority: Authority) -> None:
    server = authority.server("DNS:localhost")
    asked: list[str | None] = []
    server.sni_callback = lambda _link, name, _context: asked.append(name)
    async with serving(answering(OK, OK), tls=server) as origin, reaching(trust=authority.trust()) as client:
        for _ in range(2):
            assert await body_of(client, origin.endpoint(host="localhost")) == b"ok"
    assert (origin.connections, asked) == (1, ["localhost"])


async def test_large_bodies_go_through_tls_both_ways(authority: Authority, ours: ssl.SSLContext) -> None:
    body = bytes(range(256)) * (1 << 15)

    async def script(peer: Peer) -> None:
        assert (await peer.request()).body == body
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await peer.gone()

    async with serving(script, tls=ours) as origin, reaching(trust=authority.trust()) as client:
        assert await body_of(client, origin.endpoint(), body) == body


async def test_an_abandoned_answer_is_really_closed_under_tls(authority: Authority, ours: ssl.SSLContext) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
    async with serving(answering(answer), tls=ours) as origin, reaching(trust=authority.trust()) as client:
        reply = await client.post(origin.endpoint(), b"", b"{}")
        reply.release()
        await origin.finished()


async def refusal(client: HttpUpstream, origin: Origin) -> ConnectFailed:
    with pytest.raises(ConnectFailed, match="certificate") as caught:
        await client.post(origin.endpoint(), b"", b"{}")
    assert "127.0.0.1" not in caught.value.message
    return caught.value


async def test_a_certificate_for_another_host_is_refused(authority: Authority) -> None:
    other = authority.server("DNS:elsewhere.test")
    async with serving(closing(OK), tls=other) as origin, reaching(trust=authority.trust()) as client:
        error = await refusal(client, origin)
    assert "another host" in error.message


async def test_an_authority_that_is_not_trusted_is_refused(ours: ssl.SSLContext) -> None:
    async with serving(closing(OK), tls=ours) as origin, reaching(trust=default_trust()) as client:
        error = await refusal(client, origin)
    assert error.retry is Retry.ELSEWHERE


async def test_a_server_without_tls_is_refused(authority: Authority) -> None:
    async def plain(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with serving(plain) as origin, reaching(trust=authority.trust()) as client:
        endpoint = Endpoint.parse(f"https://127.0.0.1:{origin.port}/")
        with pytest.raises(ConnectFailed, match="TLS"):
            await client.post(endpoint, b"", b"{}")


async def test_a_handshake_that_is_cut_short_is_refused(authority: Authority) -> None:
    async def cut(peer: Peer) -> None:
        await peer.reader.read(1)

    async with serving(cut) as origin, reaching(trust=authority.trust()) as client:
        with pytest.raises(ConnectFailed):
            await client.post(Endpoint.parse(f"https://127.0.0.1:{origin.port}/"), b"", b"{}")


async def test_a_handshake_that_does_not_end_is_left_in_time_and_closed(authority: Authority) -> None:
    async with serving(silent) as origin, reaching(Timeouts(connect=0.05), trust=authority.trust()) as client:
        with pytest.raises(UpstreamTimeout, match="no connection"):
            await client.post(Endpoint.parse(f"https://127.0.0.1:{origin.port}/"), b"", b"{}")
        await origin.finished()


async def test_a_body_that_ends_with_the_connection_does_not_end_with_a_reset(
    authority: Authority, ours: ssl.SSLContext
) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\nabc"
    read = asyncio.Event()

    async def cut(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer)
        await read.wait()
        peer.reset()

    async with serving(closing(answer), cut, tls=ours) as origin, reaching(trust=authority.trust()) as client:
        assert await body_of(client, origin.endpoint()) == b"abc"
        reply = await client.post(origin.endpoint(), b"", b"{}")
        assert await reply.chunk() == b"abc"
        read.set()
        with pytest.raises(UpstreamBroke):
            await reply.chunk()
        reply.release()


def test_the_default_trust_knows_the_public_authorities_and_checks_names() -> None:
    trust = default_trust()
    assert trust.check_hostname
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert len(trust.get_ca_certs()) > 50
