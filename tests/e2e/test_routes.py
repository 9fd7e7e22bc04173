"""Paths, methods, keys and bodies, with bare HTTP."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from typing import Any

import httpx
import pytest

from antiphon.settings import ServerSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import said
from tests.e2e.gateway import KEY_A, MASTER_KEY, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider

PREFIXES = (
    "/v1",
    "",
    "/openai/v1",
    "/openai",
    "/api/llm/api/inference/openai",
    "/api/llm/api/inference/openai/v1",
    "/api/llm",
    "/api/llm/v1",
)
BODY = {"model": NATIVE_MODEL, "input": "Hi"}
UNKNOWN = "resp_" + "0" * 48


def envelope(answer: httpx.Response) -> dict[str, Any]:
    """The error, which has its one shape everywhere."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["type"]
    assert answer.headers["x-request-id"]
    return error


@pytest.fixture
def made(wire: httpx.Client, native: Provider) -> Any:
    native.answer(said("native", "x", streamed=False))
    return wire.post("/v1/responses", json=BODY).json()


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_route_answers_under_every_prefix(
    wire: httpx.Client, native: Provider, made: Any, prefix: str, slash: str
) -> None:
    native.answer(said("native", "x", streamed=False))
    where = f"{prefix}/responses"
    assert wire.post(where + slash, json=BODY).status_code == 200
    assert wire.get(f"{where}/{made['id']}{slash}").json() == made
    assert wire.get(f"{where}/{made['id']}/input_items{slash}").json()["object"] == "list"
    assert wire.get(f"{prefix}/models{slash}").json()["object"] == "list"
    assert wire.delete(f"{where}/{made['id']}{slash}").json()["deleted"] is True
    assert wire.get(f"{where}/{made['id']}{slash}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/responses/{id}/input_items/more",
        "/v1/responses/{id}/output_items",
        "/v1/responses/a/b/c",
        "/v1/responses/%2e%2e%2fmodels",
        "/v1/responses/{id}%2finput_items%2fx",
        "/v1/responses/with%20blank",
        "/v1/nothing",
        "/v1",
        "/nothing",
        "/openai/nothing",
        "/api/llm/nothing",
        "/v1responses",
        "/v1/responses/" + "x" * 300,
    ],
)
def test_anything_else_is_a_404_in_json(wire: httpx.Client, made: Any, path: str) -> None:
    answer = wire.get(path.format(id=made["id"]))
    assert answer.status_code == 404
    assert envelope(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY_A}"},
        {"authorization": f"bearer {KEY_A}"},
        {"authorization": f"BEARER  {KEY_A}"},
        {"authorization": KEY_A},
        {"Authorization": f"Bearer {MASTER_KEY}"},
        {"api-key": KEY_A},
        {"x-api-key": KEY_A},
        {"X-API-Key": KEY_A},
    ],
)
def test_a_key_may_be_sent_in_every_usual_way(gateway: Gateway, headers: dict[str, str]) -> None:
    with gateway.wire(None) as wire:
        assert wire.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_api_key"),
        ({"authorization": ""}, "missing_api_key"),
        ({"authorization": "Bearer"}, "missing_api_key"),
        ({"authorization": "Bearer wrong"}, "invalid_api_key"),
        ({"authorization": f"Basic {KEY_A}"}, "invalid_api_key"),
        ({"authorization": f"Bearer {KEY_A}x"}, "invalid_api_key"),
        ({"x-api-key": "wrong"}, "invalid_api_key"),
        ({"authorization": "Bearer wrong", "x-api-key": KEY_A}, "invalid_api_key"),
    ],
)
def test_without_a_key_nothing_private_answers(gateway: Gateway, headers: dict[str, str], code: str) -> None:
    with gateway.wire(None) as wire:
        answers = [
            wire.post("/v1/responses", json=BODY, headers=headers),
            wire.get(f"/v1/responses/{UNKNOWN}", headers=headers),
            wire.delete(f"/v1/responses/{UNKNOWN}", headers=headers),
            wire.get(f"/v1/responses/{UNKNOWN}/input_items", headers=headers),
            wire.get("/v1/models", headers=headers),
            wire.get("/v1/models/native/gpt-5-mini", headers=headers),
        ]
    for answer in answers:
        assert answer.status_code == 401
        error = envelope(answer)
        assert (error["type"], error["code"]) == ("authentication_error", code)
        assert "wrong" not in answer.text


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/openapi.json", "/docs"])
def test_what_is_public_needs_no_key(gateway: Gateway, path: str) -> None:
    with gateway.wire(None) as wire:
        answer = wire.get(path)
    assert answer.status_code == 200
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/responses", {"POST"}),
        ("PATCH", "/v1/responses", {"POST"}),
        ("DELETE", "/v1/responses", {"POST"}),
        ("POST", f"/v1/responses/{UNKNOWN}", {"GET", "DELETE"}),
        ("PUT", f"/v1/responses/{UNKNOWN}", {"GET", "DELETE"}),
        ("POST", f"/v1/responses/{UNKNOWN}/input_items", {"GET"}),
        ("DELETE", f"/v1/responses/{UNKNOWN}/input_items", {"GET"}),
        ("POST", "/v1/models", {"GET"}),
        ("DELETE", "/v1/models/x", {"GET"}),
        ("POST", "/health", {"GET"}),
        ("POST", "/openapi.json", {"GET"}),
        ("OPTIONS", f"/v1/responses/{UNKNOWN}", {"GET", "DELETE"}),
        ("OPTIONS", "/v1/models", {"GET"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(wire: httpx.Client, method: str, path: str, allowed: set[str]) -> None:
    answer = wire.request(method, path)
    assert answer.status_code == 405
    assert envelope(answer)["code"] == "method_not_allowed"
    assert {each.strip() for each in answer.headers["allow"].split(",")} - {"HEAD"} >= allowed


@pytest.mark.parametrize("path", ["responses/compact", "responses/input_tokens", "messages/count_tokens"])
def test_only_the_methods_of_the_path_that_fits_first_are_allowed(wire: httpx.Client, path: str) -> None:
    assert wire.put(f"/v1/{path}").headers["allow"] == "POST"


def test_every_method_of_a_path_is_allowed_by_what_it_says(wire: httpx.Client, made: Any) -> None:
    answer = wire.put(f"/v1/responses/{made['id']}")
    allowed = {each.strip() for each in answer.headers["allow"].split(",")}
    assert allowed == {"GET", "HEAD", "DELETE"}


@pytest.mark.parametrize("path", ["/health", "/v1/models", "/openapi.json"])
def test_head_answers_as_get_without_the_body(wire: httpx.Client, path: str) -> None:
    head, got = wire.head(path), wire.get(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"]


def test_head_of_a_response_answers_as_get(wire: httpx.Client, made: Any) -> None:
    assert wire.head(f"/v1/responses/{made['id']}").status_code == 200
    assert wire.head(f"/v1/responses/{UNKNOWN}").status_code == 404


def test_what_opens_no_websocket_is_refused_so_that_clients_fall_back(wire: httpx.Client) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    for headers in ({}, upgrade, {**upgrade, "sec-websocket-key": "too short"}):
        answer = wire.get("/v1/responses", headers=headers)
        assert answer.status_code == 426
        assert envelope(answer)["type"] == "invalid_request_error"


def test_a_body_over_the_limit_is_too_large(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway(server=ServerSettings(max_body_bytes=2048))
    native.answer(said("native", "x", streamed=False))
    fits = json.dumps(BODY | {"instructions": "x"}).encode()
    fits = fits[:-2] + b"x" * (2048 - len(fits)) + fits[-2:]
    over = fits[:-2] + b"x" + fits[-2:]
    with gateway.wire() as wire:
        headers = {"content-type": "application/json"}
        assert wire.post("/v1/responses", content=fits, headers=headers).status_code == 200
        bomb = gzip.compress(json.dumps(BODY | {"instructions": "x" * 100_000}).encode())
        assert len(bomb) < 2048
        for content, more in (
            (over, {}),
            (iter([over[:1000], over[1000:]]), {}),
            (bomb, {"content-encoding": "gzip"}),
        ):
            answer = wire.post("/v1/responses", content=content, headers=headers | more)
            assert answer.status_code == 413
            assert envelope(answer)["code"] == "request_too_large"
    assert len(native.seen) == 1


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]
)
def test_a_body_that_is_no_json_is_an_unsupported_media_type(wire: httpx.Client, media: str) -> None:
    answer = wire.post("/v1/responses", content=json.dumps(BODY), headers={"content-type": media})
    assert answer.status_code == 415
    assert envelope(answer)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "media", [None, "application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"]
)
def test_json_is_taken_under_its_names(wire: httpx.Client, native: Provider, media: str | None) -> None:
    native.answer(said("native", "x", streamed=False))
    headers = {} if media is None else {"content-type": media}
    assert wire.post("/v1/responses", content=json.dumps(BODY).encode(), headers=headers).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate", "identity"])
def test_a_body_may_be_compressed(wire: httpx.Client, native: Provider, coding: str) -> None:
    native.answer(said("native", "x", streamed=False))
    plain = json.dumps(BODY | {"instructions": "grüß" * 1000}).encode()
    packed = {"deflate": zlib.compress(plain), "identity": plain}.get(coding, gzip.compress(plain))
    headers = {"content-type": "application/json", "content-encoding": coding}
    assert wire.post("/v1/responses", content=packed, headers=headers).status_code == 200
    assert native.seen[0].json["instructions"] == "grüß" * 1000


def test_a_coding_that_is_not_known_or_not_true_is_told(wire: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    unknown = wire.post("/v1/responses", content=b"x", headers=headers | {"content-encoding": "br"})
    assert unknown.status_code == 415
    envelope(unknown)
    untrue = wire.post("/v1/responses", content=b"{}", headers=headers | {"content-encoding": "gzip"})
    assert untrue.status_code == 400
    envelope(untrue)
    cut = gzip.compress(json.dumps(BODY).encode())[:-12]
    short = wire.post("/v1/responses", content=cut, headers=headers | {"content-encoding": "gzip"})
    assert short.status_code == 400
    envelope(short)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b'{"model": "\xff"}', b"[" * 5000])
def test_a_body_that_is_no_object_is_a_bad_request(wire: httpx.Client, content: bytes) -> None:
    answer = wire.post("/v1/responses", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert envelope(answer)["type"] == "invalid_request_error"


def test_every_answer_has_a_request_id_of_its_own(wire: httpx.Client, native: Provider) -> None:
    native.answer(said("native", "x", streamed=True), said("native", "x", streamed=False))
    answers = [
        wire.post("/v1/responses", json=BODY | {"stream": True}),
        wire.post("/v1/responses", json=BODY),
        wire.get("/v1/models"),
        wire.get("/nothing"),
        wire.put("/v1/responses"),
        wire.get("/health"),
        wire.post("/v1/responses", content=b"{", headers={"content-type": "application/json"}),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert all(a != b for a, b in itertools.combinations(ids, 2))


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("stream=maybe", "stream"),
        ("stream=true&starting_after=-1", "starting_after"),
        ("stream=true&starting_after=x", "starting_after"),
        ("stream=true&starting_after=1.5", "starting_after"),
        ("stream=true&include_obfuscation=perhaps", "include_obfuscation"),
        ("include=nothing", "include"),
    ],
)
def test_a_query_that_is_not_legal_is_refused(wire: httpx.Client, made: Any, query: str, param: str) -> None:
    answer = wire.get(f"/v1/responses/{made['id']}?{query}")
    assert answer.status_code == 400
    assert envelope(answer)["param"] == param


def test_the_query_may_name_the_provider_that_answered(wire: httpx.Client, made: Any) -> None:
    where = f"/v1/responses/{made['id']}"
    assert wire.get(where, params={"provider": "native"}).json() == made
    assert wire.get(where, params={"provider": ""}).json() == made
    foreign = wire.get(where, params={"provider": "chat"})
    assert foreign.status_code == 404
    envelope(foreign)


@pytest.mark.parametrize("query", ["stream=false", "stream=0", "starting_after=3", "beta=true", "unknown=1"])
def test_a_query_that_changes_nothing_is_taken(wire: httpx.Client, made: Any, query: str) -> None:
    assert wire.get(f"/v1/responses/{made['id']}?{query}").json() == made
