"""Processes of `--workers` that take long to start, as they do on a machine that is busy."""

from __future__ import annotations

from pathlib import Path

from antiphon.settings import ServerSettings
from tests.integration.harness import PATIENCE, ask, serving, settings_for


async def test_a_process_that_still_starts_is_not_taken_for_hung(tmp_path: Path) -> None:
    settings = settings_for(1, f"sqlite:///{tmp_path}/antiphon.db", server=ServerSettings(workers=2))
    program = "tests.integration.impatient_process"
    async with serving(settings, tmp_path / "log", program, within=4 * PATIENCE) as gateway:
        assert (await ask(gateway, "GET", "/health")).status == 200
        assert gateway.stop() == 0
