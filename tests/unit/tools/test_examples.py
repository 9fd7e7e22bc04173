"""The Python of the pages that a new user reads, run as it stands against a gateway without configuration."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from antiphon.records import RequestRecord
from tests.shape.repository import ROOT

PAGES = ("README.md", "docs/quickstart.md", "docs/howto/clients.md")
KEY = "sk-examples"


def examples() -> list[object]:
    """Every block of Python that needs nothing but the official client."""
    found: list[object] = []
    for page in PAGES:
        blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
        ours = [block for block in blocks if "from openai" in block]
        found += [pytest.param(block, id=f"{Path(page).stem}-{number}") for number, block in enumerate(ours)]
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a client of a gateway that serves the demo."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"PATH": os.environ["PATH"], "ANTIPHON_MASTER_KEY": KEY, "XDG_DATA_HOME": str(folder)}
    command = [sys.executable, "-m", "antiphon", "serve", "--port", str(port)]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(command, env=own, cwd=folder, stderr=log) as server:
        try:
            wait_for(server, port)
            yield {**own, "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": KEY}
        finally:
            server.terminate()


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Returns once somebody listens."""
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("The server did not start.")


@pytest.mark.parametrize("example", examples())
def test_an_example_runs(example: str, served: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", example], env=served, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_page_about_logs_names_every_field() -> None:
    text = (ROOT / "docs" / "reference" / "logs.md").read_text("utf-8")
    assert not [name for name in RequestRecord.__struct_fields__ if f"`{name}`" not in text]


def test_the_quickstart_shows_the_last_three_events(served: dict[str, str], tmp_path: Path) -> None:
    [replay] = [
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "quickstart.md").read_text("utf-8"), re.DOTALL)
        if "starting_after" in block
    ]
    told = subprocess.run([sys.executable, "-c", replay], env=served, cwd=tmp_path, check=True, capture_output=True)
    lines = told.stdout.decode().splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith(" response.completed")
