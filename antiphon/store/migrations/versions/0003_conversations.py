"""Conversations, their items, and the way from the conversation of a chain to its responses."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    continuing = sa.text("parent_id >= 'resp_'")
    op.create_index(
        "ix_responses_conversation_id",
        "responses",
        ["conversation_id", "id"],
        sqlite_where=continuing,
        postgresql_where=continuing,
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("held_until", sa.BigInteger),
        sa.Column("metadata", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_table(
        "conversation_items",
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("compaction", sa.Boolean, nullable=False),
        sa.Column("provider", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "position", name="pk_conversation_items"),
    )
    compaction = sa.text("compaction")
    op.create_index(
        "ix_conversation_items_compaction",
        "conversation_items",
        ["conversation_id", "position"],
        sqlite_where=compaction,
        postgresql_where=compaction,
    )
    op.create_index("ux_conversation_items_item_id", "conversation_items", ["conversation_id", "item_id"], unique=True)


def downgrade() -> None:
    op.drop_table("conversation_items")
    op.drop_table("conversations")
    op.drop_index("ix_responses_conversation_id", "responses")
