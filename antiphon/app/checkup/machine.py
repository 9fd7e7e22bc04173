"""The machine and the interpreter, and the port."""

from __future__ import annotations

import asyncio
import errno
import http.client
import platform
import resource
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from antiphon.app.checkup.finding import Finding
from antiphon.errors import ConfigError
from antiphon.settings import ServerSettings, Settings
from antiphon.store.connections import SQLITE_VERSION
from antiphon.version import __version__

LEAST_DESCRIPTORS: Final = 4096
"""Each client takes one, and each answer that is being given one more."""

_ANOTHER: Final = "Stop it, or choose another port: `server.port`."
_SECONDS: Final = 2.0
_LISTENING: Final = "0A"


def machine_findings() -> list[Finding]:
    """Versions and limits."""
    versions = f"Antiphon {__version__}, Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    libraries = f"uvloop {version('uvloop')}, uvicorn {version('uvicorn')}, SQLite {SQLITE_VERSION}"
    return [Finding("versions", "ok", f"{versions}; {libraries}"), _descriptors()]


def _descriptors() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= LEAST_DESCRIPTORS:
        return Finding("descriptors", "ok", f"{soft} may be open at once")
    said = f"{soft} may be open at once, so that {soft // 2} clients are the most"
    most = "as many as you like" if hard == resource.RLIM_INFINITY else f"up to {hard}"
    advice = f"Raise it ({most}): `ulimit -n`, LimitNOFILE= in systemd, --ulimit nofile= in Docker."
    return Finding("descriptors", "warning", said, advice)


async def port_findings(settings: Settings) -> list[Finding]:
    """Whether the port can be had, or who has it."""
    server = settings.server
    if server.port == 0:
        return [Finding("port", "ok", "any that is free")]
    return [await asyncio.to_thread(_port, server.host, server.port)]


def check_port(server: ServerSettings) -> None:
    """Raises ConfigError where nobody can listen, which else is told when everything has been opened in vain."""
    error = _refusal(server.host, server.port)
    if error is not None:
        trouble = _trouble(error, server.host, server.port)
        raise ConfigError(f"{trouble.said}. {trouble.advice or _ANOTHER}")


def _port(host: str, port: int) -> Finding:
    error = _refusal(host, port)
    return Finding("port", "ok", f"{host}:{port} is free") if error is None else _trouble(error, host, port)


def _refusal(host: str, port: int) -> OSError | None:
    """Why nobody can listen there: of a name's addresses one is taken, or none can be had."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        return error
    errors = [error for family, _, _, _, address in found if (error := _attempt(family, address)) is not None]
    taken = next((error for error in errors if error.errno == errno.EADDRINUSE), None)
    return taken or (errors[0] if len(errors) == len(found) else None)


def _attempt(family: int, address: tuple[object, ...]) -> OSError | None:
    """Binds and never listens: whoever waits for a server there would take this for it."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                attempt.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            attempt.bind(address)
    except OSError as error:
        return error
    return None


def _trouble(error: OSError, host: str, port: int) -> Finding:
    if error.errno == errno.EADDRINUSE:
        return _taken(f"{host}:{port}", host, port)
    advice = "Choose another with `server.host` and `server.port`; below 1024 only root may listen."
    return Finding("port", "failed", f"{host}:{port} cannot be had: {error.strerror}", advice)


def _taken(at: str, host: str, port: int) -> Finding:
    own = _antiphon(host, port)
    if own is not None:
        return Finding("port", "ok", f"Antiphon {own} serves at {at}")
    return Finding("port", "failed", f"{at} is taken by {_holder(port) or 'another program'}", _ANOTHER)


def _antiphon(host: str, port: int) -> str | None:
    """The version of the gateway that answers there."""
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, _SECONDS)  # noqa: S104 - told apart
    try:
        connection.request("GET", "/health")
        health = msgspec.json.decode(connection.getresponse().read(4096), type=dict[str, str])
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()
    return health.get("version")


def _holder(port: int) -> str | None:
    """The program that listens, as far as Linux tells whoever asks (proc(5))."""
    sockets = _sockets(port)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in sockets for link in (folder / "fd").iterdir()):
                return f"{(folder / 'comm').read_text().strip()} (process {folder.name})"
        except OSError:
            continue
    return None


def _sockets(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
