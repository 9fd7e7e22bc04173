"""`Idempotency-Key`: one answer for a request, however often its client sends it.

Law: under one key there is never more than one answer in the making, and what was answered once is answered again. A
process that was taken for dead may come back and still be at it: nothing of that is kept.

Every request with a key is answered by a task of its own that no client owns, so that it goes on when its client has
gone: the retry shall find it. Whoever sends the request again meanwhile follows that task; in another process it waits
until it is told that the answer is stored, or finds the process that makes it dead.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, BadRequest, Conflict, GatewayError, ShuttingDown, StoreFailed
from antiphon.gateway.bells import Bells, heard
from antiphon.gateway.flow import Gateway
from antiphon.kept import Claim, Holder, IdempotencyKeys
from antiphon.protocols import Caller, Sink, Turn
from antiphon.wire.events import TERMINAL, Chunk, Outcome, render
from antiphon.wire.requests import Request

MAX_KEY_CHARACTERS: Final = 255
REMEMBERED_SECONDS: Final = 60.0
"""How long an answer that must not be stored stays in memory for a retry."""

REMEMBERED_BYTES: Final = 32 * 1024 * 1024
"""What all of these may take together; the oldest go first."""

_LEAST_SIZE: Final = 4096
"""What an answer counts for beside its contents."""

_POLL_SECONDS: Final = 0.1
"""How often a waiting request looks where processes do not hear each other."""

_FIRST_LOOK_SECONDS: Final = 0.25
"""Where they do, it looks after so long once, lest the answer ended just as it began to wait; then seldom."""
_RENEWALS_PER_LEASE: Final = 3

_logger: Final = logging.getLogger("antiphon.gateway")
_Place = tuple[str, str]


class Answering:
    """One answer in the making. Any number of clients may follow it, from its beginning, at any time.

    At its end it has an `outcome`, or an `error` that came before anything had been said, or it was `stored` under that
    id by an earlier request. `turn` is there once anything but the last is known.
    """

    def __init__(self, request: Request) -> None:
        """Nothing has been said yet."""
        self.digest = hashlib.sha256(request.body).digest()
        self.turn: Turn | None = None
        self.outcome: Outcome | None = None
        self.error: AntiphonError | None = None
        self.stored: str | None = None
        self.remembered_until = 0.0
        self._chunks: list[Chunk] = []
        self._size = _LEAST_SIZE
        self._ended = False
        self._changed = asyncio.Event()

    def lighten(self) -> None:
        """Forgets what was asked: whoever asks again brings it."""
        if self.turn is not None:
            asked = self.turn.request
            self.turn.request = msgspec.structs.replace(asked, input=None, instructions=None, tools=None, body=b"")
            self.turn.history, self.turn.input, self.turn.kept = [], [], None

    @property
    def size(self) -> int:
        """About how many bytes it takes once it is light."""
        return self._size + (0 if self.outcome is None else len(self.outcome.body))

    async def record(self, chunk: Chunk) -> None:
        """The sink of the answer."""
        wire = render(chunk)
        self._size += 2 * len(wire)  # as it was sent, and as events
        self._chunks.append(Chunk(chunk.events, wire))
        self._wake()

    def end(
        self, *, outcome: Outcome | None = None, error: AntiphonError | None = None, stored: str | None = None
    ) -> None:
        """One of the three is what has come of it."""
        self.outcome, self.error, self.stored = outcome, error, stored
        self._ended = True
        self._wake()

    async def begun(self) -> None:
        """Returns once something was said, or it has ended."""
        while not self._chunks and not self._ended:
            await self._changed.wait()

    async def whole(self) -> None:
        """Returns once it has ended."""
        while not self._ended:
            await self._changed.wait()

    async def follow(self, sink: Sink) -> None:
        """Sends everything that is said, from the beginning to the terminal event; nothing where nothing was said."""
        place = 0
        while place < len(self._chunks) or not self._ended:
            if place == len(self._chunks):
                await self._changed.wait()
                continue
            chunk = self._chunks[place]
            place += 1
            last = chunk.events[-1].type in TERMINAL
            if last:  # who retries after it shall not be told the same again where that has failed
                await self.whole()
            await sink(chunk)
            if last:
                return

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Idempotency:
    """Answers requests that come under a key. One per process; `run` must run beside it."""

    def __init__(  # noqa: PLR0913 - as many as it stands between
        self,
        gateway: Gateway,
        keys: IdempotencyKeys,
        group: asyncio.TaskGroup,
        later: Callable[[Turn], Awaitable[object]],
        *,
        bells: Bells,
        lease_seconds: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`group` owns the answering tasks; `later` stores a turn to be answered in the background.

        `lease_seconds` is how long a claim holds; `pause` is how it waits between renewals.
        """
        self._gateway = gateway
        self._keys = keys
        self._group = group
        self._later = later
        self._bells = bells
        self._clock = gateway.surroundings.clock
        self._new_id = gateway.surroundings.new_id
        self._lease_seconds = lease_seconds
        self._pause = pause
        self._answers: dict[_Place, Answering] = {}
        self._remembered: dict[_Place, Answering] = {}  # in the order in which they ended
        self._remembered_bytes = 0
        self._claims: dict[str, Claim] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, caller: Caller, key: str, request: Request) -> tuple[Answering, bool]:
        """The answer to the request, and whether it has only now begun to be made.

        Raises BadRequest for what is no key, and Conflict when another body is being answered under it; one that was
        answered before is told by the answer's `error`.
        """
        _check(key)
        self._forget()
        place = caller.tenant, key
        found = self._answers.get(place) or self._remembered.get(place)
        if found is not None:
            if found.digest != hashlib.sha256(request.body).digest():
                raise _reused()
            return found, False
        answering = self._answers[place] = Answering(request)
        task = self._group.create_task(self._run(answering, caller, key, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return answering, True

    async def run(self) -> None:
        """Keeps the leases of this process, until cancelled."""
        while True:
            await self._pause(self._lease_seconds / _RENEWALS_PER_LEASE)
            self._forget()
            if self._claims:
                try:
                    await self._keys.renew(list(self._claims.values()))
                except StoreFailed as error:
                    _logger.warning("Leases of idempotency keys could not be renewed: %s", error)

    async def drain(self, seconds: float) -> None:
        """Waits for answers that nobody but their key is waiting for."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=seconds)

    async def _run(self, answering: Answering, caller: Caller, key: str, request: Request) -> None:
        """Raises nothing but cancellation: the group would end with it."""
        claim = Claim(caller.tenant, key, answering.digest, self._new_id("resp"))
        with self._bells.giving(claim.response_id):
            await self._give(answering, claim, caller, request)

    async def _give(self, answering: Answering, claim: Claim, caller: Caller, request: Request) -> None:
        outcome, stored = None, None
        error: AntiphonError | None = ShuttingDown("The gateway is shutting down; please retry.")
        try:
            stored = await self._claimed(claim) if request.stored else None
            if stored is None:
                answering.turn = await self._gateway.open(request, caller, response_id=claim.response_id)
                answering.turn.fence = self._keys.holding(claim) if request.stored else None
                if request.background:
                    await self._later(answering.turn)
                    stored = claim.response_id
                else:
                    outcome = await self._gateway.answer(answering.turn, answering.record)
            error = None
        except AntiphonError as raised:
            error = raised
        except Exception:
            _logger.exception("an answer under an idempotency key broke")
            error = GatewayError("The gateway failed to serve this request. Its operator finds the cause in the log.")
        finally:
            failed = error is not None or (outcome is not None and outcome.status == "failed")
            # Before anybody learns of the end: whoever retries then finds the key free, or finds the answer.
            await self._settle(claim, failed=failed)
            answering.end(outcome=outcome, error=error, stored=stored)
            del self._answers[claim.tenant, claim.key]
            if not failed and not request.stored:
                self._remember((claim.tenant, claim.key), answering)

    async def _claimed(self, claim: Claim) -> str | None:
        """The id of the response that answered the key before, None when the claim holds it. Raises Conflict."""
        self._claims[claim.response_id] = claim
        holder: Holder | None = None
        seldom = self._bells.look_seconds(_POLL_SECONDS, self._lease_seconds)
        patience = min(_FIRST_LOOK_SECONDS, seldom)
        while True:
            if holder is None:
                holder = await self._keys.claim(claim)
            if holder.digest != claim.digest:
                raise _reused()
            if holder.response_id == claim.response_id:
                return None
            if holder.answered:
                return holder.response_id
            with self._bells.listening(holder.response_id) as bell:
                self._bells.wait_for(holder.response_id)
                await heard(bell, patience)
            patience = seldom
            holder = await self._keys.look(claim.tenant, claim.key)

    async def _settle(self, claim: Claim, *, failed: bool) -> None:
        claimed = self._claims.pop(claim.response_id, None) is not None
        if claimed and failed:
            try:
                await self._keys.release(claim)
            except StoreFailed as error:
                _logger.warning("An idempotency key could not be freed before its lease lapses: %s", error)

    def _remember(self, place: _Place, answering: Answering) -> None:
        answering.lighten()
        answering.remembered_until = self._clock() + REMEMBERED_SECONDS
        self._remembered[place] = answering
        self._remembered_bytes += answering.size

    def _forget(self) -> None:
        """Drops answers that were remembered for long enough, or that take too much room."""
        now = self._clock()
        while self._remembered:
            place, oldest = next(iter(self._remembered.items()))
            if oldest.remembered_until > now and self._remembered_bytes <= REMEMBERED_BYTES:
                return
            del self._remembered[place]
            self._remembered_bytes -= oldest.size


def _check(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY_CHARACTERS or not key.isascii() or not key.isprintable():
        message = f"An Idempotency-Key has from 1 to {MAX_KEY_CHARACTERS} visible ASCII characters."
        raise BadRequest(message, param="Idempotency-Key", code="invalid_idempotency_key")


def _reused() -> Conflict:
    message = (
        "This Idempotency-Key was sent before with another request body. Send the very same body to have its answer"
        " again, or another key for another request."
    )
    return Conflict(message, param="Idempotency-Key", code="idempotency_key_reused")
