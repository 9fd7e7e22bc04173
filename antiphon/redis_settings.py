"""The settings of Redis, or Valkey."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from typing_extensions import override


class RedisSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What processes tell each other by, and count together in. Nothing durable is in it."""

    url: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^[a-z][a-z0-9+]*://.*$",
                extra={"address": True, "expected": "an address of Redis such as redis://host:6379/0 or rediss://…"},
            ),
        ]
        | None,
        Meta(
            description=(
                "`redis://user:password@host:6379/0`, `rediss://…`, `unix:///path` or `redis+sentinel://…`;"
                " none when absent."
            )
        ),
    ] = None
    prefix: Annotated[
        str,
        Meta(
            description="How the names of keys and channels begin; gateways that belong together have the same.",
            pattern=r"^[A-Za-z0-9._:-]+$",
            max_length=64,
            extra={"expected": "letters, digits, '.', '_', ':' and '-'"},
        ),
    ] = "antiphon"
    wait_seconds: Annotated[
        float, Meta(description="The longest that a reply is waited for; then Redis counts as away.", gt=0, le=60)
    ] = 0.5

    @override
    def __repr__(self) -> str:
        """Without the address, which may hold a password."""
        return f"RedisSettings(prefix={self.prefix!r})"
