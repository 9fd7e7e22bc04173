"""A provider that is this gateway: what variables of a client say, in the terminal in which the gateway is started."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from antiphon.config.keeping import is_own_key
from antiphon.settings import Settings

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Itself:
    """The gateway that these settings make."""

    settings: Settings
    variables: Mapping[str, str]

    def is_at(self, url: str, key: str) -> bool:
        """Whether whoever asks there, under this key, asks this gateway: it would ask itself, and go on asking."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
        server = self.settings.server
        is_here = port == server.port and (host == server.host or _is_of_this_machine(host))
        return is_here and is_own_key(key, self.settings, self.variables)


def _is_of_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
