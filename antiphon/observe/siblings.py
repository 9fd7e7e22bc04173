"""The numbers of all workers of one server, by way of a file each: whichever is asked answers for all of them.

A worker writes its file twice a second, to memory where the system has a file system in it. What a worker that died had
counted still counts, or sums would fall, which Prometheus takes for growth; how things stood there does not.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import stat
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from antiphon.metrics import EVERY, OWN
from antiphon.observe.exposition import Snapshot, snapshot
from antiphon.observe.process import BEAT_SECONDS, born

_ALIVE_SECONDS: Final = 20 * BEAT_SECONDS
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - in a folder of our own that nobody else may enter
_log: Final = logging.getLogger(__name__)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Snapshot).decode


class Siblings:
    """This worker's file, and those beside it in a folder that belongs to the server that started them."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Makes the folder if need be. Raises OSError where it cannot be had, or is somebody else's."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{folder} is not ours alone")
        self._folder = folder
        self._file = folder / str(os.getpid())
        self._clock = clock

    def write(self) -> None:
        """What this worker has counted until now. A disk that is full is for others to complain of."""
        self._put(snapshot(EVERY, self._clock(), OWN))

    def others(self) -> Sequence[Snapshot]:
        """What the others had counted half a second ago, without levels where a worker is dead."""
        now = self._clock()
        told: list[Snapshot] = []
        for path in sorted(self._folder.iterdir()):
            if path.suffix or path == self._file:
                continue
            with suppress(OSError, msgspec.MsgspecError):
                said = _decode(path.read_bytes())
                alive = now - said.at < _ALIVE_SECONDS
                told.append(said if alive else Snapshot(said.at, said.totals, {}))
        return told

    def leave(self) -> None:
        """Writes a last time, and nothing of how things stand; the last one to leave takes the folder away."""
        last = snapshot(EVERY, self._clock(), OWN)
        self._put(Snapshot(last.at, last.totals, {}))
        if any(said.levels for said in self.others()):
            return
        with suppress(OSError):
            for path in self._folder.iterdir():
                path.unlink(missing_ok=True)
            self._folder.rmdir()

    def _put(self, said: Snapshot) -> None:
        beside = self._file.with_suffix(".new")
        with suppress(OSError):
            beside.write_bytes(_encode(said))
            beside.replace(self._file)


def siblings() -> Siblings | None:
    """Those of a process that a server started beside others; None for any other, or where there is nowhere to meet."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return None
    name = f"antiphon-{os.getuid()}-{parent.pid}-{born(parent.pid or 0)}"
    for place in (_MEMORY, Path(tempfile.gettempdir())):
        with suppress(OSError):
            return Siblings(place / name, time.monotonic)
    _log.warning("No folder for temporary files can be written: /metrics tells of one worker at a time.")
    return None
