"""One connection to PostgreSQL on libpq itself, with the manners of SQLite's: the same work is done on both.

A statement is prepared once in each connection, its parameters go as text or bytes, its rows come in binary form. That
takes a third of the time of psycopg's own cursors (docs/decisions/0029-postgresql.md).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Error, pq
from psycopg.adapt import Transformer

from antiphon.store.failures import Refusal
from antiphon.store.statements import Numbered, Parameters, Statement

_DONE: Final = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.EMPTY_QUERY)
_BINARY: Final = 1
_NUL: Final = "\x00"
_SHOWN_NUL: Final = "\N{SYMBOL FOR NULL}"


class Rows:
    """Implements `Cursor` for rows that are all here."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Iterable[tuple[Any, ...]], rowcount: int) -> None:
        """`rowcount` as PostgreSQL tells it."""
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class Session:
    """Implements `Connection`, `afterwards` too. Each statement commits by itself until `begin`. All raise Refusal."""

    def __init__(self, connection: pq.abc.PGconn, setting: bytes) -> None:
        """`setting` is said first."""
        self.afterwards: list[Callable[[], None]] = []
        self._connection = connection
        self._prepared: dict[bytes, bytes] = {}
        self._loading = Transformer()
        self.say(setting)

    def execute(self, statement: str, parameters: Parameters = (), /) -> Rows:
        numbered = _numbered(statement)
        name = self._name(numbered)
        values, formats = _bound(_in_order(numbered, parameters))
        with _lost():
            result = self._connection.exec_prepared(name, values, formats, _BINARY)
        return self._rows(result)

    def executemany(self, statement: str, parameters: Iterable[Parameters], /) -> Rows:
        """As often as there are parameters, by one round trip."""
        numbered = _numbered(statement)
        many = [_bound(_in_order(numbered, each)) for each in parameters]
        if not many:
            return Rows((), 0)
        name, connection = self._name(numbered), self._connection
        with _lost():
            connection.enter_pipeline_mode()
            try:
                for values, formats in many:
                    connection.send_query_prepared(name, values, formats, _BINARY)
                connection.pipeline_sync()
                results = _pipelined(connection)
            finally:
                connection.exit_pipeline_mode()
        return Rows((), sum(self._rows(result).rowcount for result in results))

    def say(self, text: bytes) -> str | None:
        """Says something without parameters; the first value of its last row as text, if there is one."""
        with _lost():
            result = self._connection.exec_(text)
        self._check(result)
        value = result.get_value(0, 0) if result.ntuples else None
        return None if value is None else value.decode()

    def begin(self) -> str:
        """Begins a transaction: its number, by which `has_committed` can be asked."""
        return self.say(b"BEGIN; SELECT pg_current_xact_id()::text") or ""

    def commit(self) -> None:
        with _lost():
            result = self._connection.exec_(b"COMMIT")
        self._check(result)

    def rollback(self) -> None:
        """Nothing where there is no transaction, or no connection."""
        if self._connection.status == pq.ConnStatus.OK and self._connection.transaction_status in (
            pq.TransactionStatus.INTRANS,
            pq.TransactionStatus.INERROR,
        ):
            self.say(b"ROLLBACK")

    def has_committed(self, transaction: str) -> bool:
        """Whether a transaction of a connection that was lost came to its end. Refused while it is on its way there."""
        outcome = self.say(b"SELECT pg_xact_status('%b'::xid8)" % transaction.encode())
        if outcome == "in progress":
            raise Refusal("The server has not yet noticed that the connection was lost.")
        return outcome == "committed"

    def notices(self) -> list[str]:
        """What others have said on the channels that are listened to, so far."""
        found: list[str] = []
        with _lost():
            self._connection.consume_input()
            while (notice := self._connection.notifies()) is not None:
                found.append(notice.extra.decode())
        if self._connection.status != pq.ConnStatus.OK:
            raise Refusal("The connection was lost.")
        return found

    def close(self) -> None:
        self._connection.finish()

    def _name(self, numbered: Numbered) -> bytes:
        name = self._prepared.get(numbered.text)
        if name is None:
            name = b"antiphon_%d" % len(self._prepared)
            with _lost():
                result = self._connection.prepare(name, numbered.text)
            self._check(result)
            self._prepared[numbered.text] = name
        return name

    def _rows(self, result: pq.abc.PGresult) -> Rows:
        self._check(result)
        if result.status != pq.ExecStatus.TUPLES_OK:
            return Rows((), result.command_tuples or 0)
        self._loading.set_pgresult(result)
        return Rows(self._loading.load_rows(0, result.ntuples, tuple), result.command_tuples or 0)

    def _check(self, result: pq.abc.PGresult) -> None:
        if result.status not in _DONE:
            raise refusal_of(result, is_lost=self._connection.status != pq.ConnStatus.OK)


def refusal_of(result: pq.abc.PGresult, *, is_lost: bool) -> Refusal:
    """What PostgreSQL has said in place of a result."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    said = result.error_message.decode("utf-8", "replace").strip()
    return Refusal(said, None if state is None or is_lost else state.decode())


@contextmanager
def _lost() -> Generator[None]:
    """What the driver raises is about the connection: what PostgreSQL says comes as a result."""
    try:
        yield
    except Error as error:
        raise Refusal(str(error)) from error


def _numbered(statement: str) -> Numbered:
    if not isinstance(statement, Statement):
        message = f"Only what `text_of` or `positional` made can be said to PostgreSQL, not {statement!r}."
        raise TypeError(message)
    return statement.numbered


def _in_order(numbered: Numbered, parameters: Parameters) -> Sequence[Any]:
    return [parameters[name] for name in numbered.names] if isinstance(parameters, Mapping) else parameters


def _bound(values: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """The values as they are sent, and whether as bytes (1) or as text (0).

    A text cannot hold the character NUL here, which nobody's id or key needs: it becomes the sign that shows it.
    """
    bound: list[Any] = []
    formats: list[int] = []
    for value in values:
        match value:
            case str():
                bound.append((value.replace(_NUL, _SHOWN_NUL) if _NUL in value else value).encode())
            case bytes() | None:
                bound.append(value)
            case bool():
                bound.append(b"t" if value else b"f")
            case int():
                bound.append(b"%d" % value)
            case _:
                bound.append(str(value).encode())
        formats.append(1 if type(value) is bytes else 0)
    return bound, formats


def _pipelined(connection: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """The results up to the end of the pipeline; what follows one that failed is not done and not among them."""
    results: list[pq.abc.PGresult] = []
    while True:
        result = connection.get_result()
        if result is None:
            if connection.status != pq.ConnStatus.OK:
                raise Refusal("The connection was lost.")
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        if result.status != pq.ExecStatus.PIPELINE_ABORTED:
            results.append(result)
