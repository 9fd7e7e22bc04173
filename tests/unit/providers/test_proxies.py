import pytest

from antiphon.providers.endpoint import Endpoint
from antiphon.providers.proxy import Proxies, Proxy


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("*", "https://api.test"),
        ("api.test", "https://api.test"),
        ("test", "https://api.test"),
        (".test", "https://api.test"),
        ("other, API.test ,x", "https://api.test"),
        ("api.test:443", "https://api.test"),
        ("test:8443", "https://api.test:8443"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("10.0.0.0/8", "https://10.1.2.3"),
        ("[fd00::1]", "https://[fd00::1]"),
        ("fd00::1", "https://[fd00::1]"),
        ("[fd00::1]:443", "https://[fd00::1]"),
        ("fd00::/8", "https://[fd00::1]"),
        ("", "https://localhost"),
        ("", "https://127.0.0.2"),
        ("", "https://[::1]:8000"),
        ("", "http://api.test"),
    ],
)
def test_these_are_reached_directly(no_proxy: str, url: str) -> None:
    assert Proxies.parse(https="http://proxy.test:3128", no_proxy=no_proxy).towards(Endpoint.parse(url)) is None


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("", "https://api.test"),
        ("api.test", "https://myapi.test"),
        (".api.test", "https://api2.test"),
        ("api.test:444", "https://api.test"),
        ("10.0.0.0/8", "https://11.1.2.3"),
        ("10.0.0.0/8", "https://api.test"),
        ("not/a/network", "https://10.1.2.3"),
        ("0.1", "https://10.0.0.1"),
        ("fd00::/8", "https://[fe00::1]"),
    ],
)
def test_these_go_through_the_proxy(no_proxy: str, url: str) -> None:
    proxies = Proxies.parse(https="http://proxy.test:3128", no_proxy=no_proxy)
    assert proxies.towards(Endpoint.parse(url)) == Proxy("proxy.test", 3128, secure=False, authorization=b"")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("proxy.test", Proxy("proxy.test", 8080, secure=False, authorization=b"")),
        ("proxy.test:3128", Proxy("proxy.test", 3128, secure=False, authorization=b"")),
        ("https://proxy.test", Proxy("proxy.test", 443, secure=True, authorization=b"")),
        ("http://u@[::1]:1/", Proxy("::1", 1, secure=False, authorization=b"Proxy-Authorization: Basic dTo=\r\n")),
    ],
)
def test_a_proxy_is_written_as_the_environment_has_it(url: str, proxy: Proxy) -> None:
    assert Proxy.parse(url) == proxy


@pytest.mark.parametrize("url", ["socks5://u:secret@proxy.test", "http://", "http://u:secret@proxy.test:x"])
def test_a_proxy_of_another_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is looked at
        Proxy.parse(url)
    assert "secret" not in str(caught.value)
