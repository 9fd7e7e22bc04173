"""What a person would look at when something is wrong, looked at; nothing is changed, and nothing secret is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from antiphon.app import tried
from antiphon.app.checkup.certificates import certificate_findings
from antiphon.app.checkup.database import database_findings
from antiphon.app.checkup.finding import Finding
from antiphon.app.checkup.machine import machine_findings, port_findings
from antiphon.app.checkup.providers import provider_findings
from antiphon.app.checkup.redis import redis_findings
from antiphon.app.checkup.replicas import key_findings
from antiphon.config.loading import Loaded
from antiphon.errors import ConfigError
from antiphon.settings import Settings

Look = Callable[[Settings], Coroutine[Any, Any, list[Finding]]]

_LOOKS: Final[tuple[Look, ...]] = (
    port_findings,
    certificate_findings,
    database_findings,
    redis_findings,
    key_findings,
    provider_findings,
)
"""In the order in which their findings are told."""


async def examined(loaded: Loaded) -> list[Finding]:
    """Everything that is found, good or bad."""
    findings = [*machine_findings(), *await _configuration(loaded)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(look(loaded.settings)) for look in _LOOKS]
    return [*findings, *(finding for task in tasks for finding in task.result())]


async def _configuration(loaded: Loaded) -> list[Finding]:
    where = f"{loaded.path}" if loaded.path else "no file: what variables say, and defaults"
    findings = [Finding("configuration", "warning", warning, "See `antiphon check`.") for warning in loaded.warnings]
    try:
        await tried(loaded.settings)
    except ConfigError as error:
        return [*findings, Finding("configuration", "failed", error.message, "Mend it; `antiphon check` tells when.")]
    return [Finding("configuration", "ok", where), *findings]
