"""The capacity model of docs/scaling.md: figures that were measured, assumptions that are named, and what follows.

    python benchmarks/scaling/capacity.py

Change an assumption and run it again. The page shows what it prints; a test holds them together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

MONTH_SECONDS: Final = 30 * 86_400
HOUR: Final = 3_600
GB: Final = 1e9


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured on the machine that the page describes. Seconds of one processor, and bytes."""

    whole: float = 226e-6
    """A stored answer that is not streamed, in the gateway, when the page was made."""
    streamed: float = 4_345e-6
    """A stored stream of 58 events 10 ms apart, in the gateway (as above)."""
    turn: float = 450e-6
    """A turn, alone in its commit, with the chains that six of ten read, in PostgreSQL (fleet.py)."""
    turn_bytes: float = 6_200
    """What it takes in tables and indexes (turns.py)."""
    wal_bytes: float = 6_250
    """What it takes in the log (turns.py)."""
    removal: float = 127e-6
    """Deleting it again, and the vacuum after that, in PostgreSQL (turns.py)."""
    connection_bytes: float = 1.4e6
    """What a connection that waits keeps in PostgreSQL (fleet.py)."""
    sent: float = 40_000
    """What a stream sends its client: 250 events of 160 bytes (turns.py)."""
    replica_bytes: float = 70e6
    """An idle process (benchmarks/RESULTS.md)."""


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What nobody can measure here."""

    streamed_share: float = 0.7
    stored_share: float = 1.0
    answer_seconds: float = 10.0
    """How long an answer takes its provider: what connections to clients and providers are held for."""
    gateway_load: float = 0.6
    """How busy a replica's core may be, so that a burst finds room."""
    database_load: float = 0.5
    database_cores: int = 32
    keep_days: int = 30
    connections: int = 4
    """To PostgreSQL, of one replica: `database.connections`."""
    core_hour: float = 0.045
    """Dollars, for a core with 4 GB of memory. Prices are of the order that large clouds ask without commitment."""
    database_core_hour: float = 0.10
    disk_gb_month: float = 0.12
    backup_gb_month: float = 0.025
    egress_gb: float = 0.05
    copies: int = 2
    """Of the database: one serves, one stands by."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """What follows."""

    measured: Measured = field(default_factory=Measured)
    assumed: Assumed = field(default_factory=Assumed)

    @property
    def gateway_seconds(self) -> float:
        """Of a core, for an answer."""
        share = self.assumed.streamed_share
        return share * self.measured.streamed + (1 - share) * self.measured.whole

    @property
    def answers_of_a_replica(self) -> float:
        """A second, of one core."""
        return self.assumed.gateway_load / self.gateway_seconds

    @property
    def database_seconds(self) -> float:
        """Of a core of PostgreSQL, for a turn that is stored and one day removed."""
        return self.measured.turn + self.measured.removal

    @property
    def turns_of_a_database(self) -> float:
        """A second."""
        return self.assumed.database_load * self.assumed.database_cores / self.database_seconds

    def fleet(self, replicas: int) -> list[str]:
        """A row of the table."""
        answers = replicas * self.answers_of_a_replica
        turns = answers * self.assumed.stored_share
        databases = math.ceil(turns / self.turns_of_a_database)
        connections = replicas * self.assumed.connections / databases
        stored = turns * self.measured.turn_bytes
        return [
            f"{replicas:,}",
            f"{answers:,.0f}",
            f"{answers * self.assumed.answer_seconds:,.0f}",
            f"{turns * self.database_seconds:,.1f}",
            f"{databases}",
            f"{connections:,.0f}",
            f"{connections * self.measured.connection_bytes / GB:,.1f}",
            f"{turns * self.measured.wal_bytes / 1e6:,.0f}",
            f"{stored * 86_400 / 1e12:,.2f}",
            f"{stored * 86_400 * self.assumed.keep_days / 1e12:,.0f}",
        ]

    def costs(self) -> list[tuple[str, str, float]]:
        """What a million answers cost, in dollars, part by part."""
        assumed, measured, million = self.assumed, self.measured, 1e6
        gateway = million * self.gateway_seconds / assumed.gateway_load / HOUR
        database = million * self.database_seconds / assumed.database_load / HOUR
        kept = million * measured.turn_bytes * assumed.keep_days / 30 / GB
        logged = million * measured.wal_bytes * 7 / 30 / GB
        sent = million * (assumed.streamed_share * measured.sent + 3_100) / GB
        return [
            ("gateway", f"{gateway:.2f} core hours", gateway * assumed.core_hour),
            (
                "PostgreSQL and its copy",
                f"{database:.2f} core hours, twice",
                assumed.copies * database * assumed.database_core_hour,
            ),
            (
                f"what is kept for {assumed.keep_days} days, twice",
                f"{kept:.1f} GB",
                assumed.copies * kept * assumed.disk_gb_month,
            ),
            ("log kept for seven days, to go back in time", f"{logged:.1f} GB", logged * assumed.backup_gb_month),
            ("to clients", f"{sent:.0f} GB", sent * assumed.egress_gb),
        ]


FLEET_HEAD: Final = """\
| Replicas | answers a second | open at once | cores of PostgreSQL | databases | connections each | GB for them \
| WAL, MB/s | TB a day | TB kept |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""


def fleet_table(model: Model) -> str:
    """What fleets do and need."""
    return FLEET_HEAD + "".join(f"| {' | '.join(model.fleet(replicas))} |\n" for replicas in (1, 10, 100, 1_000))


def cost_table(model: Model) -> str:
    """What a million answers cost."""
    rows = model.costs()
    total = sum(dollars for _, _, dollars in rows)
    lines = [f"| {part} | {much} | {dollars:.2f} |\n" for part, much, dollars in rows]
    return "| Part | a million answers | $ |\n|---|--:|--:|\n" + "".join(lines) + f"| together | | **{total:.2f}** |\n"


def main() -> None:
    """Prints both tables."""
    model = Model()
    print(
        f"A replica: {model.answers_of_a_replica:.0f} answers a second; a database: {model.turns_of_a_database:.0f}.\n"
    )
    print(fleet_table(model))
    print(cost_table(model))


if __name__ == "__main__":
    main()
