"""Kept responses."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("conversation_id", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("upstream_id", sa.Text),
        sa.Column("input", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("events", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_responses"),
    )
    expiring = sa.text("expires_at IS NOT NULL")
    op.create_index(
        "ix_responses_expires_at", "responses", ["expires_at"], sqlite_where=expiring, postgresql_where=expiring
    )


def downgrade() -> None:
    op.drop_table("responses")
