"""The worker: claims jobs and has each answered by the same flow as every other turn.

Law: whatever becomes of a worker, its jobs end once, and what a follower has seen stays true.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, GatewayError, JobLost, StoreFailed, UpstreamTimeout
from antiphon.gateway.account import tell
from antiphon.gateway.bells import heard
from antiphon.gateway.clocks import ClockWatch
from antiphon.gateway.desk import Desk
from antiphon.gateway.history import items_of
from antiphon.gateway.journalling import JournalSink
from antiphon.jobs import Claim
from antiphon.metrics import CLAIMS, JOBS_LOST
from antiphon.protocols import Begun, Caller, StoredTurn, Turn
from antiphon.wire.counts import counts_of
from antiphon.wire.lifecycle import begun, count_of, says_begun
from antiphon.wire.requests import Request, parse_request
from antiphon.wire.responses import opened

_logger: Final = logging.getLogger("antiphon.gateway")

MAX_ATTEMPTS: Final = 10
"""A job that has brought so many workers down is not given to another."""

_BEATS: Final = 2
"""Of everybody's hearts after the clock was put on: by then each lease that is still held is renewed."""

_SETTLE_SECONDS: Final = 5.0
"""After answers were cut short: what their ends need to be stored."""


class Worker:
    """Answers jobs, several at once. One per process, which may also serve.

    `heir` is who claims in its place once it has retired.
    """

    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        """`group` owns the tasks."""
        self.stopping = False
        self.heir: Worker | None = None
        self._claims = True
        self._desk = desk
        self._group = group
        self._runs: dict[str, _Run] = {}
        self._watch = ClockWatch(desk.gateway.surroundings.clock, _BEATS * desk.policy.heartbeat_seconds)
        self._nudged = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._claiming: asyncio.Task[None] | None = None

    @property
    def has_room(self) -> bool:
        """Whether this process alone has hands enough for what comes; from half of what it can do on, others help."""
        if self.heir is not None:
            return self.heir.has_room
        return self._claims and 2 * len(self._runs) < self._desk.policy.answers_at_once

    def start(self) -> None:
        """Begins to claim, where this process may answer at all."""
        if self._desk.policy.answers_at_once > 0:
            self._claiming = self._group.create_task(self._claim_all())

    def nudge(self) -> None:
        """There may be a job, or room for one."""
        self._nudged.set()
        if self.heir is not None:
            self.heir.nudge()

    def drop(self, response_id: str) -> None:
        """Stops work on a job that was cancelled, if it is done here."""
        run = self._runs.get(response_id)
        if run is not None:
            run.lost.set()

    def stop_claiming(self) -> None:
        """From now on nothing is claimed, and what nobody has seen output of is handed back."""
        self.stopping = True
        self._claims = False
        self._nudged.set()
        for run in self._runs.values():
            run.hand_back()
        self._desk.bells.ring_all()

    async def retire(self, heir: Worker) -> None:
        """From now on another claims. Returns when all that runs here has ended."""
        self.heir = heir
        self._claims = False
        self._nudged.set()
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
        await self._quiet.wait()

    async def close(self, limit_seconds: float) -> None:
        """Returns when nothing runs here any more: after `limit_seconds` answers are ended as they are."""
        self.stop_claiming()
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
        if not await heard(self._quiet, limit_seconds):
            self._desk.gateway.live.end_all()
            await heard(self._quiet, _SETTLE_SECONDS)

    async def _claim_all(self) -> None:
        while self._claims:
            self._nudged.clear()
            try:
                while self._claims and await self._claim_one():
                    pass
            except StoreFailed as error:
                _logger.warning("no background answer could be claimed: %s", error)
            except Exception:  # the worker's loop: whatever a claim breaks on, the next may not
                _logger.exception("no background answer could be claimed")
            await heard(self._nudged, self._desk.policy.poll_seconds)

    async def _claim_one(self) -> bool:
        desk, policy = self._desk, self._desk.policy
        if (
            not self._watch.settled()
            or len(self._runs) >= policy.answers_at_once
            or not await desk.jobs.waiting(policy.running_per_tenant)
        ):
            return False
        claim = await desk.jobs.claim(policy.running_per_tenant)
        if claim is None:
            return False
        CLAIMS.add(("first" if claim.attempt == 1 else "again",))
        run = _Run(desk, claim)
        self._runs[claim.id] = run
        self._quiet.clear()
        if self.stopping:
            run.hand_back()
        self._group.create_task(self._attend(run))
        return True

    async def _attend(self, run: _Run) -> None:
        try:
            await run.run()
        finally:
            if self._runs.get(run.claim.id) is run:  # else it was slow, and the job was claimed here once more
                del self._runs[run.claim.id]
            if not self._runs:
                self._quiet.set()
            self._nudged.set()
            self._desk.bells.ring(run.claim.id)


class _Run:
    """One claim, worked off. `lost` is set when there is nothing to work for any more."""

    def __init__(self, desk: Desk, claim: Claim) -> None:
        self.claim = claim
        self.lost = asyncio.Event()
        self._desk = desk
        self._sink = JournalSink(desk.journal, desk.bells, claim)
        self._handed_back = False

    def hand_back(self) -> None:
        """Lets another worker begin anew, unless somebody may have seen output."""
        if not self._sink.output and not self._sink.closed:
            self._handed_back = True
            self._sink.close()
            self.lost.set()

    async def run(self) -> None:
        """Until the answer has ended, or is lost. Never raises but when cancelled."""
        try:
            await self._answered()
        except* JobLost:
            JOBS_LOST.add()
            _logger.debug("response %s is no longer ours", self.claim.id)
        except* StoreFailed as failed:
            _logger.warning("response %s could not be stored: %s", self.claim.id, failed.exceptions[0])
        except* Exception:
            _logger.exception("response %s broke its worker", self.claim.id)
        if self._handed_back:
            with suppress(StoreFailed):
                await self._desk.jobs.release(self.claim)
                self._desk.bells.call()

    async def _answered(self) -> None:
        limit = self._desk.policy.limit_seconds
        task = asyncio.current_task()
        error = UpstreamTimeout(f"The answer took longer than the {limit:g} seconds that one may take.")
        timer = asyncio.get_running_loop().call_later(limit, self._desk.gateway.live.cut_short, task, error)
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(self._keep_lease()), group.create_task(self._sink.write())]
            try:
                await self._answer()
            finally:
                timer.cancel()
                for helper in beside:
                    helper.cancel()

    async def _answer(self) -> None:
        gateway = self._desk.gateway
        turn = self._turn()
        lost = self._reason_to_fail()
        if lost is None:
            try:
                await gateway.resolve(turn)
            except StoreFailed:  # another claim may have more luck
                raise
            except AntiphonError as error:
                lost = error
        if lost is None:
            outcome = await gateway.answer(turn, self._sink)
        else:
            outcome = await gateway.give_up(turn, self._sink, lost)
        tell(turn, outcome)
        limiter = self._desk.limiter
        if limiter is None:
            return
        counts = outcome.counts or counts_of(outcome.body)
        if counts is not None:
            await limiter.spend(turn.caller.key_name, self.claim.request, counts.input + counts.output)

    def _reason_to_fail(self) -> AntiphonError | None:
        if self._sink.output:
            return GatewayError("The worker that gave this answer was lost. What it had said by then is kept.")
        if self.claim.attempt > MAX_ATTEMPTS:
            return GatewayError(f"{MAX_ATTEMPTS} workers were lost one after the other while they gave this answer.")
        return None

    def _turn(self) -> Turn:
        """The turn as it was when it was asked for, but that it is streamed to us whatever the client reads."""
        claim, surroundings = self.claim, self._desk.gateway.surroundings
        request = msgspec.structs.replace(parse_request(claim.request), stream=True)
        return Turn(
            id=claim.id,
            created_at=claim.created_at,
            caller=Caller(claim.tenant, claim.key_name),
            request=request,
            input=items_of(claim.input),
            new_id=surroundings.new_id,
            clock=surroundings.clock,
            begun=Begun(
                told=self._told(request),
                provider=claim.provider,
                save=self._save,
                seconds=self._desk.policy.limit_seconds,
            ),
            conversation=claim.conversation_id,
            strict=self._desk.gateway.is_strict(request),
        )

    def _told(self, request: Request) -> list[bytes]:
        """What was told under earlier claims, and that work has begun, which is told once."""
        claim = self.claim
        told = [*claim.told]
        if not says_begun(told):
            opening = opened(
                request,
                id=claim.id,
                created_at=claim.created_at,
                provider=claim.provider,
                conversation=claim.conversation_id,
            )
            beginning = begun(opening, sum(map(count_of, told)))
            self._sink.direct(beginning)
            told.append(beginning)
        return told

    async def _keep_lease(self) -> None:
        """Until cancelled. Raises JobLost when the job was cancelled, or is another's."""
        while True:
            if await heard(self.lost, self._desk.policy.heartbeat_seconds):
                raise JobLost("The job was taken away.")
            if self._sink.closed:
                return
            try:
                renewed = await self._desk.jobs.renew(self.claim)
            except StoreFailed as error:
                _logger.warning("the lease of response %s was not renewed: %s", self.claim.id, error)
                continue
            if not renewed and not self._sink.closed:
                raise JobLost("The job is gone, or somebody else's.")

    async def _save(self, turn: StoredTurn) -> None:
        self._sink.close()
        await self._desk.jobs.finish(self.claim, turn)
