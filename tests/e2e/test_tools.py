"""Functions, custom tools, structured output and images, with the official client."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam
from pydantic import BaseModel

from tests.e2e.exchanges import (
    chat_call,
    chat_stream,
    chat_whole,
    function_call,
    message,
    native_stream,
    native_whole,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL
from tests.e2e.sse import events, streamed, terminal
from tests.e2e.upstream import Provider
from tests.grammar import check_stream

WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
CITIES = ('{"city":"Graz"}', '{"city":"Wien"}')
PNG = "data:image/png;base64,iVBORw0KGgo="

kinds = pytest.mark.parametrize("kind", ["native", "chat"])
MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}


def script(kind: str, provider: Provider) -> None:
    """Two calls at once, then an answer."""
    if kind == "native":
        calls = [function_call("weather", cities, f"call_{n}", f"fc_{n}") for n, cities in enumerate(CITIES)]
        provider.answer(native_whole(*calls), native_whole(message("Sun in both")))
    else:
        calls = [chat_call("weather", cities, f"call_{n}", n) for n, cities in enumerate(CITIES)]
        provider.answer(chat_whole(None, "tool_calls", tool_calls=calls), chat_whole("Sun in both"))


def outputs_for(response: Response) -> ResponseInputParam:
    return [
        {"type": "function_call_output", "call_id": item.call_id, "output": f"sun in {json.loads(item.arguments)}"}
        for item in response.output
        if item.type == "function_call"
    ]


@kinds
def test_a_tool_loop_goes_on_by_its_id(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    script(kind, providers[kind])
    asked = client.responses.create(model=MODELS[kind], input="Weather in Graz and Wien?", tools=[WEATHER])
    calls = [item for item in asked.output if item.type == "function_call"]
    assert [(call.name, call.arguments, call.call_id) for call in calls] == [
        ("weather", CITIES[0], "call_0"),
        ("weather", CITIES[1], "call_1"),
    ]
    assert asked.status == "completed"
    answered = client.responses.create(
        model=MODELS[kind], input=outputs_for(asked), tools=[WEATHER], previous_response_id=asked.id
    )
    assert answered.output_text == "Sun in both"
    last = providers[kind].seen[1].json
    if kind == "native":
        assert [item["type"] for item in last["input"]] == [
            "message",
            "function_call",
            "function_call",
            "function_call_output",
            "function_call_output",
        ]
    else:
        assert [each["role"] for each in last["messages"]] == ["user", "assistant", "tool", "tool"]
        assert [call["id"] for call in last["messages"][1]["tool_calls"]] == ["call_0", "call_1"]
        assert [each["tool_call_id"] for each in last["messages"][2:]] == ["call_0", "call_1"]


@kinds
def test_a_tool_loop_goes_on_by_repeating_everything(
    client: openai.OpenAI, providers: dict[str, Provider], kind: str
) -> None:
    script(kind, providers[kind])
    context: list[Any] = [{"role": "user", "content": "Weather in Graz and Wien?"}]
    asked = client.responses.create(model=MODELS[kind], input=context, tools=[WEATHER], store=False)
    context += [item.to_dict() for item in asked.output]
    context += outputs_for(asked)
    answered = client.responses.create(model=MODELS[kind], input=context, tools=[WEATHER], store=False)
    assert answered.output_text == "Sun in both"


@kinds
def test_parallel_calls_are_streamed_one_after_the_other(
    wire: httpx.Client, providers: dict[str, Provider], kind: str
) -> None:
    if kind == "native":
        made = [function_call("weather", cities, f"call_{n}", f"fc_{n}") for n, cities in enumerate(CITIES)]
        providers[kind].answer(native_stream(*made))
    else:
        pieces = [
            {"tool_calls": [chat_call("weather", "", "call_0", 0)]},
            {"tool_calls": [chat_call("weather", "", "call_1", 1)]},
            {"tool_calls": [{"index": 0, "function": {"arguments": CITIES[0][:5]}}]},
            {"tool_calls": [{"index": 1, "function": {"arguments": CITIES[1]}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": CITIES[0][5:]}}]},
        ]
        providers[kind].answer(chat_stream(*pieces, finish="tool_calls"))
    raw = streamed(wire, model=MODELS[kind], input="Hi", tools=[WEATHER])
    check_stream(events(raw))
    calls = terminal(raw)["output"]
    assert [(call["call_id"], call["arguments"]) for call in calls] == [("call_0", CITIES[0]), ("call_1", CITIES[1])]


def test_a_function_reaches_a_chat_provider_in_its_own_shape(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("x"))
    response = client.responses.create(
        model=CHAT_MODEL,
        input="Hi",
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "weather"},
        parallel_tool_calls=False,
    )
    sent = chat.seen[0].json
    function = {name: value for name, value in WEATHER.items() if name != "type"}
    assert sent["tools"][0]["type"] == "function"
    assert sent["tools"][0]["function"].items() <= function.items()
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert sent["parallel_tool_calls"] is False
    echoed = response.to_dict()
    assert echoed["tools"] == [WEATHER]
    assert echoed["tool_choice"] == {"type": "function", "name": "weather"}


class Event(BaseModel):
    name: str
    day: int


@kinds
def test_structured_output_is_parsed(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    text = '{"name":"Fair","day":7}'
    providers[kind].answer(native_whole(message(text)) if kind == "native" else chat_whole(text))
    response = client.responses.parse(model=MODELS[kind], input="When?", text_format=Event)
    assert response.output_parsed == Event(name="Fair", day=7)
    sent = providers[kind].seen[0].json
    form = sent["text"]["format"] if kind == "native" else sent["response_format"]["json_schema"]
    assert form["name"] == "Event"
    assert form["strict"] is True
    assert form["schema"]["required"] == ["name", "day"]


@kinds
def test_structured_output_is_parsed_from_a_stream(
    client: openai.OpenAI, providers: dict[str, Provider], kind: str
) -> None:
    text = '{"name":"Fair","day":7}'
    providers[kind].answer(native_stream(message(text)) if kind == "native" else chat_stream(text[:9], text[9:]))
    with client.responses.stream(model=MODELS[kind], input="When?", text_format=Event) as stream:
        assert stream.get_final_response().output_parsed == Event(name="Fair", day=7)


def asked_about(url: str) -> ResponseInputParam:
    return [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is it?"},
                {"type": "input_image", "image_url": url, "detail": "low"},
            ],
        }
    ]


@pytest.mark.parametrize("url", [PNG, "https://example.com/cat.png"], ids=["data", "address"])
def test_an_image_reaches_a_chat_provider(client: openai.OpenAI, chat: Provider, url: str) -> None:
    chat.answer(chat_whole("A cat"))
    assert client.responses.create(model=CHAT_MODEL, input=asked_about(url)).output_text == "A cat"
    assert chat.seen[0].json["messages"][0]["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
    ]


def test_an_image_reaches_a_native_provider_and_its_next_turn(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(message("A cat")), native_whole(message("Black", "msg_2")))
    first = client.responses.create(model=NATIVE_MODEL, input=asked_about(PNG))
    client.responses.create(model=NATIVE_MODEL, input="Which colour?", previous_response_id=first.id)
    for request in native.seen:
        content = request.json["input"][0]["content"]
        assert content[1]["image_url"] == PNG
        assert content[1]["detail"] == "low"


PATCH: Any = {"type": "custom", "name": "apply", "description": "Takes a patch as plain text"}
PATCH_TEXT = 'line "one"\n\tline two\u00fc'


def test_a_custom_tool_is_a_function_to_a_chat_provider_and_free_text_to_the_client(
    client: openai.OpenAI, chat: Provider
) -> None:
    wrapped = json.dumps({"input": PATCH_TEXT})
    call = chat_call("apply", wrapped, "call_p")
    chat.answer(chat_whole(None, "tool_calls", tool_calls=[call]), chat_whole("Done"))
    asked = client.responses.create(model=CHAT_MODEL, input="Patch it", tools=[PATCH])
    (made,) = asked.output
    assert made.type == "custom_tool_call"
    assert (made.name, made.input, made.call_id) == ("apply", PATCH_TEXT, "call_p")
    (tool,) = chat.seen[0].json["tools"]
    assert tool["function"]["name"] == "apply"
    assert list(tool["function"]["parameters"]["properties"]) == ["input"]

    result: Any = {"type": "custom_tool_call_output", "call_id": "call_p", "output": "applied"}
    done = client.responses.create(model=CHAT_MODEL, input=[result], tools=[PATCH], previous_response_id=asked.id)
    assert done.output_text == "Done"
    _, said, told = chat.seen[1].json["messages"]
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"input": PATCH_TEXT}
    assert (told["role"], told["tool_call_id"], told["content"]) == ("tool", "call_p", "applied")


def test_a_custom_tool_is_streamed_as_free_text(wire: httpx.Client, chat: Provider) -> None:
    wrapped = json.dumps({"input": PATCH_TEXT})
    pieces = [{"tool_calls": [{"index": 0, "function": {"arguments": letter}}]} for letter in wrapped]
    chat.answer(chat_stream({"tool_calls": [chat_call("apply", "", "call_p")]}, *pieces, finish="tool_calls"))
    raw = streamed(wire, model=CHAT_MODEL, input="Patch it", tools=[PATCH])
    told = events(raw)
    check_stream(told)
    deltas = [event["delta"] for event in told if event["type"] == "response.custom_tool_call_input.delta"]
    assert "".join(deltas) == PATCH_TEXT
    assert len(deltas) > 5, "it is not held back to the end"
    assert terminal(raw)["output"][0]["input"] == PATCH_TEXT


def test_a_call_outside_the_allowed_tools_does_not_reach_the_client(client: openai.OpenAI, chat: Provider) -> None:
    other: FunctionToolParam = {"type": "function", "name": "launch", "parameters": {}, "strict": False}
    calls = [chat_call("launch", "{}", "call_0", 0), chat_call("weather", CITIES[0], "call_1", 1)]
    chat.answer(chat_whole(None, "tool_calls", tool_calls=calls))
    response = client.responses.create(
        model=CHAT_MODEL,
        input="Hi",
        tools=[WEATHER, other],
        tool_choice={
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "weather"}],
        },
    )
    assert [item.name for item in response.output if item.type == "function_call"] == ["weather"]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (
            {"type": "function_call", "call_id": "call_0", "name": "weather", "arguments": "{}"},
            "No tool output found for function call call_0.",
        ),
        (
            {"type": "function_call_output", "call_id": "call_9", "output": "x"},
            "No tool call found for function call output with call_id call_9.",
        ),
    ],
)
def test_calls_and_outputs_must_pair(wire: httpx.Client, chat: Provider, item: dict[str, str], told: str) -> None:
    asked = [{"role": "user", "content": "Hi"}, item]
    answer = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": asked, "tools": [WEATHER]})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == told
    assert answer.json()["error"]["param"] == "input"
    assert not chat.seen
