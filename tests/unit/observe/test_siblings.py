"""Workers of one server tell each other what they have counted, and the dead are not forgotten."""

import multiprocessing
from pathlib import Path

import msgspec
import pytest

from antiphon.metrics import PROCESSES, RETRIES
from antiphon.observe.exposition import Snapshot
from antiphon.observe.siblings import Siblings, siblings

WORDS = RETRIES.name


def put(folder: Path, name: str, said: Snapshot) -> None:
    (folder / name).write_bytes(msgspec.msgpack.encode(said))


def said(at: float) -> Snapshot:
    return Snapshot(at, {WORDS: [(("x",), [5])]}, {PROCESSES.name: [((), [1])]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "family"


def test_others_are_told_of_and_the_dead_have_no_state(folder: Path) -> None:
    mine = Siblings(folder, lambda: 100.0)
    mine.write()
    put(folder, "1", said(99.0))
    put(folder, "2", said(50.0))
    put(folder, "3.new", said(99.0))
    (folder / "4").write_bytes(b"half of")
    living, dead = mine.others()
    assert living == said(99.0)
    assert (dead.totals, dead.levels) == (said(50.0).totals, {})


def test_the_last_one_to_leave_takes_the_folder_away(folder: Path) -> None:
    mine = Siblings(folder, lambda: 100.0)
    put(folder, "1", said(99.0))
    mine.leave()
    assert folder.exists()
    put(folder, "1", msgspec.structs.replace(said(99.0), levels={}))
    mine.leave()
    assert not folder.exists()


def test_a_folder_that_others_may_enter_is_not_used(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(PermissionError):
        Siblings(folder, lambda: 0.0)


def test_a_process_that_no_server_started_has_none() -> None:
    assert multiprocessing.parent_process() is None
    assert siblings() is None
