"""What is kept, what is not, and what is gone once it is deleted."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import openai
import pytest

from antiphon.settings import ResponsesSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import message, native_stream, native_whole, said
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.sse import streamed, terminal
from tests.e2e.upstream import Provider

SECRET_INPUT = "my-secret-question-4711"
SECRET_OUTPUT = "my-secret-answer-0815"

LOOKS: list[Callable[[httpx.Client, str], httpx.Response]] = [
    lambda wire, id_: wire.get(f"/v1/responses/{id_}"),
    lambda wire, id_: wire.get(f"/v1/responses/{id_}", params={"stream": "true"}),
    lambda wire, id_: wire.get(f"/v1/responses/{id_}/input_items"),
    lambda wire, id_: wire.delete(f"/v1/responses/{id_}"),
]


def assert_unknown(wire: httpx.Client, response_id: str) -> None:
    for look in LOOKS:
        answer = look(wire, response_id)
        assert answer.status_code == 404
        error = answer.json()["error"]
        assert error["message"] == f"Response with id '{response_id}' not found."
        assert error["type"] == "invalid_request_error"
    body = {"model": NATIVE_MODEL, "input": "Hi", "previous_response_id": response_id}
    answer = wire.post("/v1/responses", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "message": f"Previous response with id '{response_id}' not found.",
        "type": "invalid_request_error",
        "param": "previous_response_id",
        "code": "previous_response_not_found",
    }


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_what_is_deleted_is_gone_everywhere(
    client: openai.OpenAI, wire: httpx.Client, native: Provider, *, stream: bool
) -> None:
    native.answer(said("native", "x", streamed=stream))
    if stream:
        response_id = terminal(streamed(wire, model=NATIVE_MODEL, input="Hi"))["id"]
    else:
        response_id = client.responses.create(model=NATIVE_MODEL, input="Hi").id
    client.responses.delete(response_id)
    assert_unknown(wire, response_id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response_id)


def test_deletion_is_confirmed(wire: httpx.Client, native: Provider) -> None:
    native.answer(said("native", "x", streamed=False))
    made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()["id"]
    answer = wire.delete(f"/v1/responses/{made}")
    assert (answer.status_code, answer.json()) == (200, {"id": made, "object": "response.deleted", "deleted": True})


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", ["native", "chat"])
def test_what_is_not_to_be_stored_is_written_nowhere(
    other_gateway: OtherGateway, providers: dict[str, Provider], kind: str, *, stream: bool
) -> None:
    gateway = other_gateway()
    providers[kind].answer(said(kind, SECRET_OUTPUT, streamed=stream))
    body = {"model": NATIVE_MODEL if kind == "native" else CHAT_MODEL, "input": SECRET_INPUT, "store": False}
    with gateway.wire() as wire:
        made = terminal(streamed(wire, **body)) if stream else wire.post("/v1/responses", json=body).json()
        assert made["store"] is False
        assert made["conversation"] is None
        assert made["output"][0]["content"][0]["text"] == SECRET_OUTPUT
        assert_unknown(wire, made["id"])
    assert gateway.rows() == 0
    held = gateway.bytes_on_disk()
    for secret in (SECRET_INPUT, SECRET_OUTPUT, made["id"]):
        assert secret.encode() not in held


def test_what_is_stored_is_in_the_file(other_gateway: OtherGateway, native: Provider) -> None:
    """So that the test above looks in the right place."""
    gateway = other_gateway()
    native.answer(said("native", SECRET_OUTPUT, streamed=False))
    with gateway.client() as client:
        client.responses.create(model=NATIVE_MODEL, input=SECRET_INPUT)
    assert gateway.rows() == 1
    assert SECRET_OUTPUT.encode() in gateway.bytes_on_disk()


def test_a_deleted_response_leaves_no_row(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway()
    native.answer(said("native", SECRET_OUTPUT, streamed=False))
    with gateway.client() as client:
        client.responses.delete(client.responses.create(model=NATIVE_MODEL, input=SECRET_INPUT).id)
    assert gateway.rows() == 0


def test_a_turn_stores_only_what_is_new_in_it(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway()
    long = "word " * 4000
    native.answer(*(native_whole(message("ok", f"msg_{n}")) for n in range(4)))
    with gateway.client() as client:
        previous = client.responses.create(model=NATIVE_MODEL, input=long).id
        for _ in range(3):
            previous = client.responses.create(model=NATIVE_MODEL, input="on", previous_response_id=previous).id
        assert len(list(client.responses.input_items.list(previous))) == 7
    sizes = gateway.input_sizes()
    assert sizes[0] > len(long)
    assert max(sizes[1:]) < 400


def test_every_stored_response_has_a_conversation_that_its_chain_shares(
    client: openai.OpenAI, native: Provider
) -> None:
    native.answer(*(native_whole(message("ok", f"msg_{n}")) for n in range(3)))
    first = client.responses.create(model=NATIVE_MODEL, input="Hi")
    second = client.responses.create(model=NATIVE_MODEL, input="Hi", previous_response_id=first.id)
    other = client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert first.conversation is not None
    assert first.conversation.id.startswith("conv_")
    assert second.conversation == first.conversation
    assert other.conversation != first.conversation


def test_the_conversation_can_be_left_out(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway(responses=ResponsesSettings(implicit_conversation=False))
    native.answer(native_stream(message("ok")))
    with gateway.wire() as wire:
        made = terminal(streamed(wire, model=NATIVE_MODEL, input="Hi"))
    assert made["conversation"] is None


def test_nothing_is_kept_of_a_request_that_the_provider_refused(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway()
    with gateway.client() as client, pytest.raises(openai.APIStatusError):
        client.responses.create(model=NATIVE_MODEL, input=SECRET_INPUT)
    assert native.seen
    assert gateway.rows() == 0


def test_what_was_acknowledged_is_there_after_a_restart(
    other_gateway: OtherGateway, native: Provider, gateway: Gateway
) -> None:
    native.answer(native_stream(message("kept", "msg_k")))
    first = other_gateway()
    with first.wire() as wire:
        raw = streamed(wire, model=NATIVE_MODEL, input="Hi")
        made = terminal(raw)
        second = other_gateway()
        with second.wire() as later:
            assert later.get(f"/v1/responses/{made['id']}").json() == made
            assert later.get(f"/v1/responses/{made['id']}", params={"stream": "true"}).content == raw
    with gateway.wire() as elsewhere:
        assert elsewhere.get(f"/v1/responses/{made['id']}").status_code == 404
