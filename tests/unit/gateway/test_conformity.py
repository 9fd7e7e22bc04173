"""Answers that were to follow a schema which their provider does not hold them to."""

import json
from typing import Any

import pytest

from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.gateway.conformity import fault_of
from antiphon.gateway.flow import Gateway, Policy
from antiphon.protocols import Turn
from antiphon.quirks import Quirks
from antiphon.wire.requests import parse_request
from tests.fakes import (
    CALLER,
    SEALER,
    Collected,
    FixedRouter,
    MemoryResponses,
    ScriptedProvider,
    json_reply,
    no_conversations,
    pseudonym,
    stream_reply,
    surroundings,
    target,
)

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
FORM = {"format": {"type": "json_schema", "name": "person", "schema": SCHEMA}}
GOOD, BAD, WORSE = '{"age":3}', '{"age":"three"}', "Three."
FREE = Quirks(json_schema=False)


def chat(text: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode()


async def asked(*texts: str, quirks: Quirks = FREE, **body: Any) -> tuple[Turn, ScriptedProvider, str, int]:
    """The turn, the provider, the text that was delivered, and how many answers were kept."""
    provider = ScriptedProvider(*(json_reply(chat(text)) for text in texts))
    at = target(ChatUpstream(SEALER, pseudonym), provider.post, quirks=quirks)
    store = MemoryResponses()
    gateway = Gateway(FixedRouter(at), store, Policy(), surroundings(), no_conversations(store))
    turn = await gateway.open(parse_request(json.dumps({"model": "m", "input": "Hi", **body}).encode()), CALLER)
    outcome = await gateway.answer(turn, Collected())
    (item,) = json.loads(outcome.body)["output"]
    return turn, provider, item["content"][0]["text"], len(store.turns)


async def test_an_answer_that_conforms_is_asked_for_once() -> None:
    turn, provider, text, kept = await asked(GOOD, text=FORM)
    assert (text, turn.attempts, len(provider.bodies), kept) == (GOOD, 1, 1, 1)
    assert len(turn.warnings) == 1


@pytest.mark.parametrize("first", [BAD, WORSE])
async def test_one_that_does_not_is_asked_for_again(first: str) -> None:
    turn, provider, text, kept = await asked(first, GOOD, text=FORM)
    assert (text, turn.attempts, kept) == (GOOD, 2, 1)
    assert provider.bodies[0] == provider.bodies[1]
    assert len(turn.warnings) == 1


async def test_a_second_one_is_delivered_with_a_warning() -> None:
    turn, provider, text, kept = await asked(WORSE, BAD, text=FORM)
    assert (text, turn.attempts, len(provider.bodies), kept) == (BAD, 2, 2, 1)
    assert turn.warnings[-1] == "The answer does not conform to the JSON schema: $.age is not of the type integer."


async def test_where_nothing_better_can_be_had_the_first_one_is_delivered_with_a_warning() -> None:
    provider = ScriptedProvider(json_reply(chat(BAD)), json_reply(b'{"error":{"message":"No."}}', 400))
    at = target(ChatUpstream(SEALER, pseudonym), provider.post, quirks=FREE)
    store = MemoryResponses()
    gateway = Gateway(FixedRouter(at), store, Policy(), surroundings(), no_conversations(store))
    turn = await gateway.open(parse_request(json.dumps({"model": "m", "input": "Hi", "text": FORM}).encode()), CALLER)
    outcome = await gateway.answer(turn, Collected())
    assert json.loads(outcome.body)["output"][0]["content"][0]["text"] == BAD
    assert turn.warnings[-1] == "The answer does not conform to the JSON schema: $.age is not of the type integer."
    assert (turn.attempts, len(store.turns)) == (2, 1)


@pytest.mark.parametrize(
    ("quirks", "body"), [(FREE, {}), (Quirks(), {"text": FORM}), (FREE, {"text": FORM, "stream": True})]
)
async def test_others_are_delivered_as_they_are(quirks: Quirks, body: Any) -> None:
    turn, provider, text, _ = await asked(BAD, quirks=quirks, **body)
    assert (text, turn.attempts, len(provider.bodies)) == (BAD, 1, 1)


async def test_an_answer_that_was_streamed_to_the_gateway_alone_is_looked_at_too() -> None:
    def streamed(text: str) -> bytes:
        chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
        return f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()

    provider = ScriptedProvider(stream_reply(streamed(BAD)), stream_reply(streamed(GOOD)))
    at = target(ChatUpstream(SEALER, pseudonym), provider.post, quirks=FREE)
    store = MemoryResponses()
    gateway = Gateway(FixedRouter(at), store, Policy(), surroundings(), no_conversations(store))
    turn = await gateway.open(parse_request(json.dumps({"model": "m", "input": "Hi", "text": FORM}).encode()), CALLER)
    outcome = await gateway.answer(turn, Collected())
    assert json.loads(outcome.body)["output"][0]["content"][0]["text"] == GOOD
    assert len(store.turns) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "incomplete", "output": [{"type": "message", "content": [{"type": "output_text", "text": "{"}]}]},
        {"status": "completed", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]},
        {"status": "completed", "output": [{"type": "function_call", "arguments": "{}"}]},
        {"status": "completed", "output": [{"type": "message", "content": "odd"}]},
        {},
    ],
)
def test_answers_of_another_kind_are_no_fault(answer: Any) -> None:
    assert fault_of(json.dumps(answer).encode(), SCHEMA) is None
