"""A WebSocket to the gateway, as a client holds it."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.e2e.background import PATIENCE
from tests.e2e.gateway import KEY_A, Gateway

Event = dict[str, Any]
LAST = ("response.completed", "response.incomplete", "response.failed")


class Socket:
    """One connection; what is received must be text, and JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def create(self, **body: Any) -> None:
        self.send({"type": "response.create", **body})

    def send(self, frame: object) -> None:
        self.connection.send(json.dumps(frame))

    def next(self) -> Event:
        text = self.connection.recv(PATIENCE)
        assert isinstance(text, str), "a binary frame"
        return json.loads(text)

    def turn(self) -> list[Event]:
        """The events of the next answer, when nothing else is on the way: up to its end, or an error before it."""
        events: list[Event] = []
        while True:
            event = self.next()
            events.append(event)
            if event["type"] in LAST or (event["type"] == "error" and "status" in event):
                return events

    def answer(self, **body: Any) -> Event:
        """The response object of a turn that ends well."""
        self.create(**body)
        last = self.turn()[-1]
        assert last["type"] == "response.completed", last
        return last["response"]

    def refused(self, **body: Any) -> Event:
        """The error of a turn that never begins."""
        self.create(**body)
        return self.error()

    def error(self) -> Event:
        """The error frame that comes next."""
        frame = self.next()
        assert frame["type"] == "error", frame
        assert set(frame) <= {"type", "status", "error", "stream_id"}
        assert set(frame["error"]) - {"headers"} == {"type", "code", "message", "param"}
        assert isinstance(frame["error"]["code"], str)
        return frame

    def end(self) -> ConnectionClosed:
        """How the connection was closed, nothing having come before."""
        try:
            text = self.connection.recv(PATIENCE)
        except ConnectionClosed as closed:
            return closed
        raise AssertionError(text)


@contextmanager
def opened(
    gateway: Gateway, key: str | None = KEY_A, path: str = "/v1/responses", subprotocols: tuple[str, ...] = ()
) -> Generator[Socket]:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    url = gateway.root.replace("http", "ws", 1) + path
    names = [Subprotocol(name) for name in subprotocols] or None
    with connect(url, additional_headers=headers, subprotocols=names, proxy=None, close_timeout=1) as connection:
        yield Socket(connection)
