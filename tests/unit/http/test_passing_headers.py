import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.http.passing_headers import handed_back, passed_on, query_passed_on

KEY = b"sk-antiphon-key"
HEADERS = """
accept accept-encoding anthropic-beta api-key authorization connection content-encoding content-length content-type
cookie host idempotency-key keep-alive openai-beta openai-organization openai-project trailer transfer-encoding upgrade
x-api-key x-custom x-forwarded-for x-goog-api-key x-http-method-override
"""
NAMES = st.sampled_from(HEADERS.encode().split())
VALUES = st.sampled_from(
    [b"close", b"x-custom", b"Bearer " + KEY, KEY, b"gzip", b"Trailer, X-Custom", b"application/json"]
)
PASSED = {b"accept", b"anthropic-beta", b"content-encoding", b"content-type", b"idempotency-key", b"openai-beta"}


def opens(value: bytes) -> bool:
    return value == KEY


@settings(max_examples=100)
@given(st.lists(st.tuples(NAMES, VALUES)))
def test_nothing_that_opens_the_gateway_or_is_a_connections_own_reaches_a_provider(
    headers: list[tuple[bytes, bytes]],
) -> None:
    left = passed_on(headers, opens)
    named = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    assert {name for name, _ in left} <= (PASSED | {b"x-custom"}) - named
    assert all(KEY not in value for _, value in left)
    expected = [each for each in headers if each[0] in PASSED and KEY not in each[1] and each[0] not in named]
    assert [each for each in left if each[0] in PASSED] == expected


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (b"", ""),
        (b"a=1&b=2", "a=1&b=2"),
        (b"key=sk-antiphon-key&alt=sse", "alt=sse"),
        (b"alt=sse&any=sk%2Dantiphon%2Dkey", "alt=sse"),
        (b"key=another&a=%2F+%20", "key=another&a=%2F+%20"),
        (b"\xff=1", "\xff=1"),
    ],
)
def test_a_query_loses_keys_of_the_gateway_alone(query: bytes, left: str) -> None:
    assert query_passed_on(query, opens) == left


def here(address: str) -> str | None:
    return f"/p/x{address}" if address.startswith("/") else None


def told(*headers: tuple[bytes, bytes]) -> dict[bytes, bytes]:
    return dict(handed_back(headers, here, b"http://gate"))


@pytest.mark.parametrize(
    "name",
    [
        b"set-cookie",
        b"strict-transport-security",
        b"alt-svc",
        b"server",
        b"connection",
        b"transfer-encoding",
        b"access-control-allow-origin",
        b"openai-organization",
        b"x-request-id",
        b"antiphon-target",
        b"www-authenticate",
    ],
)
def test_what_would_hold_for_the_gateway_itself_stays_behind(name: bytes) -> None:
    assert set(told((name, b"x"), (b"x-ratelimit-limit", b"1"))) == {
        b"x-ratelimit-limit",
        b"content-security-policy",
        b"x-content-type-options",
    }


def test_headers_that_the_provider_calls_its_connections_own_stay_behind() -> None:
    assert b"x-hop" not in told((b"connection", b"close, X-Hop"), (b"x-hop", b"1"))


def test_addresses_come_to_lead_to_the_gateway_or_are_cut() -> None:
    assert told((b"location", b" /v1/x "))[b"location"] == b"/p/x/v1/x"
    assert told((b"x-goog-upload-url", b"/up?id=1"))[b"x-goog-upload-url"] == b"http://gate/p/x/up?id=1"
    assert b"location" not in told((b"location", b"https://elsewhere"))
    assert b"operation-location" not in told((b"operation-location", b"https://elsewhere"))


def test_of_two_framings_the_length_does_not_hold() -> None:
    assert told((b"content-length", b"3"))[b"content-length"] == b"3"
    assert b"content-length" not in told((b"content-length", b"3"), (b"transfer-encoding", b"chunked"))
