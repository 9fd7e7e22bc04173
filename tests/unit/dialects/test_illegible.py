"""Items that are not what they say they are: the fault of the provider that sent them, in every client's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from antiphon.dialects.client_chat_answer import ChatTeller
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.dialects.client_completions_answer import CompletionTold
from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_shapes import GeminiTold
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.dialects.client_messages_answer import MessagesTeller
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.client_messages_whole import messages_whole
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import UpstreamBroke
from antiphon.protocols import Target
from antiphon.wire.synthesis import synthesised
from tests.chat_streams import a_target, a_turn, heard_by
from tests.fakes import SEALER, pseudonym

CHAT = ChatTold("resp_1", 1, "p/m")
COMPLETION = CompletionTold("resp_1", 1, "p/m", ("",))
MESSAGES = MessagesTold("resp_1", "p/m")
GEMINI = GeminiTold("resp_1", "p/m")

WHOLE: dict[str, Callable[[bytes], object]] = {
    "chat": lambda body: chat_whole([body], CHAT),
    "messages": lambda body: messages_whole(body, MESSAGES),
    "gemini": lambda body: gemini_whole(body, GEMINI),
}
STREAMED: dict[str, Callable[[bytes], object]] = {
    "chat": lambda body: ChatTeller(CHAT).frames(synthesised(body)),
    "messages": lambda body: MessagesTeller(MESSAGES).frames(synthesised(body)),
    "gemini": lambda body: GeminiTeller(GEMINI, sse=True).frames(synthesised(body)),
}
CALL: dict[str, Any] = {"type": "function_call", "id": "fc_1", "status": "completed"}
MESSAGE: dict[str, Any] = {"type": "message", "content": [{}]}


def native() -> Target:
    return replace(a_target(), dialect=ResponsesUpstream(SEALER, pseudonym))


def answer(*items: Any) -> bytes:
    return json.dumps({"id": "resp_1", "status": "completed", "output": items, "usage": None}).encode()


@pytest.mark.parametrize("client", WHOLE)
@pytest.mark.parametrize("item", [CALL, MESSAGE], ids=["call", "message"])
def test_an_item_that_lacks_something_cannot_be_told(client: str, item: dict[str, Any]) -> None:
    with pytest.raises(UpstreamBroke):
        WHOLE[client](answer(item))


def test_neither_can_tokens_that_lack_their_probabilities() -> None:
    part: dict[str, Any] = {"type": "output_text", "text": "x", "logprobs": [{}]}
    with pytest.raises(UpstreamBroke):
        COMPLETION.whole([answer({"type": "message", "content": [part]})])


@pytest.mark.parametrize("client", STREAMED)
def test_neither_can_it_in_a_stream(client: str) -> None:
    with pytest.raises(UpstreamBroke):
        STREAMED[client](answer(CALL))


@pytest.mark.parametrize("output", ["5", "[5]", "[{}]", '[{"type":5}]', '{"type":"message"}', '[{"type":null}]'])
def test_an_answer_whose_output_is_no_list_of_items_is_none(output: str) -> None:
    body = answer().replace(b'"output": []', b'"output": ' + output.encode())
    with pytest.raises(UpstreamBroke):
        native().dialect.whole(a_turn(), native(), body)
    frame = b'event: response.completed\ndata: {"type":"response.completed","response":%b}\n\n' % body
    assert isinstance(heard_by(native().dialect.reader(a_turn(), native()), frame).error, UpstreamBroke)


@pytest.mark.parametrize("item", ["", '"item":5', '"item":{}', '"item":{"type":[]}'])
@pytest.mark.parametrize("kind", ["added", "done"])
def test_an_event_without_its_item_breaks_the_answer(kind: str, item: str) -> None:
    members = ",".join(filter(None, [f'"type":"response.output_item.{kind}","output_index":0', item]))
    frame = f"event: response.output_item.{kind}\ndata: {{{members}}}\n\n".encode()
    assert isinstance(heard_by(native().dialect.reader(a_turn(), native()), frame).error, UpstreamBroke)


def test_parts_without_their_texts_are_empty_where_a_whole_answer_becomes_a_stream() -> None:
    part = {"type": "output_text"}
    told = synthesised(answer({"type": "message", "content": [part]}, {"type": "reasoning", "summary": [{}]}))
    assert [json.loads(event.data)["text"] for event in told if event.type.endswith("text.done")] == ["", ""]


def test_text_that_is_none_is_told_as_text() -> None:
    event = b'{"type":"response.output_text.delta","output_index":0,"delta":"\xff"}'
    heard = heard_by(native().dialect.reader(a_turn(), native()), b"data: " + event + b"\n\n")
    assert heard.said("response.output_text.delta") == ["\ufffd"]
