"""`previous_response_id`: history is the gateway's own, so a chain may change its provider at every turn."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from tests.e2e.exchanges import (
    chat_whole,
    message,
    native_response,
    native_stream,
    native_whole,
    reasoning,
    said,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL
from tests.e2e.sse import streamed, terminal
from tests.e2e.upstream import Provider, Reply, stream, whole

SEALED = "gAAAAABsealed-by-native"


def texts(items: list[Any]) -> list[tuple[str, str]]:
    """Who said what, in a native request's input."""
    return [(item["role"], item["content"][0]["text"]) for item in items if item.get("type") == "message"]


def test_three_turns_across_two_providers(client: openai.OpenAI, native: Provider, chat: Provider) -> None:
    native.answer(native_whole(reasoning("r", SEALED), message("one")), native_whole(message("three", "msg_3")))
    chat.answer(chat_whole("two"))
    first = client.responses.create(model=NATIVE_MODEL, input="1", instructions="Speak German")
    second = client.responses.create(model=CHAT_MODEL, input="2", previous_response_id=first.id)
    third = client.responses.create(model=NATIVE_MODEL, input="3", previous_response_id=second.id)
    assert [each.output_text for each in (first, second, third)] == ["one", "two", "three"]
    assert third.previous_response_id == second.id

    assert chat.seen[0].json["messages"] == [
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": "one"},
        {"role": "user", "content": "2"},
    ]
    again = native.seen[1].json
    assert "previous_response_id" not in again
    assert "instructions" not in again
    assert texts(again["input"]) == [
        ("user", "1"),
        ("assistant", "one"),
        ("user", "2"),
        ("assistant", "two"),
        ("user", "3"),
    ]
    sealed = [item.get("encrypted_content") for item in again["input"] if item["type"] == "reasoning"]
    assert sealed == [SEALED], "the provider gets its own sealed reasoning back"


def test_parts_in_the_words_of_another_api_go_on_with_a_provider_that_minds(
    client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    chat.answer(chat_whole("two"))
    native.answer(native_whole(message("three")))
    picture: Any = {"type": "input_image", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    asked: Any = [
        {"role": "user", "content": [{"type": "text", "text": "0"}]},
        {"role": "assistant", "content": [{"type": "input_text", "text": "1"}]},
        {"role": "user", "content": [{"type": "output_text", "text": "2"}, picture]},
    ]
    first = client.responses.create(model=CHAT_MODEL, input=asked)
    client.responses.create(model=NATIVE_MODEL, input="3", previous_response_id=first.id)
    parts = [part for item in native.seen[0].json["input"] for part in item["content"]]
    assert [part["type"] for part in parts] == [
        "input_text",
        "output_text",
        "input_text",
        "input_image",
        "output_text",
        "input_text",
    ]
    assert parts[3] == {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"}


def test_a_chain_may_be_streamed_at_every_turn(wire: httpx.Client, native: Provider, chat: Provider) -> None:
    native.answer(native_stream(message("one")), native_stream(message("three", "msg_3")))
    chat.answer(said("chat", "two", streamed=True))
    previous: dict[str, str] = {}
    for model, text in ((NATIVE_MODEL, "1"), (CHAT_MODEL, "2"), (NATIVE_MODEL, "3")):
        made = terminal(streamed(wire, model=model, input=text, **previous))
        previous = {"previous_response_id": made["id"]}
    assert texts(native.seen[1].json["input"]) == [
        ("user", "1"),
        ("assistant", "one"),
        ("user", "2"),
        ("assistant", "two"),
        ("user", "3"),
    ]


def test_nothing_but_what_was_said_is_inherited(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(message("one")), native_whole(message("two", "msg_2")))
    tool: Any = {"type": "function", "name": "add", "parameters": {}, "strict": False}
    first = client.responses.create(
        model=NATIVE_MODEL,
        input="1",
        instructions="INSTRUCTED",
        tools=[tool],
        temperature=0.2,
        metadata={"a": "b"},
        max_output_tokens=100,
    )
    second = client.responses.create(model=NATIVE_MODEL, input="2", previous_response_id=first.id)
    for name in ("instructions", "tools", "temperature", "max_output_tokens", "metadata"):
        assert name not in native.seen[1].json
    assert b"INSTRUCTED" not in native.seen[1].body
    assert second.metadata == {}
    assert second.instructions is None


def test_a_chain_forks(client: openai.OpenAI, native: Provider) -> None:
    native.answer(*(native_whole(message(text, f"msg_{text}")) for text in ("root", "left", "right", "leaf")))
    root = client.responses.create(model=NATIVE_MODEL, input="0")
    left = client.responses.create(model=NATIVE_MODEL, input="L", previous_response_id=root.id)
    client.responses.create(model=NATIVE_MODEL, input="R", previous_response_id=root.id)
    client.responses.create(model=NATIVE_MODEL, input="LL", previous_response_id=left.id)
    assert [text for _, text in texts(native.seen[2].json["input"])] == ["0", "root", "R"]
    assert [text for _, text in texts(native.seen[3].json["input"])] == ["0", "root", "L", "left", "LL"]


def test_a_deleted_ancestor_ends_the_chain_and_leaves_its_descendants(client: openai.OpenAI, native: Provider) -> None:
    native.answer(*(native_whole(message(str(n), f"msg_{n}")) for n in range(3)))
    first = client.responses.create(model=NATIVE_MODEL, input="1")
    second = client.responses.create(model=NATIVE_MODEL, input="2", previous_response_id=first.id)
    third = client.responses.create(model=NATIVE_MODEL, input="3", previous_response_id=second.id)
    client.responses.delete(first.id)
    for parent in (first, second, third):
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=NATIVE_MODEL, input="4", previous_response_id=parent.id)
        assert refused.value.code == "previous_response_not_found"
        assert refused.value.param == "previous_response_id"
    for kept in (second, third):
        assert client.responses.retrieve(kept.id) == kept
        assert list(client.responses.input_items.list(kept.id))


def test_an_incomplete_answer_can_be_continued(client: openai.OpenAI, native: Provider) -> None:
    cut = message("half") | {"status": "incomplete"}
    ended = native_response(cut, status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    native.answer(whole(ended), native_whole(message("other half", "msg_2")))
    first = client.responses.create(model=NATIVE_MODEL, input="1")
    assert first.status == "incomplete"
    second = client.responses.create(model=NATIVE_MODEL, input="2", previous_response_id=first.id)
    assert second.status == "completed"
    assert texts(native.seen[1].json["input"])[1] == ("assistant", "half")


def test_a_failed_answer_cannot_be_continued(wire: httpx.Client, native: Provider) -> None:
    native.answer(broken())
    made = terminal(streamed(wire, model=NATIVE_MODEL, input="1"))
    assert made["status"] == "failed"
    body = {"model": NATIVE_MODEL, "input": "2", "previous_response_id": made["id"]}
    answer = wire.post("/v1/responses", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "previous_response_id"


def broken() -> Reply:
    """An answer that ends after its first word, without a terminal event."""
    frames = native_stream(message("one two")).pieces
    assert frames is not None
    return stream(*frames[:5])


def test_foreign_sealed_reasoning_is_left_out_and_told(client: openai.OpenAI, native: Provider, chat: Provider) -> None:
    native.answer(native_whole(reasoning("r", SEALED), message("one")))
    chat.answer(chat_whole("two"))
    first = client.responses.create(model=NATIVE_MODEL, input="1")
    client.responses.create(model=CHAT_MODEL, input="2", previous_response_id=first.id)
    assert SEALED.encode() not in chat.seen[0].body


def test_a_chain_grows_by_a_conversation_of_its_own_only(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(message("one")), native_whole(message("two", "msg_2")))
    first = client.responses.create(model=NATIVE_MODEL, input="1")
    assert first.conversation is not None
    second = client.responses.create(
        model=NATIVE_MODEL, input="2", previous_response_id=first.id, conversation=first.conversation.id
    )
    assert second.conversation == first.conversation
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(
            model=NATIVE_MODEL, input="2", previous_response_id=first.id, conversation="conv_" + "0" * 48
        )
    assert refused.value.param == "conversation"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.create(model=NATIVE_MODEL, input="2", conversation="conv_" + "0" * 48)
    assert unknown.value.param == "conversation"
