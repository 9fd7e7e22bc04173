"""Which keys a database's content is encrypted with, so that nobody serves it, or writes to it, without them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from antiphon.errors import ConfigError
from antiphon.store.content_tables import content_keys
from antiphon.store.statements import Connection, text_of
from antiphon.store.vault import Vault
from antiphon.store.work import Act

_ALL: Final = text_of(select(content_keys.c.id))
_ADD: Final = text_of(insert(content_keys))
_REMOVE: Final = text_of(delete(content_keys).where(content_keys.c.id == bindparam("id")))


def checking(vault: Vault | None) -> Act[None]:
    """Notes the key that encrypts from now on. Raises ConfigError where one is missing that was used before."""

    def perform(connection: Connection) -> None:
        used = frozenset(name for (name,) in connection.execute(_ALL))
        missing = lacking(used, vault)
        if missing:
            named = ", ".join(missing)
            raise ConfigError(
                f"The database holds content that is encrypted with keys that are not in security.encryption_keys:"
                f" {named}. Put them there, behind the first; or, if they are lost, name them in"
                f" security.lost_encryption_keys: what is encrypted with them cannot be read again."
            )
        if vault is not None and vault.key_id is not None and vault.key_id not in used:
            connection.execute(_ADD, {"id": vault.key_id})

    return Act(perform)


def lacking(used: frozenset[str], vault: Vault | None) -> list[str]:
    """Which of the keys that content is encrypted with are neither there nor known to be lost."""
    return sorted(used if vault is None else used - vault.key_ids - vault.lost)


def only(vault: Vault) -> Act[list[str]]:
    """Forgets all keys but the one that encrypts, and returns what they were called."""

    def perform(connection: Connection) -> list[str]:
        gone = sorted(name for (name,) in connection.execute(_ALL) if name != vault.key_id)
        for name in gone:
            connection.execute(_REMOVE, {"id": name})
        return gone

    return Act(perform)
