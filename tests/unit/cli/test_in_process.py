import asyncio

import pytest

from antiphon.cli.in_process import Request, exchange, private
from antiphon.errors import ConfigError
from antiphon.http.call import Message, Receive, Scope, Send
from antiphon.settings import DatabaseSettings, Settings

REQUEST = Request(method="POST", path="/v1/responses", key="k", body=b"{}")


class Echo:
    """Answers with what it was asked, then waits for its client to go if it is told to."""

    def __init__(self, *, patient: bool = False, broken: str = "") -> None:
        self.log: list[str] = []
        self.scope: Scope = {}
        self.patient = patient
        self.broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.log.append(str(message["type"]))
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            self.scope = scope
            await self.answer(message, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        if self.broken:
            await send({"type": "lifespan.startup.failed", "message": self.broken})
            return
        await send({"type": "lifespan.startup.complete"})
        self.log.append(str((await receive())["type"]))
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, message: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        await send({"type": "http.response.body", "body": b"!"})
        if self.patient:
            self.log.append(str((await receive())["type"]))


async def test_an_application_is_opened_asked_and_closed() -> None:
    app, pieces = Echo(), list[tuple[int, bytes]]()
    await exchange(app, REQUEST, lambda status, piece: pieces.append((status, piece)))
    assert app.log == ["lifespan.startup", "http.request", "lifespan.shutdown"]
    assert pieces == [(201, b"{}"), (201, b"!")]
    assert (app.scope["method"], app.scope["path"]) == ("POST", "/v1/responses")
    assert (b"authorization", b"Bearer k") in app.scope["headers"]


async def test_an_application_that_does_not_open_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="no database"):
        await exchange(Echo(broken="no database"), REQUEST, lambda _status, _piece: None)


async def test_a_reader_that_fails_is_a_client_that_has_gone() -> None:
    app, pieces = Echo(patient=True), list[bytes]()

    def read(_status: int, piece: bytes) -> None:
        pieces.append(piece)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await exchange(app, REQUEST, read)
    assert pieces == [b"{}"]
    assert app.log == ["lifespan.startup", "http.request", "http.disconnect", "lifespan.shutdown"]


async def test_an_exchange_can_be_cancelled() -> None:
    arrived = asyncio.Event()
    app = Echo(patient=True)

    def read(_status: int, _piece: bytes) -> None:
        arrived.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(exchange(app, REQUEST, read))
        await arrived.wait()
        task.cancel()
    assert task.cancelled()


def test_a_private_application_keeps_nothing_and_has_a_key_of_its_own() -> None:
    settings, key = private(Settings(master_key="mine", database=DatabaseSettings(url="sqlite:///kept.db")))
    assert settings.master_key == key
    assert key != "mine"
    assert settings.database.url == "sqlite://"
