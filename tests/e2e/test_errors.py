"""What goes wrong, as the official client tells it; providers' errors keep their meaning and lose their secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from antiphon.settings import RetrySettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import chat_frames, message, native_frames, native_whole, recorded
from tests.e2e.gateway import CHAT_MODEL, NATIVE_KEY, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Provider, Reply, refusing, refusing_connections, stream
from tests.grammar import check_stream

ONCE = RetrySettings(attempts_per_target=1, base_seconds=0.0)
MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}
kinds = pytest.mark.parametrize("kind", ["native", "chat"])
modes = pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider) -> Iterator[Gateway]:
    """A gateway that asks every target once."""
    folder = tmp_path_factory.mktemp("once")
    with running(settings_for(folder, native_server.url, chat_server.url, retries=ONCE)) as gateway:
        yield gateway


Refusal = tuple[Reply, type[openai.APIStatusError], int, str | None]

REFUSALS: dict[str, Refusal] = {
    "bad value": (
        refusing("Invalid value", 400, type="invalid_request_error", param="temperature", code="invalid_value"),
        openai.BadRequestError,
        400,
        "invalid_value",
    ),
    "unprocessable": (
        refusing("temperature: too hot", 422, type="invalid_request_error"),
        openai.BadRequestError,
        400,
        None,
    ),
    "too long": (
        refusing("This model's maximum context length is 8192 tokens.", 400, code="context_length_exceeded"),
        openai.BadRequestError,
        400,
        "context_length_exceeded",
    ),
    "unknown model": (
        refusing("The model `gpt-9` does not exist", 404, code="model_not_found"),
        openai.BadRequestError,
        400,
        "model_not_found",
    ),
    "bad key": (
        refusing(f"Incorrect API key provided: {NATIVE_KEY}.", 401, code="invalid_api_key"),
        openai.InternalServerError,
        502,
        "upstream_error",
    ),
    "rate limit": (
        refusing("Rate limit reached", 429, type="requests", code="rate_limit_exceeded"),
        openai.RateLimitError,
        429,
        "rate_limit_exceeded",
    ),
    "no money": (
        recorded("openai.responses/openai-responses.openai-error.1.0.fc8ca828"),
        openai.RateLimitError,
        429,
        "insufficient_quota",
    ),
    "broken": (refusing("The server had an error", 500), openai.InternalServerError, 502, "server_error"),
    "overloaded": (refusing("Overloaded", 503), openai.InternalServerError, 503, "server_error"),
    "not JSON": (Reply(b"<html>Bad gateway</html>", 502), openai.InternalServerError, 502, "server_error"),
}


@modes
@kinds
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_keeps_its_meaning(
    once: Gateway, providers: dict[str, Provider], name: str, kind: str, *, stream_: bool
) -> None:
    reply, error, status, code = REFUSALS[name]
    providers[kind].answer(reply)
    with once.client() as client, pytest.raises(openai.APIStatusError) as raised:
        client.responses.create(model=MODELS[kind], input="Hi", stream=stream_)
    told = raised.value
    assert type(told) is error
    assert (told.status_code, told.code) == (status, code)
    assert told.message
    envelope: Any = told.response.json()
    assert set(envelope["error"]) == {"message", "type", "param", "code"}
    assert told.response.headers["content-type"] == "application/json"


def test_a_rate_limit_says_when_to_come_back(once: Gateway, native: Provider) -> None:
    native.answer(refusing("Slow down", 429, code="rate_limit_exceeded", headers={"Retry-After": "7"}))
    with once.client() as client, pytest.raises(openai.RateLimitError) as raised:
        client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert raised.value.response.headers["retry-after"] == "7"


def test_a_used_up_quota_is_not_worth_retrying(once: Gateway, native: Provider) -> None:
    native.answer(refusing("Pay", 429, type="insufficient_quota", code="insufficient_quota"))
    with once.client() as client, pytest.raises(openai.RateLimitError) as raised:
        client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert raised.value.response.headers["x-should-retry"] == "false"


SECRETS = (
    NATIVE_KEY,
    "sk-proj-abcd1234efgh5678",
    "org-AbCdEf123456",
    "internal-llm.example.com",
    "10.1.2.3:8000",
    "proj_AbCdEf123456",
    "ops@example.com",
)
LEAKY = (
    f"Request with key {SECRETS[0]} or {SECRETS[1]} of organization {SECRETS[2]} on https://{SECRETS[3]}/v1/x failed"
    f" at {SECRETS[4]} for {SECRETS[5]}; write to {SECRETS[6]}"
)


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@modes
@kinds
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504])
def test_no_secret_of_a_provider_reaches_the_client(
    once: Gateway, providers: dict[str, Provider], kind: str, status: int, *, stream_: bool
) -> None:
    headers = {"openai-organization": SECRETS[2], "x-request-id": "req_upstream", "set-cookie": f"a={SECRETS[1]}"}
    providers[kind].answer(refusing(LEAKY, status, headers=headers, type="server_error", code="x"))
    with once.wire() as wire:
        answer = wire.post("/v1/responses", json={"model": MODELS[kind], "input": "Hi", "stream": stream_})
    assert answer.status_code >= 400
    assert leaks(answer.text) == []
    assert leaks(str(answer.headers)) == []
    assert answer.headers["x-request-id"] != "req_upstream"
    assert "set-cookie" not in answer.headers


@kinds
def test_no_secret_leaks_in_the_middle_of_a_stream(once: Gateway, providers: dict[str, Provider], kind: str) -> None:
    if kind == "native":
        failure = b'event: error\ndata: {"type":"error","code":"server_error","message":"%b"}\n\n' % LEAKY.encode()
        frames = native_frames(message("one two"))[:5]
    else:
        failure = b'data: {"error":{"message":"%b","code":500}}\n\n' % LEAKY.encode()
        frames = chat_frames(["one ", "two"])[:3]
    providers[kind].answer(stream(*frames, failure))
    with once.wire() as wire:
        answer = wire.post("/v1/responses", json={"model": MODELS[kind], "input": "Hi", "stream": True})
        response_id = first_id(answer.text)
        stored = wire.get(f"/v1/responses/{response_id}")
    assert b"response.failed" in answer.content
    assert leaks(answer.text) == []
    assert stored.json()["status"] == "failed"
    assert leaks(stored.text) == []


def first_id(text: str) -> str:
    return text.partition('"id":"')[2].partition('"')[0]


def test_headers_of_a_provider_stay_with_the_gateway(once: Gateway, native: Provider) -> None:
    reply = native_whole(message("x"))
    headers = {"openai-organization": "org-AbCdEf123456", "openai-project": "proj_1", "set-cookie": "a=b"}
    native.answer(Reply(reply.body, headers=headers | {"x-request-id": "req_upstream"}))
    with once.wire() as wire:
        answer = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"})
    assert not {"openai-organization", "openai-project", "set-cookie"} & set(answer.headers)
    assert answer.headers["x-request-id"] != "req_upstream"


def test_a_provider_that_is_down_is_told_without_its_address(other_gateway: OtherGateway) -> None:
    with refusing_connections() as address:
        down = ProviderSettings(base_url=address, dialect="responses")
        gateway = other_gateway(providers={"down": down}, models={}, retries=ONCE)
        with gateway.client() as client, pytest.raises(openai.InternalServerError) as raised:
            client.responses.create(model="down/x", input="Hi")
    assert raised.value.status_code == 502
    assert "127.0.0.1" not in raised.value.response.text


@pytest.mark.parametrize("key", ["sk-wrong", "x"])
def test_a_wrong_key_is_an_authentication_error(gateway: Gateway, key: str) -> None:
    with gateway.client(key) as client, pytest.raises(openai.AuthenticationError) as raised:
        client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert raised.value.code == "invalid_api_key"
    assert key not in raised.value.message.split()


def test_an_unknown_response_is_not_found(client: openai.OpenAI) -> None:
    for call in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.NotFoundError) as raised:
            call("resp_" + "0" * 48)
        assert "not found" in raised.value.message


BAD: dict[str, tuple[dict[str, Any], str | None, str | None]] = {
    "no model": ({"input": "Hi"}, "model", "missing_required_parameter"),
    "a model that does not exist": ({"model": "nobody/none", "input": "Hi"}, "model", "model_not_found"),
    "too hot": ({"model": NATIVE_MODEL, "input": "Hi", "temperature": 3}, "temperature", "decimal_above_max_value"),
    "too cold": ({"model": NATIVE_MODEL, "input": "Hi", "temperature": -1}, "temperature", "decimal_below_min_value"),
    "too few tokens": (
        {"model": NATIVE_MODEL, "input": "Hi", "max_output_tokens": 1},
        "max_output_tokens",
        "integer_below_min_value",
    ),
    "wrong type": ({"model": NATIVE_MODEL, "input": 7}, "input", "invalid_type"),
    "wrong choice": ({"model": NATIVE_MODEL, "input": "Hi", "truncation": "some"}, "truncation", "invalid_value"),
    "long metadata": (
        {"model": NATIVE_MODEL, "input": "Hi", "metadata": {"k": "v" * 513}},
        "metadata",
        "string_above_max_length",
    ),
    "background": (
        {"model": NATIVE_MODEL, "input": "Hi", "background": True, "store": False},
        "background",
        "unsupported_parameter",
    ),
    "no such provider": (
        {"model": NATIVE_MODEL, "input": "Hi", "provider": "nobody"},
        "provider",
        "invalid_value",
    ),
}


@modes
@pytest.mark.parametrize("name", BAD)
def test_a_request_that_cannot_be_served_is_refused_before_any_stream(
    wire: httpx.Client, native: Provider, name: str, *, stream_: bool
) -> None:
    body, param, code = BAD[name]
    answer = wire.post("/v1/responses", json={**body, "stream": stream_})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert not native.seen


def test_the_client_library_takes_our_errors_in_a_stream_for_what_they_are(
    client: openai.OpenAI, native: Provider
) -> None:
    native.answer(stream(*native_frames(message("one two three"))[:6]))
    told: list[Any] = []
    with (
        pytest.raises(openai.APIError) as raised,
        client.responses.create(model=NATIVE_MODEL, input="Hi", stream=True) as answer,
    ):
        told.extend(event.model_dump(exclude_unset=True) for event in answer)
    assert raised.value.message
    check_stream(told, ended=False)
    failed = client.responses.retrieve(told[0]["response"]["id"])
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "server_error"
