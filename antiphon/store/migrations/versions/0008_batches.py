"""Batches and their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("key_name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("time_window", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ends_by", sa.BigInteger, nullable=False),
        sa.Column("in_progress_at", sa.BigInteger),
        sa.Column("finalizing_at", sa.BigInteger),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("failed_at", sa.BigInteger),
        sa.Column("expired_at", sa.BigInteger),
        sa.Column("cancelling_at", sa.BigInteger),
        sa.Column("cancelled_at", sa.BigInteger),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("canceled", sa.BigInteger, nullable=False),
        sa.Column("expired", sa.BigInteger, nullable=False),
        sa.Column("own", sa.Boolean, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("output_seconds", sa.BigInteger),
        sa.Column("input_file_id", sa.Text),
        sa.Column("output_file_id", sa.Text),
        sa.Column("error_file_id", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("betas", sa.Text),
        sa.Column("metadata", sa.LargeBinary),
        sa.Column("errors", sa.LargeBinary),
        sa.Column("usage", sa.LargeBinary),
        sa.Column("native", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_tenant", "batches", ["tenant", "kind", "id"])
    due, running = sa.text("due_at IS NOT NULL"), sa.text("status = 'in_progress'")
    op.create_index("ix_batches_due_at", "batches", ["due_at"], sqlite_where=due, postgresql_where=due)
    op.create_index("ix_batches_id_running", "batches", ["id"], sqlite_where=running, postgresql_where=running)
    op.create_table(
        "batch_lines",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("custom_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("holder", sa.Text),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("request_id", sa.Text),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_lines"),
    )
    unended, held = sa.text("outcome IS NULL"), sa.text("holder IS NOT NULL")
    op.create_index(
        "ix_batch_lines_unended",
        "batch_lines",
        ["batch_id", "number"],
        sqlite_where=unended,
        postgresql_where=unended,
    )
    op.create_index("ix_batch_lines_holder", "batch_lines", ["holder"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    op.drop_table("batch_lines")
    op.drop_table("batches")
