"""Foreign exceptions become ours in `store`, all of them, and are known nowhere else."""

import ast
import sqlite3
import zlib
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError

from antiphon.errors import BadRequest, ConfigError, StoreFailed
from antiphon.store.failures import FOREIGN, as_ours, sentence_for, start_up
from antiphon.store.statements import positional, text_of
from antiphon.store.tables import responses

PACKAGE = Path(__file__).resolve().parents[2] / "antiphon"
DRIVERS = {"sqlite3", "sqlalchemy", "alembic"}
EVERYTHING_SQLITE_RAISES = [
    kind for kind in vars(sqlite3).values() if isinstance(kind, type) and issubclass(kind, sqlite3.Error)
]


def of_code(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("detail: a path, a value")
    error.sqlite_errorcode = code
    return error


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("kind", [*EVERYTHING_SQLITE_RAISES, SQLAlchemyError, zlib.error, OSError, MemoryError])
def test_every_foreign_error_becomes_ours(kind: type[Exception]) -> None:
    foreign = kind("detail: a path, a value")
    ours = as_ours(foreign)
    assert isinstance(ours, StoreFailed)
    assert ours.__cause__ is foreign
    assert "detail" not in ours.message
    with pytest.raises(ConfigError, match=r"antiphon\.db"), start_up("antiphon.db"):
        raise foreign


def test_errors_that_are_ours_or_mistakes_stay_what_they_are() -> None:
    for error in (BadRequest("no"), KeyError("mistake"), AssertionError()):
        assert as_ours(error) is error
        with pytest.raises(type(error)), start_up("antiphon.db"):
            raise error


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (sqlite3.SQLITE_BUSY, "busy"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "busy"),
        (sqlite3.SQLITE_LOCKED, "busy"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "not written"),
        (sqlite3.SQLITE_FULL, "full"),
        (sqlite3.SQLITE_IOERR_WRITE, "disk"),
        (sqlite3.SQLITE_CANTOPEN, "opened"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "damaged"),
        (sqlite3.SQLITE_NOTADB, "damaged"),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "contradicts"),
        (sqlite3.SQLITE_TOOBIG, "large"),
        (sqlite3.SQLITE_INTERNAL, "failed"),
    ],
)
def test_the_message_says_what_happened(code: int, word: str) -> None:
    assert word in sentence_for(of_code(code))


def test_nobody_else_knows_the_drivers() -> None:
    outside = [path for path in PACKAGE.rglob("*.py") if "store" not in path.relative_to(PACKAGE).parts]
    assert outside
    assert not [str(path.relative_to(PACKAGE)) for path in outside if imports(path) & DRIVERS]


def test_the_sources_of_foreign_errors_are_those_that_are_mapped() -> None:
    assert issubclass(sqlite3.Error, FOREIGN)
    assert issubclass(TimeoutError, FOREIGN)
    assert issubclass(UnicodeEncodeError, FOREIGN)


def test_a_statement_that_would_lose_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="values of its own"):
        text_of(select(responses.c.id).where(responses.c.tenant == "someone"))
    with pytest.raises(ValueError, match="stand in the order"):
        positional(insert(responses), ["tenant", "id"])
