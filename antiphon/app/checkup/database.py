"""The database: whether it can be used, and whether it is where it can be safe."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from antiphon.app.checkup.finding import Finding
from antiphon.app.content import vault_of
from antiphon.app.readiness import full
from antiphon.config.redact import redacted_address
from antiphon.errors import ConfigError
from antiphon.settings import Settings
from antiphon.store.connections import connect
from antiphon.store.content_keys import lacking
from antiphon.store.failures import FOREIGN, Refusal
from antiphon.store.location import Location, is_postgres, postgres_module, sqlite_location
from antiphon.store.locks import FileLock
from antiphon.store.upkeep import status

_BUSY_SECONDS: Final = 2.0
_OTHERS: Final = 0o077
_REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "virtiofs"}
)
_APART_SECONDS: Final = 1.0
_MIB: Final = 1 << 20


async def database_findings(settings: Settings) -> list[Finding]:
    """Everything about it."""
    return await asyncio.to_thread(_findings, settings)


def _findings(settings: Settings) -> list[Finding]:
    url = settings.database.url or "sqlite://"
    began = time.perf_counter()
    try:
        found = status(url)
    except ConfigError as error:
        advice = "Look at `database.url`, at the server's log, and at the network between."
        return [Finding("database", "failed", error.message, advice)]
    milliseconds = (time.perf_counter() - began) * 1000
    findings = [Finding("database", "ok", f"{redacted_address(url)}, looked at in {milliseconds:.0f} ms")]
    if found.current is None:
        findings.append(Finding("tables", "ok", "none yet: the first start makes them"))
    elif found.pending:
        advice = "`antiphon db upgrade`, or just start: unless `database.migrate_on_start` is false."
        findings.append(Finding("tables", "warning", f"at {found.current}, this release needs {found.head}", advice))
    else:
        findings.append(Finding("tables", "ok", f"at {found.current}"))
    findings += _encryption(found.keys, settings)
    if is_postgres(url):
        return findings + _server_findings(url, settings.database.connections * settings.server.workers)
    location = sqlite_location(url)
    return findings if location.path is None else [*findings, *_file_findings(location, location.path, url)]


def _encryption(used: frozenset[str], settings: Settings) -> list[Finding]:
    """Whether what is encrypted with the `used` keys can be read."""
    missing = lacking(used, vault_of(settings.security))
    if missing:
        advice = "Put them into `security.encryption_keys`, or, if they are lost, `security.lost_encryption_keys`."
        said = f"keys are missing that content is encrypted with, so no process starts: {', '.join(missing)}"
        return [Finding("encryption", "failed", said, advice)]
    return [Finding("encryption", "ok", f"by configured keys: {', '.join(sorted(used))}")] if used else []


def _server_findings(url: str, needed: int) -> list[Finding]:
    """What PostgreSQL tells of itself; `needed` are the connections that this machine may open."""
    module = postgres_module("facts")
    try:
        facts = module.Facts(url)
    except (ConfigError, Refusal) as error:
        return [Finding("server", "failed", str(error), "Look at PostgreSQL's own log.")]
    findings = [Finding("server", "ok", f"PostgreSQL {facts.version}, {facts.size}")]
    if facts.is_old:
        findings = [Finding("server", "failed", f"PostgreSQL {facts.version}", "Antiphon needs 13 or newer.")]
    connections = f"{facts.free} are free, {needed} may be needed here"
    if facts.free < needed:
        advice = "Raise `max_connections`, lower `database.connections`, or run fewer processes."
        findings.append(Finding("connections", "warning", connections, advice))
    else:
        findings.append(Finding("connections", "ok", connections))
    if abs(facts.ahead_seconds) > _APART_SECONDS:
        advice = "Let NTP set both clocks: replicas tell by them who has lost a job."
        said = f"PostgreSQL's is {facts.ahead_seconds:+.1f} s off this machine's"
        findings.append(Finding("clock", "warning", said, advice))
    if not facts.may_create:
        advice = "GRANT CREATE ON SCHEMA … TO the user, or let another run `antiphon db upgrade`."
        findings.append(Finding("rights", "warning", "the user may make no tables, so it can migrate none", advice))
    return findings


def _file_findings(location: Location, path: Path, url: str) -> list[Finding]:
    folder = next(parent for parent in path.parents if parent.exists())
    findings = [_room(url, folder) if folder == path.parent else _free(folder), *_network(folder)]
    if not os.access(folder, os.W_OK):
        advice = "SQLite needs to make files beside the database: give the folder to the user that serves."
        findings.append(Finding("folder", "failed", f"{folder} cannot be written", advice))
    if not path.exists():
        return findings
    if path.stat().st_mode & _OTHERS:
        findings.append(Finding("file", "warning", f"others can read {path}", f"chmod 600 {path}"))
    return [*findings, _writing(location)]


def _room(url: str, folder: Path) -> Finding:
    wanting = full(url)
    if wanting is not None:
        return Finding("room", "failed", wanting, "Make room: without it nothing can be stored.")
    return _free(folder)


def _free(folder: Path) -> Finding:
    found = os.statvfs(folder)
    return Finding("room", "ok", f"{found.f_bavail * found.f_frsize // _MIB} MiB free")


def _network(folder: Path) -> list[Finding]:
    """Whether the folder is on a network disk, where this system tells."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
    over = [mount for mount in mounts if folder.resolve().is_relative_to(mount[1])]
    kind = max(over, key=lambda mount: len(mount[1]), default=("", "", ""))[2]
    if kind not in _REMOTE:
        return []
    advice = "Put the database on a local disk, or use PostgreSQL: SQLite's locks are not safe there."
    return [Finding("disk", "failed", f"the database is on a network disk ({kind})", advice)]


def _writing(location: Location) -> Finding:
    """Whether a transaction can be had, and how the file keeps its log."""
    try:
        with closing(connect(location, _BUSY_SECONDS)) as connection:
            mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
            with closing(FileLock(location.lock or Path(), _BUSY_SECONDS)) as lock, lock:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
    except TimeoutError:
        advice = "Another process writes without a break, or hangs: see which with `fuser` on the file."
        return Finding("writing", "failed", "the database is busy", advice)
    except FOREIGN as error:
        advice = "Look at the file's owner and mode, at the disk, and at whether it is mounted to be written."
        return Finding("writing", "failed", f"the database cannot be written: {error}", advice)
    return Finding("writing", "ok", f"possible; journal mode {mode}")
