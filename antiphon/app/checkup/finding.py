"""One thing that was looked at."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["ok", "warning", "failed"]


class Finding(Struct, frozen=True, omit_defaults=True):
    """`about` is what was looked at, `said` what was found there, `advice` what to do about it, if anything."""

    about: str
    state: State
    said: str
    advice: str = ""
