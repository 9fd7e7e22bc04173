"""The settings of clients' connections."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class ConnectionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client's connection may cost while it brings nothing."""

    at_once: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Meta(
            description=(
                "Connections that a process serves at once; whoever comes beyond them is told so with 503. When absent,"
                " as many as there are file descriptors for, two for each."
            )
        ),
    ] = None
    head_seconds: Annotated[
        float,
        Meta(description="How long the path and the headers of a request may take to arrive.", gt=0, le=3600),
    ] = 30.0
    stall_seconds: Annotated[
        float,
        Meta(
            description=(
                "How long a request's body may bring nothing; and how much longer than at 500 bytes a second it may"
                " take as a whole."
            ),
            gt=0,
            le=3600,
        ),
    ] = 60.0
