"""Gateways forked from a process that has imported everything: to import it takes each of them most of a second.

    python -m tests.mould DESCRIPTOR

It waits at the socket of that number, and forks for each byte that brings three descriptors: what the new process is
told by, what it logs to, and what its number is written to and, once it has ended, its exit status.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from antiphon.cli import main
from antiphon.server import run_server
from antiphon.settings import Settings

_ROOT: Final = Path(__file__).resolve().parents[1]
_DESCRIPTORS: Final = 1024


class Process(Protocol):
    """As much of `subprocess.Popen` as tests want."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class _Told(Struct):
    """What a process finds on its standard input: it serves the settings, or is the command with these arguments."""

    environment: dict[str, str]
    settings: Settings | None
    arguments: tuple[str, ...]


class _Forked:
    """A `Process` whose end is heard of by a pipe."""

    def __init__(self, ending: int) -> None:
        """The pipe is closed when somebody has heard of the end."""
        self._ending = os.fdopen(ending, "rb", buffering=0)
        self._status: int | None = None
        self.pid = int(self._ending.readline())

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        if self._status is None:
            if not select.select([self._ending], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            self._status = int(self._ending.readline())
            self._ending.close()
        return self._status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Mould:
    """The process that forks, of this process."""

    def __init__(self) -> None:
        """Starts it."""
        self._lock = threading.Lock()
        self._control, its = socket.socketpair()
        with its:
            command = [sys.executable, "-m", "tests.mould", str(its.fileno())]
            self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, pass_fds=(its.fileno(),))

    def fork(self, told: _Told, log: int) -> Process:
        reading, writing = os.pipe()
        ending, its = os.pipe()
        with self._lock:
            socket.send_fds(self._control, [b"."], [reading, log, its])
        for each in (reading, its):
            os.close(each)
        with os.fdopen(writing, "wb") as stdin:
            stdin.write(msgspec.json.encode(told))
        return _Forked(ending)

    def close(self) -> None:
        self._control.close()
        self._process.wait()


@cache
def _mould() -> _Mould:
    made = _Mould()
    atexit.register(made.close)
    return made


def serving(settings: Settings, environment: Mapping[str, str], log: int = 2) -> Process:
    """A process that serves the settings, in an environment of its own, and logs to that descriptor."""
    return _mould().fork(_Told(dict(environment), settings, ()), log)


def commanded(*arguments: str, environment: Mapping[str, str], log: int) -> Process:
    """`antiphon` with these arguments, likewise."""
    return _mould().fork(_Told(dict(environment), None, arguments), log)


def _forking(control: socket.socket) -> bool:
    """Whether this is one of the processes that were forked; False when nobody is left who wants more."""
    endings: dict[int, int] = {}

    def reap(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                with suppress(BrokenPipeError), os.fdopen(endings.pop(pid), "wb") as ending:
                    ending.write(b"%d\n" % os.waitstatus_to_exitcode(status))

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, reap)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        if not asked:
            return False
        reading, log, ending = descriptors
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if not pid:
            os.dup2(reading, 0)
            os.dup2(log, 2)
            control.detach()
            os.closerange(3, _DESCRIPTORS)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            return True
        endings[pid] = ending
        os.write(ending, b"%d\n" % pid)
        for each in (reading, log):
            os.close(each)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _be(told: _Told) -> None:
    os.environ.clear()
    os.environ.update(told.environment)
    if told.settings is None:
        main(told.arguments, prog_name="antiphon")
    else:
        run_server(told.settings)


if __name__ == "__main__" and _forking(socket.socket(fileno=int(sys.argv[1]))):
    _be(msgspec.json.decode(sys.stdin.buffer.read(), type=_Told))
