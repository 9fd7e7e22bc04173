"""What an IP address leads to: the Internet, somebody's own network, or nothing that may be spoken to. Pure.

From IANA's registries of special-purpose addresses (https://www.iana.org/assignments/iana-ipv4-special-registry and
iana-ipv6-special-registry, read 2026-11). Python's `is_global` follows them too, but each of its releases differently.

Law: what is not known to be public is not public.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final


class Reach(enum.Enum):
    """Where an address leads."""

    PUBLIC = "public"
    PRIVATE = "private"
    NEVER = "never"


def reach_of(address: str) -> Reach:
    """What `address`, as a resolver or a socket writes it, leads to; NEVER for what is no address at all."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return Reach.NEVER
    return _reach_of_4(parsed) if isinstance(parsed, IPv4Address) else _reach_of_6(parsed)


def _reach_of_4(address: IPv4Address) -> Reach:
    if any(address in network for network in _NEVER_4):
        return Reach.NEVER
    return Reach.PRIVATE if any(address in network for network in _PRIVATE_4) else Reach.PUBLIC


def _reach_of_6(address: IPv6Address) -> Reach:
    if address.scope_id is not None or address in _METADATA_6:
        return Reach.NEVER
    if any(address in network for network in _PRIVATE_6):
        return Reach.PRIVATE
    if address in _NAT64:
        # How a network without IPv4 reaches it: as public as the address inside.
        inner = _reach_of_4(IPv4Address(int(address) & 0xFFFF_FFFF))
        return inner if inner is Reach.PUBLIC else Reach.NEVER
    if address not in _UNICAST or any(address in network for network in _NEVER_6):
        return Reach.NEVER
    return Reach.PUBLIC


def _networks_4(*networks: str) -> Sequence[IPv4Network]:
    return tuple(map(IPv4Network, networks))


def _networks_6(*networks: str) -> Sequence[IPv6Network]:
    return tuple(map(IPv6Network, networks))


_PRIVATE_4: Final = _networks_4(
    "10.0.0.0/8",
    "100.64.0.0/10",  # behind a carrier's NAT; also used by overlay networks
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",  # for benchmarks; also used by transparent proxies
)
_NEVER_4: Final = _networks_4(
    "0.0.0.0/8",  # this machine, on many systems
    "100.100.100.200/32",  # metadata of a cloud: Alibaba
    "168.63.129.16/32",  # metadata of a cloud: Azure, although the address looks public
    "169.254.0.0/16",  # link-local, and with it the metadata of most clouds
    "192.0.0.0/24",  # protocol assignments, and with it the metadata of a cloud: Oracle
    "192.0.2.0/24",
    "192.88.99.0/24",  # relays of 6to4
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and the broadcast address
)
_PRIVATE_6: Final = _networks_6("::1/128", "fc00::/7")
_METADATA_6: Final = frozenset(
    {
        IPv6Address("fd00:ec2::254"),  # AWS
        IPv6Address("fd20:ce::254"),  # Google
    }
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")
"""All that is handed out. Outside of it are link-local, multicast and the forms that carry an IPv4 address."""

_NEVER_6: Final = _networks_6(
    "2001::/23",  # protocol assignments, Teredo among them
    "2001:db8::/32",
    "2002::/16",  # 6to4: leads to whatever IPv4 address is inside
    "3fff::/20",
)
