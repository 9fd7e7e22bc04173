"""Every table, once for all engines: types that SQLite and PostgreSQL both have, and nothing of either's own.

Columns go from small to large, so that looking at a row's facts does not read through its contents.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, String, Table, Text

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

responses: Final = Table(
    "responses",
    metadata,
    Column("id", Text, primary_key=True, doc="The public id. Sorts by time of birth, so rows are added at the end."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("parent_id", Text, doc="The response this one continues. Not a reference: a parent may be deleted first."),
    Column("conversation_id", Text, doc="The conversation it belongs to, if any."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column("expires_at", BigInteger, doc="Unix time in seconds from which it no longer exists; null is never."),
    Column("status", Text, nullable=False, doc="How the answer ended, in the API's words."),
    Column("model", Text, nullable=False, doc="The model as the client named it."),
    Column("provider", Text, nullable=False, doc="Who answered."),
    Column("upstream_id", Text, doc="The provider's own id of the answer."),
    Column("input", LargeBinary, nullable=False, doc="The items that this turn added, as a JSON array."),
    Column("body", LargeBinary, nullable=False, doc="The response object, as the client got it."),
    Column("events", LargeBinary, doc="The stream's frames, joined and deflated; null for an answer not streamed."),
)

# Only what expires is in it, so that keeping everything costs no index.
Index(
    "ix_responses_expires_at",
    responses.c.expires_at,
    sqlite_where=responses.c.expires_at.is_not(None),
    postgresql_where=responses.c.expires_at.is_not(None),
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    Column("tenant", Text, primary_key=True, doc="Whose it is. Every look-up names it."),
    Column("name", Text, primary_key=True, doc="The key as the client sent it."),
    Column("leased_until", BigInteger, nullable=False, doc="Unix time in milliseconds until which somebody answers."),
    Column("expires_at", BigInteger, nullable=False, doc="Unix time in seconds from which it stands for nothing."),
    Column("response_id", Text, nullable=False, doc="The answer, if there is one: it is in `responses`, or to come."),
    Column("digest", LargeBinary, nullable=False, doc="The SHA-256 of the body that came under it."),
)

Index("ix_idempotency_keys_expires_at", idempotency_keys.c.expires_at)

prompts: Final = Table(
    "prompts",
    metadata,
    Column("tenant", Text, primary_key=True, doc="Whose it is. Every look-up names it."),
    Column("id", Text, primary_key=True, doc="The public id: ours, or the tenant's own choice."),
    Column("version", BigInteger, primary_key=True, autoincrement=False, doc="Counts from 1. A row never changes."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column("template", LargeBinary, nullable=False, doc="Members of a create request, as a JSON object."),
)

# Alembic's own, described here so that a new database can be made without importing Alembic.
revision: Final = Table(
    "alembic_version",
    MetaData(naming_convention={"pk": "%(table_name)s_pkc"}),
    Column("version_num", String(32), primary_key=True, doc="The migration that the tables stand at."),
)
