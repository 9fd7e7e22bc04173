"""The seams of webhooks, beside `protocols.py`: what waits to be told to whom, and how it gets there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec import Struct

from antiphon.protocols import UpstreamReply

T_co = TypeVar("T_co", covariant=True)


class Subscription(Struct, frozen=True):
    """What one receiver wants to know; `tenants` are those it hears of, None is all."""

    receiver: str
    events: frozenset[str]
    tenants: frozenset[str] | None


class Notice(Struct, frozen=True):
    """One event on its way to one receiver. `tries` counts this one."""

    id: str
    tries: int
    created_at: int
    type: str
    response_id: str


class Outbox(Protocol):
    """Notices that are still to be sent. Several processes may empty one outbox."""

    async def claim(self, receiver: str, limit: int, lease_seconds: int) -> list[Notice]:
        """Those that are due, oldest first. Nobody else gets them before the lease has lapsed. Raises StoreFailed."""
        ...

    async def due_at(self, receiver: str) -> int | None:
        """Unix time in seconds at which the next one is due, None when none waits. Raises StoreFailed."""
        ...

    async def delivered(self, notice: Notice) -> None:
        """It arrived. Nothing happens if the claim has lapsed and somebody else has it. Raises StoreFailed."""
        ...

    async def postpone(self, notice: Notice, due_at: int) -> None:
        """It did not arrive and is due again at `due_at`, Unix time in seconds; else as `delivered`."""
        ...

    async def bury(self, notice: Notice) -> None:
        """It did not arrive and is never sent again; else as `delivered`."""
        ...


class NoticePost(Protocol):
    """POSTs to one receiver. Raises UpstreamError."""

    async def __call__(self, headers: Mapping[str, str], body: bytes) -> UpstreamReply:
        """The reply as soon as its head is there, whatever its status."""
        ...


class Announcer(Protocol[T_co]):
    """Has the world told that a background answer, or a batch, ended."""

    def announce(self, tenant: str, response_id: str, event_type: str, created_at: int) -> T_co | None:
        """What is to be performed in the very transaction that ends the answer; None when nobody wants to know.

        Only a store looks into it. Once that transaction is committed, everyone who wants to know is told, be it by
        another process; if it is rolled back, nobody is. `event_type` is ``response.`` and how it ended: ``completed``,
        ``cancelled``, ``failed`` or ``incomplete``; or ``batch.`` and how that did, with ``expired`` for the last. The
        end was at `created_at`, Unix time in seconds.
        """
        ...
