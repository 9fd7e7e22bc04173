import json
from typing import Any

import pytest

from antiphon.protocols import UpstreamReply
from antiphon.providers.demo import Demo
from tests.unit.providers.fakes import CHAT

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
            "required": ["city", "unit"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def demo() -> Demo:
    return Demo(CHAT, lambda: 1_700_000_000.9)


async def reply(**body: Any) -> UpstreamReply:
    asked = {"model": "echo", "messages": [{"role": "user", "content": "hello there"}]} | body
    return await demo()(json.dumps(asked).encode(), streamed=bool(body.get("stream")))


async def whole(**body: Any) -> dict[str, Any]:
    answer = await reply(**body)
    assert (answer.status, answer.header(b"content-type")) == (200, b"application/json")
    return json.loads(await answer.read(1 << 20))


async def said(**body: Any) -> dict[str, Any]:
    return (await whole(**body))["choices"][0]


async def frames(**body: Any) -> list[bytes]:
    answer = await reply(stream=True, **body)
    assert (answer.status, answer.header(b"content-type")) == (200, b"text/event-stream")
    assert answer.header(b"retry-after") is None
    read: list[bytes] = []
    while data := await answer.chunk():
        read.append(data)
    answer.release()
    return read


def decoded(read: list[bytes]) -> list[dict[str, Any]]:
    assert read[-1] == b"data: [DONE]\n\n"
    assert all(frame.startswith(b"data: ") and frame.endswith(b"\n\n") for frame in read)
    return [json.loads(frame[6:]) for frame in read[:-1]]


def joined(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The message that a stream amounts to."""
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    content = "".join(choice["delta"].get("content") or "" for choice in choices)
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls", [])]
    return {"content": content or None, "calls": calls, "finish_reason": choices[-1]["finish_reason"]}


async def test_it_says_what_it_is_and_what_to_do_and_echoes() -> None:
    answer = await whole()
    text = answer["choices"][0]["message"]["content"]
    assert "built-in demo model" in text
    assert "OPENAI_API_KEY" in text
    assert text.endswith("You said: hello there")
    assert (answer["object"], answer["created"], answer["model"]) == ("chat.completion", 1_700_000_000, "echo")
    assert answer["choices"][0]["finish_reason"] == "stop"


async def test_the_same_request_gets_the_same_answer() -> None:
    assert await whole() == await whole()
    assert await frames() == await frames()
    assert (await whole())["id"] != (await whole(temperature=1))["id"]


async def test_a_stream_brings_a_word_at_a_time_and_amounts_to_the_whole() -> None:
    read = await frames()
    chunks = decoded(read)
    assert len(read) > 20
    assert {chunk["id"] for chunk in chunks} == {chunks[0]["id"]}
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    message = joined(chunks)
    assert message["content"] == (await said())["message"]["content"]
    assert message["finish_reason"] == "stop"


async def test_usage_counts_words_and_comes_when_it_is_asked_for() -> None:
    usage = (await whole())["usage"]
    assert usage["prompt_tokens"] == 2
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert decoded(await frames(stream_options={"include_usage": True}))[-1] | {"id": ""} == {
        "id": "",
        "created": 1_700_000_000,
        "object": "chat.completion.chunk",
        "model": "echo",
        "choices": [],
        "usage": usage,
    }
    assert not any("usage" in chunk for chunk in decoded(await frames()))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_it_stops_at_the_limit_and_says_so(name: str) -> None:
    choice = await said(**{name: 5})
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"].split() == ["This", "is", "Antiphon's", "built-in", "demo"]
    message = joined(decoded(await frames(**{name: 5})))
    assert (message["content"], message["finish_reason"]) == (choice["message"]["content"], "length")


async def test_a_long_message_is_not_repeated_whole() -> None:
    text = (await said(messages=[{"role": "user", "content": "word " * 10_000}]))["message"]["content"]
    assert len(text) < 2_000
    assert text.endswith("…")


async def test_a_demanded_tool_is_called_with_the_least_that_its_schema_allows() -> None:
    choice = await said(tools=[WEATHER, CLOCK], tool_choice="required")
    [call] = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "demo", "unit": "C"}
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"


async def test_a_named_tool_is_called() -> None:
    choice = await said(tools=[WEATHER, CLOCK], tool_choice={"type": "function", "function": {"name": "clock"}})
    assert [call["function"] for call in choice["message"]["tool_calls"]] == [{"name": "clock", "arguments": "{}"}]


async def test_tools_that_the_user_names_are_called_all_at_once_unless_forbidden() -> None:
    asked: dict[str, Any] = {
        "tools": [WEATHER, CLOCK],
        "messages": [{"role": "user", "content": "Ask clock and then get_weather, please."}],
    }
    calls = (await said(**asked))["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["get_weather", "clock"]
    assert len({call["id"] for call in calls}) == 2
    assert len((await said(**asked, parallel_tool_calls=False))["message"]["tool_calls"]) == 1
    assert "tool_calls" not in (await said(**asked, tool_choice="none"))["message"]
    assert "tool_calls" not in (await said(tools=[WEATHER, CLOCK]))["message"]


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("What's the weather like in San Francisco?", ["get_weather"]),
        ("Weather, please", ["get_weather"]),
        ("The weather of the last week?", ["get_last_weather"]),
        ("Get me a tea", []),
        ("A clockwork", []),
    ],
)
async def test_a_tool_whose_name_has_a_word_of_the_users_is_called(words: str, called: list[str]) -> None:
    tools = [WEATHER, CLOCK, {"type": "function", "function": {"name": "get_last_weather"}}]
    choice = await said(tools=tools, messages=[{"role": "user", "content": words}])
    assert [call["function"]["name"] for call in choice["message"].get("tool_calls", [])] == called


async def test_calls_are_streamed_with_their_index() -> None:
    asked: dict[str, Any] = {"tools": [WEATHER, CLOCK], "tool_choice": "required"}
    message = joined(decoded(await frames(**asked)))
    [call] = message["calls"]
    assert call.pop("index") == 0
    assert call["function"] == (await said(**asked))["message"]["tool_calls"][0]["function"]
    assert (message["content"], message["finish_reason"]) == (None, "tool_calls")


async def test_what_a_tool_answered_is_told() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Use clock."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
        {"role": "tool", "tool_call_id": "call_2", "content": "later"},
    ]
    choice = await said(messages=messages, tools=[CLOCK])
    assert "tool_calls" not in choice["message"]
    assert "The tool 'clock' answered: noon" in choice["message"]["content"]
    assert "The tool 'unknown' answered: later" in choice["message"]["content"]


async def test_a_form_is_filled_in() -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 1}}, "required": ["age"]}
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    assert json.loads((await said(response_format=form))["message"]["content"]) == {"age": 1}
    assert json.loads(joined(decoded(await frames(response_format=form)))["content"]) == {"age": 1}
    bare = await said(response_format={"type": "json_object"})
    assert json.loads(bare["message"]["content"]) == {"message": "You said: hello there"}


async def test_it_says_what_else_it_was_given() -> None:
    content = [
        {"type": "text", "text": "Look at"},
        {"type": "text", "text": "these"},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "file", "file": {"file_data": "data:,"}},
    ]
    text = (await said(messages=[{"role": "user", "content": content}]))["message"]["content"]
    assert text.endswith("You said: Look at these You also gave me 2 images and 1 file.")


async def test_another_model_does_not_exist() -> None:
    answer = await reply(model="gpt-4o")
    assert answer.status == 404
    error = json.loads(await answer.read(1 << 20))["error"]
    assert error["code"] == "model_not_found"
    assert "gpt-4o" in error["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model":"echo"}', b'{"model":"echo","messages":[{}]}', b"\xff"])
async def test_what_is_no_request_is_refused(body: bytes) -> None:
    answer = await demo()(body, streamed=False)
    assert answer.status == 400
    assert "message" in json.loads(await answer.read(1 << 20))["error"]


async def test_nobody_said_anything() -> None:
    assert (await said(messages=[]))["message"]["content"].endswith("You said: ")


def test_it_offers_one_model_and_stands_in() -> None:
    assert (demo().offers("echo"), demo().offers("gpt-4o"), demo().stands_in) == (True, False, True)
    target = demo().target("echo")
    assert (target.name, target.provider, target.model, target.dialect) == ("demo/echo", "demo", "echo", CHAT)
