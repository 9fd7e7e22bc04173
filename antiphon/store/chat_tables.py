"""The tables of kept chat completions, on the same terms as `tables.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from antiphon.store.tables import metadata

chat_completions: Final = Table(
    "chat_completions",
    metadata,
    Column("serial", Text, primary_key=True, doc="Our own name for it. Sorts by time of birth."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("id", Text, nullable=False, doc="What its client calls it: ours, or a provider's."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column("expires_at", BigInteger, doc="Unix time in seconds from which it no longer exists; null is never."),
    Column("asked", Text, nullable=False, doc="The model as the client named it."),
    Column("target", Text, nullable=False, doc="Who answered: provider/model."),
    Column("model", Text, nullable=False, doc="The model as the answer names it."),
    Column("metadata", LargeBinary, nullable=False, doc="The client's pairs, as a JSON object."),
    Column("request", LargeBinary, nullable=False, doc="The client's body, deflated."),
    Column("body", LargeBinary, nullable=False, doc="The chat completion, as the client got it."),
)

Index("ux_chat_completions_id", chat_completions.c.tenant, chat_completions.c.id, unique=True)
Index("ix_chat_completions_tenant", chat_completions.c.tenant, chat_completions.c.serial)
Index(
    "ix_chat_completions_expires_at",
    chat_completions.c.expires_at,
    sqlite_where=chat_completions.c.expires_at.is_not(None),
    postgresql_where=chat_completions.c.expires_at.is_not(None),
)

chat_completion_pairs: Final = Table(
    "chat_completion_pairs",
    metadata,
    Column("serial", Text, primary_key=True, doc="Whose pair it is. Removed together with it."),
    Column("name", Text, primary_key=True, doc="The key."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("expires_at", BigInteger, doc="As that of the completion."),
    Column("value", Text, nullable=False, doc="What stands under the key."),
)

Index(
    "ix_chat_completion_pairs_tenant",
    chat_completion_pairs.c.tenant,
    chat_completion_pairs.c.name,
    chat_completion_pairs.c.value,
    chat_completion_pairs.c.serial,
)
Index(
    "ix_chat_completion_pairs_expires_at",
    chat_completion_pairs.c.expires_at,
    sqlite_where=chat_completion_pairs.c.expires_at.is_not(None),
    postgresql_where=chat_completion_pairs.c.expires_at.is_not(None),
)
