"""Who encrypts what was said, and how what is stored already comes under another key."""

from __future__ import annotations

import os
from collections.abc import Callable

from antiphon.errors import ConfigError
from antiphon.security_settings import SecuritySettings
from antiphon.settings import Settings
from antiphon.store.database import SqlDatabase
from antiphon.store.reencryption import Count, reencrypt
from antiphon.store.vault import Vault


def vault_of(security: SecuritySettings, *, encrypts: bool = True) -> Vault | None:
    """None where nothing is encrypted, and nothing ever was."""
    if not security.encryption_keys and not security.lost_encryption_keys:
        return None
    return Vault(security.encryption_keys, os.urandom, lost=security.lost_encryption_keys, encrypts=encrypts)


async def reencrypted(settings: Settings, tell: Callable[[str, Count], None], *, encrypts: bool) -> list[str]:
    """Brings everything under the first key, or under none; `tell` hears of each table. The ids of keys not needed now.

    Raises ConfigError where there is no key, StoreFailed.
    """
    vault = vault_of(settings.security, encrypts=encrypts)
    if vault is None:
        raise ConfigError(
            "There is no key to encrypt with: name one in security.encryption_keys. `antiphon keys new` makes one."
        )
    async with SqlDatabase.open(
        settings.database.url or "sqlite://", synchronous=settings.database.synchronous, vault=vault
    ) as database:
        return await reencrypt(database, vault, tell)
