"""Moments as credential services tell them, in Unix time."""

from __future__ import annotations

from datetime import UTC, datetime

from antiphon.errors import CredentialsFailed


def unix_time(text: str | None) -> float | None:
    """A moment in ISO 8601, UTC where it does not say; None stays None. Raises CredentialsFailed."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CredentialsFailed("a credential says when it ends in a way that cannot be read") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
