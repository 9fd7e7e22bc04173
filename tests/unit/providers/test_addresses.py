"""Against the registries themselves: the ranges below are IANA's, copied 2026-11, not the module's own."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.addresses import Reach, reach_of

NOT_GLOBAL_4 = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
NOT_GLOBAL_6 = [
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "4000::/2",
    "8000::/1",
]
METADATA = "169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254 fe80::1"
KNOWN = (
    "1.1.1.1 8.8.8.8 93.184.215.14 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.169.0.1 11.0.0.0 "
    "126.255.255.255 128.0.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111 2a00:1450:4001::200e "
    "2001:4860:4860::8888 2620:fe::fe 64:ff9b::808:808"
)

special_4 = st.sampled_from(NOT_GLOBAL_4).flatmap(lambda network: st.ip_addresses(v=4, network=network))
special_6 = st.sampled_from(NOT_GLOBAL_6).flatmap(lambda network: st.ip_addresses(v=6, network=network))


def inside(prefix: str, address: IPv4Address, shift: int = 0) -> IPv6Address:
    """An IPv6 address that carries an IPv4 one."""
    return IPv6Address(int(IPv6Address(prefix)) | int(address) << shift)


@given(address=special_4)
def test_no_special_address_is_public(address: IPv4Address) -> None:
    assert reach_of(str(address)) is not Reach.PUBLIC


@given(address=special_6)
def test_no_special_address_of_the_newer_kind_is_public(address: IPv6Address) -> None:
    assert reach_of(str(address)) is not Reach.PUBLIC
    assert reach_of(address.exploded) is reach_of(str(address))


@given(address=special_4)
def test_no_special_address_becomes_public_by_being_carried_in_another(address: IPv4Address) -> None:
    mapped, compatible, nat64 = inside("::ffff:0:0", address), inside("::", address), inside("64:ff9b::", address)
    local_nat64, teredo = inside("64:ff9b:1::", address), inside("2001::", address, 64)
    for carrier in (mapped, nat64, local_nat64, inside("2002::", address, 80), teredo, inside("::ffff:0:0:0", address)):
        assert reach_of(str(carrier)) is Reach.NEVER
    assert reach_of(str(compatible)) is not Reach.PUBLIC


@given(address=st.ip_addresses())
def test_what_is_public_is_so_for_python_too(address: IPv4Address | IPv6Address) -> None:
    if reach_of(str(address)) is Reach.PUBLIC:
        assert address.is_global
        assert not any((address.is_multicast, address.is_link_local, address.is_unspecified))
        # Python calls reserved what the registry calls NAT64 and globally reachable.
        assert not address.is_reserved or address in IPv6Network("64:ff9b::/96")


@given(address=st.ip_addresses(v=6, network="2000::/3"))
def test_what_is_handed_out_is_public_but_for_what_is_known(address: IPv6Address) -> None:
    if reach_of(str(address)) is not Reach.PUBLIC:
        assert not address.is_global or str(address.exploded).startswith("2001:0")


@given(
    address=st.sampled_from(["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]).flatmap(
        lambda network: st.ip_addresses(v=4, network=network)
    )
    | st.ip_addresses(v=6, network="fc00::/8")
)
def test_networks_of_one_s_own_are_private(address: IPv4Address | IPv6Address) -> None:
    assert reach_of(str(address)) is Reach.PRIVATE


@pytest.mark.parametrize("address", METADATA.split())
def test_the_metadata_of_clouds_is_never_reached(address: str) -> None:
    assert reach_of(address) is Reach.NEVER


@pytest.mark.parametrize("address", KNOWN.split())
def test_what_the_internet_is_made_of_is_public(address: str) -> None:
    assert reach_of(address) is Reach.PUBLIC


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f.1", "2130706433", "1.2.3.4.5", "fe80::1%eth0", "[::1]"]
)
def test_what_is_no_plain_address_is_never_reached(text: str) -> None:
    assert reach_of(text) is Reach.NEVER


def test_a_scope_makes_an_address_one_of_this_machine() -> None:
    assert ip_address("2606:4700::1%eth0")
    assert reach_of("2606:4700::1%eth0") is Reach.NEVER
