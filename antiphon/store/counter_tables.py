"""The tables of counters, as `tables.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text

from antiphon.store.tables import metadata

counters: Final = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True, doc="What is counted."),
    Column("number", BigInteger, nullable=False, doc="Which piece of time runs: Unix time by the window's length."),
    Column("running", BigInteger, nullable=False, doc="What was counted in it."),
    Column("before", BigInteger, nullable=False, doc="What was counted in the piece before."),
    Column("expires_at", BigInteger, nullable=False, doc="Unix time in seconds from which none of it counts."),
)

Index("ix_counters_expires_at", counters.c.expires_at)

counter_places: Final = Table(
    "counter_places",
    metadata,
    Column("name", Text, primary_key=True, doc="What there is a limited number of places in."),
    Column("token", Text, primary_key=True, doc="Who holds one."),
    Column("leased_until", BigInteger, nullable=False, doc="Unix time in milliseconds until which it is held."),
    Column("expires_at", BigInteger, nullable=False, doc="The same in seconds, rounded up."),
)

Index("ix_counter_places_expires_at", counter_places.c.expires_at)
