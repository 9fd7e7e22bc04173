"""The outermost ASGI application: every request gets an id, an answer in the right shape, and a line in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from antiphon.errors import AntiphonError, ShuttingDown
from antiphon.http.call import Call, ClientGone, Receive, Scope, Send, denying
from antiphon.http.errors import reply_error, translated
from antiphon.http.records import record_of
from antiphon.http.routes import Routing, canonical, placed, tongue_of
from antiphon.records import Record

_logger: Final = logging.getLogger("antiphon.http")
CLIENT_GONE_STATUS: Final = 499


class Edge:
    """Routes requests and turns every exception into an answer."""

    def __init__(self, routing: Routing, record: Record, new_request_id: Callable[[], str]) -> None:
        """Starts nothing. `running` counts the requests that are being served, `sockets` the WebSockets."""
        self._routing = routing
        self._record = record
        self._new_request_id = new_request_id
        self.running = 0
        self.sockets = 0

    @property
    def is_busy(self) -> bool:
        """Whether anybody is being served."""
        return self.running + self.sockets > 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request."""
        began = time.perf_counter()
        call = Call(scope, receive, send, self._new_request_id())
        error: AntiphonError | None = None
        self.running += 1
        try:
            path, tongue = placed(scope["path"])
            call.tongue = tongue or tongue_of(call)
            await self._routing(call, path)
        except ClientGone:
            call.status = CLIENT_GONE_STATUS
        except asyncio.CancelledError:
            await self._answer(call, scope, ShuttingDown("The gateway is shutting down; please retry.", retry_after=1))
            raise
        except Exception as raised:  # noqa: BLE001 - the edge: whatever happened, the client gets an envelope
            error = await self._answer(call, scope, raised)
        finally:
            self.running -= 1
            seconds = time.perf_counter() - began
            self._record(record_of(call, scope["method"], scope["path"], seconds, error))

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one WebSocket; what keeps it from being opened is answered over HTTP."""
        began = time.perf_counter()
        call = Call(scope, receive, denying(send), self._new_request_id())
        error: AntiphonError | None = None
        self.sockets += 1
        try:
            await self._routing.websocket(canonical(scope["path"]), call)
        except Exception as raised:  # noqa: BLE001 - the edge, as above
            error = await self._answer(call, {"path": scope["path"], "method": "GET"}, raised)
        finally:
            self.sockets -= 1
            self._record(record_of(call, "GET", scope["path"], time.perf_counter() - began, error))

    async def _answer(self, call: Call, scope: Scope, raised: Exception) -> AntiphonError:
        error, headers = translated(raised, scope["path"], scope["method"])
        if error is not raised and error.status >= 500:  # noqa: PLR2004 - a fault nobody foresaw
            _logger.error("request %s failed", call.request_id, exc_info=raised)
        raised.__traceback__ = None  # its frames hold the body, and the error: only the collector would part them
        if not call.started:
            await reply_error(call, error, headers)
        return error
