"""Requests that are no turns."""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.protocols import Target


@dataclass(slots=True, kw_only=True)
class Errand:
    """One request that is no turn, relayed or for an endpoint beside answers: what the log is told of it.

    `output_at` is when the first bytes of a stream came, by `time.perf_counter`.
    """

    model: str
    target: Target | None = None
    attempts: int = 0
    upstream_request_id: str | None = None
    warnings: tuple[str, ...] = ()
    streamed: bool = False
    output_at: float | None = None

    def begin(self, target: Target, warnings: tuple[str, ...]) -> None:
        """One more attempt."""
        self.target, self.warnings = target, warnings
        self.attempts += 1
        self.upstream_request_id = None

    def join(self, part: Errand) -> None:
        """Counts in what was asked for a part of the request; each warning is told once."""
        self.target = part.target or self.target
        self.attempts += part.attempts
        self.upstream_request_id = part.upstream_request_id or self.upstream_request_id
        self.warnings += tuple(each for each in part.warnings if each not in self.warnings)
