"""An AI gateway: a durable, resumable ``/v1/responses`` over any model. Importing this opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from antiphon.version import __version__

if TYPE_CHECKING:
    from antiphon.embedded.gateway import Gateway

__all__ = ["Gateway", "__version__"]


def __getattr__(name: str) -> object:
    """What takes longer to load is loaded when it is first asked for."""
    if name == "Gateway":
        from antiphon.embedded.gateway import Gateway  # noqa: PLC0415 - a command that only wants the version waits for none of it

        return Gateway
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
