"""Every spelling that is known to have led somebody's gateway into its own network, fetched as a client would ask."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from antiphon.providers.downloads import WebDownloads
from antiphon.providers.egress import Egress

WEB = WebDownloads(Egress(allow_http=True), seconds=5, max_bytes=1024, most_bytes=1024)

REFUSED = "private or reserved"
NO_ADDRESS = "host|legal|user and password|blanks"

TABLE = {
    "plain": ("http://127.0.0.1/", REFUSED),
    "name": ("http://localhost/", REFUSED),
    "capitals": ("http://LocalHost/", REFUSED),
    "trailing-dot": ("http://localhost./", f"{REFUSED}|not known"),
    "short": ("http://127.1/", REFUSED),
    "shortest": ("http://0/", REFUSED),
    "unspecified": ("http://0.0.0.0/", REFUSED),
    "decimal": ("http://2130706433/", REFUSED),
    "octal": ("http://0177.0.0.1/", REFUSED),
    "octal-in-one": ("http://017700000001/", REFUSED),
    "hex": ("http://0x7f.0x0.0x0.0x1/", REFUSED),
    "hex-in-one": ("http://0x7f000001/", REFUSED),
    "circled-digits": ("http://①②⑦.⓪.⓪.①/", REFUSED),
    "full-width": ("http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", REFUSED),
    "ideographic-stops": ("http://127。0。0。1/", REFUSED),
    "private-a": ("http://10.0.0.1/", REFUSED),
    "private-b": ("http://172.16.0.1/", REFUSED),
    "private-c": ("http://192.168.0.1/", REFUSED),
    "carrier": ("http://100.64.0.1/", REFUSED),
    "link-local": ("http://169.254.1.1/", REFUSED),
    "metadata": ("http://169.254.169.254/latest/meta-data/", REFUSED),
    "metadata-decimal": ("http://2852039166/", REFUSED),
    "metadata-alibaba": ("http://100.100.100.200/", REFUSED),
    "metadata-azure": ("http://168.63.129.16/", REFUSED),
    "metadata-oracle": ("http://192.0.0.192/", REFUSED),
    "metadata-aws-6": ("http://[fd00:ec2::254]/", REFUSED),
    "broadcast": ("http://255.255.255.255/", REFUSED),
    "multicast": ("http://224.0.0.1/", REFUSED),
    "loopback-6": ("http://[::1]/", REFUSED),
    "loopback-6-in-full": ("http://[0:0:0:0:0:0:0:1]/", REFUSED),
    "unspecified-6": ("http://[::]/", REFUSED),
    "mapped": ("http://[::ffff:127.0.0.1]/", REFUSED),
    "mapped-hex": ("http://[::ffff:7f00:1]/", REFUSED),
    "compatible": ("http://[::127.0.0.1]/", REFUSED),
    "translated": ("http://[::ffff:0:127.0.0.1]/", REFUSED),
    "nat64": ("http://[64:ff9b::7f00:1]/", REFUSED),
    "nat64-of-metadata": ("http://[64:ff9b::169.254.169.254]/", REFUSED),
    "nat64-local": ("http://[64:ff9b:1::7f00:1]/", REFUSED),
    "6to4": ("http://[2002:7f00:1::]/", REFUSED),
    "teredo": ("http://[2001:0:7f00:1::]/", REFUSED),
    "unique-local": ("http://[fd12:3456::1]/", REFUSED),
    "link-local-6": ("http://[fe80::1]/", REFUSED),
    "site-local-6": ("http://[fec0::1]/", REFUSED),
    "zone": ("http://[fe80::1%25eth0]/", REFUSED),
    "zone-of-a-public-one": ("http://[2606:4700::1%25eth0]/", REFUSED),
    "user": ("http://example.com@127.0.0.1/", NO_ADDRESS),
    "user-and-password": ("http://example.com:80@127.0.0.1/", NO_ADDRESS),
    "empty-user": ("http://@127.0.0.1/", NO_ADDRESS),
    "backslash": ("http://127.0.0.1\\@example.com/", NO_ADDRESS),
    "backslash-before-port": ("http://127.0.0.1\\.example.com:80/", "legal|not known"),
    "blank": ("http://127.0.0.1 .example.com/", NO_ADDRESS),
    "line-end": ("http://127.0.0.1\r\nHost: example.com/", NO_ADDRESS),
    "tab": ("http://127.0.\t0.1/", NO_ADDRESS),
    "nul": ("http://127.0.0.1\x00.example.com/", NO_ADDRESS),
    "no-host": ("http:///127.0.0.1/", NO_ADDRESS),
    "one-slash": ("http:/127.0.0.1/", NO_ADDRESS),
    "no-slash": ("http:127.0.0.1", NO_ADDRESS),
    "empty-label": ("http://127.0.0.1../", NO_ADDRESS),
    "fragment": ("http://127.0.0.1#@example.com/", REFUSED),
    "query": ("http://127.0.0.1?@example.com/", REFUSED),
    "port-of-redis": ("http://1.1.1.1:6379/", "port"),
    "port-of-ssh": ("http://1.1.1.1:22/", "port"),
    "port-too-large": ("http://127.0.0.1:65616/", NO_ADDRESS),
    "port-negative": ("http://127.0.0.1:-1/", NO_ADDRESS),
    "file": ("file:///etc/passwd", NO_ADDRESS),
    "gopher": ("gopher://127.0.0.1:6379/_FLUSHALL", NO_ADDRESS),
    "ftp": ("ftp://127.0.0.1/", NO_ADDRESS),
    "data": ("data:text/plain,127.0.0.1", NO_ADDRESS),
    "unix": ("http+unix://%2Fvar%2Frun%2Fdocker.sock/", NO_ADDRESS),
    "jar": ("jar:http://127.0.0.1!/", NO_ADDRESS),
    "relative": ("//127.0.0.1/", NO_ADDRESS),
    "nothing": ("", NO_ADDRESS),
}


@pytest.mark.parametrize("name", TABLE)
async def test_no_spelling_leads_inside(name: str) -> None:
    url, why = TABLE[name]
    found = await WEB.fetch(url)
    assert isinstance(found, str)
    assert re.search(why, found), found
    assert "127.0.0.1" not in found, "what was asked for is not repeated"


def test_whoever_goes_out_at_a_clients_word_is_guarded() -> None:
    """Each client of HTTP that the gateway makes: where the owner alone says where it goes, or under `Egress`."""
    folder = Path(__file__).parents[3] / "antiphon"
    made = {
        str(path.relative_to(folder)): line.strip()
        for path in sorted(folder.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "HttpUpstream(" in line and "class " not in line
    }
    of_the_owner = {"app/upstreams.py"}
    assert {name for name, line in made.items() if "egress=" not in line} == of_the_owner
    others = re.compile(
        r"^\s*(import|from) (httpx|requests|aiohttp|urllib3|urllib\.request|http\.client)\b", re.MULTILINE
    )
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.py") if others.search(path.read_text("utf-8"))}
    assert all(name.startswith(("app/checkup/", "cli/", "embedded/")) for name in found), found
