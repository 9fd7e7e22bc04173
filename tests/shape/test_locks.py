import re
import tomllib

import pytest

from tests.shape.repository import ROOT

MAX_DISTRIBUTIONS = 30
EXTRAS = ("vertex", "postgres", "redis")
LOCKS = ("runtime", *EXTRAS, "dev", "fuzz", "build")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in requirements}


def pinned(lock: str) -> dict[str, str]:
    """Name to version, of a lock in which every pin must be followed by at least one hash."""
    text = (ROOT / "constraints" / f"{lock}.txt").read_text("utf-8")
    pins: dict[str, str] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", entry)
        assert match, f"{lock}: not a pin: {entry.splitlines()[0]}"
        assert "--hash=sha256:" in entry, f"{lock}: {match[1]} has no hash"
        pins[normal(match[1])] = match[2]
    return pins


def test_what_the_project_asks_for_is_locked() -> None:
    groups: dict[str, list[str]] = PROJECT["dependency-groups"]
    runtime = named(PROJECT["project"]["dependencies"])
    assert runtime <= pinned("runtime").keys()
    assert runtime | named(groups["dev"]) <= pinned("dev").keys()
    assert named(groups["build"]) <= pinned("build").keys()
    assert named(groups["fuzz"]) <= pinned("fuzz").keys()


def test_what_fuzzes_is_what_is_tested() -> None:
    dev, fuzz = pinned("dev"), pinned("fuzz")
    assert {name: version for name, version in fuzz.items() if name in dev}.items() <= dev.items()


def test_what_is_tested_is_what_is_run() -> None:
    runtime, dev = pinned("runtime"), pinned("dev")
    assert runtime == {name: dev[name] for name in runtime}


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_adds_to_what_is_run_and_is_tested_too(extra: str) -> None:
    runtime, added, dev = pinned("runtime"), pinned(extra), pinned("dev")
    assert runtime.items() <= added.items() <= dev.items()
    assert named(PROJECT["project"]["optional-dependencies"][extra]) <= added.keys()


def test_the_default_install_is_small() -> None:
    assert len(pinned("runtime")) + 1 <= MAX_DISTRIBUTIONS


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in (ROOT / "constraints" / f"{lock}.txt").read_text("utf-8")
