"""Kept chat completions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_completions",
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("metadata", sa.LargeBinary, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_chat_completions"),
    )
    op.create_table(
        "chat_completion_pairs",
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("serial", "name", name="pk_chat_completion_pairs"),
    )
    op.create_index("ux_chat_completions_id", "chat_completions", ["tenant", "id"], unique=True)
    op.create_index("ix_chat_completions_tenant", "chat_completions", ["tenant", "serial"])
    op.create_index("ix_chat_completion_pairs_tenant", "chat_completion_pairs", ["tenant", "name", "value", "serial"])
    expiring = sa.text("expires_at IS NOT NULL")
    for table in ("chat_completions", "chat_completion_pairs"):
        op.create_index(
            f"ix_{table}_expires_at", table, ["expires_at"], sqlite_where=expiring, postgresql_where=expiring
        )


def downgrade() -> None:
    op.drop_table("chat_completion_pairs")
    op.drop_table("chat_completions")
