"""Answers whose items are not what their types promise.

What a provider of the Responses API says is passed on to clients of that API as it is, and only looked into where it
has to be told in other words. What cannot be told then is that provider's fault: everybody else's answers are written
by `writer.py`, which leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import msgspec

from antiphon.errors import UpstreamBroke

P = ParamSpec("P")
T = TypeVar("T")

ILLEGIBLE: Final = (KeyError, TypeError, AttributeError, msgspec.ValidationError)
"""How it shows that a member is missing, or is something else than it is said to be."""


def illegible() -> UpstreamBroke:
    """The error for such an answer."""
    return UpstreamBroke("The provider's answer has an item that lacks what its type says it has.")


def legible(tell: Callable[P, T]) -> Callable[P, T]:
    """The function, raising UpstreamBroke for such an answer."""

    @wraps(tell)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return tell(*args, **kwargs)
        except ILLEGIBLE as error:
            raise illegible() from error

    return told
