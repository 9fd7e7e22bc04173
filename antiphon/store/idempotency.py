"""Idempotency keys in SQLite.

Law: whether a key is answered is not written down but looked up: its response is stored, or it is not. So the commit
that stores an answer is the one that ends the work under its key, and no crash can come between the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Exists,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from antiphon.conversation_protocols import Alongside
from antiphon.errors import Superseded
from antiphon.kept import Claim, Holder
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.failures import outrun
from antiphon.store.statements import Connection, text_of
from antiphon.store.tables import idempotency_keys, responses

Parameters = dict[str, str | int | bytes]

_keys = idempotency_keys.c


class SqlIdempotencyKeys:
    """The `IdempotencyKeys` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock, *, lease_seconds: float, keep_seconds: float) -> None:
        """`clock` decides what has lapsed and what has expired."""
        self._database = database
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._keep_seconds = keep_seconds
        self._statements = _Statements(
            free=text_of(delete(idempotency_keys).where(_named(), _is_free())),
            take=text_of(_take()),
            look=text_of(_look()),
            renew=text_of(_renew()),
            hold=text_of(_hold()),
            named=text_of(select(_keys.response_id).where(_named())),
            release=text_of(delete(idempotency_keys).where(_named(), _is_claims(), not_(_answered()))),
        )

    async def claim(self, claim: Claim) -> Holder:
        return await self._database.write(_Take(self._statements, self._parameters(claim)))

    async def look(self, tenant: str, key: str) -> Holder | None:
        return await self._database.read(_Look(self._statements.look, self._place(tenant, key)))

    def holding(self, claim: Claim) -> Alongside:
        return _Holding(self._statements, self._parameters(claim))

    async def renew(self, claims: Sequence[Claim]) -> None:
        await self._database.write(_Each(self._statements.renew, [self._parameters(claim) for claim in claims]))

    async def release(self, claim: Claim) -> None:
        await self._database.write(_Each(self._statements.release, [self._parameters(claim)]))

    def _place(self, tenant: str, key: str) -> Parameters:
        now = self._clock()
        return {"tenant": tenant, "name": key, "now": int(now), "now_milliseconds": int(now * 1000)}

    def _parameters(self, claim: Claim) -> Parameters:
        now = self._clock()
        return self._place(claim.tenant, claim.key) | {
            "digest": claim.digest,
            "response_id": claim.response_id,
            "leased_until": int((now + self._lease_seconds) * 1000),
            "expires_at": int(now + self._keep_seconds),
        }


class _Statements(Struct, frozen=True):
    free: str
    take: str
    look: str
    renew: str
    hold: str
    named: str
    release: str


class _Take:
    """Three statements in one transaction, so that of two that want a key one gets it."""

    def __init__(self, statements: _Statements, parameters: Parameters) -> None:
        self._statements = statements
        self._parameters = parameters

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> Holder:
        for statement in (self._statements.free, self._statements.take):
            connection.execute(statement, self._parameters)
        row = connection.execute(self._statements.look, self._parameters).fetchone()
        if row is None:
            raise outrun()
        digest, response_id, answered = row
        return Holder(digest, response_id, bool(answered))


class _Holding:
    """Changes nothing, and keeps others from taking the key until the transaction ends."""

    def __init__(self, statements: _Statements, parameters: Parameters) -> None:
        self._statements = statements
        self._parameters = parameters

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        if connection.execute(self._statements.hold, self._parameters).rowcount > 0:
            return
        # A key whose time is over is nobody's; one that somebody else has taken is gone.
        if connection.execute(self._statements.named, self._parameters).fetchone() is not None:
            raise Superseded("Another process has taken this request over. Send it again to have its answer.")


class _Look:
    def __init__(self, statement: str, parameters: Parameters) -> None:
        self._statement = statement
        self._parameters = parameters

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> Holder | None:
        row = connection.execute(self._statement, self._parameters).fetchone()
        return None if row is None else Holder(row[0], row[1], bool(row[2]))


class _Each:
    def __init__(self, statement: str, parameters: Sequence[Parameters]) -> None:
        self._statement = statement
        self._parameters = parameters

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        connection.executemany(self._statement, self._parameters)


def _named() -> ColumnElement[bool]:
    return and_(_keys.tenant == bindparam("tenant"), _keys.name == bindparam("name"))


def _is_claims() -> ColumnElement[bool]:
    return _keys.response_id == bindparam("response_id")


def _answered() -> Exists:
    return exists().where(
        responses.c.id == _keys.response_id,
        responses.c.tenant == _keys.tenant,
        or_(responses.c.expires_at.is_(None), responses.c.expires_at > bindparam("now")),
    )


def _is_free() -> ColumnElement[bool]:
    lapsed = and_(_keys.leased_until <= bindparam("now_milliseconds"), not_(_answered()))
    return or_(_keys.expires_at <= bindparam("now"), lapsed)


def _take() -> ClauseElement:
    """An insert that does nothing where there is such a row, in words that every engine knows."""
    columns = list(idempotency_keys.columns)
    values = select(*[bindparam(column.name, type_=column.type) for column in columns]).where(
        not_(exists(literal_column("1")).select_from(idempotency_keys).where(_named()))
    )
    return insert(idempotency_keys).from_select([column.name for column in columns], values)


def _look() -> ClauseElement:
    return select(_keys.digest, _keys.response_id, _answered()).where(_named(), not_(_is_free()))


def _hold() -> ClauseElement:
    return update(idempotency_keys).where(_named(), _is_claims()).values(leased_until=_keys.leased_until)


def _renew() -> ClauseElement:
    return update(idempotency_keys).where(_named(), _is_claims()).values(leased_until=bindparam("leased_until"))
