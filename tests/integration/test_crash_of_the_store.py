"""What was acknowledged is there after SIGKILL, and several processes may write to one file."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from tests.contracts.responses_store import MINE
from tests.integration.saving_process import turn_named

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 500


def start(url: str, name: str, *count: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.saving_process", url, name, *count]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def acknowledged_until_killed(url: str, name: str) -> list[str]:
    """Every name that the process wrote before it was killed in the middle of its work."""
    with start(url, name) as process:
        assert process.stdout is not None
        names = [process.stdout.readline() for _ in range(ENOUGH)]
        process.kill()
        names += process.stdout.readlines()
    assert process.returncode == -9
    return [name.decode().strip() for name in names if name.endswith(b"\n")]


def acknowledged_together(url: str, processes: int) -> list[str]:
    running = [start(url, f"process-{number}", str(ENOUGH)) for number in range(processes)]
    names: list[str] = []
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0
        names += output.decode().split()
    return names


async def assert_kept(url: str, names: Iterable[str]) -> None:
    async with SqlDatabase.open(url) as database:
        responses = SqlResponses(database, time.time)
        for name in names:
            expected = turn_named(name)
            found = await responses.get(MINE, expected.id)
            assert found is not None, name
            assert (found.input, found.body) == (expected.input, expected.body)
            frames = await responses.frames(MINE, expected.id)
            assert frames == expected.frames


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_everything_acknowledged_survives_a_kill_under_load(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    names: list[str] = []
    for life in range(3):
        names += await asyncio.to_thread(acknowledged_until_killed, url, f"life-{life}")
        await assert_kept(url, names)
    assert len(names) >= 3 * ENOUGH
    assert_sound(tmp_path / "store.db")


async def test_processes_that_start_together_on_a_new_file_keep_everything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/folder/store.db"
    names = await asyncio.to_thread(acknowledged_together, url, 4)
    assert len(set(names)) == 4 * ENOUGH
    await assert_kept(url, names)
    assert_sound(tmp_path / "new/folder/store.db")
