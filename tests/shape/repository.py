"""The repository as the shape tests see it: its folders, its files, its Python."""

import ast
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "tests" / "recordings"


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    """Not kept: some hundred trees would make every later collection of garbage slow."""
    return ast.parse(path.read_bytes(), str(path))


@cache
def tracked_files() -> list[Path]:
    """What git tracks or would track. Skips the test where there is no git to ask, as in an unpacked sdist."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def tracked_text() -> dict[Path, str]:
    """Tracked files that are text and ours; recordings are other people's words."""
    texts: dict[Path, str] = {}
    for path in tracked_files():
        if path.is_relative_to(RECORDINGS):
            continue
        try:
            texts[path.relative_to(ROOT)] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return texts


def documentation() -> str:
    """Every page under docs/ that speaks to users, as one text."""
    pages = (page for page in sorted((ROOT / "docs").rglob("*.md")) if "decisions" not in page.parts)
    return "\n".join(page.read_text("utf-8") for page in pages)
