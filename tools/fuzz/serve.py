"""A gateway to be fuzzed, in a process of its own: `python -m tools.fuzz.serve COUNTS < SETTINGS_AS_JSON`.

On SIGUSR1 it writes into the file COUNTS what it holds: tasks, and objects that the garbage collector knows. On SIGUSR2
it writes into its log what it is doing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from antiphon.server import run_server
from antiphon.settings import Settings


def main() -> None:
    """Serves until it is told to stop."""
    place = Path(sys.argv[1])

    def count(_number: int, _frame: FrameType | None) -> None:
        gc.collect()
        told = {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects())}
        written = place.with_suffix(".new")
        written.write_bytes(msgspec.json.encode(told))
        written.replace(place)

    signal.signal(signal.SIGUSR1, count)
    faulthandler.register(signal.SIGUSR2)
    run_server(msgspec.json.decode(sys.stdin.buffer.read(), type=Settings))


if __name__ == "__main__":
    main()
