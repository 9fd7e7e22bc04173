"""Where a name really leads, and that a connection goes to the very address that was judged."""

import socket

import pytest

from antiphon.errors import AddressRefused
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.dial import dial
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.http import HttpUpstream
from tests.integration.upstream.origin import OK, answering, body_of, serving, silent

Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


class Resolver:
    """A name that means something else each time it is asked for, and the last thing from then on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[tuple[str, int]]) -> None:
        self.asked = 0
        self._answers = answers
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, *_asked: object, **_options: object) -> list[Found]:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in answer]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1"])
async def test_this_machine_is_not_reached_however_it_is_spelt(host: str) -> None:
    async with serving(silent) as origin:
        with pytest.raises(AddressRefused, match="private or reserved"):
            await dial(host, origin.port, Egress(allow_http=True))
        assert origin.connections == 0


async def test_a_name_that_leads_into_a_private_network_is_refused_without_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(silent) as origin:
        Resolver(monkeypatch, [("127.0.0.1", origin.port)])
        client = HttpUpstream(Timeouts(), egress=Egress(allow_http=True))
        with pytest.raises(AddressRefused) as caught:
            await body_of(client, Endpoint.parse("http://rebound.test/"))
        assert origin.connections == 0
        assert "rebound.test" not in caught.value.message
        assert "127.0.0.1" not in caught.value.message


async def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be the metadata of a cloud."""
    async with serving(answering(OK)) as origin:
        resolver = Resolver(monkeypatch, [("127.0.0.1", origin.port)], [("169.254.169.254", 80)])
        client = HttpUpstream(Timeouts(), egress=Egress(allow_http=True, allow_private=True))
        try:
            assert await body_of(client, Endpoint.parse("http://rebound.test/")) == b"ok"
            assert resolver.asked == 1
        finally:
            await client.close()


async def test_a_new_connection_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answering(OK)) as origin:
        Resolver(monkeypatch, [("127.0.0.1", origin.port)], [("169.254.169.254", 80)])
        egress = Egress(allow_http=True, allow_private=True)
        (await dial("rebound.test", 80, egress)).close()
        with pytest.raises(AddressRefused):
            await dial("rebound.test", 80, egress)


async def test_of_several_addresses_only_those_that_are_permitted_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(silent) as origin:
        Resolver(monkeypatch, [("169.254.169.254", 80), ("127.0.0.1", origin.port), ("0.0.0.0", origin.port)])  # noqa: S104
        link = await dial("rebound.test", 80, Egress(allow_http=True, allow_private=True))
        with link:
            assert link.getpeername() == ("127.0.0.1", origin.port)
        assert origin.connections <= 1


async def test_the_rules_hold_for_every_request_and_not_only_the_first() -> None:
    client = HttpUpstream(Timeouts(), egress=Egress())
    for _ in range(2):
        with pytest.raises(AddressRefused, match="not https"):
            await client.get(Endpoint.parse("http://hooks.example/"), b"")


async def test_a_redirect_into_a_private_network_is_an_answer_like_any_other() -> None:
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(moved)) as origin:
        client = HttpUpstream(Timeouts(), egress=Egress(allow_http=True, allow_private=True))
        try:
            reply = await client.post(origin.endpoint(), b"", b"{}")
            assert reply.status == 307
            reply.release()
        finally:
            await client.close()
