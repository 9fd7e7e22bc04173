"""One WebSocket connection from its handshake to its end.

The connection reads all the time, so that it hears a client leave; every request runs in a task of its own, when its
lane lets it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import AntiphonError, BadRequest, ShuttingDown
from antiphon.http.call import Call
from antiphon.http.chains import Ancestry
from antiphon.http.edge import CLIENT_GONE_STATUS
from antiphon.http.errors import error_frame, translated
from antiphon.http.lanes import Lanes
from antiphon.http.limits import taken
from antiphon.http.records import note_usage, record_of
from antiphon.http.routes import WEBSOCKET_PATH
from antiphon.http.websocket import Socket, SocketParts, SocketStream
from antiphon.http.websocket_transport import DRAIN
from antiphon.wire.client_frames import (
    Members,
    creation_of,
    members_of,
    parent_of,
    steering_refused,
    stream_id_of,
    type_of,
    unknown_type,
)

_logger: Final = logging.getLogger("antiphon.http")
_CREATE: Final = "response.create"
_STEER: Final = "response.steer"
_GOING_AWAY: Final = 1001
_RESTARTING: Final = 1012
_SERVER_FAULT: Final = 500


class Sockets:
    """The handler of WebSockets."""

    def __init__(self, parts: SocketParts) -> None:
        """Serves nobody yet."""
        self._parts = parts
        self._sessions: set[Session] = set()

    async def connect(self, call: Call) -> None:
        """Serves one connection. Raises Unauthorized before it is open."""
        call.route = WEBSOCKET_PATH
        call.caller = self._parts.keyring.caller(call)
        session = Session(call, self._parts)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    def retire(self) -> None:
        """Every connection ends after the answers that run: what it was served with is no longer in force."""
        for session in self._sessions:
            session.retire()


class _Work(Struct, frozen=True):
    """A `response.create` that has come in."""

    members: Members
    call: Call
    began: float


class _Ending(Struct, frozen=True):
    """Why a connection takes no more requests, what it says as its last word, and its close code."""

    error: AntiphonError
    code: int
    told: bool


_CHANGED: Final = _Ending(
    ShuttingDown("The gateway's configuration has changed; connect again.", retry_after=0), _RESTARTING, told=False
)


class Session:
    """A connection."""

    def __init__(self, call: Call, parts: SocketParts) -> None:
        """Nothing has been read."""
        self._call = call
        self._parts = parts
        self._socket = Socket(call)
        self._lanes: Lanes[_Work] = Lanes(parts.options.limits)
        self._chains = parts.memory.connected()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: _Ending | None = None
        self._closing = False
        self._open = self._retired = False
        self._requests = 0

    async def run(self) -> None:
        """Returns when the connection is closed and nothing of it runs any more."""
        await self._call.receive()  # the offer, which has been looked at
        await self._socket.accept()
        try:
            async with asyncio.TaskGroup() as self._group:
                self._open = True
                if self._retired:
                    self.retire()
                timer = asyncio.get_running_loop().call_later(self._parts.options.lifetime_seconds, self._expire)
                try:
                    await self._read()
                finally:
                    timer.cancel()
                    self._leave()
        finally:
            self._chains.close()

    def retire(self) -> None:
        """Takes no more requests, and closes after those that run."""
        self._retired = True
        if self._open:
            self._group.create_task(self._end(_CHANGED))

    def _leave(self) -> None:
        """The client has left: nothing begins any more, and what runs ends, its provider's work too."""
        for _, work in self._lanes.give_up():
            work.call.status = CLIENT_GONE_STATUS
            self._tell(work, None)
        for task in self._tasks:
            task.cancel()

    async def _read(self) -> None:
        while True:
            message = await self._call.receive()
            match message["type"]:
                case "websocket.disconnect":
                    return
                case "websocket.receive":
                    await self._take(message.get("text"))
                case _:
                    assert message["type"] == DRAIN  # noqa: S101 - nothing else is put into the queue
                    error = ShuttingDown("The gateway is shutting down; please retry.", retry_after=1)
                    await self._end(_Ending(error, _RESTARTING, told=False))

    async def _take(self, text: str | None) -> None:
        """One frame; whatever is wrong with it, the connection stays open."""
        lane = None
        try:
            if text is None:
                raise BadRequest("Send text frames: each one JSON object.", code="invalid_json")
            data = text.encode()
            members = members_of(data)
            lane = stream_id_of(members)
            kind = type_of(members)
            if kind == _CREATE:
                await self._enqueue(lane, members, len(data))
            elif kind == _STEER:
                await self._socket.tell(steering_refused(members, lane))
            else:
                raise unknown_type(kind)
        except AntiphonError as error:
            await self._socket.tell(error_frame(error, lane))

    async def _enqueue(self, lane: str | None, members: Members, size: int) -> None:
        self._requests += 1
        request_id = f"{self._call.request_id}.{self._requests}"
        work = _Work(
            members, Call(self._call.scope, self._call.receive, self._call.send, request_id), time.perf_counter()
        )
        work.call.caller = self._call.caller
        work.call.route = self._call.route
        if self._ending is not None:
            await self._refuse(lane, work, self._ending.error)
            return
        try:
            self._lanes.add(lane, work, size)
        except AntiphonError as error:
            await self._refuse(lane, work, error)
            return
        self._begin()

    def _begin(self) -> None:
        for lane, work in self._lanes.begin():
            task = self._group.create_task(self._serve(lane, work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, lane: str | None, work: _Work) -> None:
        try:
            await self._measured(lane, work)
        except asyncio.CancelledError:
            work.call.status = CLIENT_GONE_STATUS
            self._tell(work, None)
            raise
        except Exception as raised:  # noqa: BLE001 - an edge: whatever happened, the client gets a frame
            await self._refuse(lane, work, self._failure(work, raised))
        else:
            self._tell(work, None)
        finally:
            self._lanes.end(lane)
        self._begin()
        if self._ending is not None and not self._lanes.running:
            await self._close(self._ending)

    async def _measured(self, lane: str | None, work: _Work) -> None:
        """Answers one request within the limits of its key."""
        call, limiter = work.call, self._parts.limiter
        meter = None if limiter is None else limiter.meter(call.known_caller.key_name)
        if meter is None:
            await self._answer(lane, work)
            return
        gone = False
        try:
            await meter.weigh(msgspec.json.encode(work.members))
            await self._answer(lane, work)
            call.started = True
        except asyncio.CancelledError:
            gone = True
            raise
        finally:
            await meter.end(taken(call, gone=gone))

    async def _answer(self, lane: str | None, work: _Work) -> None:
        """Answers one request; what it went on from is forgotten by its lane if that fails."""
        call, parts = work.call, self._parts
        parent = parent_of(work.members)
        call.caller = parts.keyring.caller(call)
        ended_well = False
        try:
            creation = creation_of(work.members)
            ancestry = Ancestry(self._chains, parts.responses)
            turn = await parts.gateway.open(creation.request, call.caller, ancestry)
            call.turn = turn
            answer = parts.gateway.answer if creation.generate else parts.gateway.warm_up
            outcome = await answer(turn, SocketStream(self._socket, lane))
            call.status = 200
            note_usage(call, outcome)
            ended_well = outcome.status in ("completed", "incomplete")
            if ended_well:
                ancestry.lead(lane, turn, outcome)
        finally:
            if parent is not None and not ended_well:
                self._chains.evict(lane, parent)

    async def _refuse(self, lane: str | None, work: _Work, error: AntiphonError) -> None:
        work.call.status = error.status
        self._tell(work, error)
        await self._socket.tell(error_frame(error, lane))

    def _failure(self, work: _Work, raised: Exception) -> AntiphonError:
        error, _ = translated(raised, self._call.scope["path"], _CREATE)
        if error is not raised and error.status >= _SERVER_FAULT:
            _logger.error("request %s failed", work.call.request_id, exc_info=raised)
        return error

    def _tell(self, work: _Work, error: AntiphonError | None) -> None:
        seconds = time.perf_counter() - work.began
        self._parts.record(record_of(work.call, _CREATE, self._call.scope["path"], seconds, error))

    def _expire(self) -> None:
        minutes = self._parts.options.lifetime_seconds / 60
        message = (
            f"Responses websocket connection limit reached ({minutes:g} minutes)."
            " Create a new websocket connection to continue."
        )
        error = BadRequest(message, code="websocket_connection_limit_reached")
        self._group.create_task(self._end(_Ending(error, _GOING_AWAY, told=True)))

    async def _end(self, ending: _Ending) -> None:
        """Takes no more requests, refuses those that wait, and closes after those that run."""
        if self._ending is not None:
            return
        self._ending = ending
        for lane, work in self._lanes.give_up():
            await self._refuse(lane, work, ending.error)
        if not self._lanes.running:
            await self._close(ending)

    async def _close(self, ending: _Ending) -> None:
        if self._closing:
            return
        self._closing = True
        if ending.told:
            await self._socket.tell(error_frame(ending.error, None))
        await self._socket.close(ending.code, ending.error.message)
