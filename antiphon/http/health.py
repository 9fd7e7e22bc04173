"""Whether the process is up, and whether it can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, UpgradeRefused
from antiphon.http.call import Call

_encode: Final = msgspec.json.Encoder().encode
_UNAVAILABLE: Final = 503
_OK: Final = "ok"
_LIMIT_SECONDS: Final = 2.0
"""For all checks together: whoever asks waits for about as long."""

Check = Callable[[], Awaitable[str | None]]
"""What is wrong with a part, if anything is; or raises AntiphonError. Anybody may read it."""


class HealthEndpoints:
    """`/health` and `/health/ready`."""

    def __init__(self, version: str, needed: Mapping[str, Check], wanted: Mapping[str, Check]) -> None:
        """Parts by name: `needed` are those without which no request should come, `wanted` those that help."""
        self._alive = _encode({"status": "ok", "version": version})
        self._needed = needed
        self._wanted = wanted

    async def health(self, call: Call) -> None:
        """`GET /health`: the process answers."""
        await call.reply(200, self._alive)

    async def ready(self, call: Call) -> None:
        """`GET /health/ready`: requests may come; else 503. The reason stands at each part that does not work."""
        checks = {**self._needed, **self._wanted}
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_found(check)) for name, check in checks.items()}
        parts = {name: task.result() for name, task in tasks.items()}
        if any(parts[name] != _OK for name in self._needed):
            status = "unavailable"
        else:
            status = "ready" if all(part == _OK for part in parts.values()) else "degraded"
        body = _encode({"status": status, "checks": parts})
        await call.reply(_UNAVAILABLE if status == "unavailable" else 200, body)


async def _found(check: Check) -> str:
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            return await check() or _OK
    except TimeoutError:
        return f"It does not answer within {_LIMIT_SECONDS:g} seconds."
    except AntiphonError as error:
        return error.message


async def refuse_upgrade(call: Call) -> None:
    """`GET /v1/responses` that opens no WebSocket: there is no list; 426 sends clients that tried to plain HTTP."""
    _ = call
    message = (
        "No WebSocket was opened, and responses are not listed. Use POST /v1/responses; stream with 'stream': true."
    )
    raise UpgradeRefused(message)
