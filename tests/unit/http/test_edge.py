"""What a request that fails leaves behind."""

from __future__ import annotations

from weakref import ref

import pytest
from starlette.routing import Route

from antiphon.errors import BadRequest
from antiphon.http.call import Call, Message
from antiphon.http.edge import Edge
from antiphon.http.routes import Endpoint, Routing


class Body:
    """Something large that a handler holds."""


@pytest.mark.usefixtures("uncollected")
async def test_what_a_request_held_is_let_go_though_it_fails() -> None:
    bodies: list[ref[Body]] = []
    sent: list[Message] = []

    async def failing(_call: Call) -> None:
        body = Body()
        bodies.append(ref(body))
        message = "This will not do."
        raise BadRequest(message)

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    routing = Routing([Route("/x", Endpoint(failing, None))], {})
    edge = Edge(routing, lambda _: None, lambda: "req_1")
    await edge({"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""}, receive, send)
    assert sent[0]["status"] == 400
    assert [body() for body in bodies] == [None]
