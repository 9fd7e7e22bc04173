"""One request to one handler, without a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from antiphon.http.call import Call, Message
from antiphon.http.routes import Handler


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


async def asked(handler: Handler, path: str = "/", **headers: str) -> Answer:
    """What the handler answers to a GET; `headers` in Python's spelling, the asset's name taken from the path."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    _, _, asset = path.removeprefix("/docs").partition("/")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "path_params": {"asset": asset} if asset else {},
    }
    await handler(Call(scope, receive, send, "req_1"))
    start, *bodies = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, b"".join(message["body"] for message in bodies))
