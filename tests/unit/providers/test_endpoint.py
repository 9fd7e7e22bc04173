import pytest

from antiphon.providers.endpoint import Endpoint, header_block


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "target"),
    [
        ("https://api.openai.com/v1/responses", "api.openai.com", 443, b"api.openai.com", b"/v1/responses"),
        ("http://api.test", "api.test", 80, b"api.test", b"/"),
        ("http://api.test:80/", "api.test", 80, b"api.test", b"/"),
        ("https://api.test:80/", "api.test", 80, b"api.test:80", b"/"),
        ("http://[::1]:11434/v1?a=b#c", "::1", 11434, b"[::1]:11434", b"/v1?a=b"),
        ("HTTPS://API.Test/A%20b/é", "api.test", 443, b"api.test", b"/A%20b/%C3%A9"),
        ("https://münchen.test/", "xn--mnchen-3ya.test", 443, b"xn--mnchen-3ya.test", b"/"),
        (
            "https://x.test/o?api-version=2024-10-21&q=ü",
            "x.test",
            443,
            b"x.test",
            b"/o?api-version=2024-10-21&q=%C3%BC",
        ),
    ],
)
def test_a_url_is_taken_apart_once(url: str, host: str, port: int, authority: bytes, target: bytes) -> None:
    endpoint = Endpoint.parse(url)
    assert (endpoint.host, endpoint.port, endpoint.authority, endpoint.target) == (host, port, authority, target)
    expected = b"POST %b HTTP/1.1\r\nHost: %b\r\nAccept-Encoding: identity\r\n" % (target, authority)
    assert endpoint.post_head == expected
    assert endpoint.get_head == expected.replace(b"POST", b"GET", 1)


def test_connections_are_shared_by_scheme_host_and_port() -> None:
    origins = [
        Endpoint.parse(url).origin
        for url in ("https://a.test/x", "https://A.test:443/y", "http://a.test", "https://a.test:444", "https://b.test")
    ]
    assert origins[0] == origins[1]
    assert len(set(origins)) == 4


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.test/v1",
        "ftp://api.test",
        "https://",
        "https:///v1",
        "https://user:secret@api.test/",
        "https://secret@api.test/",
        "https://api.test/v1\r\nX-Evil: 1",
        "https://api.test/a b",
        "https://api.test:99999/",
        "https://api.test:secret/",
        "https://secret\uff0f.test/",
        "https://a..test/",
        "https://" + "a" * 64 + ".test/",
        "https://ü" + "a" * 64 + ".test/",
        "https://" + "a." * 150 + "test/",
        "https://.test/",
        "https://[::1/",
    ],
)
def test_what_is_no_url_of_a_provider_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is looked at
        Endpoint.parse(url)
    assert "secret" not in str(caught.value)


def test_headers_are_written_as_they_go_over_the_wire() -> None:
    assert (
        header_block({"Authorization": "Bearer k\tk", "x-api-key": ""})
        == b"Authorization: Bearer k\tk\r\nx-api-key: \r\n"
    )
    assert header_block({}) == b""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "secret\r\nX-Evil: 1"),
        ("Authorization", "secret\n"),
        ("Authorization", "secret\x00"),
        ("Authorization", "secret’"),
        ("X Evil", "secret"),
        ("X-Evil:", "secret"),
        ("", "secret"),
        ("X\r\nEvil", "secret"),
    ],
)
def test_a_header_that_would_be_another_is_refused_without_its_value(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header") as caught:
        header_block({name: value})
    assert "secret" not in str(caught.value)
