"""Holds on conversations: renewed while their turns run, let go when they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.conversation_protocols import Alongside, ConversationTurns, Holder, StoredItem
from antiphon.errors import StoreFailed
from antiphon.protocols import Turn
from antiphon.wire.conversations import ConversationView
from antiphon.wire.requests import Item

RENEW_SECONDS: Final = 10.0
"""A third of a hold's life: two renewals may fail before it lapses."""

_logger: Final = logging.getLogger("antiphon.gateway")
_encode: Final = msgspec.json.Encoder().encode


class Leases:
    """Renews all holds of this process by one task, which there is only while something is held."""

    def __init__(
        self,
        turns: ConversationTurns,
        group: asyncio.TaskGroup,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`group` owns the task; `pause` is how it waits between renewals."""
        self._turns = turns
        self._group = group
        self._pause = pause
        self._held: set[Holder] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, holder: Holder) -> None:
        self._held.add(holder)
        if self._task is None:
            self._task = self._group.create_task(self._renew())

    def drop(self, holder: Holder) -> None:
        self._held.discard(holder)
        if not self._held and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _renew(self) -> None:
        while True:
            await self._pause(RENEW_SECONDS)
            try:
                await self._turns.renew(tuple(self._held))
            except StoreFailed as error:
                _logger.warning("holds on conversations could not be renewed: %s", error)


class Hold:
    """Implements `protocols.ConversationHold` for one turn."""

    def __init__(self, turns: ConversationTurns, leases: Leases, holder: Holder, position: int) -> None:
        """The hold was taken, and lapses if `begin` is never called."""
        self._turns = turns
        self._leases = leases
        self._holder = holder
        self._over = False
        self.view = ConversationView(holder.conversation_id, position)

    def begin(self) -> None:
        self._leases.add(self._holder)

    def lasting(self) -> Alongside:
        return self._turns.lasting(self._holder)

    def ending(self, own: Sequence[Item], output: Sequence[Item] | None, provider: str) -> Alongside:
        if output is None:
            return self._turns.ending(self._holder, ())
        items = [stored(item) for item in own]
        return self._turns.ending(self._holder, [*items, *(stored(item, provider) for item in output)])

    def kept(self) -> None:
        self._over = True

    async def leave(self) -> None:
        self._leases.drop(self._holder)
        if self._over:
            return
        try:
            await self._turns.release(self._holder)
        except StoreFailed as error:
            _logger.warning("a hold on a conversation could not be let go and will lapse: %s", error)


def fenced(turn: Turn, work: Alongside) -> Alongside:
    """What is to be done along with keeping the turn, if it may be kept."""
    return work if turn.fence is None else _Both(turn.fence, work)


class _Both(Struct, frozen=True):
    """Two pieces of work, one after the other."""

    first: Alongside
    second: Alongside

    def prepare(self) -> None:
        self.first.prepare()
        self.second.prepare()

    def perform(self, connection: Any) -> None:  # noqa: ANN401 - as `Alongside` has it
        self.first.perform(connection)
        self.second.perform(connection)


def stored(item: Item, provider: str | None = None) -> StoredItem:
    """The item as a conversation keeps it; every item has an id here."""
    return StoredItem(
        id=str(item.get("id") or "item"),
        body=_encode(item),
        provider=provider,
        compaction=item.get("type") == "compaction",
    )
