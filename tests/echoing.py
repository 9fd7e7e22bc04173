"""An application that tells what it was asked, in each of the ways that an answer can take."""

from __future__ import annotations

import asyncio

from antiphon.http.call import DIRECT_WRITER, DirectWriter, Receive, Scope, Send


class Echo:
    """The path's first part is the way: `/whole`, `/streamed`, and `/unread`, which does not wait for the body.

    Answers wait for `open`; `asked` are the paths that were begun with.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        self.asked.append(path)
        await self.open.wait()
        body = b"" if path.startswith("/unread") else await received(receive)
        told = echo_of(scope["method"], path, len(scope["headers"]), body)
        writer: DirectWriter = scope[DIRECT_WRITER]
        length = [(b"content-length", b"%d" % len(told))]
        if path.startswith("/streamed"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for start in range(0, len(told), 50):
                part = told[start : start + 50]
                if not writer.direct_write(part):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        elif not (path.startswith("/whole") and writer.direct_reply(200, length, told)):
            await send({"type": "http.response.start", "status": 200, "headers": length})
            await send({"type": "http.response.body", "body": told})


def echo_of(method: str, path: str, headers: int, body: bytes) -> bytes:
    """What is answered."""
    return b"%b %b %d " % (method.encode(), path.encode(), headers) + body


async def received(receive: Receive) -> bytes:
    """The body, or as much of it as came before the client left."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
