"""Hostile requests to every other route, and bytes that are no request at all: always an answer in the envelope."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.integration.harness import (
    KEY,
    PATIENCE,
    Answer,
    Exchange,
    Gateway,
    ask,
    assert_fair,
    assert_refused,
    request_bytes,
    sent,
    serving,
    settings_for,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = 1
"""A port that no provider listens at: the demo model answers here."""

ROUTES = [
    ("POST", "/v1/responses"),
    ("GET", "/v1/responses/resp_1"),
    ("DELETE", "/v1/responses/resp_1"),
    ("GET", "/v1/responses/resp_1/input_items"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/demo/echo"),
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "CONNECT", "BREW"]


def shortened(text: str | bytes) -> str:
    """The text as the name of a case."""
    return f"{text[:40]!a} of {len(text)}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    folder = tmp_path_factory.mktemp("routes")
    async with serving(settings_for(NOBODY, f"sqlite:///{folder}/antiphon.db"), folder / "log") as running:
        yield running
        assert not [line for line in running.lines() if "traceback" in line]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(gateway: Gateway) -> str:
    """The id of a kept response with several items."""
    items = [{"role": "user", "content": f"Item {number}"} for number in range(5)]
    answer = await ask(gateway, "POST", "/v1/responses", {"model": "demo/echo", "input": items})
    assert answer.status == 200
    identifier: str = answer.json["id"]
    return identifier


async def got(gateway: Gateway, path: str, method: str = "GET") -> Answer:
    return await sent(gateway, request_bytes(method, path.encode("latin-1")), head_only=method == "HEAD")


# --- paths ------------------------------------------------------------------------------------------------------------

NOWHERE = [
    "/v1",
    "/v1/",
    "/v1/nothing",
    "/v2/responses",
    "/v1/v1/responses",
    "/v1/responses/resp_1/nothing",
    "/v1/responses/resp_1/input_items/msg_1",
    "/v1/responses/compact/x",
    "/v1//responses",
    "/v1/responses//input_items",
    "/v1/../etc/passwd",
    "/v1/%2e%2e/%2e%2e/etc/passwd",
    "/docs/../../settings.py",
    "/docs/..%2f..%2fsettings.py",
    "/docs/%2e%2e",
    "/docs/nothing",
    "/api/llm/nothing",
    "/%00",
    "/%0d%0aX-Injected:%20yes",
    "/%ff%fe",
    "/%",
    "/%zz",
    "/\\",
    "/" + "x" * 60_000,
    "/" + "a/" * 20_000,
    "/v1/responses/" + "x" * 60_000,
    "/.git/config",
    "/metric?x",
    "/V1/RESPONSES/x",
    "/;/",
    "/%E2%80%A8",
]


@pytest.mark.parametrize("path", NOWHERE, ids=shortened)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_path_that_is_none_is_told_so(gateway: Gateway, path: str, method: str) -> None:
    answer = await got(gateway, path, method)
    assert_refused(answer, 404, 405, 426)
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES} | {"/health", "/docs", "/openapi.json", "/"}))
async def test_a_method_that_a_path_does_not_have_is_told_so(gateway: Gateway, path: str, method: str) -> None:
    answer = await got(gateway, path, method)
    assert 200 <= answer.status < 500
    if method != "HEAD":
        assert_fair(answer)
    if answer.status == 405:
        assert answer.headers["allow"]


NOBODYS_ID = [
    "resp_",
    "resp_1",
    "x",
    "%2e%2e",
    "..",
    "resp_%00",
    "resp_%0d%0aX-Injected:%20yes",
    "resp_1%27%20OR%201=1--",
    "%22;DROP%20TABLE%20responses",
    "resp_1%2Finput_items",
    "r%C3%A9sp",
    "%ED%A0%80",
    "a" * 256,
    "a" * 257,
    "a" * 60_000,
    "null",
    "undefined",
    "*",
    "-1",
    "%D9%A1",
]


@pytest.mark.parametrize("identifier", NOBODYS_ID, ids=shortened)
@pytest.mark.parametrize(
    ("method", "under"), [("GET", ""), ("DELETE", ""), ("GET", "/input_items"), ("GET", "?stream=1")]
)
async def test_an_id_that_is_nobodys_is_not_found(gateway: Gateway, identifier: str, method: str, under: str) -> None:
    answer = await got(gateway, f"/v1/responses/{identifier}{under}", method)
    assert_refused(answer, 404, 405)
    assert len(answer.body) < 1000 or len(identifier) > 1000
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize("identifier", NOBODYS_ID, ids=shortened)
async def test_a_parent_that_is_nobodys_is_told_so(gateway: Gateway, identifier: str) -> None:
    body = {"model": "demo/echo", "input": "Hi", "previous_response_id": identifier}
    answer = await ask(gateway, "POST", "/v1/responses", body)
    assert_refused(answer, 400)
    assert answer.error["code"] == "previous_response_not_found"


@pytest.mark.parametrize(
    "identifier", [*NOBODYS_ID, "demo/echo/", "demo%2Fecho%2F", "demo//echo", "openai/gpt-5"], ids=shortened
)
async def test_a_model_that_is_nobodys_is_not_found(gateway: Gateway, identifier: str) -> None:
    assert_fair(await got(gateway, f"/v1/models/{identifier}"))


# --- queries ----------------------------------------------------------------------------------------------------------

NUMBERS = [
    "",
    "-1",
    "0",
    "1.5",
    "1e3",
    "0x10",
    "+1",
    "%201",
    "1_000",
    "9" * 400,
    "%D9%A1%D9%A2",
    "%C2%B2",
    "null",
    "NaN",
    "%00",
]
QUERIES = [
    *(f"limit={number}" for number in [*NUMBERS, "101", "-9223372036854775809", "18446744073709551616"]),
    *(f"starting_after={number}&stream=true" for number in NUMBERS),
    *(f"order={word}" for word in ("", "ASC", "asc,desc", "%00", "x" * 5000)),
    *(f"{name}={word}" for name in ("after", "before") for word in ("", "msg_no", "%00", "x" * 5000, "%F0%9F%8C%B5")),
    *(f"{name}={word}" for name in ("stream", "include_obfuscation") for word in ("", "yes", "2", "TRUE", "%00")),
    *(f"include={word}" for word in ("", ",", "nothing", "x" * 5000, "%00", "*")),
    "include[]=nothing",
    "include%5B%5D=message.output_text.logprobs&include[]=",
    "include=" + "message.output_text.logprobs," * 300,
    "limit=1&limit=2&limit=x",
    "limit=x&limit=1",
    "stream=true&stream=false",
    "provider=nobody",
    "provider=&provider=",
    "provider=%00",
    "&&&&",
    "=",
    "==",
    "%",
    "%zz=%zz",
    "%ff=%fe",
    "limit=%ED%A0%80",
    "x=%C0%AF",
    "?limit=5",
    ";limit=5",
    "limit",
    "limit[]=5",
    "limit[a]=5",
    "&".join(f"x{number}=1" for number in range(101)),
    "x=" + "y" * 60_000,
    "beta=true",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=shortened)
async def test_a_query_is_understood_or_refused(gateway: Gateway, kept: str, query: str) -> None:
    for path in (f"/v1/responses/{kept}", f"/v1/responses/{kept}/input_items", "/v1/models"):
        assert_fair(await got(gateway, f"{path}?{query}"))


# --- keys and headers -------------------------------------------------------------------------------------------------

BAD_KEYS = [
    b"",
    b"Bearer",
    b"Bearer ",
    b"Bearer x",
    b"bearer  ",
    b"Basic Og==",
    b"\xff\xfe",
    b"Bearer " + b"x" * 60_000,
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=shortened)
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_key_that_opens_nothing_is_refused_everywhere(
    gateway: Gateway, method: str, path: str, key: bytes
) -> None:
    line = f"{method} {path} HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\nAuthorization: ".encode()
    answer = await sent(gateway, line + key + b"\r\n\r\n")
    assert_refused(answer, 401)
    assert answer.error["code"] in ("missing_api_key", "invalid_api_key")


STRANGE_HEADERS = [
    b"Accept: \xff\xfe",
    b"X-Request-Id: x\x80y",
    b"Connection: Upgrade\r\nUpgrade: websocket",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    b"Expect: 100-continue",
    b"Expect: 200-ok",
    b"If-None-Match: \xff",
    b"Range: bytes=0-1",
    b"X-Long: " + b"x" * 60_000,
    b"\r\n".join(b"X-%d: 1" % number for number in range(500)),
    b"Host: another",
]


@pytest.mark.parametrize("header", STRANGE_HEADERS, ids=shortened)
@pytest.mark.parametrize("path", [*sorted({path for _, path in ROUTES}), "/docs", "/", "/health"])
async def test_strange_headers_keep_nobody_from_an_answer(gateway: Gateway, path: str, header: bytes) -> None:
    assert_fair(await sent(gateway, request_bytes("GET", path.encode(), b"", header)))


@pytest.mark.parametrize("header", STRANGE_HEADERS[2:6], ids=shortened)
async def test_a_body_is_read_whatever_else_is_offered(gateway: Gateway, header: bytes) -> None:
    body = b'{"model":"demo/echo","input":"Hi"}'
    answer = await sent(gateway, request_bytes("POST", b"/v1/responses", body, header))
    assert answer.status == 100 or answer.json["status"] == "completed"


# --- what is no HTTP --------------------------------------------------------------------------------------------------

AUTH = b"Host: g\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"
NO_HTTP = {
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
    "words": b"hello there\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": b"GET /health HTTP/9.9\r\n\r\n",
    "no version": b"GET /health\r\n\r\n",
    "a blank in the path": b"GET /v1/a b HTTP/1.1\r\n" + AUTH + b"\r\n",
    "NUL in the path": b"GET /v1/\x00 HTTP/1.1\r\n" + AUTH + b"\r\n",
    "bytes in the path": b"GET /v1/\xff\xfe HTTP/1.1\r\n" + AUTH + b"\r\n",
    "no path": b"GET  HTTP/1.1\r\n" + AUTH + b"\r\n",
    "a header without a colon": b"GET /health HTTP/1.1\r\nHost\r\n\r\n",
    "a header without a name": b"GET /health HTTP/1.1\r\n: x\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    "a blank before the colon": b"GET /health HTTP/1.1\r\nHost : g\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    "two lengths": b"POST /v1/responses HTTP/1.1\r\n" + AUTH + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "a length and chunks": b"POST /v1/responses HTTP/1.1\r\n"
    + AUTH
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks of no length": b"POST /v1/responses HTTP/1.1\r\n"
    + AUTH
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "an unknown transfer encoding": b"POST /v1/responses HTTP/1.1\r\n" + AUTH + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\n" + AUTH + b"\r\n",
    "a tunnel": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "another scheme": b"GET ftp://example.com/ HTTP/1.1\r\n" + AUTH + b"\r\n",
    "a fragment": b"GET /v1/models#x HTTP/1.1\r\n" + AUTH + b"\r\n",
}


@pytest.mark.parametrize("what", NO_HTTP)
async def test_what_is_no_request_is_answered_in_the_envelope(gateway: Gateway, what: str) -> None:
    assert_fair(await sent(gateway, NO_HTTP[what]))
    assert (await ask(gateway, "GET", "/health")).status == 200


async def test_a_head_without_end_is_cut_off(gateway: Gateway) -> None:
    before = gateway.memory()
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        exchange = Exchange(reader, writer)
        try:
            writer.write(
                b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"x" * 1000) for n in range(20_000))
            )
            await exchange.head()
            assert exchange.status in (400, 431)
        finally:
            exchange.leave()
    assert gateway.memory() - before < 20_000_000
