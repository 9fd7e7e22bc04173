"""TLS, at the gateway's own port and towards providers, with certificates of the test's own authority."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from antiphon.cli.banner import base_url
from antiphon.errors import ConfigError, ConnectFailed
from antiphon.http.tls import LOOK_SECONDS, RenewingContext, context_of
from antiphon.providers.trust import trust_of
from antiphon.settings import ServerSettings
from antiphon.tls_settings import ServerTlsSettings, UpstreamTlsSettings
from tests.integration.harness import PATIENCE, Gateway, launched, settings_for
from tests.integration.upstream.authority import Authority
from tests.integration.upstream.origin import OK, answering, body_of, reaching
from tests.integration.upstream.origin import serving as serving_origin

HERE = "DNS:localhost,IP:127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def said(port: int, trust: ssl.SSLContext | None, path: str = "/health") -> bytes:
    """All that comes back from this machine at the port."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode())
        try:
            return await reader.read()
        finally:
            writer.transport.abort()


@asynccontextmanager
async def serving(tls: ServerTlsSettings, trust: ssl.SSLContext, log: Path) -> AsyncGenerator[Gateway]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gateway = launched(settings_for(9, server=ServerSettings(tls=tls)), port, log)
    try:
        async with asyncio.timeout(PATIENCE * 2):
            while True:
                assert gateway.process.poll() is None
                try:
                    await said(port, trust)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    break
        yield gateway
    finally:
        gateway.kill()


async def test_the_port_speaks_tls_and_nothing_else_to_those_with_a_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    certificate, key = map(str, authority.issued(HERE))
    tls = ServerTlsSettings(certificate=certificate, key=key, ca=str(authority.certificate), minimum="1.3")
    trust = authority.trust()
    trust.load_cert_chain(certificate, key)
    async with serving(tls, trust, tmp_path / "log") as gateway:
        assert (await said(gateway.port, trust)).startswith(b"HTTP/1.1 200")
        page = (await said(gateway.port, trust, "/docs")).lower()
        assert b"strict-transport-security: max-age=31536000" in page
        assert b"content-security-policy: default-src 'none'" in page
        old = authority.trust()
        old.load_cert_chain(certificate, key)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        for refused in (authority.trust(), old, None):
            try:
                assert b"HTTP/1.1 200" not in await said(gateway.port, refused)
            except OSError:
                continue


async def test_a_certificate_is_read_again_when_it_has_changed(authority: Authority, tmp_path: Path) -> None:
    now = 0.0
    files = ServerTlsSettings(certificate=str(tmp_path / "pem"), key=str(tmp_path / "key"))

    def put(names: tuple[Path, Path]) -> None:
        for file, name in zip(names, ("pem", "key"), strict=True):
            shutil.copy(file, tmp_path / name)

    async def shown(port: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=authority.trust())
        serial: str = writer.get_extra_info("peercert")["serialNumber"]
        writer.transport.abort()
        del reader
        return serial

    put(authority.issued(HERE))
    context = RenewingContext(files, lambda: now)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context.first)
    async with server:
        port = server.sockets[0].getsockname()[1]
        first = await shown(port)
        put(authority.issued(HERE))
        assert await shown(port) == first, "it is not looked for at every connection"
        now += LOOK_SECONDS
        second = await shown(port)
        assert second != first
        (tmp_path / "pem").write_text("half of it")
        now += LOOK_SECONDS
        assert await shown(port) == second, "what cannot be used takes no place"


def test_what_cannot_be_used_is_told_at_the_start(authority: Authority, tmp_path: Path) -> None:
    certificate, key = map(str, authority.issued(HERE))
    _, other = map(str, authority.issued(HERE))
    missing = str(tmp_path / "missing")
    for wrong in (
        ServerTlsSettings(certificate=missing),
        ServerTlsSettings(certificate=certificate, key=other),
        ServerTlsSettings(certificate=certificate),
        ServerTlsSettings(certificate=certificate, key=key, ca=missing),
    ):
        with pytest.raises(ConfigError, match=r"server\.tls"):
            context_of(wrong)
    for bad in (UpstreamTlsSettings(ca=missing), UpstreamTlsSettings(certificate=certificate, key=other)):
        with pytest.raises(ConfigError, match=r"providers\.own\.tls"):
            trust_of("own", bad)


async def test_a_provider_is_believed_by_its_own_authority_and_shown_a_certificate(authority: Authority) -> None:
    certificate, key = map(str, authority.issued(HERE))
    strict = authority.server(HERE)
    strict.verify_mode = ssl.CERT_REQUIRED
    strict.load_verify_locations(authority.certificate)
    settings = UpstreamTlsSettings(ca=str(authority.certificate), certificate=certificate, key=key)
    async with serving_origin(answering(OK), tls=strict) as origin, reaching(trust=trust_of("own", settings)) as client:
        assert await body_of(client, origin.endpoint()) == b"ok"


async def test_a_provider_of_an_unknown_authority_is_never_believed(authority: Authority) -> None:
    trust = trust_of("own", UpstreamTlsSettings())
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)

    async def nothing(_: object) -> None:
        return None

    async with serving_origin(nothing, tls=authority.server(HERE)) as origin, reaching(trust=trust) as client:
        with pytest.raises(ConnectFailed, match="certificate"):
            await client.post(origin.endpoint(), b"", b"{}")


def test_the_address_that_is_shown_says_how_it_is_spoken_to() -> None:
    assert base_url(ServerSettings(tls=ServerTlsSettings(certificate="x"))) == "https://127.0.0.1:8080/v1"
    assert base_url(ServerSettings()) == "http://127.0.0.1:8080/v1"
