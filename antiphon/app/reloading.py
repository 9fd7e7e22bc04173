"""New settings put in force while everything goes on: at SIGHUP, and when a file has changed that they hang on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from antiphon.config.differences import differences
from antiphon.config.source import Source, is_fixed, with_fixed
from antiphon.config.watching import SECONDS, Watch
from antiphon.errors import AntiphonError, ConfigError
from antiphon.gateway.bells import heard
from antiphon.settings import Settings

_logger: Final = logging.getLogger("antiphon.reload")


class Reloading:
    """What is in force, and what to do when its source says something else. For any thread, one at a time."""

    def __init__(self, settings: Settings, source: Source) -> None:
        """`settings` are in force; what has changed since they were read counts as a change to come."""
        self.settings = settings
        self._source = source
        self._level = logging.INFO if source.watches else logging.DEBUG
        found, files = source.read()
        self._watch = Watch(files)
        self._is_late = isinstance(found, Settings) and with_fixed(found, settings) != settings

    def changed(self) -> bool:
        """Whether a file has changed that may be acted on."""
        return self._source.watches and self.settings.server.reload and (self._is_late or self._watch.changed())

    def read(self) -> Settings | None:
        """What is to be in force instead; None where nothing is, which the log tells."""
        self._is_late = False
        self._watch.mark()
        found, files = self._source.read()
        self._watch.follow(files)
        if isinstance(found, ConfigError):
            refused(found)
            return None
        for each in differences(self.settings, found):
            if is_fixed(each.name) and self._source.watches:
                _logger.warning("configuration: %s takes effect at the next start", each.line())
        wanted = with_fixed(found, self.settings)
        if wanted == self.settings:
            _logger.log(self._level, "configuration read again: nothing has changed that can without a restart")
            return None
        return wanted

    def settle(self, settings: Settings) -> None:
        """These are in force now."""
        changed = differences(self.settings, settings)
        self.settings = settings
        for each in changed:
            _logger.log(self._level, "configuration: %s", each.line())
        _logger.log(self._level, "configuration in force; settings that have changed: %d", len(changed))


def refused(error: AntiphonError) -> None:
    """Says that all stays as it is, and why."""
    _logger.error("configuration refused, the one before stays in force: %s", error.message)


async def reload_for_ever(reloading: Reloading, begin: Callable[[Settings], Awaitable[None]]) -> None:
    """Until cancelled. `begin` puts settings in force; raises ConfigError where it cannot."""
    asked = asyncio.Event()
    with _by_signal(asked):
        while True:
            if not (await heard(asked, SECONDS) or reloading.changed()):
                continue
            asked.clear()
            settings = await asyncio.to_thread(reloading.read)
            if settings is None:
                continue
            try:
                await begin(settings)
            except AntiphonError as error:
                refused(error)
            else:
                reloading.settle(settings)


@contextmanager
def _by_signal(asked: asyncio.Event) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    at_terminal = sys.stderr.isatty()

    def ask(_number: int, _stack: FrameType | None) -> None:
        if at_terminal and not sys.stderr.isatty():  # it has been closed: nobody is left to stop us
            os.kill(os.getpid(), signal.SIGTERM)
        loop.call_soon_threadsafe(asked.set)

    before = signal.signal(signal.SIGHUP, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
