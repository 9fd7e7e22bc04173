"""Anthropic's clients on models whose providers do not speak their API: the real SDK over Responses and over chat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.e2e.anthropics import anthropic_client
from tests.e2e.exchanges import (
    chat_call,
    chat_stream,
    chat_whole,
    function_call,
    message,
    native_frames,
    native_stream,
    native_whole,
    reasoning,
    said,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Cut, Provider, refusing, stream

USER: Any = [{"role": "user", "content": "Hi"}]
LOOK: Any = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}
THINKING: Any = {"type": "enabled", "budget_tokens": 2048}
PIXEL = "iVBORw0KGgo="


@pytest.fixture
def claude(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    """The client, with the key of tenant a."""
    with anthropic_client(gateway) as opened:
        yield opened


def test_a_whole_answer(claude: anthropic.Anthropic, native: Provider, gateway: Gateway) -> None:
    native.answer(native_whole(message("Hello.")))
    answer = claude.messages.create(
        model=NATIVE_MODEL, max_tokens=100, system="Be brief.", messages=USER, stop_sequences=["END"]
    )
    assert [(block.type, getattr(block, "text", "")) for block in answer.content] == [("text", "Hello.")]
    assert (answer.stop_reason, answer.model, answer.role) == ("end_turn", NATIVE_MODEL, "assistant")
    assert answer.id.startswith("msg_")
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (16, 5, 8)
    sent = native.seen[-1].json
    assert (sent["instructions"], sent["max_output_tokens"]) == ("Be brief.", 100)
    assert "stop" not in sent, "OpenAI's Responses API has no word for it"
    assert gateway.rows() == 0, "a message is stored nowhere"


@pytest.mark.parametrize("kind", ["native", "chat"])
def test_the_stream_helper(claude: anthropic.Anthropic, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, "one two three", streamed=True))
    model = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}[kind]
    with claude.messages.stream(model=model, max_tokens=100, messages=USER) as events:
        words = list(events.text_stream)
        final = events.get_final_message()
    assert words == ["one ", "two ", "three"]
    assert [(block.type, getattr(block, "text", "")) for block in final.content] == [("text", "one two three")]
    assert final.stop_reason == "end_turn"
    usage = final.usage
    assert usage.output_tokens in (8, 7)
    assert usage.input_tokens + (usage.cache_read_input_tokens or 0) in (21, 11)


def test_a_tool_loop_brings_thoughts_back_to_their_maker(claude: anthropic.Anthropic, native: Provider) -> None:
    native.answer(
        native_stream(reasoning("Look first.", "gAAAAseal"), function_call("look", '{"at":"you"}', "call_1")),
        native_whole(message("Seen.")),
    )
    asked: Any = {"model": NATIVE_MODEL, "max_tokens": 4096, "tools": [LOOK], "thinking": THINKING}
    with claude.messages.stream(messages=USER, **asked) as events:
        first = events.get_final_message()
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert first.stop_reason == "tool_use"
    thought, call = first.content
    assert thought.type == "thinking"
    assert thought.thinking == "Look first."
    assert thought.signature.startswith("ant1.")
    assert call.type == "tool_use"
    assert (call.name, call.input) == ("look", {"at": "you"})
    sent = native.seen[-1].json
    assert sent["reasoning"] == {"effort": "low", "summary": "auto"}
    assert sent["tools"] == [
        {"type": "function", "name": "look", "description": "Looks.", "parameters": LOOK["input_schema"]}
        | {"strict": False}
    ]
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "A wall.", "is_error": True}
    turns: Any = [*USER, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    create: Any = claude.messages.create
    second = create(messages=turns, **asked)
    assert [block.type for block in second.content] == ["text"]
    items = native.seen[-1].json["input"]
    assert [item["type"] for item in items[-3:]] == ["reasoning", "function_call", "function_call_output"]
    assert items[-3]["encrypted_content"] == "gAAAAseal"
    assert (items[-1]["output"], items[-1]["status"]) == ("A wall.", "incomplete")


def test_a_tool_loop_over_chat(claude: anthropic.Anthropic, chat: Provider) -> None:
    chat.answer(
        chat_stream(
            {"reasoning_content": "Hm."},
            {"tool_calls": [chat_call("look", '{"at":', "call_1")]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '"you"}'}}]},
            finish="tool_calls",
        ),
        chat_whole("Seen."),
    )
    asked: Any = {"model": CHAT_MODEL, "max_tokens": 4096, "tools": [LOOK], "tool_choice": {"type": "any"}}
    with claude.messages.stream(messages=USER, stop_sequences=["END"], **asked) as events:
        first = events.get_final_message()
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert first.content[1].to_dict()["input"] == {"at": "you"}
    sent = chat.seen[-1].json
    assert (sent["tool_choice"], sent["stop"]) == ("required", ["END"])
    result: Any = {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "A wall."}]}
    turns: Any = [*USER, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    create: Any = claude.messages.create
    second = create(messages=turns, **asked)
    assert second.stop_reason == "end_turn"
    said = chat.seen[-1].json["messages"]
    assert [each["role"] for each in said] == ["user", "assistant", "tool"]
    assert (said[1]["tool_calls"][0]["id"], said[2]["content"]) == ("call_1", "A wall.")


def test_pictures_and_documents(claude: anthropic.Anthropic, native: Provider) -> None:
    native.answer(native_whole(message("A dot.")))
    picture: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    page: Any = {"type": "document", "title": "page.txt", "source": {"type": "text", "media_type": "text/plain"}}
    page["source"]["data"] = "Hi"
    content = [picture, page, {"type": "text", "text": "?", "cache_control": {"type": "ephemeral"}}]
    turns: Any = [{"role": "user", "content": content}]
    claude.messages.create(model=NATIVE_MODEL, max_tokens=100, messages=turns)
    parts = native.seen[-1].json["input"][0]["content"]
    assert parts[0] == {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}
    assert parts[1] == {"type": "input_file", "file_data": "data:text/plain;base64,SGk=", "filename": "page.txt"}
    assert parts[2]["text"] == "?"


def test_tokens_are_counted(claude: anthropic.Anthropic) -> None:
    counted = claude.messages.count_tokens(model=CHAT_MODEL, messages=USER, system="Be brief.", tools=[LOOK])
    assert 5 < counted.input_tokens < 200


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (413, anthropic.RequestTooLargeError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (503, anthropic.OverloadedError),
    ],
)
def test_refusals_are_errors_of_the_right_class(
    claude: anthropic.Anthropic, chat: Provider, status: int, kind: type[anthropic.APIStatusError]
) -> None:
    tries = 1 if status in (400, 413) else 3
    chat.answer(*[refusing("Bad luck.", status)] * tries)
    with pytest.raises(kind) as caught:
        claude.messages.create(model=CHAT_MODEL, max_tokens=100, messages=USER)
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert body["request_id"] == caught.value.request_id


def test_our_own_errors_are_told_in_anthropics_words(gateway: Gateway, claude: anthropic.Anthropic) -> None:
    with anthropic_client(gateway, "sk-wrong") as stranger, pytest.raises(anthropic.AuthenticationError) as caught:
        stranger.messages.create(model=NATIVE_MODEL, max_tokens=100, messages=USER)
    body: Any = caught.value.body
    assert body["error"]["type"] == "authentication_error"
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="nobody-has-this", max_tokens=100, messages=USER)
    wrong: Any = [{"role": "user", "content": [{"type": "smell"}]}]
    with pytest.raises(anthropic.BadRequestError, match=r"messages\[0\]"):
        claude.messages.create(model=NATIVE_MODEL, max_tokens=100, messages=wrong)


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/v1/messages", b"{", 400, "invalid_request_error"),
        (
            "/v1/messages",
            b'{"model":"chat/llama-4","messages":[{"role":"user","content":"Hi"}]}',
            400,
            "invalid_request_error",
        ),
        ("/anthropic/v1/messages/count_tokens", b"[]", 400, "invalid_request_error"),
        ("/anthropic/v1/nothing", b"{}", 404, "not_found_error"),
        ("/messages", b'{"model":"chat/llama-4","max_tokens":1,"messages":[]}', 400, "invalid_request_error"),
    ],
)
def test_what_cannot_be_read_gets_anthropics_envelope(
    wire: httpx.Client, path: str, body: bytes, status: int, kind: str
) -> None:
    answer = wire.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    said = answer.json()
    assert said.keys() == {"type", "error", "request_id"}
    assert said["error"]["type"] == kind
    assert said["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]


def test_a_stream_that_breaks_says_so(claude: anthropic.Anthropic, native: Provider) -> None:
    native.answer(stream(*native_frames(message("one two three"))[:6], Cut()))
    with (
        pytest.raises(anthropic.APIStatusError, match="api_error"),
        claude.messages.stream(model=NATIVE_MODEL, max_tokens=100, messages=USER) as events,
    ):
        list(events)


def test_models_are_listed_in_anthropics_shape(
    claude: anthropic.Anthropic, native: Provider, wire: httpx.Client
) -> None:
    native.listed = [{"id": f"gpt-{number}", "object": "model", "created": 1_700_000_000} for number in range(3)]
    everything = [model.id for model in claude.models.list()]
    assert [model.id for model in claude.models.list(limit=1)] == everything
    one = claude.models.retrieve(everything[0])
    assert (one.type, one.id) == ("model", everything[0])
    assert wire.get("/v1/models").json()["object"] == "list"
    last = wire.get("/v1/models", params={"limit": 1}, headers={"anthropic-version": "2023-06-01"}).json()
    assert last.keys() == {"data", "has_more", "first_id", "last_id"}
    native.listed = ()


def test_losses_are_told(wire: httpx.Client, chat: Provider) -> None:
    request: dict[str, Any] = {
        "model": CHAT_MODEL,
        "max_tokens": 9,
        "messages": USER,
        "context_management": {"edits": []},
        "top_k": 3,
    }
    chat.answer(chat_whole("Hi"))
    told = wire.post("/v1/messages", json=request).headers["antiphon-warnings"]
    assert "context_management" in told
    assert "top_k" in told
    refused = wire.post("/v1/messages", json=request | {"strict": True})
    assert refused.status_code == 400
