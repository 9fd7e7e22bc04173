"""One writer at a time among the processes that share a SQLite file.

SQLite has a lock of its own, but before 3.51.3 a commit that restarts the write-ahead log could race with a checkpoint
of another process and lose pages (https://sqlite.org/wal.html#walresetbug, 2026-11). Whoever holds this lock is the
only one to commit or checkpoint.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final

_PAUSE_SECONDS: Final = 0.0003
"""Less than a commit takes."""

_GIVE_WAY_SECONDS: Final = 0.0006
"""So long whoever had the lock leaves it to others, if one waits: long enough for that one to ask again."""


class FileLock:
    """Held inside ``with``; the kernel lets go of it when its holder dies. Not for two threads at once."""

    __slots__ = ("_descriptor", "_left_at", "_wait_seconds", "_waiting")

    def __init__(self, path: Path, wait_seconds: float) -> None:
        """Makes the file if need be, and leaves it there: deleting it would let two processes lock two files."""
        self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if os.fstat(self._descriptor).st_size == 0:
            os.pwrite(self._descriptor, b"\0", 0)  # has its block from now on: a full disk kills nobody, as with -shm
        # One byte that all of them see: somebody waits. Reading it costs no call, which nobody should pay who is alone.
        self._waiting = mmap.mmap(self._descriptor, 1)
        self._wait_seconds = wait_seconds
        self._left_at = 0.0

    def __enter__(self) -> None:
        """Raises TimeoutError when another process keeps it for longer than the wait."""
        if self._left_at:
            self._give_way()
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        if self._waiting[0]:
            self._left_at = time.monotonic()

    def close(self) -> None:
        """Not while it is held."""
        self._waiting.close()
        os.close(self._descriptor)

    def _give_way(self) -> None:
        """Whoever writes without a break would else be quicker than those who wait, again and again."""
        self._waiting[0] = 0
        rest = self._left_at + _GIVE_WAY_SECONDS - time.monotonic()
        self._left_at = 0.0
        if rest > 0:
            time.sleep(rest)

    def _wait(self) -> None:
        """Asks again and again, as SQLite does for its own lock: there is no call that waits with a limit."""
        deadline = time.monotonic() + self._wait_seconds
        while time.monotonic() < deadline:
            self._waiting[0] = 1
            time.sleep(_PAUSE_SECONDS)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            self._waiting[0] = 0  # others that wait say so again at once
            return
        raise TimeoutError
