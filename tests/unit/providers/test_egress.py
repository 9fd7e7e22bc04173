import pytest

from antiphon.errors import AddressRefused, Retry
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.http import HttpUpstream
from antiphon.providers.proxy import Proxies

STRICT = Egress()
OPEN = Egress(allow_http=True, allow_private=True)


@pytest.mark.parametrize(
    "url", ["https://hooks.example/a?b=c", "https://hooks.example:8443", "https://[2606:4700::1]/"]
)
def test_the_web_may_be_asked(url: str) -> None:
    STRICT.check(Endpoint.parse(url))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/", "not https"),
        ("https://hooks.example:25/", "port"),
        ("https://hooks.example:6379/", "port"),
        ("https://127.0.0.1/", "private or reserved"),
        ("https://[::1]/", "private or reserved"),
        ("https://[::ffff:10.0.0.1]/", "private or reserved"),
        ("https://169.254.169.254/latest/meta-data/", "private or reserved"),
    ],
)
def test_what_may_not_be_asked_is_told_before_anything_is_resolved(url: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why) as caught:
        STRICT.check(Endpoint.parse(url))
    assert caught.value.retry is Retry.NEVER


@pytest.mark.parametrize("url", ["http://127.0.0.1:1234/", "http://10.0.0.1/", "https://[fd00::1]:9999/"])
def test_an_owner_may_open_private_networks(url: str) -> None:
    OPEN.check(Endpoint.parse(url))


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://0.0.0.0/", "http://224.0.0.1/"]
)
def test_what_is_never_meant_is_not_opened_with_them(url: str) -> None:
    with pytest.raises(AddressRefused):
        OPEN.check(Endpoint.parse(url))


def test_nobody_can_judge_what_a_proxy_connects_to() -> None:
    with pytest.raises(ValueError, match="proxy"):
        HttpUpstream(Timeouts(), egress=STRICT, proxies=Proxies())
