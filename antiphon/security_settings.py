"""The settings of what protects content, and connections, from whoever they are not meant for."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field
from typing_extensions import override

from antiphon.setting_types import Key, KeyId


class SecuritySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What protects content where it leaves the gateway's process."""

    sealing_keys: Annotated[
        list[Key],
        Meta(
            description=(
                "Secrets for what clients carry sealed: the first one seals, all of them open. The master key always"
                " opens, and seals when there are none."
            ),
            max_length=64,
        ),
    ] = field(default_factory=list[str])
    encryption_keys: Annotated[
        list[Key],
        Meta(
            description=(
                "Secrets that what is said is encrypted with in the database: the first one encrypts, all of them"
                " decrypt. Without any, nothing is encrypted."
            ),
            max_length=64,
        ),
    ] = field(default_factory=list[str])
    lost_encryption_keys: Annotated[
        list[KeyId],
        Meta(
            description=(
                "Ids of encryption keys that are lost for good, so that the gateway starts without them; what they"
                " encrypted cannot be read."
            ),
            max_length=64,
        ),
    ] = field(default_factory=list[str])

    @override
    def __repr__(self) -> str:
        """Without the keys."""
        return f"SecuritySettings({len(self.sealing_keys)} to seal, {len(self.encryption_keys)} to encrypt)"
