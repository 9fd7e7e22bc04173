"""What is told of requests once they are over: the seam between the edge and whoever observes it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class RequestRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told of a request once it is over: facts about it, never what was said in it.

    `cost_nanos` are nano-dollars at the provider's list price. `route` is the pattern that the path was found by,
    `client` whose format was spoken, `first_seconds` when the first output of a stream left. `error_status` is the
    status that an error would have had, where the client had been told of success before.
    """

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    route: str = "unknown"
    client: str = "openai"
    first_seconds: float | None = None
    key: str | None = None
    tenant: str | None = None
    response_id: str | None = None
    model: str | None = None
    target: str | None = None
    stream: bool = False
    attempts: int = 0
    upstream_request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nanos: int | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    error_code: str | None = None
    upstream_error: str | None = None
    error_status: int = 0


Record = Callable[[RequestRecord], None]
"""Told of every request. Must be quick: it runs before the connection's next request is read."""
