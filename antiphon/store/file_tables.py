"""The tables of files, as `tables.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from antiphon.store.tables import metadata

files: Final = Table(
    "files",
    metadata,
    Column("id", Text, primary_key=True, doc="The public id. Sorts by time of birth."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("state", Text, nullable=False, doc="uploading: nobody sees it; whole; deleted: its chunks are to go."),
    Column("purpose", Text, nullable=False, doc="What it is for, in the API's words."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column(
        "expires_at",
        BigInteger,
        doc="Unix time in seconds from which it no longer exists; null is never. An upload's is put off by each chunk.",
    ),
    Column("bytes", BigInteger, nullable=False, doc="How long it is, or has become so far."),
    Column("chunks", BigInteger, nullable=False, doc="How many chunks there are of it."),
    Column("media_type", Text, nullable=False, doc="What it is, as a media type."),
    Column("filename", Text, nullable=False, doc="The name that its owner gave it."),
)

Index("ix_files_tenant", files.c.tenant, files.c.id)

# Only what expires is in it.
Index(
    "ix_files_expires_at",
    files.c.expires_at,
    sqlite_where=files.c.expires_at.is_not(None),
    postgresql_where=files.c.expires_at.is_not(None),
)

file_chunks: Final = Table(
    "file_chunks",
    metadata,
    Column("file_id", Text, primary_key=True, doc="Whose chunk it is. Removed before its file is."),
    Column("position", BigInteger, primary_key=True, autoincrement=False, doc="Its place, from 0, without gaps."),
    Column("data", LargeBinary, nullable=False, doc="A piece of the content."),
)

file_copies: Final = Table(
    "file_copies",
    metadata,
    Column("file_id", Text, primary_key=True, doc="What was copied. Not a reference: the file goes first."),
    Column("provider", Text, primary_key=True, doc="Who has the copy."),
    Column("account", Text, primary_key=True, doc="A digest of whose it is there."),
    Column("expires_at", BigInteger, doc="Unix time in seconds from which the provider has it no more; null is never."),
    Column(
        "due_at", BigInteger, doc="Unix time in seconds from which to remove it there; null while its file is here."
    ),
    Column("vendor_id", Text, nullable=False, doc="The provider's name for it."),
)

Index(
    "ix_file_copies_expires_at",
    file_copies.c.expires_at,
    sqlite_where=file_copies.c.expires_at.is_not(None),
    postgresql_where=file_copies.c.expires_at.is_not(None),
)

Index(
    "ix_file_copies_due_at",
    file_copies.c.due_at,
    sqlite_where=file_copies.c.due_at.is_not(None),
    postgresql_where=file_copies.c.due_at.is_not(None),
)

file_uploads: Final = Table(
    "file_uploads",
    metadata,
    Column("id", Text, primary_key=True, doc="The public id. Its parts are files of the tenant `{tenant}/{id}`."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("status", Text, nullable=False, doc="pending, completing, completed or cancelled."),
    Column("purpose", Text, nullable=False, doc="What the file is for, in the API's words."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds."),
    Column("expires_at", BigInteger, nullable=False, doc="Unix time in seconds from which it no longer exists."),
    Column("lasts", BigInteger, doc="How many seconds the file is to be kept; null is as long as files are."),
    Column("bytes", BigInteger, nullable=False, doc="How long its owner says it will be."),
    Column("media_type", Text, nullable=False, doc="What it is, as a media type."),
    Column("filename", Text, nullable=False, doc="The name that its owner gave it."),
    Column("file_id", Text, doc="What it became, or is becoming."),
)

Index("ix_file_uploads_tenant", file_uploads.c.tenant)
Index("ix_file_uploads_expires_at", file_uploads.c.expires_at)
