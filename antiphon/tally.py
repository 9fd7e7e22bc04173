"""What a process counts while it works: numbers that `/metrics` tells, of the process and of nobody in particular.

Counting is a look-up and an addition. Whatever counts does so on the event loop, so no two threads add to one number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, TypeAlias

Labels: TypeAlias = tuple[str | int, ...]
"""The values of a family's labels, in their order."""

Reading: TypeAlias = Mapping[Labels, float]
"""What a gauge stands at, by labels."""

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Bounds of the buckets for how long requests and answers take."""


class Family:
    """Everything that is counted under one name."""

    kind: Literal["counter", "gauge", "histogram"]

    def __init__(self, name: str, about: str, labels: tuple[str, ...] = ()) -> None:
        """`about` is the sentence that people read."""
        self.name = name
        self.about = about
        self.labels = labels


class Counter(Family):
    """Only grows. `scale` is what one of what is added is told as."""

    kind = "counter"

    def __init__(self, name: str, about: str, labels: tuple[str, ...] = (), *, scale: float = 1) -> None:
        """Nothing has been counted."""
        super().__init__(name, about, labels)
        self.scale = scale
        self.cells: dict[Labels, list[float]] = {}

    def cell(self, labels: Labels) -> list[float]:
        """A list with the one number that is counted under these labels, to be added to."""
        return self.cells.setdefault(labels, [0])

    def add(self, labels: Labels = (), by: float = 1) -> None:
        """Counts so many more."""
        cell = self.cells.get(labels)
        if cell is None:
            cell = self.cell(labels)
        cell[0] += by


class Histogram(Family):
    """How often a value fell into which bucket. A cell is a number for each bound, one for what is above, the sum."""

    kind = "histogram"

    def __init__(self, name: str, about: str, labels: tuple[str, ...], bounds: tuple[float, ...]) -> None:
        """`bounds` are upper ones, rising; a value that is one belongs below it."""
        super().__init__(name, about, labels)
        self.bounds = bounds
        self.cells: dict[Labels, list[float]] = {}

    def cell(self, labels: Labels) -> list[float]:
        """The numbers that are counted under these labels, for `put`."""
        return self.cells.setdefault(labels, [0] * (len(self.bounds) + 2))

    def put(self, cell: list[float], value: float) -> None:
        """Counts one more value, in one of the family's cells."""
        cell[bisect_left(self.bounds, value)] += 1
        cell[-1] += value

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Counts one more value."""
        cell = self.cells.get(labels)
        self.put(self.cell(labels) if cell is None else cell, value)


class Gauge(Family):
    """What somebody is asked for when it is to be told."""

    def __init__(self, name: str, about: str, labels: tuple[str, ...] = (), *, grows: bool = False) -> None:
        """Nobody knows it yet. One that `grows` is told as a counter."""
        super().__init__(name, about, labels)
        self.kind = "counter" if grows else "gauge"
        self._sources: list[Callable[[], Reading]] = []

    @contextmanager
    def told_by(self, source: Callable[[], Reading]) -> Generator[None]:
        """While the block runs `source` is asked too."""
        self._sources.append(source)
        try:
            yield
        finally:
            self._sources.remove(source)

    @contextmanager
    def counts(self, count: Callable[[], float]) -> Generator[None]:
        """As `told_by`, for one number."""
        with self.told_by(lambda: {(): count()}):
            yield

    def read(self) -> dict[Labels, float]:
        """What all of them say, together."""
        told: dict[Labels, float] = {}
        for source in self._sources:
            for labels, value in source().items():
                told[labels] = told.get(labels, 0) + value
        return told
