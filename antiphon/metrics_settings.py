"""The settings of `/metrics`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from typing_extensions import override

from antiphon.setting_types import Key


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers for Prometheus, at `/metrics`."""

    enabled: Annotated[bool, Meta(description="Whether there are any; if not, the path answers 404.")] = True
    access: Annotated[
        Literal["key", "machine", "open"],
        Meta(
            description=(
                "Who may read them without a key: nobody, who asks from this machine and not through a proxy, or"
                " everybody who gets there."
            )
        ),
    ] = "machine"
    key: Annotated[
        Key | None,
        Meta(description="What a reader sends as `Authorization: Bearer`; the master key always opens them too."),
    ] = None
    worker_port: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(
            description=(
                "The port, at `server.host`, at which `antiphon worker` answers `/metrics`, `/health` and"
                " `/health/ready`; none when absent."
            )
        ),
    ] = None

    @override
    def __repr__(self) -> str:
        """Without the key."""
        return f"MetricsSettings(enabled={self.enabled}, access={self.access!r})"
