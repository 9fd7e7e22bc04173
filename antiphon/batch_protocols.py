"""The seams of batches: many requests brought at once, answered when there is time for them.

As `protocols.py`, of which this is another page. A batch is a row with its lines beside it; whoever works on either
does so under a claim, and what is done under a claim that is not the newest does nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from antiphon.protocols import Caller
from antiphon.wire.batch_values import Batch, Kind, LineAnswer, LineResult, NewLine, Outcome, Status


class LineRequest(Struct, frozen=True):
    """What a line asks for, and for whom. `betas` are those of Anthropic's that it needs."""

    caller: Caller
    endpoint: str
    body: bytes
    betas: str | None = None


class LineClaim(Struct, frozen=True, kw_only=True):
    """A line in the hands of one worker, for as long as `attempt` is the newest and the lease is renewed.

    `tries` counts the answers it has had that were worth another try.
    """

    batch_id: str
    number: int
    attempt: int
    tries: int
    request: LineRequest

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells this claim from every other."""
        return self.batch_id, self.number, self.attempt


class LineRunner(Protocol):
    """Answers the request of a line as it would be answered if its tenant sent it now, whatever becomes of it."""

    async def __call__(self, request: LineRequest, *, logged: bool = True) -> LineAnswer:
        """Never raises but when cancelled. `logged` is whether it gets a line in the log."""
        ...


class Batches(Protocol):
    """Batches as their owners see them. Every look-up is by tenant: a foreign id is an unknown id.

    All raise StoreFailed.
    """

    async def add(self, batch: Batch, lines: Sequence[NewLine], most: int) -> bool:
        """Keeps a batch, with the lines it has already. False when `most` of the tenant's have not ended."""
        ...

    async def find(self, tenant: str, batch_id: str) -> Batch | None: ...

    async def listed(self, tenant: str, kind: Kind, limit: int, after: str = "", before: str = "") -> list[Batch]:
        """The newest first: those older than `after`, or those younger than `before` that come next to it."""
        ...

    async def cancel(self, tenant: str, batch_id: str) -> Batch | None:
        """Begins to cancel a batch that has not ended. The batch as it is then."""
        ...

    async def delete(self, tenant: str, batch_id: str) -> bool:
        """Removes a batch that has ended, with its lines. False when there is none."""
        ...

    async def results(self, tenant: str, batch_id: str, after: int, limit: int) -> list[LineResult]:
        """Lines of a batch that have ended, in their order, from behind number `after`."""
        ...


class Change(Struct, frozen=True, kw_only=True):
    """What becomes of a batch under a claim. What is None stays as it is; `due_at` does not."""

    due_at: int | None
    status: Status | None = None
    at: int = 0
    total: int | None = None
    own: bool | None = None
    model: str | None = None
    native: bytes | None = None
    errors: bytes | None = None
    usage: bytes | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None


class BatchWork(Protocol):
    """Batches as their workers see them. Claims are by `Batch.attempt`; what comes under an old one raises JobLost.

    All raise StoreFailed.
    """

    async def due_at(self) -> float | None:
        """The Unix time from which `claim` finds one; None while there is none to be found ever."""
        ...

    async def claim(self) -> Batch | None:
        """The batch that has been due for longest, for as long as a lease lasts."""
        ...

    async def renew(self, batch: Batch) -> None:
        """Extends the lease."""
        ...

    async def add_lines(self, batch: Batch, lines: Sequence[NewLine]) -> None:
        """Adds lines to a batch that is being validated."""
        ...

    async def clear_lines(self, batch: Batch, most: int) -> int:
        """Removes so many lines, whatever their state. How many it removed."""
        ...

    async def drop_lines(self, batch: Batch, outcome: Outcome) -> None:
        """Ends every line that has not ended, and makes whoever works on one lose it."""
        ...

    async def settle_lines(self, batch: Batch, results: Mapping[int, LineAnswer]) -> None:
        """Ends lines, by their numbers, as they were answered. One that has ended stays as it is."""
        ...

    async def waiting(self, batch: Batch, after: int, limit: int) -> list[NewLine]:
        """Lines that have not ended, from behind number `after`."""
        ...

    async def results(self, batch: Batch, after: int, limit: int) -> list[LineResult]:
        """Lines that have ended, from behind number `after`."""
        ...

    async def change(self, batch: Batch, change: Change) -> None:
        """Changes the batch, and lets go of it. An end is announced."""
        ...

    async def remove(self, batch: Batch) -> None:
        """Removes it, with its lines."""
        ...


class Shares(Struct, frozen=True):
    """How many lines may be in work at once: of one claim, one batch and one tenant."""

    lines: int
    per_batch: int
    per_tenant: int


class BatchLines(Protocol):
    """Lines of batches that Antiphon's own workers answer. `holder` names a worker. All raise StoreFailed."""

    async def ready(self, shares: Shares) -> bool:
        """Whether `claim` would find one."""
        ...

    async def claim(self, holder: str, shares: Shares) -> list[LineClaim]:
        """Lines that nobody has, each batch's in their order, no batch's before its turn."""
        ...

    async def held(self, holder: str) -> set[tuple[str, int, int]]:
        """The keys of the claims that this worker still has: the rest was ended, or is another's."""
        ...

    async def renew(self, holder: str) -> None:
        """Extends the leases of all that this worker has."""
        ...

    async def settle(self, claim: LineClaim, answer: LineAnswer) -> bool:
        """Ends the line as it was answered; with the last line, the batch goes on. False when it was lost."""
        ...

    async def postpone(self, claim: LineClaim, seconds: float, *, counts: bool) -> None:
        """Lets go of the line, for whoever claims it after so many seconds. `counts` as a try, or not."""
        ...


class Standing(Struct, frozen=True, kw_only=True):
    """How a provider's own batch stands. `failed` says why it never began; `results` are where its answers are."""

    over: bool
    failed: str | None = None
    results: Sequence[str] = ()


class NativeAnswer(Struct, frozen=True):
    """What a provider answered to the request of this number; without a status, nothing came of it."""

    number: int
    status: int | None
    body: bytes = b""


class NativeBatches(Protocol):
    """The batches of one provider. All raise UpstreamError.

    `way` is the API that its requests are in: ``chat``, ``responses``, ``messages``, ``embeddings``.
    """

    def takes(self, way: str) -> bool:
        """Whether it has batches of such requests."""
        ...

    async def find(self, name: str) -> str | None:
        """The provider's id of the batch that was submitted under our name for it, where it can tell."""
        ...

    async def submit(self, name: str, way: str, requests: Sequence[tuple[int, bytes]], headers: bytes) -> str:
        """Hands over requests, by their numbers, and returns the provider's id of the batch.

        `headers` are whole lines that all of them need.
        """
        ...

    async def standing(self, vendor_id: str) -> Standing: ...

    async def cancel(self, vendor_id: str) -> None: ...

    def answers(self, place: str) -> AsyncIterator[NativeAnswer]:
        """What was answered, from one of `Standing.results`."""
        ...
