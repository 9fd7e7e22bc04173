"""The life of responses with the official JavaScript client: what `tests/js/openai_cases.mjs` does, judged."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from antiphon.settings import WebhookSettings
from tests.e2e.background import PATIENCE
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import (
    chat_call,
    chat_frames,
    chat_stream,
    chat_whole,
    function_call,
    message,
    native_frames,
    native_stream,
    native_whole,
    reasoning,
    words,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.javascript import JavaScript, Thrown, running_javascript
from tests.e2e.upstream import Cut, Gate, Provider, refusing, serving, stream
from tests.grammar import check_stream

TEXT = "one two three four"
MODELS = [NATIVE_MODEL, CHAT_MODEL]
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ARGUMENTS = '{"city": "Paris"}'
WEATHER = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
kinds = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JavaScript]:
    with running_javascript(tmp_path_factory.mktemp("javascript")) as started:
        yield started


class Upstream:
    """Whichever provider a model has: says the same in its own way."""

    def __init__(self, model: str, providers: dict[str, Provider]) -> None:
        self.is_native = model == NATIVE_MODEL
        self.provider = providers["native" if self.is_native else "chat"]

    def says(self, text: str = TEXT) -> None:
        self.provider.answer(native_whole(message(text)) if self.is_native else chat_whole(text))

    def streams(self, text: str = TEXT, *between: Gate | Cut) -> None:
        """`between` comes after the first word."""
        made = native_frames(message(text)) if self.is_native else chat_frames(words(text))
        place = 5 if self.is_native else 2
        self.provider.answer(stream(*made[:place], *between, *made[place:]))

    def calls(self, name: str, arguments: str) -> None:
        call_id = "call_1"
        if self.is_native:
            self.provider.answer(native_whole(function_call(name, arguments, call_id)))
        else:
            self.provider.answer(chat_whole(finish="tool_calls", tool_calls=[chat_call(name, arguments, call_id)]))

    def streams_a_call(self, name: str, arguments: str) -> None:
        call_id = "call_1"
        if self.is_native:
            self.provider.answer(native_stream(function_call(name, arguments, call_id)))
        else:
            call = {"tool_calls": [chat_call(name, arguments, call_id)]}
            self.provider.answer(chat_stream(call, finish="tool_calls"))


@pytest.fixture
def upstream(model: str, providers: dict[str, Provider]) -> Upstream:
    return Upstream(model, providers)


@kinds
def test_an_answer_is_created_kept_and_deleted(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.says()
    made = javascript.run("create", gateway, body={"model": model, "input": "Hi", "metadata": {"a": "b"}})
    assert made["text"] == TEXT
    assert made["requestID"].startswith("req_")
    response = made["response"]
    assert javascript.run("retrieve", gateway, id=response["id"])["output"] == response["output"]
    after = javascript.run("deleted", gateway, id=response["id"])
    assert after == {"status": 404, "code": "response_not_found"}


@kinds
def test_a_stream_has_its_events_in_order(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.streams()
    events = javascript.run("stream", gateway, body={"model": model, "input": "Hi"})
    check_stream(events, relayed=upstream.is_native)
    assert "".join(event.get("delta", "") for event in events) == TEXT


@kinds
def test_the_helper_puts_the_streamed_answer_together(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.streams()
    helped = javascript.run("helped", gateway, body={"model": model, "input": "Hi"})
    assert helped["response"]["output_text"] == TEXT
    assert helped["response"]["id"] == helped["events"][-1]["response"]["id"]


@kinds
def test_an_answer_of_a_wanted_shape_is_parsed(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.says('{"name": "Ada", "age": 36}')
    assert javascript.run("parsed", gateway, model=model) == {"name": "Ada", "age": 36}


@kinds
def test_a_chain_brings_a_call_and_its_result(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.calls("weather", ARGUMENTS)
    upstream.says("Sunny.")
    told = javascript.run("chain", gateway, model=model, tools=[WEATHER])
    assert (told["call"]["name"], told["call"]["arguments"]) == ("weather", ARGUMENTS)
    assert (told["text"], told["previous"]) == ("Sunny.", True)
    kinds_of_items = [item["type"] for item in told["inputItems"]]
    assert kinds_of_items == ["message", "function_call", "function_call_output"]


@kinds
def test_an_answer_in_the_background_is_polled(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.streams()
    told = javascript.run("polled", gateway, body={"model": model, "input": "Hi"})
    assert (told["begun"]["status"], told["begun"]["output"]) == ("queued", [])
    assert (told["ended"]["status"], told["text"]) == ("completed", TEXT)


@kinds
def test_a_dropped_stream_is_resumed_after_an_event(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    gate = Gate()
    upstream.streams(TEXT, gate)
    seen = javascript.run("dropped", gateway, body={"model": model, "input": "Hi"}, count=4)
    gate.wait_until_reached()
    following = javascript.start("resumed", gateway, id=seen[0]["response"]["id"], after=3)
    gate.open()
    resumed = following.result(PATIENCE)
    check_stream([*seen, *resumed["plain"]], relayed=upstream.is_native)
    assert [event["type"] for event in resumed["helped"]] == [event["type"] for event in resumed["plain"]]
    assert resumed["text"] == TEXT


@kinds
def test_a_running_answer_is_cancelled(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    gate = Gate()
    upstream.streams(TEXT, gate)
    begun = javascript.run("create", gateway, body={"model": model, "input": "Hi", "background": True})["response"]
    gate.wait_until_reached()
    cancelled = javascript.run("cancelled", gateway, id=begun["id"])
    gate.wait_until_left()
    assert cancelled["status"] == "cancelled"
    assert javascript.run("cancelled", gateway, id=begun["id"]) == cancelled


@kinds
def test_a_conversation_has_every_verb(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.says("four")
    told = javascript.run("conversation", gateway, model=model)
    made = told["made"]["id"]
    assert told["made"]["metadata"] == {"topic": "demo"}
    assert told["updated"] == told["retrieved"] == told["without"] == told["made"] | {"metadata": {"topic": "other"}}
    assert told["answer"]["conversation"] == {"id": made}
    assert [item["content"][0]["text"] for item in told["listed"]] == ["0", "1", "2", "3", "four"]
    assert told["added"]["data"] == told["listed"][1:3]
    assert told["one"] == told["listed"][1]
    assert told["left"] == [item for item in told["listed"][::-1] if item != told["one"]]
    assert told["gone"] == {"id": made, "object": "conversation.deleted", "deleted": True}
    assert told["after"] == {"status": 404, "code": "conversation_not_found"}


def test_a_window_is_compacted_and_goes_on(javascript: JavaScript, gateway: Gateway, chat: Provider) -> None:
    chat.answer(chat_whole("Ada likes chess."), chat_whole("Ada."))
    talk = [{"role": "user", "content": "My name is Ada."}, {"role": "assistant", "content": "Hello."}]
    asked = {"role": "user", "content": "Who am I?"}
    told = javascript.run("compacted", gateway, model=CHAT_MODEL, input=talk, next=asked)
    assert told["compaction"]["object"] == "response.compaction"
    assert [item["type"] for item in told["compaction"]["output"]] == ["message", "compaction"]
    assert told["text"] == "Ada."
    assert "Ada likes chess." in chat.seen[1].json["messages"][1]["content"]


def test_input_tokens_are_counted_and_models_listed(javascript: JavaScript, gateway: Gateway) -> None:
    counted = javascript.run("inputTokens", gateway, body={"model": CHAT_MODEL, "input": "Hello there."})
    assert counted["object"] == "response.input_tokens"
    assert counted["input_tokens"] > 0
    assert "either" in {model["id"] for model in javascript.run("models", gateway)}


def test_a_webhook_is_unwrapped(javascript: JavaScript, other_gateway: OtherGateway, chat: Provider) -> None:
    with serving() as receiver:
        hook = WebhookSettings(url=f"{receiver.url}/hook", secret=SECRET, allow_http=True, allow_private=True)
        gateway = other_gateway(webhooks=[hook])
        chat.answer(chat_stream(*words(TEXT)))
        came = Gate()
        receiver.answer(stream(came))
        ended = javascript.run("polled", gateway, body={"model": CHAT_MODEL, "input": "Hi"})["ended"]
        came.wait_until_reached()
        came.open()
        (request,) = receiver.seen
    delivered: dict[str, Any] = {"headers": dict(request.headers), "secret": SECRET}
    event = javascript.run("unwrapped", gateway, body=request.body.decode(), **delivered)
    assert (event["type"], event["data"]["id"]) == ("response.completed", ended["id"])
    with pytest.raises(Thrown) as forged:
        javascript.run("unwrapped", gateway, body=request.body.decode() + " ", **delivered)
    assert forged.value.error["class"] == "InvalidWebhookSignatureError"


@kinds
def test_turns_go_over_a_websocket(javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str) -> None:
    upstream.streams()
    upstream.streams("and on")
    turn = {"model": model, "input": "Hi", "store": False}
    warm, refused, asked, more = javascript.run(
        "socket", gateway, turns=[turn | {"generate": False}, {"input": "Hi"}, turn, turn | {"then": True}]
    )
    assert (warm[-1]["type"], warm[-1]["response"]["output"]) == ("response.completed", [])
    assert refused[-1]["frame"]["error"]["param"] == "model"
    for events, text in ((asked, TEXT), (more, "and on")):
        check_stream(events, relayed=upstream.is_native)
        assert events[-1]["response"]["output"][0]["content"][0]["text"] == text
    assert more[-1]["response"]["previous_response_id"] == asked[-1]["response"]["id"]


REFUSALS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "wrong key": ({"key": "sk-wrong"}, ("AuthenticationError", 401, "invalid_api_key")),
    "unknown model": ({"model": "nobody/x"}, ("BadRequestError", 400, "model_not_found")),
    "unknown parent": ({"previous_response_id": "resp_no"}, ("BadRequestError", 400, "previous_response_not_found")),
    "unknown conversation": ({"conversation": "conv_no"}, ("NotFoundError", 404, "conversation_not_found")),
    "bad value": ({"temperature": "hot"}, ("BadRequestError", 400, "invalid_type")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_gateway_refuses_is_an_error_of_its_class(javascript: JavaScript, gateway: Gateway, case: str) -> None:
    change, expected = REFUSALS[case]
    key = {name: change[name] for name in ("key",) if name in change}
    body = {"model": CHAT_MODEL, "input": "Hi"} | {name: value for name, value in change.items() if name != "key"}
    with pytest.raises(Thrown) as refused:
        javascript.run("create", gateway, body=body, **key)
    error = refused.value.error
    assert (error["class"], error["status"], error["code"]) == expected
    assert error["requestID"].startswith("req_")


@pytest.mark.parametrize(
    ("status", "tries", "expected"),
    [(400, 1, ("BadRequestError", 400)), (429, 3, ("RateLimitError", 429)), (500, 3, ("InternalServerError", 502))],
)
def test_what_a_provider_refuses_is_an_error_of_its_class(
    javascript: JavaScript, gateway: Gateway, chat: Provider, status: int, tries: int, expected: tuple[str, int]
) -> None:
    chat.answer(*[refusing("not now", status)] * tries)
    with pytest.raises(Thrown) as refused:
        javascript.run("create", gateway, body={"model": CHAT_MODEL, "input": "Hi"})
    assert (refused.value.error["class"], refused.value.error["status"]) == expected


def test_a_websocket_with_a_wrong_key_is_refused(javascript: JavaScript, gateway: Gateway) -> None:
    with pytest.raises(Thrown) as refused:
        javascript.run("socket", gateway, key="sk-wrong", turns=[{"model": CHAT_MODEL, "input": "Hi"}])
    assert "401" in refused.value.error["message"]


@kinds
def test_a_stream_that_breaks_is_an_error(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str
) -> None:
    upstream.streams(TEXT, Cut())
    with pytest.raises(Thrown) as broken:
        javascript.run("stream", gateway, body={"model": model, "input": "Hi"})
    assert broken.value.error["class"] == "APIError"


# --- the AI SDK -------------------------------------------------------------------------------------------------------

asked_with = pytest.mark.parametrize("options", [{}, {"store": False}], ids=["stored", "stateless"])


def judge_two_steps(told: dict[str, Any], upstream: Upstream) -> None:
    assert (told["text"], told["finishReason"], told["warnings"]) == ("Sunny.", "stop", [])
    assert told["results"] == [{"input": {"city": "Paris"}, "output": "sunny in Paris"}]
    second = upstream.provider.seen[1].json
    if upstream.is_native:
        assert [item.get("type", "message") for item in second["input"]] == [
            "message",
            "function_call",
            "function_call_output",
        ]
    else:
        assert [said["role"] for said in second["messages"]] == ["user", "assistant", "tool"]
    assert "sunny in Paris" in upstream.provider.seen[1].body.decode()


@kinds
@asked_with
def test_the_ai_sdk_takes_a_call_and_its_result(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str, options: dict[str, Any]
) -> None:
    upstream.calls("weather", ARGUMENTS)
    upstream.says("Sunny.")
    judge_two_steps(javascript.run("generateTextWithATool", gateway, model=model, options=options), upstream)


@kinds
@asked_with
def test_the_ai_sdk_streams_a_call_and_its_result(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, model: str, options: dict[str, Any]
) -> None:
    upstream.streams_a_call("weather", ARGUMENTS)
    upstream.streams("Sunny.")
    told = javascript.run("streamTextWithATool", gateway, model=model, options=options)
    judge_two_steps(told, upstream)
    assert told["parts"].count("finish-step") == 2


@asked_with
def test_the_ai_sdk_brings_reasoning_back_to_who_made_it(
    javascript: JavaScript, gateway: Gateway, native: Provider, options: dict[str, Any]
) -> None:
    native.answer(
        native_stream(reasoning("Where is Paris?", "sealed-by-the-vendor"), function_call("weather", ARGUMENTS, "c_1")),
        native_stream(message("Sunny.")),
    )
    thinking = {"reasoningSummary": "auto", "forceReasoning": True}
    told = javascript.run("streamTextWithATool", gateway, model=NATIVE_MODEL, options=options | thinking)
    assert (told["text"], told["reasoning"], told["warnings"]) == ("Sunny.", "Where is Paris?", [])
    brought = next(item for item in native.seen[1].json["input"] if item.get("type") == "reasoning")
    assert brought["encrypted_content"] == "sealed-by-the-vendor"
