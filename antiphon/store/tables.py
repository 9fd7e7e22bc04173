"""Every table, once for all engines: types that SQLite and PostgreSQL both have, and nothing of either's own.

Columns go from small to large, so that looking at a row's facts does not read through its contents.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    text,
)

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
    Column(
        "parent_id",
        Text,
        doc="What it continues: a response, or a conversation as it was. Not a reference: either may be deleted first.",
    ),
    Column("conversation_id", Text, doc="The conversation it belongs to, if any."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column("expires_at", BigInteger, doc="Unix time in seconds from which it no longer exists; null is never."),
    Column("status", Text, nullable=False, doc="How the answer ended, or that it has not, in the API's words."),
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

jobs: Final = Table(
    "jobs",
    metadata,
    Column("response_id", Text, primary_key=True, doc="The answer that is to be given. Sorts by time of birth."),
    Column("tenant", Text, nullable=False, doc="Whose it is."),
    Column("key_name", Text, nullable=False, doc="The name of the key it was asked with."),
    Column("attempt", BigInteger, nullable=False, doc="How often it was claimed: only the newest claim counts."),
    Column("leased_until", BigInteger, nullable=False, doc="Unix time in milliseconds; from then on nobody has it."),
    Column("request", LargeBinary, nullable=False, doc="The client's body."),
)

Index("ix_jobs_tenant", jobs.c.tenant, jobs.c.leased_until)

response_events: Final = Table(
    "response_events",
    metadata,
    Column("response_id", Text, primary_key=True, doc="The answer that is being given."),
    Column("first", BigInteger, primary_key=True, doc="The sequence number of the first event."),
    Column("last", BigInteger, nullable=False, doc="The sequence number of the last event."),
    Column("frames", LargeBinary, nullable=False, doc="The events as Server-Sent Events frames, joined."),
)

webhook_notices: Final = Table(
    "webhook_notices",
    metadata,
    Column("id", Text, primary_key=True, doc="The event's id, made from response, type and receiver."),
    Column("receiver", Text, nullable=False, doc="Who is to be told: a name made from the address."),
    Column("state", Text, nullable=False, doc="waiting, delivered or dead."),
    Column("tries", BigInteger, nullable=False, doc="How often it was claimed. Whoever settles a claim names its try."),
    Column("due_at", BigInteger, nullable=False, doc="Unix time in seconds from which it may be claimed."),
    Column("expires_at", BigInteger, nullable=False, doc="Unix time in seconds from which it no longer exists."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds at which the answer ended."),
    Column("type", Text, nullable=False, doc="The event's type, such as response.completed."),
    Column("response_id", Text, nullable=False, doc="The response that ended."),
)

# Only what waits is in it; `waiting` stands in the text of statements, since a bound value would not match.
Index(
    "ix_webhook_notices_receiver",
    webhook_notices.c.receiver,
    webhook_notices.c.due_at,
    sqlite_where=webhook_notices.c.state == literal_column("'waiting'"),
    postgresql_where=webhook_notices.c.state == literal_column("'waiting'"),
)
Index("ix_webhook_notices_expires_at", webhook_notices.c.expires_at)

# Only what goes on from another response is in it, so that a turn by itself costs no entry: the conversation of a chain
# is named after its root, and so finds that by its id. The letters keep out what was answered in a conversation.
CONTINUING: Final = "parent_id >= 'resp_'"
Index(
    "ix_responses_conversation_id",
    responses.c.conversation_id,
    responses.c.id,
    sqlite_where=text(CONTINUING),
    postgresql_where=text(CONTINUING),
)

conversations: Final = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True, doc="The public id."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("state", Text, nullable=False, doc="own: has items; chain: only metadata; deleted: never to be seen again."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column("last_position", BigInteger, nullable=False, doc="The highest position that an item was ever given."),
    Column("holder", Text, doc="The response that is being made in it, if any."),
    Column("held_until", BigInteger, doc="Unix time in seconds from which the hold has lapsed."),
    Column("metadata", LargeBinary, nullable=False, doc="The client's pairs, as a JSON object."),
)

conversation_items: Final = Table(
    "conversation_items",
    metadata,
    Column("conversation_id", Text, primary_key=True, doc="Whose item it is. Removed together with it."),
    Column("position", BigInteger, primary_key=True, autoincrement=False, doc="Its place, from 1; gaps stay."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("item_id", Text, nullable=False, doc="The public id, of which the conversation has no other."),
    Column("compaction", Boolean, nullable=False, doc="Whether it stands for everything before it."),
    Column("provider", Text, doc="Who made it; null for what a client brought."),
    Column("body", LargeBinary, nullable=False, doc="The item as JSON. The id in it may be another."),
)

Index("ux_conversation_items_item_id", conversation_items.c.conversation_id, conversation_items.c.item_id, unique=True)
Index(
    "ix_conversation_items_compaction",
    conversation_items.c.conversation_id,
    conversation_items.c.position,
    sqlite_where=conversation_items.c.compaction,
    postgresql_where=conversation_items.c.compaction,
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
