"""Items that a request names instead of repeating them, and one call at a time."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.e2e.exchanges import (
    chat_call,
    chat_stream,
    chat_whole,
    function_call,
    message,
    native_stream,
    native_whole,
    reasoning,
    said,
)
from tests.e2e.gateway import CHAT_MODEL, KEY_A, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.sse import events, streamed, terminal
from tests.e2e.upstream import Provider
from tests.grammar import check_stream

MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}
kinds = pytest.mark.parametrize("kind", ["native", "chat"])


@kinds
@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("untyped", [{}, {"type": None}], ids=["absent", "null"])
def test_a_reference_is_what_it_names(
    client: openai.OpenAI,
    gateway: Gateway,
    providers: dict[str, Provider],
    kind: str,
    untyped: dict[str, None],
    *,
    chained: bool,
) -> None:
    provider, model = providers[kind], MODELS[kind]
    provider.answer(said(kind, "Forty-two", streamed=False), said(kind, "Yes", streamed=False))
    first = client.responses.create(model=model, input="What is it?")
    asked = client.responses.input_items.list(first.id).data[0].id
    references: Any = [{"type": "item_reference", "id": asked}, {"id": first.output[0].id} | untyped]
    asked_again: Any = [*references, {"role": "user", "content": "Sure?"}]
    parent = first.id if chained else openai.omit
    second = client.responses.create(model=model, input=asked_again, previous_response_id=parent)
    assert second.output_text == "Yes"
    sent = provider.seen[-1].json
    said_before = [str(item["content"]) for item in sent["input" if kind == "native" else "messages"]]
    assert len(said_before) == 3
    for text, where in zip(("What is it?", "Forty-two", "Sure?"), said_before, strict=True):
        assert text in where
    assert b"item_reference" not in provider.seen[-1].body
    items = client.responses.input_items.list(second.id, order="asc").data
    assert [item.type for item in items] == ["message"] * 3


@kinds
def test_an_unknown_reference_is_refused_in_the_words_that_clients_know(client: openai.OpenAI, kind: str) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.responses.create(model=MODELS[kind], input=[{"type": "item_reference", "id": "rs_9"}])
    assert unknown.value.param == "input"
    assert "Item with id 'rs_9' not found. Items are not persisted when" in unknown.value.message


@pytest.mark.parametrize(
    ("item", "param", "code"),
    [
        ({"type": "item_reference"}, "input[1].id", "missing_required_parameter"),
        ({"type": "item_reference", "id": 4}, "input[1].id", "invalid_type"),
        ({"content": "no role, no type, no id"}, "input[1].type", "missing_required_parameter"),
        ({"type": None, "content": "no role, no id"}, "input[1].type", "missing_required_parameter"),
    ],
)
def test_what_names_nothing_is_refused_with_its_place(client: openai.OpenAI, item: Any, param: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=CHAT_MODEL, input=[{"role": "user", "content": "Hi"}, item])
    assert (refused.value.param, refused.value.code) == (param, code)
    assert f"'{param}'" in refused.value.message


def test_what_was_not_stored_cannot_be_named(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(message("x", "msg_unstored")))
    client.responses.create(model=NATIVE_MODEL, input="?", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=NATIVE_MODEL, input=[{"type": "item_reference", "id": "msg_unstored"}])


@pytest.mark.parametrize("chained", [False, True])
def test_reasoning_that_is_given_back_as_it_was_shown_reaches_its_maker(
    client: openai.OpenAI, gateway: Gateway, native: Provider, *, chained: bool
) -> None:
    thought = reasoning("Where is Paris?", "the-providers-blob", "rs_shown")
    native.answer(native_whole(thought, function_call("weather", "{}", "call_1")))
    said: list[Any] = [{"role": "user", "content": "Weather?"}]
    first = client.responses.create(model=NATIVE_MODEL, input=said)
    parent = first.id if chained else openai.omit
    shown = [item.model_dump(exclude_none=True) for item in first.output]
    assert "encrypted_content" not in shown[0]
    said = [*([] if chained else said), *shown[: 1 if chained else 2]]
    said.append({"type": "function_call_output", "call_id": "call_1", "output": "sunny"})
    for key, expected in ((KEY_A, ["the-providers-blob"]), *([] if chained else [(KEY_B, [])])):
        native.answer(native_whole(message("Sunny.", f"msg_{key}")))
        with gateway.client(key) as either:
            either.responses.create(model=NATIVE_MODEL, input=said, previous_response_id=parent)
        brought = [item for item in native.seen[-1].json["input"] if item.get("type") == "reasoning"]
        assert [item["encrypted_content"] for item in brought] == expected


def test_reasoning_in_other_words_is_not_what_was_kept_under_its_id(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(reasoning("One", "blob", "rs_0"), message("1")), native_whole(message("2", "msg_2")))
    client.responses.create(model=NATIVE_MODEL, input="?")
    asked: list[Any] = [reasoning("Two", None, "rs_0"), {"role": "user", "content": "?"}]
    client.responses.create(model=NATIVE_MODEL, input=asked)
    assert b"blob" not in native.seen[-1].body


def two_calls(kind: str, provider: Provider, *, in_stream: bool) -> None:
    """Two calls although one was asked for; the native provider says something after them."""
    if kind == "native":
        items = [message("Wait"), *(function_call("f", "{}", f"call_{n}", f"fc_{n}") for n in (0, 1))]
        provider.answer((native_stream if in_stream else native_whole)(*items, message("So", "msg_2")))
    else:
        calls = [chat_call("f", "{}", f"call_{n}", n) for n in (0, 1)]
        if in_stream:
            provider.answer(chat_stream(*({"tool_calls": [call]} for call in calls), finish="tool_calls"))
        else:
            provider.answer(chat_whole(None, "tool_calls", tool_calls=calls))


@kinds
@pytest.mark.parametrize("parallel", [None, True, False])
@pytest.mark.parametrize("in_stream", [False, True])
def test_one_call_at_a_time(
    gateway: Gateway, providers: dict[str, Provider], kind: str, *, parallel: bool | None, in_stream: bool
) -> None:
    two_calls(kind, providers[kind], in_stream=in_stream)
    body: dict[str, Any] = {
        "model": MODELS[kind],
        "input": "?",
        "stream": in_stream,
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}],
    }
    if parallel is not None:
        body["parallel_tool_calls"] = parallel
    with gateway.wire(KEY_A) as wire:
        if in_stream:
            told = streamed(wire, **body)
            check_stream(events(told), relayed=kind == "native")
            response = terminal(told)
        else:
            response = wire.post("/v1/responses", json=body).json()
        again = wire.get(f"/v1/responses/{response['id']}").json()
    calls = [item["call_id"] for item in response["output"] if item["type"] == "function_call"]
    assert calls == (["call_0"] if parallel is False else ["call_0", "call_1"])
    assert again == response
    if kind == "native":
        assert response["output"][-1]["id"] == "msg_2"
    if parallel is False:
        assert response["parallel_tool_calls"] is False
