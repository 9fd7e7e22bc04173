"""Names, addresses and sockets."""

import errno
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from antiphon.errors import ConnectFailed, UpstreamTimeout
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.dial import alternating, dial
from antiphon.providers.endpoint import Endpoint
from tests.integration.upstream.origin import OK, answering, body_of, reaching, serving, silent

Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


def address(port: int, host: str = "127.0.0.1", family: socket.AddressFamily = socket.AF_INET) -> Found:
    return family, socket.SOCK_STREAM, 0, "", (host, port)


def resolving(monkeypatch: pytest.MonkeyPatch, *found: Found) -> None:
    """What the resolver says, whatever it is asked."""

    def getaddrinfo(*_asked: object, **_options: object) -> list[Found]:
        return list(found)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@asynccontextmanager
async def nowhere() -> AsyncGenerator[int]:
    """A port where attempts to connect are neither taken nor refused: a listener whose queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def refusing() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def test_a_connection_does_not_wait_to_send_little() -> None:
    async with serving(silent) as origin:
        link = await dial("127.0.0.1", origin.port)
        with link:
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_name_with_two_families_is_reached_by_the_one_that_works() -> None:
    async with serving(answering(OK)) as origin, reaching() as client:
        assert await body_of(client, origin.endpoint(host="localhost")) == b"ok"


async def test_a_refusal_is_an_error_of_ours_that_names_no_address(refusing: int) -> None:
    async with reaching() as client:
        with pytest.raises(ConnectFailed, match="connection refused") as caught:
            await body_of(client, Endpoint.parse(f"http://127.0.0.1:{refusing}"))
    assert "127.0.0.1" not in caught.value.message
    assert str(refusing) not in caught.value.message


async def test_an_address_that_refuses_costs_nothing_where_another_answers(
    monkeypatch: pytest.MonkeyPatch, refusing: int
) -> None:
    async with serving(silent) as origin:
        resolving(monkeypatch, address(refusing), address(origin.port))
        (await dial("provider.test", 1)).close()


async def test_an_address_that_is_silent_costs_a_moment_where_another_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(silent) as origin, nowhere() as mute:
        resolving(monkeypatch, address(mute), address(origin.port))
        link = await dial("provider.test", 1)
        with link:
            assert link.getpeername()[1] == origin.port


async def test_an_address_that_answers_too_late_is_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.providers.dial._HEAD_START", 0)
    async with serving(silent) as origin:
        resolving(monkeypatch, *[address(origin.port)] * 4)
        (await dial("provider.test", 1)).close()


def test_the_two_families_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, ("a", 1)), (six, ("b", 1)), (six, ("c", 1)), (four, ("d", 1)), (four, ("e", 1))]
    assert [address[0] for _, address in alternating(found)] == ["a", "d", "b", "e", "c"]


async def test_where_no_address_answers_the_last_failure_is_told(
    monkeypatch: pytest.MonkeyPatch, refusing: int
) -> None:
    resolving(monkeypatch, address(refusing), address(refusing))
    with pytest.raises(OSError, check=lambda error: error.errno == errno.ECONNREFUSED):
        await dial("provider.test", 1)


async def test_an_address_that_is_silent_is_left_in_time() -> None:
    async with nowhere() as port, reaching(Timeouts(connect=0.05)) as client:
        with pytest.raises(UpstreamTimeout, match=r"within 0\.05 s"):
            await body_of(client, Endpoint.parse(f"http://127.0.0.1:{port}"))


async def test_a_race_that_is_given_up_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async with nowhere() as port, reaching(Timeouts(connect=0.3)) as client:
        resolving(monkeypatch, address(port), address(port))
        with pytest.raises(UpstreamTimeout):
            await body_of(client, Endpoint.parse("http://provider.test"))
