"""What a connection leaves behind."""

from __future__ import annotations

import gc

import pytest

from antiphon.http.call import Receive, Scope, Send
from antiphon.http.exchange import Exchange
from antiphon.http.parsing import Requests
from antiphon.http.transport import HttpProtocol
from tests.wires import Link

REQUEST = b"POST /v1/responses HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\n\r\n{}"


async def application(_scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


@pytest.mark.usefixtures("uncollected")
async def test_a_connection_that_has_ended_leaves_nothing_to_the_collector() -> None:
    link = Link(application)
    assert (await link.answered(REQUEST + REQUEST)).count(b"2\r\n{}\r\n") == 2
    link.leave()
    del link
    left = [each for each in gc.get_objects() if isinstance(each, HttpProtocol | Requests | Exchange)]
    assert left == []
