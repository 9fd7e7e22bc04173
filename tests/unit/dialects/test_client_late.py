"""Answers of providers that tell an item at its end alone (recorded: calls of LM Studio's): no client loses any."""

from __future__ import annotations

import json
from typing import Any, Final

from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.dialects.client_completions_answer import CompletionTold
from antiphon.dialects.client_gemini_shapes import GeminiTold
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.dialects.client_messages_whole import messages_whole
from antiphon.wire.events import Event
from antiphon.wire.synthesis import synthesised
from tests.unit.dialects import test_client_chat_answer as chat
from tests.unit.dialects import test_client_gemini_answer as gemini
from tests.unit.dialects import test_client_messages_answer as messages

Body = dict[str, Any]

OUTPUT: Final[list[Body]] = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm."}, {"type": "summary_text", "text": "Well."}],
        "encrypted_content": "ant1.x",
    },
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [
            {"type": "output_text", "text": "It rains.", "annotations": [], "logprobs": []},
            {"type": "refusal", "refusal": "No more."},
        ],
    },
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": '{"at":1}'},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "run", "input": "ls"},
]
TOLD: Final = CompletionTold("resp_abc", 1, "fast", ("",))


def body_of(*output: Body) -> bytes:
    return json.dumps({"status": "completed", "output": output}).encode()


def late(body: bytes) -> list[Event]:
    """A stream in which nothing is said in pieces."""
    return [event for event in synthesised(body) if not event.type.endswith(".delta")]


def test_a_client_of_chat_completions_is_told_all() -> None:
    body = body_of(*OUTPUT)
    whole = json.loads(chat_whole([body], chat.TOLD))["choices"][0]
    told = chat.joined(chat.ChatTeller(chat.TOLD).frames(late(body)))
    assert told["message"] == whole["message"]
    assert told["finish_reason"] == whole["finish_reason"]


def test_what_came_in_pieces_is_told_once() -> None:
    body = body_of(*OUTPUT)
    pieces, wholes = list(synthesised(body)), late(body)
    message = next(place for place, event in enumerate(wholes) if b'"msg_1"' in event.data)
    mixed = [*wholes[:message], *(event for event in pieces if event.number >= wholes[message].number)]
    assert chat.joined(chat.ChatTeller(chat.TOLD).frames(mixed)) == chat.joined(
        chat.ChatTeller(chat.TOLD).frames(pieces)
    )


def test_anthropics_clients_are_told_all() -> None:
    body = body_of(*OUTPUT[:3])
    told = messages.joined(messages.MessagesTeller(messages.TOLD).frames(late(body)))
    assert told == json.loads(messages_whole(body, messages.TOLD))


def test_googles_clients_are_told_all() -> None:
    for told in (gemini.TOLD, GeminiTold("resp_1", "fast")):
        body = body_of(*OUTPUT[:3])
        whole = json.loads(gemini_whole(body, told))
        assert gemini.told_in(gemini.streamed(late(body), told)) == gemini.told_in([whole])


def test_clients_of_legacy_completions_are_told_all() -> None:
    body = body_of(*OUTPUT)
    for events in (late(body), list(synthesised(body))):
        frames = TOLD.choice(0).frames(events).decode().split("\n\n")
        texts = [json.loads(frame.removeprefix("data: "))["choices"][0]["text"] for frame in frames if frame]
        assert "".join(texts) == json.loads(TOLD.whole([body]))["choices"][0]["text"] == "It rains.No more."
