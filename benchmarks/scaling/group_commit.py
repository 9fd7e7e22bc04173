"""A model of many replicas that commit to one PostgreSQL: how long a turn waits to be stored, event by event.

    python benchmarks/scaling/group_commit.py

Each replica adds finished turns by one connection, and what comes while it waits shares the next transaction (at most
256 turns). A transaction takes processor time on one of the server's cores, first come first served. Its commit waits
for the log to be flushed: one flush at a time, for all commits that are there when it begins. Turns come at random
moments (Poisson) to replicas at random. Reads are not in it: take their cores away beforehand.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass
from typing import Final

MOST_ROWS: Final = 256


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What is simulated. Times in seconds."""

    replicas: int
    turns_a_second: float | None
    """None is a closed loop: each replica has always exactly one more turn to store."""
    flush: float
    a_transaction: float
    a_turn: float
    cores: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came of it: seconds that turns took to be stored, and how much shared what."""

    mean: float
    median: float
    p99: float
    turns_a_second: float
    turns_a_transaction: float
    transactions_a_flush: float
    cores_busy: float


@dataclass(slots=True)
class _Replica:
    waiting: deque[float]
    working: bool = False


class _Run:
    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.fleet = fleet
        self.chance = random.Random(seed)  # noqa: S311 - a model
        self.replicas = [_Replica(deque()) for _ in range(fleet.replicas)]
        self.events: list[tuple[float, int, str, int, list[float]]] = []
        self.order = 0
        self.ready: deque[tuple[int, list[float]]] = deque()
        self.idle_cores = fleet.cores
        self.committing: list[tuple[int, list[float]]] = []
        self.flushing: list[tuple[int, list[float]]] = []
        self.took: list[float] = []
        self.busy = 0.0
        self.transactions = self.flushes = 0

    def at(self, moment: float, what: str, replica: int = -1, turns: list[float] | None = None) -> None:
        self.order += 1
        heapq.heappush(self.events, (moment, self.order, what, replica, turns or []))

    def run(self, turns: int) -> Figures:
        fleet = self.fleet
        if fleet.turns_a_second is None:
            for replica in range(fleet.replicas):
                self.at(0.0, "turn", replica)
        else:
            self.at(0.0, "arrival")
        now = 0.0
        while len(self.took) < turns:
            now, _, what, replica, given = heapq.heappop(self.events)
            if what == "arrival":
                self.at(now + self.chance.expovariate(fleet.turns_a_second or 1), "arrival")
                self.arrive(now, self.chance.randrange(fleet.replicas))
            elif what == "turn":
                self.arrive(now, replica)
            elif what == "computed":
                self.computed(now, replica, given)
            else:
                self.flushed(now)
        took = sorted(self.took)
        return Figures(
            mean=sum(took) / len(took),
            median=took[len(took) // 2],
            p99=took[len(took) * 99 // 100],
            turns_a_second=len(took) / now,
            turns_a_transaction=len(took) / self.transactions,
            transactions_a_flush=self.transactions / self.flushes,
            cores_busy=self.busy / now,
        )

    def arrive(self, now: float, replica: int) -> None:
        self.replicas[replica].waiting.append(now)
        if not self.replicas[replica].working:
            self.begin(now, replica)

    def begin(self, now: float, replica: int) -> None:
        """The replica's next transaction, with everything that waits there."""
        one = self.replicas[replica]
        one.working = bool(one.waiting)
        if one.working:
            self.ready.append((replica, [one.waiting.popleft() for _ in range(min(len(one.waiting), MOST_ROWS))]))
            self.compute(now)

    def compute(self, now: float) -> None:
        while self.idle_cores and self.ready:
            self.idle_cores -= 1
            replica, turns = self.ready.popleft()
            seconds = self.fleet.a_transaction + len(turns) * self.fleet.a_turn
            self.busy += seconds
            self.at(now + seconds, "computed", replica, turns)

    def computed(self, now: float, replica: int, turns: list[float]) -> None:
        self.idle_cores += 1
        self.committing.append((replica, turns))
        if not self.flushing:
            self.flush(now)
        self.compute(now)

    def flush(self, now: float) -> None:
        self.flushing, self.committing = self.committing, []
        self.transactions += len(self.flushing)
        self.flushes += 1
        self.at(now + self.fleet.flush, "flushed")

    def flushed(self, now: float) -> None:
        done, self.flushing = self.flushing, []
        if self.committing:
            self.flush(now)
        for replica, turns in done:
            self.took += [now - arrived for arrived in turns]
            if self.fleet.turns_a_second is None:
                self.at(now, "turn", replica)
            self.begin(now, replica)


def simulated(fleet: Fleet, turns: int = 50_000, seed: int = 1) -> Figures:
    """The figures of so many turns."""
    return _Run(fleet, seed).run(turns)


def main() -> None:
    """Prints a table: a thousand replicas, a server of 32 cores, disks that flush in 0.5 and 2 ms."""
    print("| turns a second | flush | median | 99 % | turns a transaction | transactions a flush | cores busy |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for flush in (0.0005, 0.002, 0.01):
        for turns in (1_000, 10_000, 30_000, 60_000):
            fleet = Fleet(
                replicas=1000, turns_a_second=turns, flush=flush, a_transaction=200e-6, a_turn=100e-6, cores=16
            )
            said = simulated(fleet, 60_000)
            print(
                f"| {turns:,} | {flush * 1e3:g} ms | {said.median * 1e3:.1f} ms | {said.p99 * 1e3:.1f} ms"
                f" | {said.turns_a_transaction:.1f} | {said.transactions_a_flush:.1f} | {said.cores_busy:.1f} |"
            )


if __name__ == "__main__":
    main()
