"""The life of a batch, as a table: https://platform.openai.com/docs/guides/batch (statuses), read 2026-11.

Everything that decides on a status stands here; a property test walks the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from antiphon.wire.batch_values import Status

NEXT: Final[Mapping[str, frozenset[str]]] = {
    "validating": frozenset({"in_progress", "failed", "cancelling"}),
    "in_progress": frozenset({"finalizing", "cancelling"}),
    "finalizing": frozenset({"completed", "expired"}),
    "cancelling": frozenset({"cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}
"""What may follow on what."""

ENDED: Final = frozenset(status for status, following in NEXT.items() if not following)
"""From these there is no way on."""

CANCELLABLE: Final = frozenset(status for status, following in NEXT.items() if "cancelling" in following)

DATED: Final = tuple(status for status in NEXT if status != "validating")
"""Statuses whose beginning is remembered; that of the first is the birth of the batch."""


def ending_of(status: Status, *, dropped: int) -> Status:
    """How a batch ends that is being brought to its end; `dropped` are lines that nobody came to in time."""
    if status == "cancelling":
        return "cancelled"
    return "expired" if dropped else "completed"
