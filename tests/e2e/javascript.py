"""The JavaScript of `tests/js`, run in one process of Node: a test names a case and judges what it gives back."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.background import PATIENCE
from tests.e2e.gateway import KEY_A, Gateway

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".node-dev"


class Thrown(Exception):
    """What a case threw; `error` has its class and what it told."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error


class JavaScript:
    """Runs cases one after the other, in the order in which they are asked for."""

    def __init__(self, process: subprocess.Popen[str], pool: ThreadPoolExecutor) -> None:
        self._process = process
        self._pool = pool

    def start(self, case: str, gateway: Gateway, *, key: str = KEY_A, **wanted: Any) -> Future[Any]:
        """The case's value, or Thrown, when it has ended."""
        line = json.dumps({"case": case, "root": gateway.root, "key": key, **wanted})
        return self._pool.submit(self._exchange, line)

    def run(self, case: str, gateway: Gateway, **wanted: Any) -> Any:
        return self.start(case, gateway, **wanted).result(PATIENCE)

    def _exchange(self, line: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "Node ended; its last words are in what the test printed"
        outcome = json.loads(answer)
        if "thrown" in outcome:
            raise Thrown(outcome["thrown"])
        return outcome["value"]


@contextmanager
def running_javascript(folder: Path) -> Generator[JavaScript]:
    """Node with the clients of `make test`; skips the test where there is none.

    Node looks for packages next to a script, so the scripts are copied to `folder`, where a link shows the packages.
    """
    node = shutil.which("node")
    if node is None or not (INSTALLED / ".installed").exists():
        pytest.skip("no JavaScript clients: `make test` installs them where there is Node 20, npm and a network")
    scripts = folder / "js"
    shutil.copytree(ROOT / "tests" / "js", scripts)
    (scripts / "node_modules").symlink_to(INSTALLED / "node_modules")
    with (
        ThreadPoolExecutor(max_workers=1) as pool,
        subprocess.Popen(
            [node, scripts / "run.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        ) as process,
    ):
        try:
            yield JavaScript(process, pool)
        finally:
            process.kill()
