"""Programs that lint and render what is deployed. `make deploy` installs them and says where they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.shape.repository import ROOT

DEPLOY: Final = ROOT / "deploy"
_TOOLS: Final = "DEPLOY_TOOLS"
_SECONDS: Final = 60


def tool(name: str) -> Path:
    """Where it is. Skips the test where it is not."""
    folder = os.environ.get(_TOOLS)
    if not folder:
        pytest.skip(f"`make deploy` runs this, with {name}")
    found = shutil.which(name, path=folder)
    if found is None:
        pytest.skip(f"{name} could not be installed")
    return Path(found)


def ran(*command: str | Path, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """What it printed. It must be content."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        input=stdin or "",
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(env or {})},
        timeout=_SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def refused(*command: str | Path) -> str:
    """What it said when it was not content."""
    done = subprocess.run(
        [str(word) for word in command], check=False, capture_output=True, text=True, cwd=ROOT, timeout=_SECONDS
    )
    assert done.returncode != 0
    return done.stdout + done.stderr
