"""Keys: whether there are any, and whether every replica has the same."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from antiphon.app.checkup.finding import Finding
from antiphon.config.environment import this_environment
from antiphon.config.keeping import data_folder, key_files
from antiphon.settings import Settings
from antiphon.store.location import is_postgres

_OTHERS: Final = 0o077


async def key_findings(settings: Settings) -> list[Finding]:
    """Who is let in, and what seals."""
    folder = data_folder(this_environment().variables)
    keys = len(settings.keys) + (settings.master_key is not None)
    findings = [Finding("keys", "ok", f"{keys} configured" if keys else f"a master key, kept in {folder}")]
    findings += [_open(file) for file in key_files(folder) if file.exists() and file.stat().st_mode & _OTHERS]
    sealing = settings.security.sealing_keys or settings.master_key
    if is_postgres(settings.database.url or "") and not sealing:
        said = f"what clients carry sealed is sealed by a key that this machine keeps in {folder}"
        advice = "Give all replicas the same `security.sealing_keys`, or one cannot open what another has sealed."
        findings.append(Finding("sealing", "failed", said, advice))
    else:
        findings.append(Finding("sealing", "ok", "by configured keys" if sealing else f"by a key kept in {folder}"))
    return findings


def _open(file: Path) -> Finding:
    return Finding("keys", "warning", f"others can read {file}", f"chmod 600 {file}")
