"""Whether the process is up, and whether it can serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, UpgradeRefused
from antiphon.http.call import Call

_encode: Final = msgspec.json.Encoder().encode
_UNAVAILABLE: Final = 503

Check = Callable[[], Awaitable[None]]
"""Raises AntiphonError when a part does not work."""


class HealthEndpoints:
    """`/health` and `/health/ready`."""

    def __init__(self, version: str, checks: dict[str, Check]) -> None:
        """`checks` are the parts without which no request can be served, by name."""
        self._alive = _encode({"status": "ok", "version": version})
        self._checks = checks

    async def health(self, call: Call) -> None:
        """`GET /health`: the process answers."""
        await call.reply(200, self._alive)

    async def ready(self, call: Call) -> None:
        """`GET /health/ready`: every part works; else 503 and the reason."""
        parts: dict[str, str] = {}
        for name, check in self._checks.items():
            try:
                await check()
                parts[name] = "ok"
            except AntiphonError as error:
                parts[name] = error.message
        well = all(part == "ok" for part in parts.values())
        body = _encode({"status": "ready" if well else "unavailable", "checks": parts})
        await call.reply(200 if well else _UNAVAILABLE, body)


async def refuse_upgrade(call: Call) -> None:
    """`GET /v1/responses` that opens no WebSocket: there is no list; 426 sends clients that tried to plain HTTP."""
    _ = call
    message = (
        "No WebSocket was opened, and responses are not listed. Use POST /v1/responses; stream with 'stream': true."
    )
    raise UpgradeRefused(message)
