"""A watched request that is done is let go: what it held can be as large as a body, and the collector is slow."""

from __future__ import annotations

import asyncio
import gc

import pytest

from antiphon.http import watch
from antiphon.http.call import Call, Message
from antiphon.http.watch import ClientWatch


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
