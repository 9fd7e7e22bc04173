"""`Idempotency-Key` as users of the official client send it."""

from __future__ import annotations

import uuid

import openai
import pytest

from tests.e2e.exchanges import message, native_whole, said
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@pytest.mark.parametrize(("kind", "model"), [("native", NATIVE_MODEL), ("chat", CHAT_MODEL)])
def test_a_request_that_comes_again_is_answered_again(
    client: openai.OpenAI, providers: dict[str, Provider], kind: str, model: str
) -> None:
    headers = key()
    providers[kind].answer(said(kind, "Hello", streamed=False))
    first, again = (client.responses.create(model=model, input="Hi", extra_headers=headers) for _ in range(2))
    assert first == again
    assert len(providers[kind].seen) == 1


@pytest.mark.parametrize(("kind", "model"), [("native", NATIVE_MODEL), ("chat", CHAT_MODEL)])
def test_a_stream_that_is_asked_for_again_has_the_same_events(
    client: openai.OpenAI, providers: dict[str, Provider], kind: str, model: str
) -> None:
    headers = key()
    providers[kind].answer(said(kind, "Hello there", streamed=True))
    first, again = (
        list(client.responses.create(model=model, input="Hi", stream=True, extra_headers=headers)) for _ in range(2)
    )
    assert first == again
    assert len(providers[kind].seen) == 1


def test_another_body_is_a_conflict_that_the_client_does_not_retry(gateway: Gateway, native: Provider) -> None:
    headers = key()
    native.answer(native_whole(message("Hello")))
    with gateway.client() as client:
        eager = client.with_options(max_retries=5)
        eager.responses.create(model=NATIVE_MODEL, input="Hi", extra_headers=headers)
        with pytest.raises(openai.ConflictError) as conflict:
            eager.responses.create(model=NATIVE_MODEL, input="Other", extra_headers=headers)
    assert (conflict.value.code, conflict.value.param) == ("idempotency_key_reused", "Idempotency-Key")
    assert conflict.value.response.request.headers["x-stainless-retry-count"] == "0"


def test_a_key_belongs_to_its_tenant(gateway: Gateway, client: openai.OpenAI, native: Provider) -> None:
    headers = key()
    native.answer(native_whole(message("To a")), native_whole(message("To b")))
    assert client.responses.create(model=NATIVE_MODEL, input="a", extra_headers=headers).output_text == "To a"
    with gateway.client(KEY_B) as other:
        assert other.responses.create(model=NATIVE_MODEL, input="b", extra_headers=headers).output_text == "To b"


def test_the_clients_own_retries_send_no_key(gateway: Gateway, native: Provider) -> None:
    """Which is why a user has to name one: docs/howto/idempotency.md."""
    native.answer(native_whole(message("Hello")))
    with gateway.client() as client:
        raw = client.responses.with_raw_response.create(model=NATIVE_MODEL, input="Hi")
    assert "idempotency-key" not in raw.http_request.headers
