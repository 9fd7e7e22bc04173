"""Addresses of Redis."""

from __future__ import annotations

import ssl
import sys

import pytest

from antiphon.errors import ConfigError
from antiphon.store.location import check_redis
from antiphon.store.redis.address import Address, address_of

HERE = ("localhost", 6379)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", Address(hosts=(HERE,))),
        ("redis://h", Address(hosts=(("h", 6379),))),
        ("valkey://h:1/2", Address(hosts=(("h", 1),), database=2)),
        ("redis://h/2?db=3", Address(hosts=(("h", 6379),), database=3)),
        ("redis://u:p%40%2F@h", Address(hosts=(("h", 6379),), user="u", password="p@/")),
        ("redis://:p@[::1]:7", Address(hosts=(("::1", 7),), password="p")),
        ("unix:///a/b%20c?db=1", Address(path="/a/b c", database=1)),
        ("unix://u:p@/a", Address(path="/a", user="u", password="p")),
        (
            "redis+sentinel://u:p@a,b:1/main/4",
            Address(hosts=(("a", 26379), ("b", 1)), master="main", user="u", password="p", database=4),
        ),
    ],
)
def test_an_address_is_understood(url: str, expected: Address) -> None:
    assert address_of(url) == expected


@pytest.mark.parametrize(
    ("options", "mode", "checks"),
    [
        ("", ssl.CERT_REQUIRED, True),
        ("?ssl_check_hostname=false", ssl.CERT_REQUIRED, False),
        ("?ssl_cert_reqs=none", ssl.CERT_NONE, False),
    ],
)
def test_tls_asks_for_as_much_as_it_is_told_to(options: str, mode: ssl.VerifyMode, *, checks: bool) -> None:
    for url in (
        f"rediss://h/1{options}",
        f"valkeys://h/1{options}",
        f"redis+sentinel://h/m/1{options or '?'}&ssl=true",
    ):
        found = address_of(url)
        assert found.tls is not None
        assert (found.tls.verify_mode, found.tls.check_hostname, found.database) == (mode, checks, 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hidden@h",
        "redis://me:hidden@h/one",
        "redis://me:hidden@h:port",
        "redis://me:hidden@h?timeout=1",
        "redis+sentinel://me:hidden@h",
        "rediss://me:hidden@h?ssl_ca_certs=/nowhere",
    ],
)
def test_what_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        address_of(url)
    assert "hidden" not in str(caught.value)
    assert "hidden" not in repr(Address(password="hidden"))


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("antiphon.store.redis.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hiredis", None)
    with pytest.raises(ConfigError, match=r"pip install 'antiphon\[redis\]'"):
        check_redis("redis://h")
