"""When a provider fails: another attempt, another target, or an ending that says so."""

from __future__ import annotations

import time
from typing import Any

import httpx
import openai
import pytest

from antiphon.model_settings import ModelSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import RetrySettings, TimeoutSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import (
    chat_call,
    chat_chunk,
    chat_frames,
    chat_stream,
    chat_whole,
    function_call,
    message,
    native_frame,
    native_frames,
    native_response,
    native_whole,
    reasoning,
    said,
    words,
)
from tests.e2e.gateway import BOTH, CHAT_MODEL, NATIVE_MODEL
from tests.e2e.sse import events, replayed, streamed, terminal
from tests.e2e.upstream import Cut, Gate, Provider, Reply, refusing, refusing_connections, stream, whole
from tests.grammar import check_stream

TEXT = "one two three four"
MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}
kinds = pytest.mark.parametrize("kind", ["native", "chat"])
modes = pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])


def asked(wire: httpx.Client, model: str, *, stream_: bool) -> tuple[Any, httpx.Headers]:
    """The response object, however it came."""
    answer = wire.post("/v1/responses", json={"model": model, "input": "Hi", "stream": stream_})
    assert answer.status_code == 200, answer.text
    if not stream_:
        return answer.json(), answer.headers
    check_stream(events(answer.content))
    return terminal(answer.content), answer.headers


FAILURES: dict[str, Reply] = {
    "500": refusing("broken", 500),
    "503": refusing("overloaded", 503),
    "429": refusing("slow down", 429),
    "bad key": refusing("Incorrect API key provided", 401, code="invalid_api_key"),
    "no such model": refusing("The model does not exist", 404, code="model_not_found"),
    "no money": refusing("Pay", 429, code="insufficient_quota"),
    "no answer": whole({"hello": "world"}),
    "cut": stream(Cut()),
    "an opening, then an error": stream(
        *native_frames(message(TEXT))[:2],
        native_frame({"type": "error", "code": "server_error", "message": "oops", "sequence_number": 2}),
    ),
    "an opening, then nothing": stream(*native_frames(message(TEXT))[:2]),
}


@modes
@pytest.mark.parametrize("name", FAILURES)
def test_the_next_target_answers_when_the_first_fails_before_any_output(
    wire: httpx.Client, native: Provider, chat: Provider, other_gateway: OtherGateway, name: str, *, stream_: bool
) -> None:
    gateway = other_gateway(retries=RetrySettings(attempts_per_target=1, base_seconds=0.0))
    native.answer(FAILURES[name])
    chat.answer(said("chat", TEXT, streamed=stream_))
    with gateway.wire() as once:
        made, headers = asked(once, BOTH, stream_=stream_)
        assert once.get(f"/v1/responses/{made['id']}").json() == made
    assert made["output"][0]["content"][0]["text"] == TEXT
    assert made["provider"] == "chat"
    assert made["model"] == BOTH
    assert headers["antiphon-target"] == CHAT_MODEL
    assert headers["antiphon-attempts"] == "2"
    assert len(native.seen) == 1


@modes
def test_the_next_target_answers_when_the_first_is_down(
    other_gateway: OtherGateway, chat: Provider, *, stream_: bool
) -> None:
    chat.answer(said("chat", TEXT, streamed=stream_))
    with refusing_connections() as address:
        gateway = other_gateway(
            providers={
                "down": ProviderSettings(base_url=address, dialect="responses"),
                "chat": ProviderSettings(base_url=chat.url, dialect="chat"),
            },
            models={"any": ModelSettings(targets=["down/m", "chat/m"])},
        )
        with gateway.wire() as wire:
            made, headers = asked(wire, "any", stream_=stream_)
    assert made["provider"] == "chat"
    assert headers["antiphon-attempts"] == "4"


@modes
@kinds
def test_the_same_target_is_asked_again(
    wire: httpx.Client, providers: dict[str, Provider], kind: str, *, stream_: bool
) -> None:
    providers[kind].answer(refusing("broken", 500), refusing("overloaded", 503), said(kind, TEXT, streamed=stream_))
    made, headers = asked(wire, MODELS[kind], stream_=stream_)
    assert made["status"] == "completed"
    assert headers["antiphon-attempts"] == "3"
    first, *again = providers[kind].seen
    assert [request.body for request in again] == [first.body] * 2


def test_the_same_target_is_asked_three_times_at_most(client: openai.OpenAI, native: Provider) -> None:
    native.answer(*[refusing("broken", 500)] * 3)
    with pytest.raises(openai.InternalServerError):
        client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert len(native.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_what_will_not_change_is_not_asked_again(client: openai.OpenAI, native: Provider, status: int) -> None:
    native.answer(refusing("Invalid", status, type="invalid_request_error"))
    with pytest.raises(openai.APIStatusError):
        client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert len(native.seen) == 1


@pytest.mark.parametrize("header", [{"Retry-After": "0.25"}, {"retry-after-ms": "250"}])
def test_a_wait_that_the_provider_asks_for_is_kept(
    wire: httpx.Client, native: Provider, header: dict[str, str]
) -> None:
    native.answer(refusing("later", 429, headers=header), said("native", TEXT, streamed=False))
    began = time.monotonic()
    made, _ = asked(wire, NATIVE_MODEL, stream_=False)
    assert time.monotonic() - began >= 0.25
    assert made["status"] == "completed"


def test_a_wait_that_is_too_long_sends_the_request_elsewhere(
    wire: httpx.Client, native: Provider, chat: Provider
) -> None:
    native.answer(refusing("later", 429, headers={"Retry-After": "3600"}))
    chat.answer(said("chat", TEXT, streamed=False))
    made, _ = asked(wire, BOTH, stream_=False)
    assert made["provider"] == "chat"
    assert len(native.seen) == 1


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_that_is_wrong_is_wrong_everywhere(
    wire: httpx.Client, native: Provider, chat: Provider, status: int
) -> None:
    native.answer(refusing("Invalid", status, type="invalid_request_error"))
    answer = wire.post("/v1/responses", json={"model": BOTH, "input": "Hi"})
    assert answer.status_code == status
    assert not chat.seen


# --- once output has left ---------------------------------------------------------------------------------------------


def half(kind: str) -> list[bytes]:
    """A stream as far as its second word."""
    if kind == "native":
        return native_frames(message(TEXT))[:6]
    return chat_frames(words(TEXT))[:3]


def endings(kind: str) -> dict[str, Reply]:
    if kind == "native":
        error = native_frame({"type": "error", "code": "rate_limit_exceeded", "message": "oops", "sequence_number": 6})
        failed = native_response(status="failed", error={"code": "server_error", "message": "oops"}, usage=None)
        said_failed = native_frame({"type": "response.failed", "sequence_number": 6, "response": failed})
    else:
        error = b'data: {"error":{"message":"oops","type":"server_error","code":"rate_limit_exceeded"}}\n\n'
        said_failed = b'data: {"error":{"message":"oops","code":500}}\n\n'
    return {
        "its end": stream(*half(kind)),
        "a cut": stream(*half(kind), Cut()),
        "an error": stream(*half(kind), error),
        "a failure": stream(*half(kind), said_failed),
        "garbage": stream(*half(kind), b"data: {not json\n\n"),
    }


@kinds
@pytest.mark.parametrize("ending", endings("native"))
def test_a_provider_that_fails_while_it_answers_is_not_replaced(
    wire: httpx.Client, providers: dict[str, Provider], kind: str, ending: str
) -> None:
    providers[kind].answer(endings(kind)[ending])
    raw = streamed(wire, model=MODELS[kind], input="Hi")
    told = events(raw)
    check_stream(told)
    assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
    made = terminal(raw)
    assert made["status"] == "failed"
    assert made["completed_at"] is None
    assert made["error"]["code"] == ("rate_limit_exceeded" if ending == "an error" else "server_error")
    assert made["output"][0]["status"] == "incomplete"
    assert made["output"][0]["content"][0]["text"] == "one two "
    error = told[-2]
    assert error["message"] == error["error"]["message"] == made["error"]["message"]
    assert error["code"] == error["error"]["code"]
    assert wire.get(f"/v1/responses/{made['id']}").json() == made
    assert replayed(wire, made["id"]) == raw
    assert len(providers[kind].seen) == 1


@kinds
def test_an_alias_does_not_fall_back_once_output_has_left(
    wire: httpx.Client, native: Provider, chat: Provider, other_gateway: OtherGateway, kind: str
) -> None:
    order = {"native": [NATIVE_MODEL, CHAT_MODEL], "chat": [CHAT_MODEL, NATIVE_MODEL]}
    gateway = other_gateway(models={BOTH: ModelSettings(targets=order[kind])})
    (native if kind == "native" else chat).answer(endings(kind)["a cut"])
    with gateway.wire() as other:
        assert terminal(streamed(other, model=BOTH, input="Hi"))["status"] == "failed"
    assert not (chat if kind == "native" else native).seen


@kinds
def test_a_provider_that_is_silent_for_too_long_has_failed(
    other_gateway: OtherGateway, providers: dict[str, Provider], kind: str
) -> None:
    gateway = other_gateway(timeouts=TimeoutSettings(idle_seconds=0.3))
    gate = Gate()
    providers[kind].answer(stream(*half(kind), gate))
    with gateway.wire() as wire:
        raw = streamed(wire, model=MODELS[kind], input="Hi")
        gate.wait_until_left()
        check_stream(events(raw))
        assert terminal(raw)["status"] == "failed"
        assert wire.get(f"/v1/responses/{terminal(raw)['id']}").json()["status"] == "failed"


@modes
def test_an_answer_cut_in_the_middle_of_a_whole_body_is_asked_for_again(
    wire: httpx.Client, native: Provider, *, stream_: bool
) -> None:
    body = native_whole(message(TEXT)).body
    native.answer(Reply(pieces=(body[:100], Cut())), said("native", TEXT, streamed=stream_))
    made, headers = asked(wire, NATIVE_MODEL, stream_=stream_)
    assert made["status"] == "completed"
    assert headers["antiphon-attempts"] == "2"


def test_a_chat_stream_that_ends_in_the_middle_of_a_call_is_a_failure_even_if_it_says_done(
    wire: httpx.Client, chat: Provider
) -> None:
    call = chat_call("add", '{"a":', "call_1")
    chat.answer(stream(chat_chunk({"role": "assistant"}), chat_chunk({"tool_calls": [call]}), b"data: [DONE]\n\n"))
    raw = streamed(wire, model=CHAT_MODEL, input="Hi")
    check_stream(events(raw))
    assert terminal(raw)["status"] == "failed"


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
@modes
def test_a_truncated_answer_is_incomplete(
    wire: httpx.Client, chat: Provider, finish: str, reason: str, *, stream_: bool
) -> None:
    chat.answer(chat_stream(*words(TEXT), finish=finish) if stream_ else chat_whole(TEXT, finish))
    made, _ = asked(wire, CHAT_MODEL, stream_=stream_)
    assert made["status"] == "incomplete"
    assert made["incomplete_details"] == {"reason": reason}
    assert made["completed_at"] is None
    assert made["output"][0]["status"] == "incomplete"


def test_a_native_failure_told_as_a_whole_answer_is_an_error(client: openai.OpenAI, native: Provider) -> None:
    failed = native_response(status="failed", error={"code": "invalid_prompt", "message": "no"}, usage=None)
    native.answer(whole(failed))
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model=NATIVE_MODEL, input="Hi")


def test_a_call_cut_in_the_middle_is_closed_as_incomplete(wire: httpx.Client, chat: Provider) -> None:
    call = chat_call("add", '{"a":', "call_1")
    chat.answer(stream(chat_chunk({"role": "assistant"}), chat_chunk({"tool_calls": [call]}), Cut()))
    raw = streamed(wire, model=CHAT_MODEL, input="Hi")
    check_stream(events(raw))
    (item,) = terminal(raw)["output"]
    assert (item["type"], item["status"], item["arguments"]) == ("function_call", "incomplete", '{"a":')


def test_finished_items_survive_a_failure_in_a_later_one(wire: httpx.Client, native: Provider) -> None:
    made = native_frames(reasoning("thought"), function_call("add", "{}", "call_1"), message(TEXT))
    native.answer(stream(*made[:-4]))
    raw = streamed(wire, model=NATIVE_MODEL, input="Hi")
    output = terminal(raw)["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call", "message"]
    assert [item.get("status") for item in output] == [None, "completed", "incomplete"]
