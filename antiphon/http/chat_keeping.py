"""Relayed chat completions on their way to a client who wants them kept.

Law: the end of an answer, or the whole of one that is not streamed, leaves only once the answer is safe on disk; all
else passes byte for byte as it comes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from antiphon.dialects.client_chat_assembly import ChatAssembly
from antiphon.http.relaying import Ending
from antiphon.protocols import Target

_MARK: Final = b"[DONE]"
_LINE: Final = b"data:" + _MARK
_LONGEST: Final = 2 * len(_LINE)
"""Of a line, with blanks: longer ones are something else."""


class KeptAnswer:
    """Implements `relaying.Ending`, between a provider and `client`."""

    def __init__(self, client: Ending, keep: Callable[[Target, bytes], Awaitable[None]]) -> None:
        """`keep` returns once the answer is safe. Raises what it raises."""
        self._client = client
        self._keep = keep
        self._assembly = ChatAssembly()
        self._target: Target | None = None
        self._held = b""

    async def answer(self, target: Target, body: bytes) -> None:
        await self._keep(target, body)
        await self._client.answer(target, body)

    async def open(self, target: Target) -> None:
        self._target = target
        await self._client.open(target)

    def take(self, data: bytes) -> bool:
        return False

    async def pass_on(self, data: bytes) -> None:
        ended = self._assembly.done
        self._assembly.feed(data)
        data = self._held + data
        cut = 0 if ended else _end_of(data, ended=self._assembly.done)
        self._held = data[cut:]
        if cut:
            await self._client.pass_on(data[:cut])

    async def close(self) -> None:
        body = self._assembly.whole() if self._target is not None else None
        if body is not None and self._target is not None:
            await self._keep(self._target, body)
        if self._held:
            await self._client.pass_on(self._held)
        await self._client.close()

    async def broke(self, last: bytes) -> None:
        await self._client.broke(last)


def _end_of(data: bytes, *, ended: bool) -> int:
    """Where the line of the mark begins; while it has not come in full, where a line begins that may become it."""
    if ended:
        return data.rfind(b"\n", 0, max(data.rfind(_MARK), 0)) + 1
    start = data.rstrip(b"\r\n").rfind(b"\n") + 1
    line = data[start : start + _LONGEST].rstrip(b"\r\n").replace(b" ", b"")
    return start if line and _LINE.startswith(line) else len(data)
