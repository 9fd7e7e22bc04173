"""SIGHUP, and the processes of one gateway: all of them get new settings, or none does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from antiphon.app import working
from antiphon.config.source import Source
from antiphon.settings import ServerSettings, Settings
from tests.integration.harness import PATIENCE, ROOT

OLD, NEW = "sk-antiphon-old", "sk-antiphon-new"
_OFTEN = 20
"""Requests in a row: they reach every one of two processes, but for one time in half a million."""


def written(folder: Path, port: int, **changes: object) -> Path:
    config = folder / "antiphon.yaml"
    settings = {
        "server": {"port": port, "workers": 2, "reload": False},
        "database": {"url": f"sqlite:///{folder / 'own.db'}"},
        "master_key": OLD,
    }
    config.write_text(json.dumps(settings | changes))
    return config


@contextmanager
def started(folder: Path, *arguments: str) -> Generator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "antiphon", *arguments], cwd=ROOT, stderr=log, env=os.environ | {"NO_PROXY": "*"}
        )
    with process:
        try:
            yield process
            process.terminate()
            assert process.wait(4 * PATIENCE) in (0, -signal.SIGTERM)
        finally:
            process.kill()


def status(port: int, key: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - as above
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def until(port: int, key: str, wanted: int) -> None:
    """Until every process answers so."""
    for _ in range(int(4 * PATIENCE * 20)):
        if all(status(port, key) == wanted for _ in range(_OFTEN)):
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"not every process answers {key} with {wanted}")


def test_every_process_gets_new_settings_or_none_does(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    config = written(tmp_path, port)
    with started(tmp_path, "serve", "--config", str(config)) as process:
        until(port, OLD, 200)
        written(
            tmp_path, port, providers={"x": {"type": "openai", "api_key": "sk-x", "quirks": {"chat_only_models": "("}}}
        )
        process.send_signal(signal.SIGHUP)
        logged(tmp_path, "configuration refused, the one before stays in force: ")
        written(tmp_path, port, master_key=NEW)
        process.send_signal(signal.SIGHUP)
        until(port, NEW, 200)
        until(port, OLD, 401)
    told = (tmp_path / "log").read_text()
    assert told.count("configuration: ~ master_key: <secret> -> <secret>") == 1
    assert NEW not in told


async def test_a_worker_reads_its_settings_again(tmp_path: Path) -> None:
    config = written(tmp_path, 1)
    source, changed = Source(config), asyncio.Event()
    settings, _ = source.read()
    assert isinstance(settings, Settings)
    settings = msgspec.structs.replace(settings, server=ServerSettings())
    async with working(settings, 1, source, changed.set), asyncio.timeout(4 * PATIENCE):
        written(tmp_path, 1, responses={"retention_days": 3})
        await changed.wait()


def logged(folder: Path, words: str) -> None:
    for _ in range(int(4 * PATIENCE * 100)):
        if words in (folder / "log").read_text():
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"never logged: {words}")
