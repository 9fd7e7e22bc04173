"""How long a receiver that fails is hoped for, as Standard Webhooks proposes: three days in ten tries."""

from __future__ import annotations

from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600

PAUSES: Final = (
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Seconds between one try and the next; the first is made at once."""

TRIES: Final = len(PAUSES) + 1

_SPREAD: Final = 0.2


def pause_after(tries: int, chance: float) -> int | None:
    """Seconds until the next try after so many have failed, None after the last.

    `chance`, from 0 to 1, moves it by up to a tenth either way, so that what failed together does not come together.
    """
    if tries >= TRIES:
        return None
    return round(PAUSES[tries - 1] * (1 + _SPREAD * (chance - 0.5)))
