"""Where Redis is, from its address as redis-py and others spell it.

https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url (2026-11)
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct
from typing_extensions import override

from antiphon.errors import ConfigError

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_TLS: Final = ("rediss", "valkeys")
_TCP: Final = ("redis", "valkey", *_TLS)
_SOCKETS: Final = ("unix", "redis+unix", "valkey+unix")
_SENTINELS: Final = ("redis+sentinel", "valkey+sentinel")
_SPELLED: Final = (
    "redis://user:password@host:6379/0, rediss://… for TLS, unix:///path/of/socket?db=0, or"
    " redis+sentinel://host:26379,host:26379/name-of-the-master/0"
)
_TRUST: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


class Address(Struct, frozen=True, kw_only=True):
    """A server, or with a `master` the Sentinels that know where it is. `path` is that of a socket."""

    hosts: tuple[tuple[str, int], ...] = ()
    path: str | None = None
    master: str | None = None
    user: str | None = None
    password: str | None = None
    database: int = 0
    tls: ssl.SSLContext | None = None

    @override
    def __repr__(self) -> str:
        """Without the password."""
        return f"Address({self.path or self.hosts!r})"


def address_of(url: str) -> Address:
    """Raises ConfigError, without repeating the address: it may hold a password."""
    try:
        split = urlsplit(url)
        options = dict(parse_qsl(split.query))
        found = _address(split, options)
    except (ValueError, OSError) as error:
        raise ConfigError(f"The address of Redis cannot be used: {error}. Write {_SPELLED}.") from None
    if options:
        raise ConfigError(f"The address of Redis has a parameter that is not known: {min(options)}.")
    return found


def _address(split: SplitResult, options: dict[str, str]) -> Address:
    """`options` loses what is understood. Raises ValueError or OSError."""
    user, password = (unquote(word) if word else None for word in (split.username, split.password))
    parts = [unquote(part) for part in split.path.split("/") if part]
    hosts: tuple[tuple[str, int], ...] = ()
    path = master = None
    if split.scheme in _SOCKETS:
        path, parts = unquote(split.path), []
    elif split.scheme in _SENTINELS:
        if not parts:
            message = "it does not name the master that Sentinel looks after"
            raise ValueError(message)
        master, *parts = parts
        places = split.netloc.rpartition("@")[2]
        hosts = tuple(_host(place, _SENTINEL_PORT) for place in places.split(","))
    elif split.scheme in _TCP:
        hosts = ((split.hostname or "localhost", split.port or _PORT),)
    else:
        message = f"'{split.scheme}' is no scheme that is known"
        raise ValueError(message)
    return Address(
        hosts=hosts,
        path=path,
        master=master,
        user=user,
        password=password,
        database=_number(options.pop("db", None) or (parts[0] if parts else "0")),
        tls=_trust(options) if split.scheme in _TLS or options.pop("ssl", "") == "true" else None,
    )


def _host(place: str, port: int) -> tuple[str, int]:
    split = urlsplit(f"//{place}")
    return split.hostname or "localhost", split.port or port


def _number(text: str) -> int:
    if not text.isdecimal():
        message = "the database is a number"
        raise ValueError(message)
    return int(text)


def _trust(options: dict[str, str]) -> ssl.SSLContext:
    """What is trusted: the system's authorities, or those in the file that is named. Raises OSError or ValueError."""
    authorities, certificate, key = (_file(options.pop(name, None)) for name in _TRUST)
    context = ssl.create_default_context(cafile=authorities)
    if options.pop("ssl_check_hostname", "true").lower() == "false":
        context.check_hostname = False
    if options.pop("ssl_cert_reqs", "required") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def _file(path: str | None) -> str | None:
    if path is not None and not Path(path).is_file():
        message = f"there is no file {path}"
        raise ValueError(message)
    return path
