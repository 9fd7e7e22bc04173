"""One writer at a time among the processes that share a SQLite file.

SQLite has a lock of its own, but before 3.51.3 a commit that restarts the write-ahead log could race with a checkpoint
of another process and lose pages (https://sqlite.org/wal.html#walresetbug, 2026-11). Whoever holds this lock is the
only one to commit or checkpoint.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final

_PAUSE_SECONDS: Final = 0.0005
"""About what a commit takes. Longer ones starve whoever waits while another writes without a break."""


class FileLock:
    """Held inside ``with``; the kernel lets go of it when its holder dies. Not for two threads at once."""

    __slots__ = ("_descriptor", "_wait_seconds")

    def __init__(self, path: Path, wait_seconds: float) -> None:
        """Makes the file if need be, and leaves it there: deleting it would let two processes lock two files."""
        self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._wait_seconds = wait_seconds

    def __enter__(self) -> None:
        """Raises TimeoutError when another process keeps it for longer than the wait."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Not while it is held."""
        os.close(self._descriptor)

    def _wait(self) -> None:
        """Asks again and again, as SQLite does for its own lock: there is no call that waits with a limit."""
        deadline = time.monotonic() + self._wait_seconds
        while time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return
        raise TimeoutError
