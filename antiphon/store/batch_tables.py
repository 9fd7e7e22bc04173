"""The tables of batches, on the same metadata as all others; types and order of columns as `tables` says."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text, text

from antiphon.store.tables import metadata

batches: Final = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True, doc="The public id. Sorts by time of birth."),
    Column("tenant", Text, nullable=False, doc="Whose it is. Every look-up names it."),
    Column("key_name", Text, nullable=False, doc="The name of the key it was asked with."),
    Column("kind", Text, nullable=False, doc="Whose API it came by: openai or anthropic."),
    Column("status", Text, nullable=False, doc="In the words of OpenAI's API."),
    Column("endpoint", Text, nullable=False, doc="What each of its lines is a request for."),
    Column("time_window", Text, nullable=False, doc="The completion window, as the client wrote it."),
    Column("created_at", BigInteger, nullable=False, doc="Unix time in seconds, as every other moment here."),
    Column("ends_by", BigInteger, nullable=False, doc="The end of the completion window."),
    Column("in_progress_at", BigInteger, doc="When its lines were all known."),
    Column("finalizing_at", BigInteger, doc="When its last line had ended."),
    Column("completed_at", BigInteger, doc="When its files were there."),
    Column("failed_at", BigInteger, doc="When its input file was found wanting."),
    Column("expired_at", BigInteger, doc="When its files were there, after the window had ended."),
    Column("cancelling_at", BigInteger, doc="When it was cancelled."),
    Column("cancelled_at", BigInteger, doc="When that was done."),
    Column("total", BigInteger, nullable=False, doc="How many lines it has."),
    Column("completed", BigInteger, nullable=False, doc="How many of them ended well."),
    Column("failed", BigInteger, nullable=False, doc="How many were answered with an error."),
    Column("canceled", BigInteger, nullable=False, doc="How many were not asked, or given up, for it was cancelled."),
    Column("expired", BigInteger, nullable=False, doc="How many were not asked, or given up, for it was too late."),
    Column("own", Boolean, nullable=False, doc="Whether our workers answer its lines; else a provider's batch does."),
    Column("attempt", BigInteger, nullable=False, doc="How often it was claimed: only the newest claim counts."),
    Column("due_at", BigInteger, doc="Unix time in milliseconds from which it may be claimed; null is never."),
    Column("output_seconds", BigInteger, doc="How long the files of its answers are kept; null is for ever."),
    Column("input_file_id", Text, doc="The file that its lines were read from."),
    Column("output_file_id", Text, doc="The file of lines that ended well."),
    Column("error_file_id", Text, doc="The file of all others."),
    Column("model", Text, doc="The model of all lines; null where there are several."),
    Column("betas", Text, doc="The betas of Anthropic's that its lines need."),
    Column("metadata", LargeBinary, doc="The client's pairs, as a JSON object."),
    Column("errors", LargeBinary, doc="What is wrong with the input file, as a JSON object."),
    Column("usage", LargeBinary, doc="What all lines used together, as a JSON object."),
    Column("native", LargeBinary, doc="Where things stand with a provider's own batch, as a JSON object."),
)

Index("ix_batches_tenant", batches.c.tenant, batches.c.kind, batches.c.id)

# Only what somebody is to look at once more is in it.
Index(
    "ix_batches_due_at",
    batches.c.due_at,
    sqlite_where=batches.c.due_at.is_not(None),
    postgresql_where=batches.c.due_at.is_not(None),
)

# Stands in the text of statements too, since a bound value would not match.
RUNNING: Final = "status = 'in_progress'"
Index("ix_batches_id_running", batches.c.id, sqlite_where=text(RUNNING), postgresql_where=text(RUNNING))

batch_lines: Final = Table(
    "batch_lines",
    metadata,
    Column("batch_id", Text, primary_key=True, doc="Whose line it is. Removed together with it."),
    Column("number", BigInteger, primary_key=True, autoincrement=False, doc="Its place, from 1; gaps are blank lines."),
    Column("tenant", Text, nullable=False, doc="Whose it is."),
    Column("custom_id", Text, nullable=False, doc="The client's name for it, of which the batch has no other."),
    Column("outcome", Text, doc="succeeded, errored, canceled or expired; null while it has not ended."),
    Column("holder", Text, doc="The worker that has it."),
    Column("attempt", BigInteger, nullable=False, doc="How often it was claimed: only the newest claim counts."),
    Column("tries", BigInteger, nullable=False, doc="How many answers it has had that were worth another try."),
    Column("leased_until", BigInteger, nullable=False, doc="Unix time in milliseconds from which it may be claimed."),
    Column("status", BigInteger, doc="The HTTP status of its answer."),
    Column("request_id", Text, doc="What the log calls the request that was answered."),
    Column("request", LargeBinary, nullable=False, doc="The body of the request; empty once it has ended."),
    Column("answer", LargeBinary, doc="The body of the answer."),
)

UNENDED: Final = "outcome IS NULL"
HELD: Final = "holder IS NOT NULL"
Index(
    "ix_batch_lines_unended",
    batch_lines.c.batch_id,
    batch_lines.c.number,
    sqlite_where=text(UNENDED),
    postgresql_where=text(UNENDED),
)
Index("ix_batch_lines_holder", batch_lines.c.holder, sqlite_where=text(HELD), postgresql_where=text(HELD))
