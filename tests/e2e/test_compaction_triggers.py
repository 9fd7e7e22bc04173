"""`compaction_trigger`: an answer that is one compaction item, and what becomes of it."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from tests.e2e.exchanges import chat_whole, message, native_whole, said
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL
from tests.e2e.sse import events, streamed, terminal
from tests.e2e.test_background import polled
from tests.e2e.test_compaction import BLOB, CONVERSATION, native_window, replayable, user
from tests.e2e.upstream import Provider
from tests.grammar import check_stream


@pytest.mark.parametrize("provider", ["native", "chat"])
def test_a_trigger_is_answered_by_one_compaction_item(
    wire: httpx.Client, providers: dict[str, Provider], provider: str
) -> None:
    """As Codex does it: a trigger at the end of everything, then the item in front of what comes next."""
    asked = providers[provider]
    model = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}[provider]
    summary = native_window() if provider == "native" else said(provider, "Ada likes chess.", streamed=False)
    asked.answer(summary, said(provider, "You are Ada.", streamed=True))
    trigger = {"type": "compaction_trigger"}
    raw = streamed(wire, model=model, input=[*CONVERSATION, trigger], store=False)
    check_stream(events(raw))
    made = terminal(raw)
    assert [item["type"] for item in made["output"]] == ["compaction"]
    assert made["output"][0]["encrypted_content"].startswith("ant1.")
    assert isinstance(made["usage"]["output_tokens_details"]["reasoning_tokens"], int)
    again = [CONVERSATION[0], *made["output"], user("Who am I?")]
    check_stream(events(streamed(wire, model=model, input=again, store=False)))
    assert b"compaction_trigger" not in asked.seen[0].body + asked.seen[1].body


def test_a_trigger_works_in_a_chain(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("Hello Ada."), chat_whole("The user is Ada."), chat_whole("Ada."))
    first = client.responses.create(model=CHAT_MODEL, input="I am Ada.")
    trigger: Any = {"type": "compaction_trigger"}
    second = client.responses.create(model=CHAT_MODEL, input=[trigger], previous_response_id=first.id)
    assert [item.type for item in second.output] == ["compaction"]
    client.responses.create(model=CHAT_MODEL, input="Who am I?", previous_response_id=second.id)
    sent = [each["content"] for each in chat.seen[2].json["messages"]]
    assert len(sent) == 2
    assert "The user is Ada." in sent[0]
    assert "I am Ada." in sent[0]


def test_a_trigger_that_nothing_came_of_is_passed_over(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(message("Ada.")))
    items: Any = [*CONVERSATION, {"type": "compaction_trigger"}]
    conversation = client.conversations.create(items=items).id
    assert client.responses.create(model=NATIVE_MODEL, input="?", conversation=conversation).output_text == "Ada."
    assert [item["type"] for item in native.seen[0].json["input"]] == ["message"] * 5


@pytest.mark.parametrize("provider", ["native", "chat"])
def test_background_answers_are_compacted_and_go_on_as_others_do(
    client: openai.OpenAI, providers: dict[str, Provider], provider: str
) -> None:
    asked = providers[provider]
    model = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}[provider]
    summary = native_window() if provider == "native" else said(provider, "Ada likes chess.", streamed=False)
    asked.answer(summary, said(provider, "You are Ada.", streamed=True))
    trigger: Any = {"type": "compaction_trigger"}
    begun = client.responses.create(model=model, input=[*CONVERSATION, trigger], background=True)
    made = polled(client, begun.id)
    assert [item.type for item in made.output] == ["compaction"]
    again: Any = [*replayable(made.output), user("Who am I?")]
    begun = client.responses.create(model=model, input=again, background=True)
    assert polled(client, begun.id).output_text == "You are Ada."
    assert (BLOB if provider == "native" else "Ada likes chess.") in asked.seen[1].body.decode()
    assert client.responses.input_items.list(begun.id, order="asc").data[0].type == "compaction"
