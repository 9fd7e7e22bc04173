"""Several requests on one connection where one is odd: an offer to upgrade, a head too long, or what is no request."""

import asyncio
import json
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
    assert_refused,
    request_bytes,
    sent,
    serving,
    settings_for,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = json.dumps({"model": "demo/echo", "input": "Hi"}).encode()
OFFER = b"Connection: Upgrade\r\nUpgrade: h2c"
OFFERING = request_bytes("POST", b"/v1/responses", BODY, OFFER)
HEALTH = b"GET /health HTTP/1.1\r\nHost: g\r\n\r\n"
CHUNKED = request_bytes("POST", b"/v1/responses", b"", b"Transfer-Encoding: chunked")
FILLING = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 1000) for number in range(1000))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    folder = tmp_path_factory.mktemp("odd")
    async with serving(settings_for(1, f"sqlite:///{folder}/antiphon.db"), folder / "log") as running:
        yield running
        told = [line for line in running.lines() if line["level"] not in ("info", "debug")]
        assert not told


async def answers(gateway: Gateway, data: bytes, count: int, cut: int = 0) -> tuple[list[Answer], bool]:
    """So many answers to these bytes, sent at once or in two parts, and whether the connection ends after them."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        exchange = Exchange(reader, writer)
        try:
            writer.write(data[:cut] if cut else data)
            if cut:
                await writer.drain()
                await ask(gateway, "GET", "/health")
                writer.write(data[cut:])
            found: list[Answer] = []
            for _ in range(count):
                await exchange.head()
                found.append(Answer(exchange.status, exchange.headers, await exchange.rest()))
            ends = found[-1].headers.get("connection") == "close"
            if ends:
                assert await reader.read() == b""
            return found, ends
        finally:
            exchange.leave()


@pytest.mark.parametrize("cut", [0, 10, len(OFFERING) - len(BODY), len(OFFERING) - 5, len(OFFERING) + 9])
async def test_an_offer_to_upgrade_leaves_the_connection_as_it_was(gateway: Gateway, cut: int) -> None:
    found, ends = await answers(gateway, OFFERING + HEALTH + OFFERING, 3, cut)
    assert [answer.status for answer in found] == [200, 200, 200]
    assert found[0].json["status"] == found[2].json["status"] == "completed"
    assert not ends


async def test_an_offer_is_declined_whatever_comes_with_it(gateway: Gateway) -> None:
    closing = request_bytes("POST", b"/v1/responses", BODY, b"Connection: Upgrade, close\r\nUpgrade: websocket")
    found, ends = await answers(gateway, closing, 1)
    assert found[0].json["status"] == "completed"
    assert ends
    chunked = request_bytes("POST", b"/v1/responses", b"", OFFER, b"Transfer-Encoding: chunked")
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"
    found, _ = await answers(gateway, chunked + pieces, 1)
    assert found[0].json["status"] == "completed"
    long = request_bytes("POST", b"/v1/responses", BODY, OFFER, b"X-Long: " + b"x" * 60_000)
    found, _ = await answers(gateway, long, 1)
    assert found[0].json["status"] == "completed"


async def test_very_many_offers_are_declined_one_by_one(gateway: Gateway) -> None:
    offer = b"GET /health HTTP/1.1\r\nHost: g\r\n" + OFFER + b"\r\n\r\n"
    found, _ = await answers(gateway, offer * 2_000, 2_000)
    assert {answer.status for answer in found} == {200}


async def test_an_offer_of_a_websocket_gets_the_status_that_sends_clients_to_plain_http(gateway: Gateway) -> None:
    offer = request_bytes("GET", b"/v1/responses", b"", b"Connection: Upgrade\r\nUpgrade: websocket")
    assert_refused(await sent(gateway, offer), 426)


async def test_a_head_too_long_is_told_so_and_one_that_is_not_is_served(gateway: Gateway) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: g\r\n"
    for filling in (FILLING, b"X: " + b"x" * 1_000_000):
        found, ends = await answers(gateway, head + filling, 1)
        assert_refused(found[0], 431)
        assert found[0].error["code"] == "request_head_too_large"
        assert ends
    found, _ = await answers(gateway, head + FILLING[:65_000] + b"\r\n\r\n" + HEALTH, 2, cut=40_000)
    assert {answer.status for answer in found} == {200}
    assert_refused((await answers(gateway, b"GET /" + b"x" * 1_000_000, 1))[0][0], 431)


async def test_trailers_without_end_are_cut_off(gateway: Gateway) -> None:
    found, ends = await answers(gateway, CHUNKED + b"2\r\n{}\r\n0\r\n" + FILLING, 1)
    assert_refused(found[0], 431)
    assert ends


async def test_a_long_body_is_no_long_head(gateway: Gateway) -> None:
    body = json.dumps({"model": "demo/echo", "input": "x" * 2_000_000}).encode()
    long = request_bytes("POST", b"/v1/responses", body)
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    found, _ = await answers(gateway, long + CHUNKED + pieces + b"0\r\n\r\n" + long, 3)
    assert {answer.status for answer in found} == {200}


@pytest.mark.parametrize("rest", [b"}", b"\x00\x00", b"GET / HTTP/9.9\r\n\r\n"])
async def test_a_request_is_answered_though_none_follows_it(gateway: Gateway, rest: bytes) -> None:
    found, ends = await answers(gateway, request_bytes("POST", b"/v1/responses", BODY) + rest, 1)
    assert found[0].json["status"] == "completed"
    assert ends


async def test_the_answer_reaches_a_client_that_goes_on_sending(gateway: Gateway) -> None:
    head = b"POST /v1/responses HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\nAuthorization: Bearer "
    found, ends = await answers(gateway, head + KEY.encode() + b"\r\n\r\n" + b" " * 5_000_000, 1)
    assert_refused(found[0], 400)
    assert found[0].error["code"] == "invalid_http"
    assert ends


@pytest.mark.parametrize("count", [2, 3, 5])
async def test_requests_in_one_write_are_answered_in_their_order(gateway: Gateway, count: int) -> None:
    asked = [json.dumps({"model": "demo/echo", "input": f"Question {number}"}).encode() for number in range(count)]
    data = b"".join(HEALTH + request_bytes("POST", b"/v1/responses", body) for body in asked)
    found, ends = await answers(gateway, data, 2 * count)
    assert [answer.status for answer in found] == [200] * (2 * count)
    assert not ends
    said = [json.loads(answer.body)["output"][0]["content"][0]["text"] for answer in found[1::2]]
    assert [text for text in said if "Question" not in text] == []
    assert [text[text.index("Question") :][:10] for text in said] == [f"Question {number}" for number in range(count)]


async def test_a_client_that_wants_no_other_answer_gets_its_last_one_and_the_end(gateway: Gateway) -> None:
    data = HEALTH + request_bytes("POST", b"/v1/responses", BODY, b"Connection: close")
    found, ends = await answers(gateway, data, 2)
    assert [answer.status for answer in found] == [200, 200]
    assert ends


async def test_who_says_that_it_is_done_gets_its_answers(gateway: Gateway) -> None:
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(HEALTH + request_bytes("POST", b"/v1/responses", BODY) + HEALTH)
        writer.write_eof()
        assert (await reader.read()).count(b"HTTP/1.1 200 OK\r\n") == 3
        writer.close()


@pytest.mark.parametrize("rest", [CHUNKED + b"zz\r\n", CHUNKED + b"2\r\n{}\r\n0\r\nConnection: close\r\n\r\n"])
async def test_requests_are_answered_though_a_broken_one_follows(gateway: Gateway, rest: bytes) -> None:
    found, ends = await answers(gateway, HEALTH + request_bytes("POST", b"/v1/responses", BODY) + rest, 2)
    assert [answer.status for answer in found] == [200, 200]
    assert ends


async def test_nobody_is_told_to_go_on_behind_a_refusal(gateway: Gateway) -> None:
    """What was written too late also took with it what waited for others; the gateway's log would tell."""
    hesitating = request_bytes("POST", b"/v1/responses", b"", b"Transfer-Encoding: chunked", b"Expect: 100-continue")
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(hesitating + b"zz\r\n")
        said = await reader.read()
        writer.close()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"100 Continue" not in said


async def test_a_client_of_an_older_version_cannot_have_a_websocket(gateway: Gateway) -> None:
    lines = (b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==")
    offer = request_bytes("GET", b"/v1/responses", b"", b"Connection: Upgrade", *lines)
    assert (await sent(gateway, offer, head_only=True)).status == 101
    assert_refused(await sent(gateway, offer.replace(b"HTTP/1.1", b"HTTP/1.0")), 426)


async def test_a_flood_of_requests_leaves_the_memory_as_it_was(gateway: Gateway) -> None:
    await answers(gateway, HEALTH * 10_000, 10_000)
    before = gateway.memory()
    await answers(gateway, HEALTH * 50_000, 50_000)
    assert gateway.memory() - before < 10_000_000
