"""Webhook events that are to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_notices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("response_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_notices"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_notices_receiver",
        "webhook_notices",
        ["receiver", "due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_webhook_notices_expires_at", "webhook_notices", ["expires_at"])


def downgrade() -> None:
    op.drop_table("webhook_notices")
