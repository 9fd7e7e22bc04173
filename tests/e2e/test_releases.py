"""Two releases on one database: an older one goes on while a newer one has migrated beneath it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from antiphon.errors import ConfigError
from antiphon.settings import DatabaseSettings, Settings
from antiphon.store import upkeep
from antiphon.store.location import is_postgres
from tests.e2e.exchanges import message, native_whole
from tests.e2e.gateway import NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Provider

NEXT = (
    "ALTER TABLE responses ADD COLUMN of_the_next_release TEXT",
    "ALTER TABLE jobs ADD COLUMN of_the_next_release BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE of_the_next_release (id TEXT NOT NULL PRIMARY KEY)",
    "CREATE INDEX ix_responses_of_the_next_release ON responses (of_the_next_release)",
    "UPDATE alembic_version SET version_num = '9999'",
)
"""What a migration of a newer release may do: add."""

CONTRACTED = "UPDATE alembic_version SET version_num = '9999-9998'"
"""One has taken something away that releases before 9998 need."""


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, native_server: Provider, chat_server: Provider
) -> Iterator[Settings]:
    made = settings_for(tmp_path, native_server.url, chat_server.url)
    if request.param == "sqlite":
        yield made
        return
    server = request.getfixturevalue("postgres_server")
    with closing(psycopg.connect(server.url(), autocommit=True)) as connection:
        connection.execute("CREATE DATABASE releases")
        yield settings_for(
            tmp_path, native_server.url, chat_server.url, database=DatabaseSettings(url=server.url("releases"))
        )
        connection.execute("DROP DATABASE releases WITH (FORCE)")


def say(url: str, *statements: str) -> None:
    if is_postgres(url):
        with closing(psycopg.connect(url)) as postgres, postgres:
            for statement in statements:
                postgres.execute(statement.encode())
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def turn(gateway: Gateway, provider: Provider, parent: str | None) -> str:
    provider.answer(native_whole(message("Yes.")))
    body = {"model": NATIVE_MODEL, "input": "And?", "previous_response_id": parent}
    with gateway.wire() as wire:
        answer = wire.post("/v1/responses", json=body)
        assert answer.status_code == 200, answer.text
        kept = wire.get(f"/v1/responses/{answer.json()['id']}")
    assert kept.json() == answer.json()
    return answer.json()["id"]


def test_an_older_release_serves_beside_a_newer_one(settings: Settings, native: Provider) -> None:
    url = settings.database.url or ""
    with running(settings) as older:
        first = turn(older, native, None)
        say(url, *NEXT)
        second = turn(older, native, first)
        with running(settings) as restarted:
            third = turn(restarted, native, second)
            turn(older, native, third)
            found = upkeep.status(url)
            assert (found.current, found.is_newer, found.pending) == ("9999", True, ())
            with restarted.wire(None) as wire:
                assert wire.get("/health/ready").status_code == 200
                say(url, CONTRACTED)
                unready = wire.get("/health/ready")
                assert unready.status_code == 503
                assert "9999-9998" in unready.json()["checks"]["schema"]
    with pytest.raises(ConfigError, match="made by a newer Antiphon"):
        upkeep.upgrade(url)
