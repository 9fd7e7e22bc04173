"""The settings of files that tenants bring."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class FileSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files that tenants bring (`/v1/files`, `/v1/uploads`), and how they reach providers."""

    max_bytes: Annotated[int, Meta(description="The largest file that is kept; a larger one is a 413.", ge=1024)] = (
        536_870_912
    )
    tenant_bytes: Annotated[
        Annotated[int, Meta(ge=1024)] | None,
        Meta(description="How much one tenant may keep, all in all; null sets no limit."),
    ] = 10_737_418_240
    retention_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="How long a file is kept that names no end of its own; null keeps it until it is deleted."),
    ] = None
    upload_seconds: Annotated[
        int, Meta(description="How long the parts of an upload may take to come.", ge=60, le=604_800)
    ] = 3600
    max_inline_bytes: Annotated[
        int, Meta(description="The largest file that is put into a request to a provider as data.", ge=1024)
    ] = 52_428_800
    max_request_bytes: Annotated[
        int, Meta(description="The most that is put into one request as data, all in all.", ge=1024)
    ] = 104_857_600
    max_sent_bytes: Annotated[
        int,
        Meta(
            description="The largest file that is handed to a provider's own files; it is in memory meanwhile.", ge=1024
        ),
    ] = 134_217_728
