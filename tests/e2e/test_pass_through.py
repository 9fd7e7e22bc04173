"""`/p/{provider}/{path}`: providers' own APIs, asked by bare HTTP, by their vendors' clients and over bare sockets."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anthropic
import httpx
import pytest

from antiphon.passthrough_settings import PassingRuleSettings, PassthroughSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.records import RequestRecord
from tests.e2e.background import PATIENCE
from tests.e2e.gateway import KEY_A, KEY_B, NATIVE_KEY, Gateway, running, settings_for
from tests.e2e.upstream import SSE, Cut, Gate, Provider, Reply, refusing, stream, whole

CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Plug:
    """A provider that is no more than a socket."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def accept(self) -> socket.socket:
        accepted, _ = self._listener.accept()
        accepted.settimeout(PATIENCE)
        return accepted


@pytest.fixture(scope="module")
def plug() -> Iterator[Plug]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield Plug(listener)


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider, plug: Plug
) -> Iterator[Gateway]:
    """Tenant a may pass anything on, tenant b nothing."""
    settings = settings_for(
        tmp_path_factory.mktemp("gateway"),
        native_server.url,
        chat_server.url,
        models={},
        providers={
            "native": ProviderSettings(type="openai", base_url=native_server.url, api_key=NATIVE_KEY),
            "claude": ProviderSettings(type="anthropic", base_url=chat_server.url, api_key="sk-ant-1"),
            "google": ProviderSettings(type="gemini", base_url=chat_server.url, api_key="goog-1"),
            "plug": ProviderSettings(type="openai-compatible", base_url=plug.url, api_key="sk-1", dialect="chat"),
            "shut": ProviderSettings(type="openai", base_url=native_server.url, api_key="sk-1"),
            "narrow": ProviderSettings(type="openai", base_url=native_server.url, api_key="sk-1"),
        },
        passthrough=PassthroughSettings(
            tenants=["a"],
            providers={
                "shut": PassingRuleSettings(enabled=False),
                "narrow": PassingRuleSettings(methods=["GET"], paths=["/v1/files/*"]),
            },
            max_body_bytes=256 * 1024 * 1024,
        ),
    )
    with running(settings) as started:
        yield started


@pytest.mark.parametrize("prefix", ["", "/api/llm"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_comes_and_goes_as_it_is(wire: httpx.Client, native: Provider, method: str, prefix: str) -> None:
    native.answer(Reply(b"\x00any", 203, {"X-Told": "1", "Set-Cookie": "a=b", "X-Request-Id": "up_1"}, None, "a/b"))
    answer = wire.request(
        method,
        f"{prefix}/p/native/v1/fine_tuning%2Fjobs?limit=2&a=%20",
        content=b"\xff\x00" if method in ("POST", "PUT", "PATCH") else None,
        headers={"content-type": "x/y", "openai-beta": "one", "cookie": "c=d", "antiphon-strict": "1"},
    )
    assert (answer.status_code, answer.content) == (203, b"\x00any")
    assert (answer.headers["x-told"], answer.headers["content-type"]) == ("1", "a/b")
    assert answer.headers["antiphon-upstream-request-id"] == "up_1"
    assert "set-cookie" not in answer.headers
    [seen] = native.seen
    assert (seen.method, seen.path) == (method, "/v1/fine_tuning%2Fjobs?limit=2&a=%20")
    assert (seen.headers["authorization"], seen.headers["openai-beta"]) == (f"Bearer {NATIVE_KEY}", "one")
    assert (seen.headers["content-type"], "cookie" in seen.headers) == ("x/y", False)
    assert KEY_A not in str(seen)
    assert not [name for name in seen.headers if name.startswith("antiphon")]


def test_a_head_is_answered_without_a_body_and_the_connection_goes_on(wire: httpx.Client, native: Provider) -> None:
    native.answer(Reply(b"", 200, {"X-Told": "1"}), whole({"id": 1}))
    assert wire.head("/p/native/v1/files/1").headers["x-told"] == "1"
    assert wire.get("/p/native/v1/files/1").json() == {"id": 1}


def test_openais_client(gateway: Gateway, native: Provider) -> None:
    native.answer(whole({"id": "vs_1", "object": "vector_store", "name": "n"}))
    with gateway.client() as client:
        made = client.with_options(base_url=f"{gateway.root}/p/native/v1").vector_stores.create(name="n")
    assert made.id == "vs_1"
    assert native.seen[0].json == {"name": "n"}


def test_anthropics_client_streams_and_is_counted(
    gateway: Gateway, chat: Provider, records: list[RequestRecord]
) -> None:
    usage = {"input_tokens": 5, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "usage": usage,
    }
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    chat.answer(stream(*[f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events]))
    with anthropic.Anthropic(api_key=KEY_A, base_url=f"{gateway.root}/p/claude", max_retries=0) as client:
        told = list(
            client.messages.create(
                model="claude-x", max_tokens=9, messages=[{"role": "user", "content": "Hi"}], stream=True
            )
        )
    assert [each.type for each in told] == [each["type"] for each in events]
    [seen] = chat.seen
    assert (seen.path, seen.headers["x-api-key"]) == ("/v1/messages", "sk-ant-1")
    [record] = records
    assert (record.target, record.model, record.stream) == ("claude/claude-x", "claude-x", True)
    assert (record.input_tokens, record.output_tokens, record.status) == (5, 9, 200)


def test_anthropics_client_is_refused_in_its_own_shape(gateway: Gateway) -> None:
    with (
        anthropic.Anthropic(api_key=KEY_B, base_url=f"{gateway.root}/p/claude", max_retries=0) as client,
        pytest.raises(anthropic.PermissionDeniedError) as caught,
    ):
        client.messages.create(model="claude-x", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    assert json.loads(caught.value.response.content)["type"] == "error"


def test_googles_client_comes_with_its_own_header(gateway: Gateway, chat: Provider) -> None:
    chat.answer(whole({"cachedContents": []}))
    with httpx.Client(base_url=gateway.root) as wire:
        let_in = wire.get("/p/google/v1beta/cachedContents", headers={"x-goog-api-key": KEY_A})
        refused = wire.get("/p/google/v1beta/cachedContents", headers={"x-goog-api-key": "nobody's"})
    assert let_in.json() == {"cachedContents": []}
    assert chat.seen[-1].headers["x-goog-api-key"] == "goog-1"
    assert (refused.status_code, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_piece_of_an_answer_waits_for_no_other(wire: httpx.Client, native: Provider) -> None:
    gate = Gate()
    native.answer(stream(b"data: 1\n\n", gate, b"data: 2\n\n"))
    with wire.stream("GET", "/p/native/v1/events") as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: 1\n\n"
        gate.open()
        assert b"".join(pieces) == b"data: 2\n\n"
        assert answer.headers["content-type"] == SSE


def test_a_client_that_leaves_ends_the_providers_work(wire: httpx.Client, native: Provider) -> None:
    gate = Gate()
    native.answer(stream(b"data: 1\n\n", gate))
    with wire.stream("GET", "/p/native/v1/events") as answer:
        next(answer.iter_raw())
    gate.wait_until_left()


def test_an_answer_that_breaks_is_seen_to_break(
    wire: httpx.Client, native: Provider, records: list[RequestRecord], caplog: pytest.LogCaptureFixture
) -> None:
    native.answer(stream(b"data: 1\n\n", Cut()))
    with pytest.raises(httpx.RemoteProtocolError):
        wire.get("/p/native/v1/events")
    [record] = records
    assert (record.status, record.error_status, record.error_code) == (200, 502, "upstream_error")
    assert not caplog.records, "its own line says it all"


@pytest.mark.parametrize(
    ("key", "method", "path", "status", "code"),
    [
        (KEY_A, "GET", "/p/nobody/v1/x", 404, "provider_not_found"),
        (KEY_A, "GET", "/p/shut/v1/x", 404, "provider_not_found"),
        (KEY_A, "GET", "/p/native", 404, "unknown_url"),
        (KEY_A, "GET", "/p/native/v1/organization/users", 403, "not_allowed"),
        (KEY_A, "GET", "/p/native/v1/%2e%2e/x", 400, "invalid_path"),
        (KEY_A, "GET", "/%70/native/v1/x", 400, "invalid_path"),
        (KEY_A, "GET", "/p/narrow/v1/models/1", 403, "not_allowed"),
        (KEY_A, "DELETE", "/p/narrow/v1/files/1", 403, "not_allowed"),
        (KEY_A, "TRACE", "/p/native/v1/x", 405, "method_not_allowed"),
        (KEY_B, "GET", "/p/native/v1/x", 403, "not_allowed"),
        ("wrong", "GET", "/p/native/v1/x", 401, "invalid_api_key"),
    ],
)
def test_what_is_not_let_through(  # noqa: PLR0913, PLR0917 - one value per column
    gateway: Gateway, native: Provider, key: str, method: str, path: str, status: int, code: str
) -> None:
    with gateway.wire(key) as wire:
        answer = wire.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not native.seen


def test_the_providers_refusals_come_as_they_are_but_that_of_the_gateways_key(
    wire: httpx.Client, native: Provider
) -> None:
    native.answer(refusing("Slow down.", 429, headers={"Retry-After": "7"}), refusing(f"Bad key {NATIVE_KEY}", 401))
    answer = wire.get("/p/native/v1/x")
    assert (answer.status_code, answer.json()["error"]["message"]) == (429, "Slow down.")
    assert answer.headers["retry-after"] == "7"
    denied = wire.get("/p/native/v1/x")
    assert (denied.status_code, NATIVE_KEY in denied.text) == (502, False)


def test_a_redirect_leads_to_the_gateway_or_nowhere(wire: httpx.Client, native: Provider) -> None:
    native.answer(
        Reply(b"", 302, {"Location": f"{native.url}/v1/there?a=1"}),
        whole({"there": True}),
        Reply(b"", 302, {"Location": "https://elsewhere.example/v1/there"}),
    )
    assert wire.get("/p/native/v1/here", follow_redirects=True).json() == {"there": True}
    assert [seen.path for seen in native.seen] == ["/v1/here", "/v1/there?a=1"]
    lost = wire.get("/p/native/v1/here", follow_redirects=True)
    assert (lost.status_code, "elsewhere" in lost.text) == (502, False)


def test_an_uploads_address_leads_to_the_gateway(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(whole({}, X_Goog_Upload_URL=f"{chat.url}/upload/v1beta/files?upload_id=1"))
    answer = wire.post("/p/google/upload/v1beta/files?key=mine", json={})
    assert answer.headers["x-goog-upload-url"] == f"{wire.base_url}/p/google/upload/v1beta/files?upload_id=1"
    assert (chat.seen[0].path, chat.seen[0].headers["x-goog-api-key"]) == ("/upload/v1beta/files", "goog-1")


def test_a_websocket_is_refused_with_the_reason(wire: httpx.Client) -> None:
    answer = wire.get(
        "/p/native/v1/realtime",
        headers={
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    )
    assert answer.status_code == 426
    assert "WebSockets are not passed on" in answer.json()["error"]["message"]


def speaking(gateway: Gateway, head: bytes) -> socket.socket:
    parts = urlsplit(gateway.root)
    spoken = socket.create_connection((parts.hostname, parts.port), PATIENCE)
    spoken.sendall(
        b"POST /p/plug/v1/any HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer %b\r\n%b\r\n" % (KEY_A.encode(), head)
    )
    return spoken


def heard(listening: socket.socket, until: bytes) -> bytes:
    data = b""
    while not data.endswith(until):
        data += (piece := listening.recv(65536))
        assert piece, data
    return data


@pytest.mark.parametrize(("head", "frame"), [(CHUNKED, b"5\r\n%b\r\n"), (b"Content-Length: 10\r\n", b"%b")])
def test_both_bodies_are_on_their_way_at_once(gateway: Gateway, plug: Plug, head: bytes, frame: bytes) -> None:
    with speaking(gateway, head) as client:
        client.sendall(frame % b"hello")
        with plug.accept() as provider:
            asked = heard(provider, frame % b"hello")
            assert head.strip().lower() in asked.lower()
            provider.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
            assert b"HTTP/1.1 200 OK" in heard(client, b"2\r\nhi\r\n")
            client.sendall(frame % b"world" + (b"0\r\n\r\n" if head is CHUNKED else b""))
            heard(provider, frame % b"world" + (b"0\r\n\r\n" if head is CHUNKED else b""))
            provider.sendall(b"0\r\n\r\n")
            heard(client, b"0\r\n\r\n")


def test_a_client_waits_for_a_provider_that_does_not_read(gateway: Gateway, plug: Plug) -> None:
    piece = b"x" * 65536
    sent = [0]

    def fill() -> None:
        while sent[0] < 100_000_000:
            sent[0] += client.send(piece)

    with speaking(gateway, b"Content-Length: 200000000\r\n") as client:
        client.sendall(piece)
        with plug.accept():
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                fill()
    assert sent[0] < 50_000_000


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(gateway: Gateway, plug: Plug, *, announced: bool) -> None:
    _ = plug
    if announced:
        with speaking(gateway, b"Content-Length: 300000000\r\n") as client:
            assert heard(client, b"}}").startswith(b"HTTP/1.1 413")
        return
    with speaking(gateway, CHUNKED) as client:
        client.sendall(b"5\r\nhello\r\n")
        with plug.accept() as provider:
            heard(provider, b"5\r\nhello\r\n")
            client.shutdown(socket.SHUT_WR)
            client.close()
            assert not provider.recv(65536)


def test_a_refusal_in_the_middle_of_a_body_reaches_the_client(gateway: Gateway, plug: Plug) -> None:
    with speaking(gateway, CHUNKED) as client:
        client.sendall(b"5\r\nhello\r\n")
        with plug.accept() as provider:
            heard(provider, b"5\r\nhello\r\n")
            provider.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno")
            assert heard(client, b"no").startswith(b"HTTP/1.1 400")
