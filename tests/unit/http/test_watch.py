"""A client that leaves is noticed, and a watched request that is done is let go.

What it held can be as large as a body, and the collector is slow.
"""

from __future__ import annotations

import asyncio
import gc

import pytest

from antiphon.http import watch
from antiphon.http.call import Call, ClientGone, Message, Receive, Scope, Send
from antiphon.http.watch import ClientWatch
from tests.wires import Link

REQUEST = b"POST / HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\n\r\n{}"


class Watched:
    """Works for a client until it has gone. `begin` and `end` let it go on, before and behind its watch."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.group = group
        self.begin = asyncio.Event()
        self.begin.set()
        self.working = asyncio.Event()
        self.end = asyncio.Event()
        self.told: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive, send, "req_1")
        await self.begin.wait()
        try:
            with ClientWatch(call, self.group):
                self.working.set()
                await self.end.wait()
            self.told.append("worked")
            await asyncio.sleep(0)
        except ClientGone:
            self.told.append("gone")
        await asyncio.sleep(0)
        self.told.append("done")


async def test_a_client_that_leaves_ends_the_work_for_it() -> None:
    async with asyncio.TaskGroup() as group:
        app = Watched(group)
        link = Link(app)
        await link.send(REQUEST)
        await app.working.wait()
        link.leave()
        await link.settle()
    assert app.told == ["gone", "done"]


async def test_a_client_that_left_before_is_noticed_too() -> None:
    async with asyncio.TaskGroup() as group:
        app = Watched(group)
        app.begin.clear()
        link = Link(app)
        await link.send(REQUEST)
        await link.settle()
        link.leave()
        app.begin.set()
        await link.settle()
    assert app.told == ["gone", "done"]


async def test_work_that_is_done_is_not_ended_by_who_leaves_then() -> None:
    async with asyncio.TaskGroup() as group:
        app = Watched(group)
        app.begin.clear()
        app.end.set()
        link = Link(app)
        await link.send(REQUEST)
        await link.settle()
        link.leave()
        app.begin.set()
        await link.settle()
    assert app.told == ["worked", "done"]


@pytest.mark.usefixtures("uncollected")
async def test_who_watched_a_client_lets_go_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 0)
    watching = asyncio.Event()

    async def receive() -> Message:
        watching.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    async with asyncio.TaskGroup() as group:
        with ClientWatch(Call({"headers": []}, receive, send, "req_1"), group):
            await watching.wait()
    del group
    assert not any(type(each) is Call for each in gc.get_objects())
