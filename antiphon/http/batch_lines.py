"""Requests of batches, served by the handlers of such requests from clients: no socket, no key, the rest alike."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from antiphon.batch_protocols import LineRequest
from antiphon.errors import AntiphonError
from antiphon.http.call import Call, Message, Scope
from antiphon.http.errors import reply_error, translated
from antiphon.http.records import record_of
from antiphon.http.routes import Handler, placed, tongue_of
from antiphon.records import Record
from antiphon.wire.batch_values import LineAnswer

_logger: Final = logging.getLogger("antiphon.http")
_JSON: Final = (b"content-type", b"application/json")


class HandlerRunner:
    """Implements `LineRunner`."""

    def __init__(self, handlers: Mapping[str, Handler], record: Record, new_request_id: Callable[[], str]) -> None:
        """`handlers` are those of the endpoints that a batch may be for."""
        self._handlers = handlers
        self._record = record
        self._new_request_id = new_request_id

    async def __call__(self, request: LineRequest, *, logged: bool = True) -> LineAnswer:
        began = time.perf_counter()
        endpoint, client = request.endpoint, _Client(request.body)
        call = Call(_scope(request), client.receive, client.send, self._new_request_id())
        call.caller = request.caller
        call.route = f"batch {endpoint}"
        call.tongue = placed(endpoint)[1] or tongue_of(call)
        error: AntiphonError | None = None
        try:
            await self._handlers[endpoint](call)
        except Exception as raised:
            error, headers = translated(raised, endpoint, "POST")
            if error is not raised and error.status >= 500:  # noqa: PLR2004 - a fault nobody foresaw
                _logger.exception("request %s failed", call.request_id)
            await reply_error(call, error, headers)
        finally:
            if logged:
                self._record(record_of(call, "POST", endpoint, time.perf_counter() - began, error))
        return LineAnswer(
            status=call.status,
            request_id=call.request_id,
            body=b"".join(client.parts),
            retry_after=None if error is None else error.retry_after,
        )


class _Client:
    """Who asks and waits, and never leaves."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.parts: list[bytes] = []

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.parts.append(message.get("body", b""))


def _scope(request: LineRequest) -> Scope:
    headers = [_JSON, (b"content-length", b"%d" % len(request.body))]
    if request.betas is not None:
        headers.append((b"anthropic-beta", request.betas.encode("latin-1", "replace")))
    return {
        "type": "http",
        "method": "POST",
        "path": request.endpoint,
        "query_string": b"",
        "headers": headers,
    }
