"""The seams of answers in the background: jobs, and the journal of what has been told of each.

Beside `protocols.py`, which it adds to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from antiphon.protocols import StoredResponse, StoredTurn

IN_FLIGHT: Final = frozenset({"queued", "in_progress"})
"""The statuses of a response whose end is still to come."""


class Queued(Struct, frozen=True, kw_only=True):
    """An answer to be given later: `turn` as it stands, its first frames among it, and what the turn is made of again.

    `request` is the client's body.
    """

    turn: StoredTurn
    key_name: str
    request: bytes


class Claim(Struct, frozen=True, kw_only=True):
    """A job in the hands of one worker, for as long as `attempt` is the newest and the lease is renewed.

    `told` are the frames that the journal holds, whoever put them there.
    """

    id: str
    tenant: str
    key_name: str
    attempt: int
    created_at: int
    conversation_id: str | None
    provider: str
    request: bytes
    input: bytes
    told: Sequence[bytes]


class Jobs(Protocol):
    """Answers that are to be given in the background, each by one worker at a time.

    `attempt` is a fencing token: what a worker does under one that is not the newest does nothing.
    """

    async def add(self, queued: Queued, most: int) -> bool:
        """Stores response, job and first events together, with what is to be done along.

        False when `most` of the tenant's are waiting already.
        """
        ...

    async def waiting(self, most: int) -> bool:
        """Whether `claim` would find one."""
        ...

    async def claim(self, most: int) -> Claim | None:
        """The oldest job that nobody has, unless `most` of its tenant's are running."""
        ...

    async def renew(self, claim: Claim) -> bool:
        """Extends the lease. False when the job is gone, which is how a worker hears of a cancel, or another's."""
        ...

    async def release(self, claim: Claim) -> None:
        """Hands the job back, to be claimed at once."""
        ...

    async def finish(self, claim: Claim, turn: StoredTurn) -> None:
        """Puts the end into the response and removes job and journal. Raises JobLost, and then changes nothing."""
        ...

    async def cancel(self, tenant: str, response_id: str, *, clears_output: bool) -> StoredResponse | None:
        """Ends the answer as cancelled if it has not ended. The response as it is then, None when there is none."""
        ...


class Page(Struct, frozen=True):
    """A part of a journal, and the status of its response. `more` says that there is more already."""

    status: str
    frames: Sequence[bytes]
    more: bool


class Journal(Protocol):
    """The events of answers in the background until they end; then the responses themselves hold them."""

    async def append(self, claim: Claim, first: int, last: int, frames: bytes) -> None:
        """Adds the frames of the events numbered `first` to `last`. Raises JobLost, and then adds nothing."""
        ...

    async def page(self, tenant: str, response_id: str, after: int) -> Page | None:
        """What follows event `after`, with a few events before it perhaps. None when there is no such response."""
        ...
