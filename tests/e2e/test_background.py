"""Answers in the background with the official client: asked for, polled, followed, cancelled, gone on from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response

from antiphon.lifecycle_settings import BackgroundSettings
from tests.e2e.background import PATIENCE
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import chat_frames, chat_stream, message, native_frames, native_stream, words
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.sse import DONE, events, frames, replayed, terminal
from tests.e2e.upstream import Gate, Provider, refusing, stream
from tests.grammar import check_stream

TEXT = "one two three four"
MODELS = [NATIVE_MODEL, CHAT_MODEL]


def scripted(model: str, native: Provider, chat: Provider, gate: Gate | None = None, pieces: int = 6) -> None:
    made = native_frames(message(TEXT)) if model == NATIVE_MODEL else chat_frames(words(TEXT))
    provider = native if model == NATIVE_MODEL else chat
    provider.answer(stream(*made) if gate is None else stream(*made[:pieces], gate, *made[pieces:]))


def polled(client: openai.OpenAI, response_id: str, wanted: Callable[[Response], bool] | None = None) -> Response:
    """The response once it has ended, or is as wanted."""
    if wanted is None:
        # The library makes an exception of an `error` event.
        with client.responses.retrieve(response_id, stream=True) as following, suppress(openai.APIError):
            deque(following, maxlen=0)
        return client.responses.retrieve(response_id)
    for _ in range(10_000):
        found = client.responses.retrieve(response_id)
        if wanted(found):
            return found
    raise AssertionError("the answer never came to what was wanted")


def created(wire: httpx.Client, model: str, **body: Any) -> dict[str, Any]:
    answer = wire.post("/v1/responses", json={"model": model, "input": "Hi", "background": True, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_is_given_while_nobody_is_connected(
    client: openai.OpenAI, wire: httpx.Client, native: Provider, chat: Provider, model: str
) -> None:
    scripted(model, native, chat)
    begun = client.responses.create(model=model, input="Hi", background=True)
    assert (begun.status, begun.output, begun.usage, begun.background) == ("queued", [], None, True)
    assert begun.service_tier == "auto"
    ended = polled(client, begun.id)
    assert (ended.status, ended.output_text, ended.background) == ("completed", TEXT, True)
    assert ended.created_at == begun.created_at
    raw = replayed(wire, begun.id)
    told = events(raw)
    check_stream(told, relayed=model == NATIVE_MODEL)
    assert [event["type"] for event in told[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert [event["response"]["status"] for event in told[:3]] == ["queued", "queued", "in_progress"]
    assert terminal(raw) == wire.get(f"/v1/responses/{begun.id}").json()
    for after in range(len(told) + 1):
        assert replayed(wire, begun.id, starting_after=after) == b"".join(frames(raw)[after + 1 :]) + DONE


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_that_was_dropped_is_resumed_where_it_stopped(
    client: openai.OpenAI, native: Provider, chat: Provider, model: str
) -> None:
    gate = Gate()
    scripted(model, native, chat, gate)
    seen: list[Any] = []
    with client.responses.create(model=model, input="Hi", background=True, stream=True) as began:
        for event in began:
            seen.append(event)
            if len(seen) == 4:
                break
    response_id = seen[0].response.id
    gate.wait_until_reached()
    gate.open()
    with client.responses.retrieve(response_id, stream=True, starting_after=3) as resumed:
        seen += resumed
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert seen[-1].type == "response.completed"
    assert seen[-1].response.output_text == TEXT
    with client.responses.retrieve(response_id, stream=True) as again:
        assert list(again) == seen


@pytest.mark.parametrize("model", MODELS)
def test_a_cancel_closes_the_provider_and_keeps_what_was_finished(
    client: openai.OpenAI, gateway: Gateway, wire: httpx.Client, native: Provider, chat: Provider, model: str
) -> None:
    gate = Gate()
    scripted(model, native, chat, gate)
    begun = created(wire, model)
    gate.wait_until_reached()
    with ThreadPoolExecutor() as pool, gateway.wire() as other:
        following = pool.submit(other.get, f"/v1/responses/{begun['id']}", params={"stream": "true"})
        cancelled = client.responses.cancel(begun["id"])
        gate.wait_until_left()
        raw = following.result(PATIENCE).content
    assert (cancelled.status, cancelled.error, cancelled.incomplete_details) == ("cancelled", None, None)
    assert cancelled.output == []
    told = events(raw)
    check_stream(told, relayed=model == NATIVE_MODEL)
    assert (told[-1]["type"], told[-1]["response"]["status"]) == ("response.failed", "cancelled")
    shown = wire.get(f"/v1/responses/{begun['id']}").json()
    assert shown == told[-1]["response"] == wire.post(f"/v1/responses/{begun['id']}/cancel", json={}).json()
    assert replayed(wire, begun["id"]) == raw
    assert wire.delete(f"/v1/responses/{begun['id']}").status_code == 200
    assert wire.post(f"/v1/responses/{begun['id']}/cancel").status_code == 404


def test_a_running_answer_is_shown_and_cannot_be_deleted_or_continued(
    client: openai.OpenAI, gateway: Gateway, wire: httpx.Client, chat: Provider, native: Provider
) -> None:
    gate = Gate()
    scripted(CHAT_MODEL, native, chat, gate)
    begun = created(wire, CHAT_MODEL)
    path = f"/v1/responses/{begun['id']}"
    gate.wait_until_reached()
    running = polled(client, begun["id"], lambda found: found.status == "in_progress")
    assert running.usage is None
    answer = wire.get(path)
    assert answer.headers["openai-poll-after-ms"] == "1000"
    assert wire.get(f"{path}/input_items").json()["data"][0]["content"][0]["text"] == "Hi"
    refused = wire.delete(path)
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Cannot delete an in-flight response.")
    chained = {"model": CHAT_MODEL, "input": "And?", "previous_response_id": begun["id"]}
    refused = wire.post("/v1/responses", json=chained)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "previous_response_not_found")
    assert "is still in progress" in refused.json()["error"]["message"]
    with gateway.wire(KEY_B) as foreign:
        asked = [foreign.get(path), foreign.get(f"{path}?stream=true"), foreign.post(f"{path}/cancel")]
        assert [each.status_code for each in [*asked, foreign.delete(path)]] == [404] * 4
    gate.open()
    assert polled(client, begun["id"]).output_text == TEXT


def test_chains_go_through_answers_in_the_background(client: openai.OpenAI, native: Provider, chat: Provider) -> None:
    native.answer(native_stream(message("first")))
    first = polled(client, client.responses.create(model=NATIVE_MODEL, input="A", background=True).id)
    chat.answer(chat_stream(*words("second")))
    second = client.responses.create(
        model=CHAT_MODEL, input="B", background=True, previous_response_id=first.id, instructions="Be brief."
    )
    second = polled(client, second.id)
    assert [each["content"] for each in chat.seen[0].json["messages"]] == ["Be brief.", "A", "first", "B"]
    chat.answer(chat_stream(*words("third")))
    third = list(client.responses.create(model=CHAT_MODEL, input="C", previous_response_id=second.id, stream=True))
    assert third[-1].type == "response.completed"
    assert [each["content"] for each in chat.seen[1].json["messages"]] == ["A", "first", "B", "second", "C"]


def test_a_provider_that_fails_makes_a_failed_response(
    client: openai.OpenAI, wire: httpx.Client, chat: Provider
) -> None:
    chat.answer(refusing("no such thing", 400))
    ended = polled(client, created(wire, CHAT_MODEL)["id"])
    assert ended.status == "failed"
    assert ended.error is not None
    check_stream(events(replayed(wire, ended.id)))


REFUSED = {
    "an unknown model": ({"model": "nobody/knows"}, "model_not_found"),
    "a parent that is not there": ({"previous_response_id": "resp_none"}, "previous_response_not_found"),
    "store is off": ({"store": False}, "unsupported_parameter"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_is_refused_at_once(wire: httpx.Client, gateway: Gateway, case: str) -> None:
    change, code = REFUSED[case]
    rows = gateway.rows()
    answer = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": "Hi", "background": True, **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert gateway.rows() == rows


def test_only_answers_in_the_background_can_be_cancelled(
    wire: httpx.Client, client: openai.OpenAI, chat: Provider
) -> None:
    chat.answer(chat_stream(*words(TEXT)))
    synchronous = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": "Hi"}).json()["id"]
    chat.answer(chat_stream(*words(TEXT)))
    completed = polled(client, created(wire, CHAT_MODEL)["id"]).id
    for response_id, message_ in [
        (synchronous, "Cannot cancel a synchronous response."),
        (completed, "Cannot cancel a completed response."),
    ]:
        refused = wire.post(f"/v1/responses/{response_id}/cancel")
        assert (refused.status_code, refused.json()["error"]["message"]) == (400, message_)
    for prefix in ("/v1", "", "/openai/v1", "/api/llm/api/inference/openai"):
        missing = wire.post(f"{prefix}/responses/resp_none/cancel")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "response_not_found")


def test_a_full_queue_refuses_and_a_queued_answer_can_be_cancelled(other_gateway: OtherGateway) -> None:
    gateway = other_gateway(background=BackgroundSettings(answers_at_once=0, queued_per_tenant=2))
    with gateway.wire() as wire, gateway.wire(KEY_B) as theirs:
        first, _ = created(wire, CHAT_MODEL), created(wire, CHAT_MODEL)
        refused = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": "Hi", "background": True})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "background_queue_full")
        assert int(refused.headers["retry-after"]) > 0
        created(theirs, CHAT_MODEL)
        assert wire.get(f"/v1/responses/{first['id']}").json() == first
        cancelled = wire.post(f"/v1/responses/{first['id']}/cancel").json()
        assert cancelled["status"] == "cancelled"
        told = events(replayed(wire, first["id"]))
        check_stream(told)
        assert [event["type"] for event in told] == ["response.created", "response.queued", "response.failed"]
        created(wire, CHAT_MODEL)


def test_an_answer_that_takes_too_long_fails(other_gateway: OtherGateway, chat: Provider, native: Provider) -> None:
    gateway = other_gateway(background=BackgroundSettings(limit_seconds=1.0))
    gate = Gate()
    scripted(CHAT_MODEL, native, chat, gate)
    with gateway.wire() as wire, gateway.client() as client:
        ended = polled(client, created(wire, CHAT_MODEL)["id"])
        assert ended.status == "failed"
        gate.wait_until_left()
        check_stream(events(replayed(wire, ended.id)))


@pytest.mark.parametrize("clears", [False, True])
def test_a_cancel_keeps_finished_items_unless_the_owner_says_otherwise(
    other_gateway: OtherGateway, native: Provider, *, clears: bool
) -> None:
    gateway = other_gateway(background=BackgroundSettings(cancel_clears_output=clears))
    gate = Gate()
    made = native_frames(message("first"), message(TEXT, "msg_2"))
    second = next(place for place, each in enumerate(made) if b"msg_2" in each and b".delta" in each)
    native.answer(stream(*made[: second + 1], gate, *made[second + 1 :]))
    with gateway.wire() as wire, gateway.wire() as other:
        begun = created(wire, NATIVE_MODEL)
        with other.stream("GET", f"/v1/responses/{begun['id']}", params={"stream": "true"}) as following:
            arriving, seen = following.iter_raw(), b""
            while not (b"msg_2" in seen and b"one " in seen):
                seen += next(arriving)
            running = wire.get(f"/v1/responses/{begun['id']}").json()
            cancelled = wire.post(f"/v1/responses/{begun['id']}/cancel").json()
        assert [item["id"] for item in running["output"]] == ["msg_1"]
        assert cancelled["output"] == ([] if clears else running["output"])
        gate.wait_until_left()


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_is_added_to_its_conversation_when_it_ends(
    client: openai.OpenAI, native: Provider, chat: Provider, model: str
) -> None:
    gate = Gate()
    scripted(model, native, chat, gate)
    conversation = client.conversations.create(items=[{"role": "user", "content": "Before"}]).id
    begun = client.responses.create(model=model, input="Hi", background=True, conversation=conversation)
    assert begun.conversation is not None
    assert begun.conversation.id == conversation
    with pytest.raises(openai.BadRequestError) as locked:
        client.responses.create(model=model, input="Me too", conversation=conversation)
    assert locked.value.code == "conversation_locked"
    gate.open()
    ended = polled(client, begun.id)
    assert ended.status == "completed"
    kinds = [item.type for item in client.conversations.items.list(conversation, order="asc")]
    assert kinds == ["message", "message", "message"]
    before = [
        item.model_dump()["content"][0]["text"] for item in client.responses.input_items.list(begun.id, order="asc")
    ]
    assert before == ["Before", "Hi"]


def test_a_cancelled_answer_lets_its_conversation_go(client: openai.OpenAI, native: Provider, chat: Provider) -> None:
    gate = Gate()
    scripted(CHAT_MODEL, native, chat, gate)
    conversation = client.conversations.create().id
    begun = client.responses.create(model=CHAT_MODEL, input="Hi", background=True, conversation=conversation)
    gate.wait_until_reached()
    assert client.responses.cancel(begun.id).status == "cancelled"
    scripted(CHAT_MODEL, native, chat)
    with client.responses.create(model=CHAT_MODEL, input="Again", conversation=conversation, stream=True) as following:
        deque(following, maxlen=0)
    assert len(client.conversations.items.list(conversation).data) == 2
