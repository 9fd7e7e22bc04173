"""The table of the keys that content is encrypted with, as `tables.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table, Text

from antiphon.store.tables import metadata

content_keys: Final = Table(
    "content_keys",
    metadata,
    Column("id", Text, primary_key=True, doc="What a key is called. Nobody can find the key by it."),
)
