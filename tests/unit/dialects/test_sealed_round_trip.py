"""Recorded reasoning of chat providers: told, sealed, sent back by a client, and given to its provider as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.chat_keepsakes import Keepsakes, recalled
from antiphon.dialects.chat_request import build_chat
from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from antiphon.wire.envelope import Envelope, family
from antiphon.wire.requests import Item, is_item
from tests.chat_streams import a_target, a_turn, answered, heard
from tests.fakes import SEALER, pseudonym
from tests.replayed import answers, name_of
from tests.unit.dialects.chat_turns import assistant, built, sealed_chat, user

FORMS = ("reasoning_details", "reasoning_content", "reasoning", "extra_content")


def recorded() -> list[Any]:
    """Whole answers with reasoning, each with the member that the reasoning is in."""
    found: list[Any] = []
    for exchange in answers("openai-chat"):
        body: Any = exchange["response"].get("body")
        choices: Any = body["choices"] if is_item(body) and body.get("choices") else None
        message: Any = choices[0].get("message") if choices else None
        member = next((form for form in FORMS if message and message.get(form)), None)
        if member is not None:
            found.append(pytest.param(body, message, member, id=f"{member}-{name_of(exchange)[-40:]}"))
    return found


def sent_back(output: list[Item], quirks: Quirks) -> dict[str, Any]:
    """The assistant message that the provider gets when a client without a store sends an answer back."""
    calls = [item["call_id"] for item in output if item["type"] == "function_call"]
    outputs = [{"type": "function_call_output", "call_id": call_id, "output": "done"} for call_id in calls]
    turn = a_turn(input=[user("Hi"), *output, *outputs, user("Go on")])
    turn.input = turn.request.input if isinstance(turn.request.input, list) else []
    result = build_chat(turn, a_target(quirks), SEALER, pseudonym)
    assert result.transformations == ()
    messages: Any = json.loads(result.body)["messages"]
    return next(message for message in messages if message["role"] == "assistant")


@pytest.mark.parametrize(("body", "message", "member"), recorded())
def test_a_provider_gets_back_what_it_once_sent(body: Any, message: Any, member: Any) -> None:
    quirks = Quirks(reasoning_replay="none" if member == "extra_content" else member)
    output = answered(json.dumps(body).encode(), a_turn(store=False), a_target(quirks))["output"]
    for item in output:
        item.pop("content", None) if item["type"] == "reasoning" else None
    assert sent_back(output, quirks)[member] == message[member]


def test_there_are_recordings_of_every_form() -> None:
    assert {case.values[2] for case in recorded()} == set(FORMS)


def test_a_recorded_stream_seals_what_came_in_one_piece() -> None:
    told = [each for each in answers("openai-chat") if "openrouter_stream_with_reasoning" in name_of(each)]
    sse = told[0]["response"]["sse"]
    quirks = Quirks(reasoning_replay="reasoning_details")
    output = heard(sse.encode(), a_turn(store=False), a_target(quirks)).body["output"]
    assert [item["type"] for item in output] == ["reasoning", "message"]
    details = sent_back(output, quirks)["reasoning_details"]
    assert [detail["type"] for detail in details] == ["reasoning.encrypted"]
    assert details[0]["data"].startswith("gAAAA")


def test_details_in_pieces_are_put_together() -> None:
    sealed: list[Item] = []
    keepsakes = Keepsakes(lambda items: sealed.extend(items) or "blob", hides=False)
    pieces: list[Item] = [
        {"type": "reasoning.text", "index": 0, "text": "I ", "format": None},
        {"type": "reasoning.text", "index": 0, "text": "see", "format": "f"},
        {"type": "reasoning.text", "index": 0, "text": None, "signature": "s"},
        {"type": "reasoning.text", "index": 0, "text": "another"},
        {"type": "reasoning.summary", "index": 1, "summary": "short"},
        {"type": "reasoning.encrypted", "index": 2, "data": "x"},
        {"type": "reasoning.encrypted", "index": 2, "data": "y"},
    ]
    for piece in pieces:
        keepsakes.detail(piece, whole=False)
    assert keepsakes.waiting
    assert keepsakes.blob() == "blob"
    assert not keepsakes.waiting
    assert sealed[0]["reasoning_details"] == [
        {"type": "reasoning.text", "index": 0, "text": "I see", "format": "f", "signature": "s"},
        {"type": "reasoning.text", "index": 0, "text": "another"},
        *pieces[4:],
    ]


def test_a_signature_of_the_message_and_words_are_told_apart() -> None:
    items: list[Item] = [{"reasoning": "hm"}, {"extra_content": {"google": {}}, "attached_to": None}, {"new": "kind"}]
    found = recalled(Envelope(p="p", m="m", d="", k="chat", items=items, t=1))
    assert (found.text, found.extra, found.signatures) == ("hm", {"google": {}}, {})


def reasoning(blob: str) -> Item:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": blob}


CASES: list[tuple[list[Item], str, str, str | None]] = [
    ([{"reasoning": "hm"}], "acme-1", "acme", None),
    ([{"reasoning": "hm"}], "other-2", "acme", None),
    ([{"reasoning_details": [{"signature": "s"}]}], "acme-2", "acme", None),
    ([{"reasoning_details": [{"signature": "s"}]}], "other-1", "acme", "model_mismatch"),
    ([{"extra_content": {}, "attached_to": "c"}], "other-1", "acme", "model_mismatch"),
    ([{"reasoning": "hm"}], "acme-1", "another", "organization_mismatch"),
    ([{"reasoning": "hm"}], "other-1", "another", "model_mismatch"),
]


@pytest.mark.parametrize(("items", "model", "provider", "reason"), CASES)
def test_a_seal_is_opened_for_its_maker_alone(items: list[Item], model: str, provider: str, reason: str | None) -> None:
    blob = sealed_chat(*items, model=model, provider=provider)
    result = built({"input": [reasoning(blob), assistant("Hi")]}, Quirks(reasoning_replay="reasoning"))
    assert [each.reason for each in result.transformations] == ([] if reason is None else [reason])
    assert bool(result.warnings) == (reason is not None)


def test_a_tampered_seal_is_refused_from_the_client_and_dropped_from_the_store() -> None:
    foreign = reasoning(sealed_chat({"reasoning": "hm"}, tenant="tenant-b"))
    with pytest.raises(BadRequest) as refused:
        built({"input": [foreign, assistant("Hi")]})
    assert refused.value.code == "invalid_encrypted_content"
    result = built({"input": [user("Hi")]}, history=[foreign, assistant("Hi")])
    assert [each.reason for each in result.transformations] == ["organization_mismatch"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5-mini", "gpt"),
        ("openai/gpt-5", "openai/gpt"),
        ("anthropic/claude-3.7-sonnet:thinking", "anthropic/claude"),
        ("models/gemini-3-pro", "gemini"),
        ("Qwen/Qwen3-32B", "qwen/qwen"),
    ],
)
def test_families(model: str, expected: str) -> None:
    assert family(model) == expected
