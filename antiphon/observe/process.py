"""The process in numbers: its memory, its processor time, its descriptors, and how late its event loop wakes."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from antiphon.metrics import BUILD, CPU, DESCRIPTORS, LAG, MOST_DESCRIPTORS, PROCESSES, RESIDENT, STARTED
from antiphon.version import __version__

BEAT_SECONDS: Final = 0.5

_OWN: Final = Path("/proc/self")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_KIB: Final = 1024


@contextmanager
def process_told() -> Generator[None]:
    """While the block runs the process is among what is told."""
    if PROCESSES.read():  # another gateway in this process tells
        yield
        return
    version = (__version__, platform.python_version())
    ticks = born(os.getpid())
    now = time.time()
    began = now if ticks is None else now - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / _TICKS
    with ExitStack() as stack:
        for gauge, count in (
            (CPU, _cpu),
            (RESIDENT, _resident),
            (DESCRIPTORS, _descriptors),
            (MOST_DESCRIPTORS, _most_descriptors),
            (PROCESSES, lambda: 1),
            (STARTED, lambda: began),
        ):
            stack.enter_context(gauge.counts(count))
        stack.enter_context(BUILD.told_by(lambda: {version: 1}))
        yield


async def beat(then: Callable[[], None]) -> None:
    """Until cancelled: notes how late the loop wakes, and does `then` each time, which must be quick."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT_SECONDS
        await asyncio.sleep(BEAT_SECONDS)
        LAG.observe(max(0.0, loop.time() - due))
        then()


def born(process: int) -> int | None:
    """When a process was started, in ticks since the system was; None where that is not told."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    return None


def _cpu() -> float:
    used = os.times()
    return used.user + used.system


def _resident() -> float:
    with suppress(OSError, ValueError, IndexError):
        return int((_OWN / "statm").read_text().split()[1]) * _PAGE
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * _KIB


def _descriptors() -> float:
    for folder in (_OWN / "fd", Path("/dev/fd")):
        with suppress(OSError):
            return sum(1 for _ in folder.iterdir()) - 1
    return 0


def _most_descriptors() -> float:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
