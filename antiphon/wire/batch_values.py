"""Batches and their lines as values: what the store keeps, the workers turn about, and clients are shown parts of."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["openai", "anthropic"]
"""Whose API the batch came by: a file of lines, or requests in the body."""

Status = Literal["validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"]
"""In OpenAI's words, whoever's API it came by."""

Outcome = Literal["succeeded", "errored", "canceled", "expired"]
"""How a line ended, in Anthropic's words."""


class Batch(Struct, frozen=True, kw_only=True):
    """What is known of a batch. Times are in Unix seconds; `ends_by` is the end of its completion window.

    `own` tells whether Antiphon's own workers give the answers; if not, `native` is where things stand with the
    provider. `output_seconds` is how long the files of its answers are kept, None for ever. `betas` is what the client
    said in ``anthropic-beta``. `errors`, `usage` and `metadata` are JSON. `due_at` is the Unix time in milliseconds
    from which somebody is to look at it again.
    """

    id: str
    tenant: str
    key_name: str
    kind: Kind
    status: Status
    endpoint: str
    created_at: int
    ends_by: int
    window: str = "24h"
    in_progress_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0
    own: bool = True
    attempt: int = 0
    due_at: int | None = None
    output_seconds: int | None = None
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    model: str | None = None
    betas: str | None = None
    metadata: bytes | None = None
    errors: bytes | None = None
    usage: bytes | None = None
    native: bytes | None = None

    @property
    def ended_at(self) -> int | None:
        """When the last of its answers was there, None while one may come."""
        return self.completed_at or self.failed_at or self.expired_at or self.cancelled_at


class NewLine(Struct, frozen=True):
    """A request of a batch: its place, from 1, the client's name for it, and its body."""

    number: int
    custom_id: str
    body: bytes


class LineAnswer(Struct, frozen=True, kw_only=True):
    """What a line's request was answered: status, id and body, as a client would have got them.

    `retry_after` is in seconds, where the answer says so.
    """

    status: int
    request_id: str
    body: bytes
    retry_after: float | None = None

    @property
    def good(self) -> bool:
        """Whether it is an answer, rather than an error."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the range of HTTP's success


class LineResult(Struct, frozen=True, kw_only=True):
    """How a line ended. There is no answer where nobody was asked."""

    number: int
    custom_id: str
    outcome: Outcome
    answer: LineAnswer | None = None
