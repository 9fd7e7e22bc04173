"""What a client sees of a provider's own names for requests, and of a gateway that signs, or that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from antiphon.credential_settings import AwsSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import ModelSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import chat_whole, message, native_frames, native_whole
from tests.e2e.gateway import NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider, Reply, refusing

HEADER = "antiphon-upstream-request-id"
AWS = AwsSettings(access_key_id="AKIDEXAMPLE", secret_access_key="hunter2hunter2", session_token="token-1")


def asked(gateway: Gateway, model: str, *, stream: bool = False) -> tuple[int, dict[str, str], str]:
    with gateway.wire() as wire:
        answer = wire.post("/v1/responses", json={"model": model, "input": "Hi", "stream": stream})
    return answer.status_code, dict(answer.headers), answer.text


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"])
def test_what_the_provider_calls_the_request_is_told(gateway: Gateway, native: Provider, name: str) -> None:
    native.answer(Reply(native_whole(message("x")).body, headers={name: "req_1"}))
    assert asked(gateway, NATIVE_MODEL)[1][HEADER] == "req_1"


def test_streams_and_errors_tell_it_too(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway()
    native.answer(
        Reply(headers={"x-request-id": "req_2"}, pieces=native_frames(message("x")), media_type="text/event-stream")
    )
    assert asked(gateway, NATIVE_MODEL, stream=True)[1][HEADER] == "req_2"
    native.answer(refusing("no", 400, headers={"x-request-id": "req_3"}))
    status, headers, _ = asked(gateway, NATIVE_MODEL)
    assert (status, headers[HEADER]) == (400, "req_3")


def test_a_provider_without_a_name_for_it_and_one_with_too_long_a_name(gateway: Gateway, native: Provider) -> None:
    native.answer(native_whole(message("x")))
    assert HEADER not in asked(gateway, NATIVE_MODEL)[1]
    native.answer(Reply(native_whole(message("x")).body, headers={"x-request-id": "r" * 1000}))
    assert asked(gateway, NATIVE_MODEL)[1][HEADER] == "r" * 256


def cloud(provider: Provider, aws: AwsSettings) -> ProviderSettings:
    return ProviderSettings(type="bedrock", base_url=provider.url, region="eu-west-1", dialect="chat", aws=aws)


def test_a_request_to_a_cloud_is_signed(other_gateway: OtherGateway, chat: Provider) -> None:
    chat.answer(chat_whole("Hello."))
    gateway = other_gateway(providers={"cloud": cloud(chat, AWS)}, models={})
    status, _, text = asked(gateway, "cloud/amazon.nova")
    assert status == 200, text
    [seen] = chat.seen
    assert seen.path == "/openai/v1/chat/completions"
    assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/bedrock/aws4_request" in seen.headers["authorization"]
    assert seen.headers["x-amz-security-token"] == "token-1"
    assert "hunter2" not in str(seen.headers)


def test_credentials_that_cannot_be_had_are_told_and_another_provider_answers(
    other_gateway: OtherGateway, native: Provider, chat: Provider, tmp_path: Path
) -> None:
    nothing = str(tmp_path / "nothing")
    aws = AwsSettings(metadata_disabled=True, config_file=nothing, credentials_file=nothing)
    gateway = other_gateway(
        providers={
            "cloud": cloud(chat, aws),
            "native": ProviderSettings(type="openai", base_url=native.url, api_key="sk-1"),
        },
        models={"either": ModelSettings(targets=["cloud/amazon.nova", "native/gpt-5-mini"])},
    )
    status, headers, text = asked(gateway, "cloud/amazon.nova")
    assert (status, HEADER in headers) == (502, False)
    assert '"code":"provider_credentials"' in text
    assert "AWS: no credentials were found" in text
    assert str(tmp_path) not in text
    native.answer(native_whole(message("x")))
    status, headers, _ = asked(gateway, "either")
    assert (status, headers["antiphon-target"]) == (200, "native/gpt-5-mini")
    assert chat.seen == []
