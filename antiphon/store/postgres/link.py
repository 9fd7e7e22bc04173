"""A connection that is made anew when it was lost, and what is known of a database that cannot be reached."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from msgspec import Struct
from psycopg import DataError, Error, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from antiphon.errors import ConfigError
from antiphon.store.failures import Refusal
from antiphon.store.postgres.sealed_session import SealedSession
from antiphon.store.postgres.session import Session
from antiphon.store.vault import Vault

CONNECT_SECONDS: Final = 5
_HIGHEST_PORT: Final = 65_535
_PAUSE_SECONDS: Final = 0.1
_STARTING: Final = ("starting up", "shutting down", "recovery", "too many clients", "remaining connection slots")
_logger: Final = logging.getLogger("antiphon.store")


class Address(Struct, frozen=True):
    """Where PostgreSQL is, as libpq is told, and how it is talked to."""

    conninfo: str
    wait_seconds: float
    statement_seconds: float
    synchronous: bool

    def setting(self, *, writes: bool, synchronous: bool = True) -> bytes:
        """What each connection is told first."""
        limit = int(self.statement_seconds * 1000)
        told = {
            "statement_timeout": limit,
            "lock_timeout": limit // 2,
            "idle_in_transaction_session_timeout": limit * 2,
            "synchronous_commit": "on" if self.synchronous and synchronous else "off",
            "default_transaction_isolation": "'read committed'",
            "default_transaction_read_only": "off" if writes else "on",
            "jit": "off",
        }
        return "; ".join(f"SET {name} = {value}" for name, value in told.items()).encode()


def address_of(url: str, *, wait_seconds: float, statement_seconds: float = 30.0, synchronous: bool = True) -> Address:
    """Raises ConfigError, without repeating the address: it may hold a password."""
    try:
        said = conninfo_to_dict(url)
        if not all(map(_is_port, str(said.get("port") or "").split(","))):
            raise DataError("a port is a number")
    except Error as error:
        spelled = "postgresql://user:password@host:5432/database?sslmode=verify-full"
        raise ConfigError(f"The address of PostgreSQL is none that it understands: write {spelled}.") from error
    usual = {
        "application_name": "antiphon",
        "connect_timeout": CONNECT_SECONDS,
        # A copy takes no writes, and after a change of roles the other host is to be found.
        "target_session_attrs": "read-write",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    conninfo = make_conninfo("", **{**usual, **said, "client_encoding": "utf8"})
    return Address(conninfo, wait_seconds, statement_seconds, synchronous)


def _is_port(text: str) -> bool:
    """Of several hosts, each may have its own; libpq looks at them only when it connects."""
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) <= _HIGHEST_PORT)


class Trouble:
    """What all connections of a process know of a database that cannot be reached. Written by any thread."""

    def __init__(self) -> None:
        """None."""
        self.since: float | None = None
        self._ended = 0.0
        self._lock = threading.Lock()

    def begins(self, error: Refusal, opened: float | None) -> None:
        """`opened` is when the connection was made that was lost, None where none could be made.

        One from before the end of the last trouble was lost in that one, and is only found so now.
        """
        self.refusal = error
        with self._lock:
            if self.since is None and (opened is None or opened > self._ended):
                self.since = time.monotonic()
                _logger.warning("PostgreSQL cannot be used: %s", str(error).replace("\n", " "))

    def is_over(self) -> None:
        """A connection has been made."""
        with self._lock:
            if self.since is not None:
                self._ended = time.monotonic()
                _logger.warning("PostgreSQL can be used again, after %.1f s", self._ended - self.since)
                self.since = None


class Link:
    """At most one connection, in the hands of one thread."""

    def __init__(self, address: Address, trouble: Trouble, *, writes: bool, vault: Vault | None = None) -> None:
        """Opens nothing. `vault` encrypts what was said."""
        self.writes = writes
        self._vault = vault
        self._address = address
        self._trouble = trouble
        self._setting = address.setting(writes=writes)
        self._session: Session | None = None
        self._opened = 0.0

    def session(self) -> Session:
        """The connection, made if need be. Raises Refusal."""
        if self._session is None:
            connection = connected(self._address)
            if self._vault is None:
                self._session = Session(connection, self._setting)
            else:
                self._session = SealedSession(connection, self._setting, self._vault)
            self._trouble.is_over()
            self._opened = time.monotonic()
        return self._session

    def drop(self) -> None:
        """Closes the connection, which is of no use any more."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def may_go_on(self, refusal: Refusal, since: float) -> bool:
        """After what was refused for no fault of its own: whether it may be tried again, after a pause made here.

        It may for as long as the database is waited for, counted from `since` or, if that is earlier, from when it was
        last of use to anybody: whoever comes later is told at once.
        """
        trouble = self._trouble
        if refusal.is_lost:
            opened = None if self._session is None else self._opened
            self.drop()
            trouble.begins(refusal, opened)
        waiting = since if trouble.since is None else min(since, trouble.since)
        if time.monotonic() - waiting > self._address.wait_seconds:
            return False
        time.sleep(_PAUSE_SECONDS)
        return True


def connected(address: Address) -> pq.abc.PGconn:
    """Raises Refusal."""
    connection = pq.PGconn.connect(address.conninfo.encode())
    if connection.status != pq.ConnStatus.OK:
        said = connection.error_message.decode("utf-8", "replace").strip()
        connection.finish()
        raise Refusal(said)
    return connection


def opened(address: Address) -> Session:
    """A first connection. Waits for a database that is only just starting. Raises ConfigError."""
    deadline = time.monotonic() + address.wait_seconds
    while True:
        try:
            return Session(connected(address), address.setting(writes=True))
        except Refusal as refusal:
            said = str(refusal)
            is_final = "FATAL" in said and not any(word in said for word in _STARTING)
            if is_final or time.monotonic() > deadline:
                raise ConfigError(f"PostgreSQL cannot be used: {said}") from refusal
        time.sleep(_PAUSE_SECONDS)
