"""Where the gateway may go at somebody else's word: the rules against being sent into its own network (SSRF).

A name is resolved once, every address it has is judged, and the connection is made to an address that was judged: a
name that means something else a moment later has no effect. Redirects are followed by downloads alone, whose every hop
is judged like the first address.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from antiphon.errors import AddressRefused
from antiphon.providers.addresses import Reach, reach_of
from antiphon.providers.endpoint import Endpoint

PORTS: Final = frozenset({80, 443, 8080, 8443})
"""Where the web is. Other ports belong to protocols that an HTTP request may well say something to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """`allow_http` lets requests go without TLS. `allow_private` opens private networks and this machine, on any port.

    Link-local addresses, where clouds keep a machine's own credentials, are never open, and neither is multicast.
    """

    allow_http: bool = False
    allow_private: bool = False

    def objection(self, endpoint: Endpoint) -> str | None:
        """Why `endpoint` may not be asked, as far as it can be told before its name is resolved; in a few words."""
        if endpoint.scheme != "https" and not self.allow_http:
            return "it is not https"
        if endpoint.port not in PORTS and not self.allow_private:
            return f"its port is none of {', '.join(map(str, sorted(PORTS)))}"
        if _is_address(endpoint.host) and not self.permits(endpoint.host):
            return _ADDRESS
        return None

    def check(self, endpoint: Endpoint) -> None:
        """Raises AddressRefused where there is an objection."""
        objection = self.objection(endpoint)
        if objection is not None:
            raise AddressRefused(f"the address may not be asked: {objection}")

    def permits(self, address: str) -> bool:
        """Whether a connection to this IP address may be made."""
        reach = reach_of(address)
        return reach is Reach.PUBLIC or (reach is Reach.PRIVATE and self.allow_private)

    def refusal(self) -> AddressRefused:
        """What is raised for a name none of whose addresses is permitted."""
        return AddressRefused(f"the address may not be asked: {_ADDRESS}")


_ADDRESS: Final = "it is in a private or reserved network"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
