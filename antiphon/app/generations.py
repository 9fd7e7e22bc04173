"""One state of the settings after another, each served to its end: a turn never sees half a change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from antiphon.app.generation import Generation
from antiphon.app.reloading import Reloading, reload_for_ever
from antiphon.settings import Settings

_logger: Final = logging.getLogger("antiphon.reload")

Making = Callable[[Settings], AbstractAsyncContextManager[Generation]]
"""Opens a generation. Raises ConfigError."""


class Generations:
    """The generation in force, and those that still have something to end."""

    def __init__(self, making: Making, group: asyncio.TaskGroup, settled: Callable[[], None]) -> None:
        """There is none yet; `group` owns their tasks. `settled` is called when one has come to force, and has gone."""
        self.current: Generation | None = None
        self._making = making
        self._group = group
        self._settled = settled
        self._closing = False
        self._over: dict[Generation, asyncio.Event] = {}
        self._beside: set[asyncio.Task[None]] = set()

    async def begin(self, settings: Settings) -> None:
        """Puts a new one in force. Raises ConfigError, and then all is as it was."""
        opened: asyncio.Future[Generation] = asyncio.get_running_loop().create_future()
        self._group.create_task(self._live(settings, opened))
        generation = await opened
        before, self.current = self.current, generation
        self._settled()
        if before is not None:
            self._go_on(self._retire(before, generation))

    def keep(self, reloading: Reloading) -> None:
        """Puts in force what its source comes to say."""
        self._go_on(reload_for_ever(reloading, self.begin))

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """For as long as there are generations."""
        task = self._group.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def end(self) -> None:
        """All of them close, as the process does."""
        self._closing = True
        for task in self._beside:
            task.cancel()
        for over in self._over.values():
            over.set()

    async def _live(self, settings: Settings, opened: asyncio.Future[Generation]) -> None:
        """Opens and closes it: groups of tasks belong to the task that they were opened in."""
        try:
            async with self._making(settings) as generation:
                over = self._over[generation] = asyncio.Event()
                opened.set_result(generation)
                try:
                    await over.wait()
                finally:
                    del self._over[generation]
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)
        else:
            if not self._closing:
                self._settled()

    async def _retire(self, generation: Generation, heir: Generation) -> None:
        await generation.retire(heir)
        _logger.debug("nothing runs any more under the settings before")
        over = self._over.get(generation)
        if over is not None:
            over.set()


@asynccontextmanager
async def generations(making: Making, first: Settings, settled: Callable[[], None]) -> AsyncGenerator[Generations]:
    """The first is in force; `settled` is called then, and whenever one comes to force or has gone.

    Raises ConfigError.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        made = Generations(making, group, settled)
        try:
            await made.begin(first)
        except Exception as error:  # noqa: BLE001 - it is raised below, where no group of tasks makes a group of it
            failure = error
        else:
            try:
                yield made
            finally:
                made.end()
    if failure is not None:
        raise failure
