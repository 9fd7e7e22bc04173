"""The settings of what a key may ask for."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

_Most = Annotated[int, Meta(ge=1, le=1_000_000_000_000)]


class KeyLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is refused with 429 beyond. What is absent is not limited."""

    requests_per_minute: Annotated[
        _Most | None, Meta(description="How many requests may ask a model within any minute.")
    ] = None
    tokens_per_minute: Annotated[
        _Most | None,
        Meta(description="How many tokens, read and written, estimated first and counted once they are known."),
    ] = None
    parallel_requests: Annotated[
        _Most | None, Meta(description="How many requests that ask a model may be under way at once.")
    ] = None


class LimitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the limits of keys are kept."""

    counters: Annotated[
        Literal["auto", "memory", "database", "redis"],
        Meta(
            description=(
                "Where it is counted. `auto` is Redis if there is one, else the database if several processes share it,"
                " else this process."
            )
        ),
    ] = "auto"
    when_unavailable: Annotated[
        Literal["allow", "refuse"],
        Meta(description="What becomes of requests under a limit while nobody can be asked for the counts."),
    ] = "allow"
