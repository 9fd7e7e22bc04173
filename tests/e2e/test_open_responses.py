"""The tests of the Open Responses compliance suite, one each, on every kind of provider.

They send what the suite sends and ask of the answers what it asks, and one thing more: that the provider was told what
the answer must come from, since a scripted one answers anything.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Protocol

import httpx
import pytest

from tests.e2e.exchanges import (
    NATIVE_USAGE,
    chat_call,
    chat_whole,
    function_call,
    message,
    native_stream,
    native_whole,
    said,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.open_responses import EXAMPLE, event_faults, faults
from tests.e2e.sockets import Event, Socket, opened
from tests.e2e.sse import events, streamed
from tests.e2e.upstream import Provider, whole
from tests.e2e.vendors.bridge import Upstream as Vendor
from tests.e2e.vendors.bridge import settings_with_vendors, vendors_serving
from tests.e2e.vendors.doors import DOORS
from tests.vendors.vendor import Plan

Answer = dict[str, Any]
Body = dict[str, Any]

NOT_FOUND = "previous_response_not_found"
MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}


class Upstream(Protocol):
    """One kind of provider behind the gateway, and what it is to answer."""

    kind: str
    model: str

    def says(self, *texts: str, streamed: bool = False) -> None: ...

    def calls(self, name: str, arguments: str) -> None: ...

    def compacts(self, summary: str) -> None: ...

    def told(self, place: int = -1) -> str:
        """What it was asked, as it came."""
        ...


class Scripted:
    """A provider that speaks the Responses API or chat completions."""

    def __init__(self, kind: str, provider: Provider) -> None:
        self.kind = kind
        self.model = MODELS[kind]
        self._provider = provider

    def says(self, *texts: str, streamed: bool = False) -> None:
        self._provider.answer(*(said(self.kind, text, streamed=streamed) for text in texts))

    def calls(self, name: str, arguments: str) -> None:
        if self.kind == "native":
            self._provider.answer(native_whole(function_call(name, arguments, "call_1")))
        else:
            self._provider.answer(chat_whole(None, "tool_calls", tool_calls=[chat_call(name, arguments, "call_1")]))

    def compacts(self, summary: str) -> None:
        if self.kind == "native":
            item = {"id": "cmp_1", "type": "compaction", "encrypted_content": summary}
            made = {"id": "resp_1", "object": "response.compaction", "created_at": 1, "output": [item]}
            self._provider.answer(whole(made | {"usage": NATIVE_USAGE}))
        else:
            self._provider.answer(chat_whole(summary))

    def told(self, place: int = -1) -> str:
        return self._provider.seen[place].body.decode()


class Translated:
    """A provider with a format of its own, which refuses what breaks its rules."""

    def __init__(self, vendor: Vendor) -> None:
        self.kind = vendor.door.kind
        self.model = vendor.model
        self._vendor = vendor

    def says(self, *texts: str, streamed: bool = False) -> None:
        self._vendor.says(*texts)

    def calls(self, name: str, arguments: str) -> None:
        self._vendor.does(Plan(calls=(0,), arguments=arguments))

    def compacts(self, summary: str) -> None:
        self._vendor.says(summary)

    def told(self, place: int = -1) -> str:
        return self._vendor.provider.seen[place].body.decode()


@pytest.fixture(scope="module")
def vendor_servers() -> Iterator[dict[str, Provider]]:
    with vendors_serving() as servers:
        yield servers


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory,
    native_server: Provider,
    chat_server: Provider,
    vendor_servers: dict[str, Provider],
) -> Iterator[Gateway]:
    base = settings_for(tmp_path_factory.mktemp("gateway"), native_server.url, chat_server.url)
    with running(settings_with_vendors(base, vendor_servers)) as started:
        yield started


@pytest.fixture(params=[*MODELS, *DOORS])
def upstream(
    request: pytest.FixtureRequest, providers: dict[str, Provider], vendor_servers: dict[str, Provider]
) -> Iterator[Upstream]:
    if request.param in MODELS:
        yield Scripted(request.param, providers[request.param])
        return
    vendor = Vendor(DOORS[request.param], vendor_servers[request.param])
    yield Translated(vendor)
    vendor.provider.reset()
    assert vendor.faults == []


def user(content: Any) -> Body:
    return {"type": "message", "role": "user", "content": content}


def assistant(content: Any, **members: str) -> Body:
    return {"type": "message", "role": "assistant", "content": content, **members}


def answered(wire: httpx.Client, **body: Any) -> Answer:
    """The answer to a request over HTTP: of the right form, with an output."""
    answer = wire.post("/v1/responses", json={**body, "stream": False})
    assert answer.status_code == 200, answer.text
    made: Answer = answer.json()
    assert faults(made, "ResponseResource") == []
    assert made["output"]
    return made


def completed(wire: httpx.Client, **body: Any) -> Answer:
    """The same, and it must have ended well."""
    made = answered(wire, **body)
    assert made["status"] == "completed"
    return made


def ended(told: list[Event]) -> Answer:
    """The answer that a stream of events ends with, each of them of the right form."""
    for event in told:
        assert event_faults(event) == []
    assert told[-1]["type"] == "response.completed"
    made: Answer = told[-1]["response"]
    assert made["status"] == "completed"
    return made


def turn(socket: Socket, **body: Any) -> Answer:
    """The answer to a request over a WebSocket."""
    socket.create(**body)
    return ended(socket.turn())


def refused(socket: Socket, **body: Any) -> Event:
    """The error in an answer's place."""
    frame = socket.refused(**body)
    assert faults(frame, "WebSocketErrorEvent") == []
    return frame["error"]


def compacted(wire: httpx.Client, **body: Any) -> Answer:
    answer = wire.post("/v1/responses/compact", json=body)
    assert answer.status_code == 200, answer.text
    made: Answer = answer.json()
    assert faults(made, "CompactResource") == []
    assert "compaction" in [item["type"] for item in made["output"]]
    return made


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_basic_response(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("Hello my friend.")
    completed(wire, model=upstream.model, input=[user("Say hello in exactly 3 words.")])
    assert "exactly 3 words" in upstream.told()


def test_assistant_phase(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("Four.")
    history = [
        assistant("I should answer with the saved number.", phase="commentary"),
        assistant("The number is four.", phase="final_answer"),
        user("Repeat only the number."),
    ]
    completed(wire, model=upstream.model, input=history)
    assert "The number is four." in upstream.told()
    assert ('"phase":"final_answer"' in upstream.told()) == (upstream.kind == "native")


def test_response_output_phase_schema(wire: httpx.Client, native: Provider) -> None:
    """The suite asks nobody; here a provider says what the suite's own example holds."""
    phases = ["commentary", "final_answer"]
    parts = [message(f"In {phase}.", f"msg_{phase}") | {"phase": phase} for phase in phases]
    native.answer(native_whole(*parts), native_stream(*parts))
    for made in (
        EXAMPLE,
        completed(wire, model=NATIVE_MODEL, input="x"),
        ended(events(streamed(wire, model=NATIVE_MODEL, input="x"))),
    ):
        assert faults(made, "ResponseResource") == []
        assert [item["phase"] for item in made["output"]] == phases


def test_streaming_response(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("1 2 3 4 5", streamed=True)
    made = ended(events(streamed(wire, model=upstream.model, input=[user("Count from 1 to 5.")])))
    assert made["output"][0]["content"][0]["text"] == "1 2 3 4 5"


def test_system_prompt(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("Ahoy!")
    system = {"type": "message", "role": "system", "content": "You are a pirate. Always respond in pirate speak."}
    completed(wire, model=upstream.model, input=[system, user("Say hello.")])
    assert "You are a pirate." in upstream.told()


def test_tool_calling(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.calls("get_weather", '{"location":"San Francisco, CA"}')
    place = {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}
    tool = {
        "type": "function",
        "name": "get_weather",
        "description": "Get the current weather for a location",
        "parameters": {"type": "object", "properties": {"location": place}, "required": ["location"]},
    }
    asked = [user("What's the weather like in San Francisco?")]
    made = answered(wire, model=upstream.model, input=asked, tools=[tool])
    assert [item["name"] for item in made["output"] if item["type"] == "function_call"] == ["get_weather"]
    assert "The city and state" in upstream.told()


def test_image_input(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("A white square.")
    question = {"type": "input_text", "text": "What do you see in this image? Answer in one sentence."}
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{white_square(32)}"}
    completed(wire, model=upstream.model, input=[user([question, picture])])
    assert picture["image_url"].partition(",")[2] in upstream.told()


def white_square(side: int) -> str:
    """A PNG of so many dots each way, in base64."""
    dots = zlib.compress((b"\0" + b"\xff" * 3 * side) * side)
    parts = {b"IHDR": struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0), b"IDAT": dots, b"IEND": b""}
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def test_multi_turn(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("Alice.")
    greeting = assistant("Hello Alice! Nice to meet you. How can I help you today?")
    completed(wire, model=upstream.model, input=[user("My name is Alice."), greeting, user("What is my name?")])
    assert "Nice to meet you." in upstream.told()


def test_compact_response(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.compacts("The launch is on Tuesday.")
    history = [
        user("We agreed to launch on Tuesday and notify support first."),
        assistant("Understood. The launch is Tuesday, with support notified beforehand."),
    ]
    made = compacted(wire, model=upstream.model, prompt_cache_key="openresponses-compact-test", input=history)
    assert made["object"] == "response.compaction"
    assert "notify support first" in upstream.told()


def test_compact_missing_model(wire: httpx.Client) -> None:
    answer = wire.post("/v1/responses/compact", json={"input": [user("Compact this conversation.")]})
    assert answer.status_code in (400, 422)


# --- WebSocket --------------------------------------------------------------------------------------------------------


def test_websocket_response(gateway: Gateway, upstream: Upstream) -> None:
    upstream.says("1 2 3", streamed=True)
    with opened(gateway) as socket:
        turn(socket, model=upstream.model, input=[user("Count from 1 to 3.")])


def test_websocket_sequential_responses(gateway: Gateway, upstream: Upstream) -> None:
    upstream.says("first", "second", streamed=True)
    with opened(gateway) as socket:
        for word in ("first", "second"):
            made = turn(socket, model=upstream.model, store=False, input=f"Reply with exactly: {word}")
            assert made["output"][0]["content"][0]["text"] == word


def test_websocket_continuation(gateway: Gateway, upstream: Upstream) -> None:
    upstream.says("OK", "cobalt", streamed=True)
    body: Body = {"model": upstream.model, "store": False}
    with opened(gateway) as socket:
        first = turn(socket, **body, input="Remember the code word: cobalt. Reply with OK.")
        turn(socket, **body, previous_response_id=first["id"], input="What is the code word?")
    assert "Remember the code word: cobalt." in upstream.told()


def test_websocket_reconnect_store_false_recovery(gateway: Gateway, upstream: Upstream) -> None:
    upstream.says("OK", "recovered", streamed=True)
    body: Body = {"model": upstream.model, "store": False}
    with opened(gateway) as socket:
        first = turn(socket, **body, input="Remember the code word: copper. Reply with OK.")
    with opened(gateway) as socket:
        error = refused(socket, **body, previous_response_id=first["id"], input="Try to continue after reconnect.")
        assert error["code"] == NOT_FOUND
        turn(socket, **body, input=[user("Start a new response and reply with exactly: recovered")])
    assert "copper" not in upstream.told()


def test_websocket_previous_response_not_found(gateway: Gateway, upstream: Upstream) -> None:
    body: Body = {"model": upstream.model, "store": False, "input": "This should fail."}
    with opened(gateway) as socket:
        assert refused(socket, **body, previous_response_id="resp_openresponses_missing_1")["code"] == NOT_FOUND


def test_websocket_failed_continuation_evicts_cache(gateway: Gateway, upstream: Upstream) -> None:
    """Whether the provider would mind such an output or not: it is never asked."""
    upstream.says("OK", streamed=True)
    output = {"type": "function_call_output", "call_id": "call_openresponses_missing", "output": "No matching call."}
    with opened(gateway) as socket:
        body: Body = {"model": upstream.model, "store": False}
        first = turn(socket, **body, input="Remember the code word: ember. Reply with OK.")
        body["previous_response_id"] = first["id"]
        assert "call_openresponses_missing" in refused(socket, **body, input=[output])["message"]
        assert refused(socket, **body, input="Try to continue after the failed turn.")["code"] == NOT_FOUND


def test_websocket_compact_new_chain(gateway: Gateway, wire: httpx.Client, upstream: Upstream) -> None:
    upstream.compacts("The code word is slate.")
    upstream.says("compacted", streamed=True)
    history = [
        user([{"type": "input_text", "text": "Remember the compaction code word: slate."}]),
        assistant([{"type": "output_text", "text": "OK."}]),
        user([{"type": "input_text", "text": "Compress this conversation for later continuation."}]),
    ]
    window = compacted(wire, model=upstream.model, input=history)["output"]
    asked = [*window, user("Continue from here. Reply with exactly: compacted")]
    with opened(gateway) as socket:
        turn(socket, model=upstream.model, store=False, tools=[], input=asked)
    assert "The code word is slate." in upstream.told()
