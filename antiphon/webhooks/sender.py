"""Empties the outbox: at least once, each receiver by itself, so that none waits for another.

Law: whatever a receiver does, the gateway goes on, and what was not said to have arrived is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from antiphon.errors import StoreFailed
from antiphon.metrics import NOTICES
from antiphon.notices import Notice, Outbox
from antiphon.protocols import Clock
from antiphon.webhooks.patience import TRIES, pause_after
from antiphon.webhooks.receiver import GONE, Answered, Receiver

AT_ONCE: Final = 8
"""Notices on their way to one receiver at the same time."""

LEASE_SECONDS: Final = 60
"""How long a claim holds: long enough for the slowest receiver, so only a process that died lets one lapse."""

LOOK_SECONDS: Final = LEASE_SECONDS / 6
"""How often the outbox is looked into for what dead processes left behind; who writes a notice down sends it."""

_log = logging.getLogger(__name__)


class Bell:
    """Rings for whoever waits at it. Every ring is heard, be it before the waiting."""

    def __init__(self) -> None:
        """Silent. Belongs to one event loop."""
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Whether it has rung; False after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Sender:
    """Sends to the given receivers for as long as `run` runs. Several processes may send from one outbox."""

    def __init__(self, receivers: Iterable[Receiver], clock: Clock, random: Callable[[], float]) -> None:
        """`random` gives a number from 0 to 1. Sends nothing yet."""
        self._receivers = {receiver.name: receiver for receiver in receivers}
        self._bells = {name: Bell() for name in self._receivers}
        self._gone: set[str] = set()
        self._clock = clock
        self._random = random

    def wake(self, receiver: str) -> None:
        """There is something for this receiver. To be called on the event loop."""
        self._bells[receiver].ring()

    async def run(self, outbox: Outbox) -> None:
        """Until cancelled; what is on its way then is sent again by whoever claims it when the lease has lapsed."""
        async with asyncio.TaskGroup() as group:
            for receiver in self._receivers.values():
                group.create_task(self._serve(receiver, outbox))

    async def send_due(self, receiver: Receiver, outbox: Outbox) -> int:
        """Everything that is due now; how many tries that took. Raises StoreFailed."""
        sent = 0
        while receiver.name not in self._gone:
            notices = await outbox.claim(receiver.name, AT_ONCE, LEASE_SECONDS)
            if not notices:
                break
            async with asyncio.TaskGroup() as group:
                for notice in notices:
                    group.create_task(self._send(receiver, notice, outbox))
            sent += len(notices)
        return sent

    async def _serve(self, receiver: Receiver, outbox: Outbox) -> None:
        # What an earlier process left behind is not waited for.
        self.wake(receiver.name)
        while receiver.name not in self._gone:
            try:
                await self._until_due(receiver, outbox)
                await self.send_due(receiver, outbox)
            except StoreFailed as error:
                _log.warning("Webhooks to %s have to wait: %s", receiver.host, error)

    async def _until_due(self, receiver: Receiver, outbox: Outbox) -> None:
        """Looking costs a read; claiming, which takes the lock for writing, is for when there is something."""
        seconds = LOOK_SECONDS
        while not await self._bells[receiver.name].wait(seconds):
            due_at = await outbox.due_at(receiver.name)
            now = self._clock()
            if due_at is not None and due_at <= now:
                return
            seconds = LOOK_SECONDS if due_at is None else min(LOOK_SECONDS, due_at - now)

    async def _send(self, receiver: Receiver, notice: Notice, outbox: Outbox) -> None:
        try:
            answered = await receiver.tell(notice, int(self._clock()))
            await self._settle(receiver, notice, answered, outbox)
        except StoreFailed as error:
            _log.warning("What became of webhook %s could not be kept, so it is sent again: %s", notice.id, error)
        except Exception:  # noqa: BLE001 - a worker's loop: a fault in one notice stops neither the others nor us
            _log.exception("Webhook %s to %s could not be sent", notice.id, receiver.host)

    async def _settle(self, receiver: Receiver, notice: Notice, answered: Answered, outbox: Outbox) -> None:
        pause = pause_after(notice.tries, self._random())
        if answered.has_arrived:
            NOTICES.add(("delivered",))
            _tell(logging.INFO, receiver, notice, answered, "delivered")
            await outbox.delivered(notice)
        elif answered.status == GONE:
            self._gone.add(receiver.name)
            NOTICES.add(("gone",))
            _tell(logging.ERROR, receiver, notice, answered, "the receiver is gone: it is told nothing more")
            await outbox.bury(notice)
        elif pause is None:
            NOTICES.add(("given_up",))
            _tell(logging.ERROR, receiver, notice, answered, "given up")
            await outbox.bury(notice)
        else:
            NOTICES.add(("postponed",))
            _tell(logging.WARNING, receiver, notice, answered, f"next try in {pause} s")
            await outbox.postpone(notice, int(self._clock()) + pause)


def _tell(level: int, receiver: Receiver, notice: Notice, answered: Answered, then: str) -> None:
    """The line of one try: of the address only the host, and nothing secret."""
    _log.log(
        level,
        "Webhook %s (%s of %s) to %s: %s, try %d of %d, %.3f s, %s",
        notice.id,
        notice.type,
        notice.response_id,
        receiver.host,
        answered.words,
        notice.tries,
        TRIES,
        answered.seconds,
        then,
    )
