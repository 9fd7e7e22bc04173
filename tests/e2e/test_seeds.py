"""The five API descriptions that the product began with: one answer satisfies them all, whoever gave it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from antiphon.wire.requests import is_item
from tests.e2e.exchanges import (
    chat_call,
    chat_frames,
    chat_stream,
    chat_whole,
    function_call,
    message,
    native_frames,
    native_response,
    native_stream,
    native_whole,
    reasoning,
    recorded,
    words,
)
from tests.e2e.gateway import CHAT_MODEL, KEY_A, NATIVE_MODEL, Gateway
from tests.e2e.schema import faults
from tests.e2e.sse import streamed, terminal
from tests.e2e.upstream import Provider, Reply, stream, whole

HERE = Path(__file__).resolve().parent
SCHEMAS = {
    path.stem: Draft202012Validator(json.loads(path.read_text("utf-8")))
    for path in sorted((HERE / "seeds").glob("*.json"))
}
NOT_FOUND = SCHEMAS.pop("004_8080_not_found")
SUPERSET: dict[str, Any] = json.loads((HERE.parent / "unit" / "http" / "response_superset.json").read_text("utf-8"))

CALL = function_call("add", '{"a":1}', "call_1")
TOOL: dict[str, Any] = {"type": "function", "name": "add", "parameters": {"type": "object", "properties": {}}}
TOOL_USE = "openai.responses/openai-responses.test_responses_tool_use.0.cb60343d"
REASONING = "openai.responses/openai-responses.test_openai_responses_reasoning_effort.0.228ae219"

ANSWERS: dict[str, tuple[str, Reply, bool]] = {
    "native": (NATIVE_MODEL, native_whole(message("Hi")), False),
    "native streamed": (NATIVE_MODEL, native_stream(message("Hi")), True),
    "native call": (NATIVE_MODEL, native_whole(reasoning("r"), CALL), False),
    "native call streamed": (NATIVE_MODEL, native_stream(reasoning("r"), CALL), True),
    "native recorded": (NATIVE_MODEL, recorded(TOOL_USE), False),
    "native reasoning recorded": (NATIVE_MODEL, recorded(REASONING), False),
    "native failed": (NATIVE_MODEL, stream(*native_frames(message("one two"))[:6]), True),
    "native incomplete": (
        NATIVE_MODEL,
        whole(native_response(status="incomplete", incomplete_details={"reason": "max_output_tokens"})),
        False,
    ),
    "native without usage": (NATIVE_MODEL, whole({**native_response(message("x")), "usage": None}), False),
    "native with little": (
        NATIVE_MODEL,
        whole({"id": "r", "object": "response", "status": "completed", "output": [message("x")]}),
        False,
    ),
    "chat": (CHAT_MODEL, chat_whole("Hi"), False),
    "chat streamed": (CHAT_MODEL, chat_stream("Hi ", "you"), True),
    "chat call": (CHAT_MODEL, chat_whole(None, "tool_calls", tool_calls=[chat_call("add", "{}", "call_1")]), False),
    "chat thinking": (CHAT_MODEL, chat_stream({"reasoning_content": "hm"}, "x"), True),
    "chat refusal": (CHAT_MODEL, chat_whole(None, "stop", refusal="I can't"), False),
    "chat incomplete": (CHAT_MODEL, chat_whole("Hi", "length"), False),
    "chat filtered": (CHAT_MODEL, chat_stream("Hi", finish="content_filter"), True),
    "chat failed": (CHAT_MODEL, stream(*chat_frames(words("one two"))[:3]), True),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_satisfies_every_description(
    wire: httpx.Client, native: Provider, chat: Provider, name: str
) -> None:
    model, reply, as_stream = ANSWERS[name]
    (native if model == NATIVE_MODEL else chat).answer(reply)
    body: dict[str, Any] = {"model": model, "input": "Hi", "tools": [TOOL]}
    made = terminal(streamed(wire, **body)) if as_stream else wire.post("/v1/responses", json=body).json()
    got = wire.get(f"/v1/responses/{made['id']}").json()
    assert got == made
    for seed, schema in SCHEMAS.items():
        assert faults(got, schema) == [], seed
    assert uncovered({name: SUPERSET[name] for name in SUPERSET if name != "output"}, got) == []


@pytest.mark.parametrize("model", [NATIVE_MODEL, CHAT_MODEL])
def test_a_plain_answer_has_every_key_of_the_superset(
    wire: httpx.Client, native: Provider, chat: Provider, model: str
) -> None:
    native.answer(native_whole(message("Hi")))
    chat.answer(chat_whole("Hi"))
    for each in (NATIVE_MODEL, CHAT_MODEL):
        made = wire.post("/v1/responses", json={"model": each, "input": "Hi"}).json()
        if each == model:
            assert uncovered(SUPERSET, made) == []


def test_the_superset_itself_satisfies_every_description() -> None:
    """So that the schemas are right where they are strict."""
    for seed, schema in SCHEMAS.items():
        assert faults(SUPERSET, schema) == [], seed


@pytest.mark.parametrize("seed", SCHEMAS)
def test_the_descriptions_are_not_satisfied_by_anything(seed: str) -> None:
    description: dict[str, Any] = json.loads((HERE / "seeds" / f"{seed}.json").read_text("utf-8"))
    for name in description["required"]:
        assert faults({key: value for key, value in SUPERSET.items() if key != name}, SCHEMAS[seed])
    assert faults({**SUPERSET, "usage": {"input_tokens": None}}, SCHEMAS[seed])
    assert faults({**SUPERSET, "id": 7}, SCHEMAS[seed])


def uncovered(expected: Any, found: Any, path: str = "$") -> list[str]:
    """Keys of `expected` that are not in `found`, at any depth; of lists, the first entries are compared."""
    if is_item(expected):
        if not is_item(found):
            return [] if found is None else [f"{path} is no object"]
        missing: list[str] = []
        for name, inner in expected.items():
            missing += uncovered(inner, found[name], f"{path}.{name}") if name in found else [f"{path}.{name}"]
        return missing
    if isinstance(expected, list) and expected:
        return uncovered(expected[0], found[0], f"{path}[0]") if found else [f"{path}[0]"]
    return []


Ask = Callable[[httpx.Client, str], httpx.Response]

REQUESTS: dict[str, tuple[dict[str, str], Ask]] = {
    "000": (
        {"authorization": KEY_A},
        lambda wire, id_: wire.get(
            f"/v1/responses/{id_}?provider=native&include=file_search_call.results&include[]=reasoning.encrypted_content"
            "&include_obfuscation=true&starting_after=3"
        ),
    ),
    "001": (
        {"authorization": f"Bearer {KEY_A}"},
        lambda wire, id_: wire.get(
            f"/responses/{id_}?include=reasoning.encrypted_content&include_obfuscation=false&starting_after=1&stream=false"
        ),
    ),
    "002": (
        {"authorization": f"Bearer {KEY_A}"},
        lambda wire, id_: wire.get(f"/api/llm/api/inference/openai/responses/{id_}"),
    ),
    "004": ({"authorization": f"Bearer {KEY_A}"}, lambda wire, id_: wire.get(f"/v1/responses/{id_}")),
}


@pytest.mark.parametrize("seed", REQUESTS)
def test_each_description_s_own_request_is_answered(gateway: Gateway, native: Provider, seed: str) -> None:
    headers, ask = REQUESTS[seed]
    native.answer(native_whole(message("Hi")))
    with gateway.wire() as wire:
        made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()
    with gateway.wire(None) as wire:
        wire.headers.update(headers)
        answer = ask(wire, made["id"])
    assert answer.status_code == 200
    assert answer.json() == made


def test_the_create_request_of_the_fourth_description_is_answered(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(chat_whole("Hi"))
    body: dict[str, Any] = {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "instructions": "Be brief",
        "max_output_tokens": 123,
        "metadata": {"a": "b"},
        "model": "llama-4",
        "parallel_tool_calls": True,
        "provider": "chat",
        "reasoning": {"effort": "low"},
        "stream": False,
        "stream_options": {"include_obfuscation": True},
        "temperature": 1,
        "tool_choice": "auto",
        "tools": [TOOL],
    }
    made = wire.post("/v1/responses", json=body).json()
    assert faults(made, SCHEMAS["003_gomodel_create"]) == []
    assert made["provider"] == "chat"


@pytest.mark.parametrize("path", ["resp_unknown", "resp_unknown/input_items", "resp_unknown/whatever", "a/b/c"])
def test_the_catch_all_says_not_found_in_its_words(wire: httpx.Client, path: str) -> None:
    answer = wire.get(f"/v1/responses/{path}")
    assert answer.status_code == 404
    assert faults(answer.json(), NOT_FOUND) == []
