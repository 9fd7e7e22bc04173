"""Many streams of a provider that is silent: little memory, two descriptors each, all ended, and nothing left behind.

`benchmarks/open_streams.py` asks the same of 2,000.
"""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.integration.harness import Gateway, ask, asking, events_of, serving, settings_for, until
from tests.integration.provider import LAST, STREAMING, native_events, piece, providing
from tests.integration.upstream.origin import Peer, Request

STREAMS = 250
EACH = 60 * 1024
"""Bytes that a stream may take while it is silent."""


def descriptors(gateway: Gateway) -> int:
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="what a process takes is read from /proc")
async def test_many_silent_streams_cost_little_and_end_whole(tmp_path: Path) -> None:
    goes_on = asyncio.Event()
    *events, last = map(piece, native_events("Well "))

    async def speak(_: Request, peer: Peer) -> None:
        await peer.say(STREAMING + b"".join(events))
        await goes_on.wait()
        await peer.say(last + LAST)

    body = {"model": "native/m", "input": "Hi", "stream": True}
    async with (
        providing(speak) as upstream,
        serving(settings_for(upstream.port, f"sqlite:///{tmp_path}/antiphon.db"), tmp_path / "log") as gateway,
    ):
        before, idle = descriptors(gateway), gateway.memory()
        async with AsyncExitStack() as stack, asyncio.timeout(30):
            streams = [
                await stack.enter_async_context(asking(gateway, "POST", "/v1/responses", body)) for _ in range(STREAMS)
            ]
            for stream in streams:
                await stream.head()
                assert stream.status == 200
                assert descriptors(gateway) - before <= 2 * STREAMS + 16
            assert gateway.memory() - idle < STREAMS * EACH
            assert (await ask(gateway, "GET", "/health/ready")).status == 200
            goes_on.set()
            for stream in streams:
                assert events_of(await stream.rest())[-1]["type"] == "response.completed"
        await until(lambda: descriptors(gateway) - before <= STREAMS + 16, "clients' connections are closed")
        assert not [line for line in gateway.lines() if "traceback" in line]
