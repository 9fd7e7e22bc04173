"""Numbers: what is counted, who is asked for what stands somewhere, and who may read it all."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from antiphon.app.process import Process
from antiphon.errors import StoreFailed
from antiphon.http.auth import Keyring
from antiphon.http.edge import Edge
from antiphon.http.metrics import MetricsEndpoint, no_metrics
from antiphon.http.routes import Handler
from antiphon.metrics import (
    ANSWERS_RUNNING,
    BATCHES,
    EVERY,
    JOBS,
    NOTICES_WAITING,
    REQUESTS_RUNNING,
    SPENT,
    WEBSOCKETS_OPEN,
)
from antiphon.observe.exposition import OPEN_METRICS, TEXT, Series, exposed, snapshot, together
from antiphon.observe.process import beat, process_told
from antiphon.protocols import Caller
from antiphon.providers.discovery import Discovery
from antiphon.settings import MASTER, Settings
from antiphon.store.standing import StandingWork


@asynccontextmanager
async def counted(process: Process) -> AsyncGenerator[None]:
    """While the block runs, the process is among what is told."""
    family = process.family
    with process_told(), ANSWERS_RUNNING.counts(lambda: process.live.running):
        beating = process.tasks.create_task(beat(_nothing if family is None else family.write))
        try:
            yield
        finally:
            beating.cancel()
            if family is not None:
                family.leave()


def metrics_handler(process: Process, settings: Settings) -> Handler:
    """The handler of `/metrics`."""
    if not settings.metrics.enabled:
        return no_metrics
    standing = StandingWork(process.database, time.time)

    async def tell(open_metrics: bool) -> tuple[bytes, bytes]:  # noqa: FBT001 - a callback of one argument
        own = snapshot(EVERY, time.monotonic())
        others = () if process.family is None else process.family.others()
        parts = [part for each in (own, *others) for part in (each.totals, each.levels)]
        told = together([*parts, await _standing(standing)])
        return exposed(EVERY, told, open_metrics=open_metrics), OPEN_METRICS if open_metrics else TEXT

    return MetricsEndpoint(tell, _readers(settings), settings.metrics.access)


@contextmanager
def edge_told(edge: Edge) -> Generator[None]:
    """While the block runs, what this edge serves is among what is told."""
    with REQUESTS_RUNNING.counts(lambda: edge.running), WEBSOCKETS_OPEN.counts(lambda: edge.sockets):
        yield


@contextmanager
def targets_told(settings: Settings, discovery: Discovery) -> Generator[None]:
    """While the block runs, these targets are told by their names."""
    named = {target for targets in settings.aliases.values() for target in targets} | settings.models.keys()

    def knows(target: str) -> bool:
        provider, _, model = target.partition("/")
        return target in named or target in discovery.providers or model in discovery.known(provider)

    SPENT.knows.append(knows)
    try:
        yield
    finally:
        SPENT.knows.remove(knows)


async def _standing(work: StandingWork) -> Series:
    """What stands in the database; nothing while that cannot be asked: the other numbers are wanted all the more."""
    try:
        found = await work.look()
    except StoreFailed:
        return {}
    return {
        JOBS.name: [(("waiting",), [found.waiting]), (("running",), [found.running])],
        BATCHES.name: [((status,), [number]) for status, number in found.batches.items()],
        NOTICES_WAITING.name: [((), [found.notices])],
    }


def _readers(settings: Settings) -> Keyring:
    keys = {"metrics": settings.metrics.key, MASTER: settings.master_key}
    return Keyring([(key, Caller(name, name)) for name, key in keys.items() if key is not None])


def _nothing() -> None:
    """Nobody else is to be told."""
