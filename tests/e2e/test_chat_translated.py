"""Chat completions of models whose provider does not speak them: answered through the Responses API."""

from typing import Any

import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import function_call, message, native_frames, native_stream, native_whole, reasoning
from tests.e2e.gateway import NATIVE_KEY, Gateway
from tests.e2e.upstream import Cut, Provider, refusing, stream

MODEL = "only/sonar"
MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.fixture
def only(other_gateway: OtherGateway, native: Provider) -> Gateway:
    """A gateway whose provider speaks nothing but the Responses API."""
    settings = ProviderSettings(type="perplexity-agent", base_url=native.url, api_key=NATIVE_KEY)
    demo = ProviderSettings(enabled=False)
    return other_gateway(providers={"only": settings, "demo": demo}, models={})


def test_a_whole_answer(only: Gateway, native: Provider) -> None:
    native.answer(native_whole(reasoning("Greet.", "gAAAAseal"), message("Hello.")))
    with only.client() as client:
        answer = client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=5)
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Hello.", "stop")
    assert answer.model == MODEL
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    extra: Any = choice.message.model_extra
    assert extra["reasoning_content"] == "Greet."
    assert extra["reasoning_details"][0]["data"].startswith("ant1.")
    sent = native.seen[-1].json
    assert [item["role"] for item in sent["input"]] == ["system", "user"]
    assert sent["max_output_tokens"] == 16, "the fewest that the Responses API takes"
    assert only.rows() == 0, "a chat is stored nowhere"


def test_a_stream_with_calls(only: Gateway, native: Provider) -> None:
    call = function_call("look", '{"at":"you"}', "call_1")
    native.answer(native_stream(message("Let me look."), call))
    with only.client() as client:
        options: Any = {"include_usage": True}
        read = client.chat.completions.create(
            model=MODEL, messages=MESSAGES, tools=[TOOL], stream=True, stream_options=options
        )
        chunks = list(read)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Let me look."
    pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
    assert (pieces[0].id, pieces[0].index) == ("call_1", 0)
    assert "".join((piece.function.arguments if piece.function else None) or "" for piece in pieces) == '{"at":"you"}'
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
    assert chunks[-1].usage is not None


def test_a_tool_loop_brings_reasoning_back_to_its_maker(only: Gateway, native: Provider) -> None:
    native.answer(
        native_whole(reasoning("Look first.", "gAAAAseal"), function_call("look", "{}", "call_1")),
        native_whole(message("Seen.")),
    )
    with only.client() as client:
        first = client.chat.completions.create(model=MODEL, messages=MESSAGES, tools=[TOOL])
        spoken: Any = first.choices[0].message.model_dump(exclude_none=True)
        result: Any = {"role": "tool", "tool_call_id": "call_1", "content": "A wall."}
        client.chat.completions.create(model=MODEL, messages=[*MESSAGES, spoken, result], tools=[TOOL])
    items = native.seen[-1].json["input"]
    assert [item["type"] for item in items[-3:]] == ["reasoning", "function_call", "function_call_output"]
    assert items[-3]["encrypted_content"] == "gAAAAseal"


def test_a_refusal_is_an_error_of_the_right_class(only: Gateway, native: Provider) -> None:
    native.answer(refusing("Bad temperature.", 400, code="invalid_value"))
    with only.client() as client, pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)


def test_a_stream_that_breaks_says_so(only: Gateway, native: Provider) -> None:
    frames = native_frames(message("one two three"))
    native.answer(stream(*frames[:6], Cut()))
    with only.client() as client, pytest.raises(openai.APIError):
        list(client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True))
