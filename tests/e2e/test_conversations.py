"""Conversations, with the official client: kept items that turns read and add to."""

from __future__ import annotations

import json
from typing import Any, Literal

import httpx
import openai
import pytest

from tests.e2e.exchanges import chat_whole, function_call, message, native_frames, native_response, native_whole
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.sockets import opened
from tests.e2e.sse import streamed, terminal
from tests.e2e.test_chains import broken, texts
from tests.e2e.test_routes import envelope
from tests.e2e.upstream import Gate, Provider, stream, whole

UNKNOWN = "conv_" + "0" * 48
MANY: list[Any] = [{"role": "user", "content": str(n)} for n in range(20)]


def said(item: Any) -> str:
    part: str = item.model_dump()["content"][0]["text"]
    return part


def listing(client: openai.OpenAI, conversation_id: str) -> list[str]:
    return [said(item) for item in client.conversations.items.list(conversation_id, order="asc")]


@pytest.fixture
def conversation(client: openai.OpenAI) -> str:
    return client.conversations.create(items=[{"role": "user", "content": "0"}]).id


def test_a_conversation_lives_and_ends(client: openai.OpenAI) -> None:
    made = client.conversations.create(metadata={"topic": "demo"})
    assert made.id.startswith("conv_")
    assert made.object == "conversation"
    assert made.metadata == {"topic": "demo"}
    assert client.conversations.retrieve(made.id) == made
    updated = client.conversations.update(made.id, metadata={"other": "x"})
    assert updated.metadata == {"other": "x"}
    assert client.conversations.retrieve(made.id) == updated
    gone = client.conversations.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "conversation.deleted", True)
    with pytest.raises(openai.NotFoundError) as unknown:
        client.conversations.retrieve(made.id)
    assert unknown.value.message.find(f"Conversation with id '{made.id}' not found.") >= 0
    assert unknown.value.code == "conversation_not_found"


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_items_are_added_paged_fetched_and_removed(
    client: openai.OpenAI, limit: int, order: Literal["asc", "desc"]
) -> None:
    made = client.conversations.create(items=MANY).id
    added = client.conversations.items.create(made, items=MANY)
    assert [said(item) for item in added.data] == [str(n) for n in range(20)]
    assert (added.first_id, added.last_id, added.has_more) == (added.data[0].id, added.data[-1].id, False)
    items = list(client.conversations.items.list(made, limit=limit, order=order))
    expected = [str(n) for n in range(20)] * 2
    assert [said(item) for item in items] == (expected if order == "asc" else expected[::-1])
    assert len({item.id for item in items}) == 40
    first = items[0].id or ""
    assert client.conversations.items.retrieve(first, conversation_id=made) == items[0]
    assert client.conversations.items.delete(first, conversation_id=made).id == made
    with pytest.raises(openai.NotFoundError) as unknown:
        client.conversations.items.retrieve(first, conversation_id=made)
    assert unknown.value.code == "item_not_found"
    assert len(list(client.conversations.items.list(made, limit=limit))) == 39


@pytest.mark.parametrize("store", ["yes", "no"])
def test_a_turn_reads_the_conversation_and_adds_to_it_if_it_is_stored(
    client: openai.OpenAI, native: Provider, chat: Provider, conversation: str, store: str
) -> None:
    stored = store == "yes"
    native.answer(native_whole(message("A")))
    chat.answer(chat_whole("B"))
    first = client.responses.create(model=NATIVE_MODEL, input="1", conversation=conversation, store=stored)
    assert first.conversation is not None
    assert first.conversation.id == conversation
    assert texts(native.seen[0].json["input"]) == [("user", "0"), ("user", "1")]
    assert "conversation" not in native.seen[0].json
    second = client.responses.create(model=CHAT_MODEL, input="2", conversation={"id": conversation}, store=stored)
    assert second.output_text == "B"
    between = ["1", "A"] if stored else []
    assert [each["content"] for each in chat.seen[0].json["messages"]] == ["0", *between, "2"]
    assert listing(client, conversation) == (["0", "1", "A", "2", "B"] if stored else ["0"])


def test_a_streamed_turn_is_added_before_its_end_is_told(
    client: openai.OpenAI, wire: httpx.Client, native: Provider, conversation: str
) -> None:
    native.answer(stream(*native_frames(message("A"))))
    made = terminal(streamed(wire, model=NATIVE_MODEL, input="1", conversation=conversation))
    assert made["conversation"] == {"id": conversation}
    assert listing(client, conversation) == ["0", "1", "A"]


def test_an_incomplete_turn_is_added_and_a_failed_one_is_not(
    client: openai.OpenAI, wire: httpx.Client, native: Provider, conversation: str
) -> None:
    cut = native_response(message("half"), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    native.answer(whole(cut), broken(), native_whole(message("B", "msg_2")))
    client.responses.create(model=NATIVE_MODEL, input="1", conversation=conversation)
    failed = terminal(streamed(wire, model=NATIVE_MODEL, input="2", conversation=conversation))
    assert failed["status"] == "failed"
    assert listing(client, conversation) == ["0", "1", "half"]
    client.responses.create(model=NATIVE_MODEL, input="3", conversation=conversation)
    assert listing(client, conversation) == ["0", "1", "half", "3", "B"]


def test_a_refused_turn_lets_go_at_once(client: openai.OpenAI, native: Provider, conversation: str) -> None:
    native.answer(whole({"error": {"message": "no", "type": "invalid_request_error"}}, 400))
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model=NATIVE_MODEL, input="1", conversation=conversation)
    native.answer(native_whole(message("A")))
    client.responses.create(model=NATIVE_MODEL, input="2", conversation=conversation)
    assert listing(client, conversation) == ["0", "2", "A"]


@pytest.mark.parametrize("background", [False, True])
def test_a_turn_that_cannot_be_opened_lets_go(client: openai.OpenAI, conversation: str, *, background: bool) -> None:
    reference: Any = [{"type": "item_reference", "id": "rs_9"}]
    with pytest.raises(openai.NotFoundError):
        client.responses.create(
            model=CHAT_MODEL, input=reference, conversation=conversation, background=background, store=True
        )
    client.conversations.items.create(conversation, items=MANY[:1])


def test_a_warm_up_lets_go_however_it_ends(client: openai.OpenAI, gateway: Gateway, conversation: str) -> None:
    with opened(gateway) as socket:
        asked = {"input": "Hi", "conversation": conversation, "generate": False}
        assert socket.refused(model="nobody/none", **asked)["status"] == 400
        client.conversations.items.create(conversation, items=MANY[:1])
        assert socket.answer(model=CHAT_MODEL, **asked)["status"] == "completed"
        client.conversations.items.create(conversation, items=MANY[:1])


def test_one_turn_at_a_time(client: openai.OpenAI, wire: httpx.Client, native: Provider, conversation: str) -> None:
    gate = Gate()
    frames = native_frames(message("A"))
    native.answer(stream(*frames[:4], gate, *frames[4:]))
    body = {"model": NATIVE_MODEL, "input": "1", "conversation": conversation}
    with wire.stream("POST", "/v1/responses", json=body | {"stream": True}) as answer:
        arriving = answer.iter_raw()
        next(arriving)
        for ask in (
            lambda: client.responses.create(model=NATIVE_MODEL, input="2", conversation=conversation),
            lambda: client.conversations.items.create(conversation, items=[{"role": "user", "content": "2"}]),
        ):
            with pytest.raises(openai.BadRequestError) as locked:
                ask()
            assert locked.value.code == "conversation_locked"
            assert locked.value.param == "conversation"
            assert "Another process is currently operating on this conversation." in locked.value.message
        native.answer(native_whole(message("reads only")))
        client.responses.create(model=NATIVE_MODEL, input="2", conversation=conversation, store=False)
        gate.open()
        b"".join(arriving)
    assert listing(client, conversation) == ["0", "1", "A"]
    client.conversations.items.create(conversation, items=[{"role": "user", "content": "3"}])


def test_a_client_that_leaves_lets_go(client: openai.OpenAI, wire: httpx.Client, native: Provider) -> None:
    made = client.conversations.create().id
    gate = Gate()
    frames = native_frames(message("A"))
    native.answer(stream(*frames[:4], gate, *frames[4:]), native_whole(message("B")))
    body = {"model": NATIVE_MODEL, "input": "1", "conversation": made, "stream": True}
    with wire.stream("POST", "/v1/responses", json=body) as answer:
        next(answer.iter_raw())
    gate.wait_until_left()
    body = {"model": NATIVE_MODEL, "input": "2", "conversation": made}
    again = wire.post("/v1/responses", json=body)
    while again.status_code != 200:
        assert envelope(again)["code"] == "conversation_locked"
        again = wire.post("/v1/responses", json=body)
    assert listing(client, made) == ["2", "B"]


def test_a_conversation_that_is_deleted_under_a_turn_leaves_the_response(
    client: openai.OpenAI, wire: httpx.Client, native: Provider, conversation: str
) -> None:
    gate = Gate()
    frames = native_frames(message("A"))
    native.answer(stream(*frames[:4], gate, *frames[4:]))
    body = {"model": NATIVE_MODEL, "input": "1", "conversation": conversation, "stream": True}
    with wire.stream("POST", "/v1/responses", json=body) as answer:
        arriving = answer.iter_raw()
        raw = next(arriving)
        client.conversations.delete(conversation)
        gate.open()
        raw += b"".join(arriving)
    made = terminal(raw)
    assert made["status"] == "completed"
    assert client.responses.retrieve(made["id"]).output_text == "A"
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(conversation)


def test_what_a_response_saw_is_listed_whatever_the_conversation_became(
    client: openai.OpenAI, native: Provider, conversation: str
) -> None:
    native.answer(*(native_whole(message(text, f"msg_{text}")) for text in "ABC"))
    first = client.responses.create(model=NATIVE_MODEL, input="1", conversation=conversation)
    second = client.responses.create(model=NATIVE_MODEL, input="2", conversation=conversation)
    removed = next(iter(client.conversations.items.list(conversation, order="asc")))
    assert [said(item) for item in client.responses.input_items.list(second.id, order="asc")] == ["0", "1", "A", "2"]
    client.conversations.items.delete(removed.id or "", conversation_id=conversation)
    assert [said(item) for item in client.responses.input_items.list(first.id, order="asc")] == ["1"]
    assert [said(item) for item in client.responses.input_items.list(second.id, order="asc")] == ["1", "A", "2"]
    leaving = client.responses.create(model=NATIVE_MODEL, input="3", previous_response_id=first.id)
    assert texts(native.seen[2].json["input"]) == [("user", "1"), ("assistant", "A"), ("user", "3")]
    assert leaving.conversation is not None
    assert leaving.conversation.id != conversation
    assert listing(client, leaving.conversation.id) == ["1", "A", "3", "C"]
    assert listing(client, conversation) == ["1", "A", "2", "B"]
    client.responses.delete(first.id)
    assert listing(client, conversation) == ["1", "A", "2", "B"]


def test_the_response_before_and_its_conversation_may_be_named_together(
    client: openai.OpenAI, native: Provider, conversation: str
) -> None:
    native.answer(*(native_whole(message(text, f"msg_{text}")) for text in "AB"))
    first = client.responses.create(model=NATIVE_MODEL, input="1", conversation=conversation)
    second = client.responses.create(
        model=NATIVE_MODEL, input="2", conversation=conversation, previous_response_id=first.id
    )
    assert second.previous_response_id == first.id
    assert texts(native.seen[1].json["input"]) == [("user", "0"), ("user", "1"), ("assistant", "A"), ("user", "2")]
    assert listing(client, conversation) == ["0", "1", "A", "2", "B"]
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=NATIVE_MODEL, input="3", conversation=UNKNOWN, previous_response_id=first.id)
    assert refused.value.code == "mutually_exclusive_parameters"


def test_a_context_begins_at_the_newest_compaction(client: openai.OpenAI, native: Provider, chat: Provider) -> None:
    chat.answer(chat_whole("They spoke of the old."))
    compaction: Any = client.responses.compact(model=CHAT_MODEL, input="old").output[-1].model_dump(exclude_none=True)
    items: list[Any] = [{"role": "user", "content": "old"}, compaction, {"role": "user", "content": "new"}]
    made = client.conversations.create(items=items).id
    native.answer(native_whole(message("A")))
    response = client.responses.create(model=NATIVE_MODEL, input="1", conversation=made)
    read = native.seen[0].json["input"]
    assert [item["role"] for item in read] == ["developer", "user", "user"]
    assert "They spoke of the old." in json.dumps(read[0])
    assert len(list(client.responses.input_items.list(response.id))) == 3
    assert len(list(client.conversations.items.list(made))) == 5


def test_a_call_without_its_output_is_refused_at_the_next_turn(client: openai.OpenAI, chat: Provider) -> None:
    call: Any = function_call("add", "{}", "call_1")
    output: Any = {"type": "function_call_output", "call_id": "call_1", "output": "2"}
    made = client.conversations.create(items=[{"role": "user", "content": "1 + 1"}, call, output]).id
    removed = next(iter(client.conversations.items.list(made)))
    client.conversations.items.delete(removed.id or "", conversation_id=made)
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=CHAT_MODEL, input="Go on", conversation=made)
    assert "No tool output found for function call call_1." in refused.value.message
    chat.answer(chat_whole("2"))
    assert client.responses.create(model=CHAT_MODEL, input=[output], conversation=made).output_text == "2"


def test_items_keep_ids_of_their_own(client: openai.OpenAI, native: Provider, conversation: str) -> None:
    native.answer(*(native_whole(message(text, "msg_same")) for text in "AB"))
    for text in "12":
        client.responses.create(model=NATIVE_MODEL, input=text, conversation=conversation)
    ids = [item.id for item in client.conversations.items.list(conversation, limit=1)]
    assert len(set(ids)) == 5
    again: Any = message("A", "msg_same")
    for ask, param in (
        (lambda: client.conversations.items.create(conversation, items=[again]), "items"),
        (lambda: client.responses.create(model=NATIVE_MODEL, input=[again], conversation=conversation), "input"),
        (lambda: client.conversations.create(items=[again, again]), "items"),
    ):
        with pytest.raises(openai.BadRequestError, match="Duplicate item found with id msg_same") as refused:
            ask()
        assert refused.value.param == param


# --- the conversation of a chain --------------------------------------------------------------------------------------


@pytest.fixture
def chain(client: openai.OpenAI, native: Provider) -> tuple[str, list[str]]:
    """The conversation of two responses that go on from each other, and their ids."""
    native.answer(native_whole(message("A", "msg_a")), native_whole(message("B", "msg_b")))
    first = client.responses.create(model=NATIVE_MODEL, input="1")
    second = client.responses.create(model=NATIVE_MODEL, input="2", previous_response_id=first.id)
    assert first.conversation is not None
    assert second.conversation == first.conversation
    native.seen.clear()
    return first.conversation.id, [first.id, second.id]


def test_the_conversation_of_a_chain_can_be_looked_at(client: openai.OpenAI, chain: tuple[str, list[str]]) -> None:
    name, (first, second) = chain
    found = client.conversations.retrieve(name)
    assert found.created_at == client.responses.retrieve(first).created_at
    assert listing(client, name) == ["1", "A", "2", "B"]
    item = client.conversations.items.retrieve("msg_b", conversation_id=name)
    assert said(item) == "B"
    assert client.conversations.update(name, metadata={"a": "b"}).metadata == {"a": "b"}
    assert client.conversations.retrieve(name).metadata == {"a": "b"}
    client.responses.delete(second)
    assert listing(client, name) == ["1", "A"]
    client.responses.delete(first)
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(name)


def test_the_conversation_of_a_chain_goes_on_with_it_and_is_made_real_by_its_name(
    client: openai.OpenAI, native: Provider, chain: tuple[str, list[str]]
) -> None:
    name, (first, second) = chain
    client.conversations.update(name, metadata={"a": "b"})
    native.answer(*(native_whole(message(text, f"msg_{text}")) for text in "CDEF"))
    client.responses.create(model=NATIVE_MODEL, input="3", previous_response_id=second, conversation=name)
    assert listing(client, name) == ["1", "A", "2", "B", "3", "C"]
    client.responses.create(model=NATIVE_MODEL, input="?", conversation=name, store=False)
    assert listing(client, name) == ["1", "A", "2", "B", "3", "C"]
    made = client.responses.create(model=NATIVE_MODEL, input="4", conversation=name)
    assert made.conversation is not None
    assert made.conversation.id == name
    assert [text for _, text in texts(native.seen[2].json["input"])] == ["1", "A", "2", "B", "3", "C", "4"]
    assert client.conversations.retrieve(name).metadata == {"a": "b"}
    client.responses.delete(first)
    client.responses.create(model=NATIVE_MODEL, input="5", conversation=name)
    assert listing(client, name) == ["1", "A", "2", "B", "3", "C", "4", "E", "5", "F"]


def test_items_of_a_chain_can_be_changed(client: openai.OpenAI, chain: tuple[str, list[str]]) -> None:
    name, (_, second) = chain
    client.conversations.items.delete("msg_a", conversation_id=name)
    client.conversations.items.create(name, items=[{"role": "user", "content": "3"}])
    assert listing(client, name) == ["1", "2", "B", "3"]
    assert client.responses.retrieve(second).output_text == "B"


def test_a_chains_conversation_that_was_deleted_does_not_come_back(
    client: openai.OpenAI, native: Provider, chain: tuple[str, list[str]]
) -> None:
    name, (_, second) = chain
    assert client.conversations.delete(name).deleted
    native.answer(native_whole(message("C")))
    assert client.responses.create(model=NATIVE_MODEL, input="3", previous_response_id=second).output_text == "C"
    for ask in (
        lambda: client.conversations.retrieve(name),
        lambda: client.conversations.delete(name),
        lambda: client.responses.create(model=NATIVE_MODEL, input="4", conversation=name),
    ):
        with pytest.raises(openai.NotFoundError):
            ask()
