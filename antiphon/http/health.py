"""Whether the process is up, and whether it can serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, UpgradeRefused
from antiphon.http.call import Call

_encode: Final = msgspec.json.Encoder().encode
_UNAVAILABLE: Final = 503
_OK: Final = "ok"

Check = Callable[[], Awaitable[None]]
"""Raises AntiphonError when a part does not work."""


class HealthEndpoints:
    """`/health` and `/health/ready`."""

    def __init__(self, version: str, checks: dict[str, Check], beside: dict[str, Check] | None = None) -> None:
        """`checks` are the parts without which no request can be served, by name; without those `beside` some can."""
        self._alive = _encode({"status": "ok", "version": version})
        self._checks = checks
        self._beside = beside or {}

    async def health(self, call: Call) -> None:
        """`GET /health`: the process answers."""
        await call.reply(200, self._alive)

    async def ready(self, call: Call) -> None:
        """`GET /health/ready`: every part works, or 503 and the reason. What can be done without is only told of."""
        needed, beside = await _told(self._checks), await _told(self._beside)
        well = all(part == _OK for part in needed.values())
        status = "unavailable" if not well else "ready" if all(part == _OK for part in beside.values()) else "degraded"
        await call.reply(200 if well else _UNAVAILABLE, _encode({"status": status, "checks": needed | beside}))


async def _told(checks: dict[str, Check]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for name, check in checks.items():
        try:
            await check()
            parts[name] = _OK
        except AntiphonError as error:
            parts[name] = error.message
    return parts


async def refuse_upgrade(call: Call) -> None:
    """`GET /v1/responses` that opens no WebSocket: there is no list; 426 sends clients that tried to plain HTTP."""
    _ = call
    message = (
        "No WebSocket was opened, and responses are not listed. Use POST /v1/responses; stream with 'stream': true."
    )
    raise UpgradeRefused(message)
