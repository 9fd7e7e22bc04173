"""The gateway as an ASGI application of somebody else's, at its root or mounted below a path."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import quote

from antiphon.errors import GatewayError
from antiphon.http.call import MOUNT, Call, Receive, Scope, Send, denying
from antiphon.http.edge import Edge
from antiphon.http.errors import reply_error


class MountedApp:
    """Serves what the gateway serves, while that is open; opened by the lifespan where nobody has opened it before."""

    def __init__(
        self, edge: Callable[[], Edge | None], opened: Callable[[], AbstractAsyncContextManager[object]]
    ) -> None:
        """`edge` is None while the gateway is not open; `opened` opens it for a while."""
        self._edge = edge
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves `http`, `websocket` and `lifespan`."""
        edge = self._edge()
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif edge is None:
            await _refuse(scope, receive, send)
        elif scope["type"] == "http":
            await edge(_below(scope), receive, send)
        elif scope["type"] == "websocket":
            await edge.websocket(_below(scope), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._edge() is not None:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        else:
            try:
                opened = self._opened()
                await opened.__aenter__()
            except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the server is to be told
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            try:
                await send({"type": "lifespan.startup.complete"})
                await receive()
            finally:
                await opened.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Servers run no lifespan of what is mounted in something else, so this is what whoever forgot it meets."""
    send = denying(send) if scope["type"] == "websocket" else send
    message = "The gateway is not open. Open it in the application's lifespan: 'async with gateway: yield'."
    await reply_error(Call(scope, receive, send, "req_none"), GatewayError(message, code="not_open"), ())


def _below(scope: Scope) -> Scope:
    """The scope as it would be without the path that the application is mounted at."""
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    if not root or not path.startswith(root):
        return scope
    raw: bytes = scope.get("raw_path") or quote(path).encode()
    mount = quote(root).encode()
    below = raw[len(mount) :] if raw.startswith(mount) else quote(path[len(root) :]).encode()
    return {**scope, "path": path[len(root) :] or "/", "raw_path": below, "root_path": "", MOUNT: mount.decode()}
