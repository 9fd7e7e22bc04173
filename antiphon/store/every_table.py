"""Every table: each family of them puts its own into the one metadata as it is imported."""

from __future__ import annotations

from typing import Final

from antiphon.store import batch_tables, chat_tables, content_tables, counter_tables, file_tables, tables

FAMILIES: Final = (tables, batch_tables, chat_tables, counter_tables, file_tables, content_tables)
METADATA: Final = tables.metadata
