"""The settings of pictures and sounds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class MediaSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures and sounds (`/v1/images/*`, `/v1/audio/*`)."""

    max_form_bytes: Annotated[
        int,
        Meta(
            description="The largest form with files that is read: pictures to edit, recordings to write down.",
            ge=1024,
        ),
    ] = 104_857_600
