"""`/v1/responses` over a WebSocket: opening it, turns, lanes, limits, and how it ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import openai
import pytest
from websockets.exceptions import InvalidStatus

from antiphon.http.routes import PREFIXES
from antiphon.lifecycle_settings import WebSocketSettings
from antiphon.settings import ServerSettings
from tests.e2e.background import PATIENCE
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import chat_frames, chat_stream, message, native_frames, native_stream, words
from tests.e2e.gateway import CHAT_MODEL, KEY_A, NATIVE_MODEL, Gateway, settings_for, spawned
from tests.e2e.sockets import LAST, Event, Socket, opened
from tests.e2e.upstream import Cut, Gate, Provider, refusing, stream
from tests.grammar import check_stream

TURN = {"model": NATIVE_MODEL, "input": "Hi", "store": False}


def gated(gate: Gate, text: str = "one two three four") -> Any:
    """A native answer that stops in the middle of its text."""
    made = native_frames(message(text))
    return stream(*made[:6], gate, *made[6:])


def plain(events: list[Event]) -> list[Event]:
    return [{name: value for name, value in event.items() if name != "stream_id"} for event in events]


@pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")
def test_the_official_client_gets_the_events_of_a_stream(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_stream(message("one two")))
    with client.responses.connect() as connection:
        connection.send({"type": "response.create", "model": NATIVE_MODEL, "input": "Hi"})
        events: list[Event] = []
        for event in connection:
            events.append(event.to_dict())
            if event.type in LAST:
                break
    check_stream(events)
    response = events[-1]["response"]
    assert client.responses.retrieve(response["id"]).output_text == "one two"
    replayed = client.responses.retrieve(response["id"], stream=True)
    assert [event.to_dict() for event in replayed] == events


@pytest.mark.parametrize("model", [NATIVE_MODEL, CHAT_MODEL])
def test_turns_follow_each_other_each_numbered_from_zero(
    gateway: Gateway, native: Provider, chat: Provider, model: str
) -> None:
    provider, made = (
        (native, native_stream(message("a b"))) if model == NATIVE_MODEL else (chat, chat_stream("a ", "b"))
    )
    provider.answer(made, made, made)
    with opened(gateway) as socket:
        socket.create(model=model, input="Hi", previous_response_id=None, stream=False)
        socket.create(model=model, input="Hi", store=False, background=False)
        socket.send({"type": "response.create", "response": {"model": model, "input": "Hi"}})
        for _ in range(3):
            told = socket.turn()
            check_stream(told)
            assert told[-1]["response"]["output"][0]["content"][0]["text"] == "a b"
    for seen in provider.seen:
        assert not {"type", "generate", "stream_id", "response"} & seen.json.keys()


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
@pytest.mark.parametrize("path", ["/v1/responses", "/responses", "/v1/responses/"])
def test_it_answers_wherever_responses_do(gateway: Gateway, prefix: str, path: str) -> None:
    with opened(gateway, path=prefix + path) as socket:
        assert socket.answer(**TURN, generate=False)["status"] == "completed"


@pytest.mark.parametrize("key", [None, "sk-wrong"])
def test_a_wrong_key_is_told_before_the_upgrade(gateway: Gateway, key: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(gateway, key):
        pass
    answer = refused.value.response
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    code = json.loads(answer.body or b"")["error"]["code"]
    assert code == ("missing_api_key" if key is None else "invalid_api_key")


@pytest.mark.parametrize(("names", "chosen"), [(("realtime",), "realtime"), ((), f"openai-insecure-api-key.{KEY_A}")])
def test_a_browser_sends_its_key_as_a_subprotocol(gateway: Gateway, names: tuple[str, ...], chosen: str) -> None:
    with opened(gateway, None, subprotocols=(*names, f"openai-insecure-api-key.{KEY_A}")) as socket:
        assert socket.connection.subprotocol == chosen
        assert socket.answer(**TURN, generate=False)["status"] == "completed"
    with pytest.raises(InvalidStatus), opened(gateway, None, subprotocols=("openai-insecure-api-key.x", *names)):
        pass


def test_switched_off_it_sends_clients_to_plain_http(other_gateway: OtherGateway) -> None:
    gateway = other_gateway(websocket=WebSocketSettings(enabled=False))
    for key in (KEY_A, None):
        with pytest.raises(InvalidStatus) as refused, opened(gateway, key):
            pass
        assert refused.value.response.status_code == 426
        assert json.loads(refused.value.response.body or b"")["error"]["code"] == "websocket_not_available"


def test_errors_before_output_are_frames_and_the_connection_stays(gateway: Gateway, native: Provider) -> None:
    native.answer(refusing("slow down", 400, code="x"), native_stream(message("fine")))
    with opened(gateway) as socket:
        told = socket.refused(**TURN, stream_id="a.b")
        assert (told["status"], told["stream_id"], told["error"]["message"]) == (400, "a.b", "slow down")
        unknown = socket.refused(model="nobody/x", input="Hi")
        assert (unknown["status"], unknown["error"]["code"]) == (400, "model_not_found")
        assert socket.refused(input="Hi")["error"]["param"] == "model"
        background = socket.refused(**TURN, background=True)
        assert background["error"]["code"] == "unsupported_parameter"
        assert background["error"]["param"] == "background"
        assert socket.answer(**TURN)["status"] == "completed"


def test_a_provider_that_asks_for_patience_is_heard(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway()
    native.answer(refusing("busy", 429, headers={"retry-after": "77"}))
    with opened(gateway) as socket:
        told = socket.refused(**TURN)
    assert told["status"] == 429
    assert told["error"]["code"] == "rate_limit_exceeded"
    assert told["error"]["headers"] == {"retry-after": "77", "retry-after-ms": "77000"}


def test_errors_after_output_are_events(gateway: Gateway, native: Provider) -> None:
    native.answer(stream(*native_frames(message("one two three"))[:6], Cut()))
    with opened(gateway) as socket:
        socket.create(**TURN, stream_id="s")
        told = socket.turn()
    check_stream(plain(told))
    assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
    assert {event["stream_id"] for event in told} == {"s"}


def test_lanes_run_side_by_side_and_each_in_its_order(gateway: Gateway, native: Provider, chat: Provider) -> None:
    gate = Gate()
    native.answer(gated(gate, "slow one"), native_stream(message("next")))
    chat.answer(chat_stream("quick"))
    with opened(gateway) as socket:
        socket.create(**TURN, stream_id="slow")
        gate.wait_until_reached()
        socket.create(**TURN, stream_id="slow")
        socket.create(model=CHAT_MODEL, input="Hi", store=False)
        events = [socket.next()]
        while events[-1]["type"] not in LAST:
            events.append(socket.next())
        quick = [event for event in events if "stream_id" not in event]
        check_stream(quick)
        assert len(native.seen) == 1, "the second of a lane waits for the first"
        gate.open()
        first = [event for event in events if "stream_id" in event] + socket.turn()
        second = socket.turn()
    for told, text in ((first, "slow one"), (second, "next")):
        assert {event["stream_id"] for event in told} == {"slow"}
        check_stream(plain(told))
        assert told[-1]["response"]["output"][0]["content"][0]["text"] == text


def test_only_so_many_turns_run_at_a_time(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway(websocket=WebSocketSettings(concurrent_turns=2))
    gates = [Gate(), Gate()]
    native.answer(*map(gated, gates), native_stream(message("third")))
    with opened(gateway) as socket:
        for name, gate in zip("ab", gates, strict=True):
            socket.create(**TURN, stream_id=name)
            gate.wait_until_reached()
        socket.create(**TURN, stream_id="c")
        socket.send({"type": "?"})
        while socket.next()["type"] != "error":
            assert len(native.seen) == 2
        gates[1].open()
        ended: list[str] = []
        while len(ended) < 2:
            event = socket.next()
            ended += [event["stream_id"]] if event["type"] in LAST else []
        assert ended == ["b", "c"]
        gates[0].open()
        assert socket.turn()[-1]["stream_id"] == "a"


def test_names_of_streams_are_limited(other_gateway: OtherGateway) -> None:
    gateway = other_gateway(websocket=WebSocketSettings(max_stream_ids=1))
    with opened(gateway) as socket:
        assert socket.refused(**TURN, stream_id="no blanks")["error"]["code"] == "invalid_stream_id"
        for name in ("a", "a"):
            socket.answer(**TURN, generate=False, stream_id=name)
        told = socket.refused(**TURN, generate=False, stream_id="b")
        assert told["error"]["code"] == "websocket_stream_limit_reached"
        assert told["stream_id"] == "b"
        socket.answer(**TURN, generate=False)


@pytest.mark.parametrize("abruptly", [True, False])
def test_a_client_that_leaves_ends_its_turns(gateway: Gateway, native: Provider, *, abruptly: bool) -> None:
    gates = [Gate(), Gate()]
    native.answer(*map(gated, gates))
    rows = gateway.rows()
    with opened(gateway) as socket:
        for name, gate in zip("ab", gates, strict=True):
            socket.create(model=NATIVE_MODEL, input="Hi", stream_id=name)
            gate.wait_until_reached()
        socket.create(model=NATIVE_MODEL, input="Hi", stream_id="a")
        if abruptly:
            socket.connection.socket.close()
        else:
            socket.connection.close()
        for gate in gates:
            gate.wait_until_left()
    assert gateway.rows() == rows
    assert len(native.seen) == 2


def test_an_old_connection_ends_with_a_word(other_gateway: OtherGateway, native: Provider) -> None:
    gateway = other_gateway(websocket=WebSocketSettings(lifetime_seconds=1.5))
    gate = Gate()
    native.answer(gated(gate))
    with opened(gateway) as socket, opened(gateway) as idle:
        socket.create(**TURN)
        gate.wait_until_reached()
        socket.create(**TURN)
        events = [socket.next()]
        while events[-1]["type"] != "error":
            events.append(socket.next())
        told = [events.pop()]
        gate.open()
        events += socket.turn()
        check_stream(events)
        told += [socket.error(), idle.error()]
        for frame in told:
            assert frame["error"]["code"] == "websocket_connection_limit_reached"
            assert frame["error"]["message"].startswith("Responses websocket connection limit reached (0.025 minutes).")
        for each in (socket, idle):
            closed = each.end()
            assert closed.rcvd is not None
            assert closed.rcvd.code == 1001


def test_a_stopping_server_lets_running_turns_end(tmp_path: Path, native: Provider, chat: Provider) -> None:
    gate = Gate()
    native.answer(gated(gate))
    with spawned(settings_for(tmp_path, native.url, chat.url)) as serving:
        with opened(serving.gateway) as socket, opened(serving.gateway) as idle:
            socket.create(**TURN)
            gate.wait_until_reached()
            serving.process.send_signal(signal.SIGTERM)
            closed = idle.end()
            assert closed.rcvd is not None
            assert closed.rcvd.code == 1012
            socket.create(**TURN)
            events = [socket.next()]
            while events[-1]["type"] != "error":
                events.append(socket.next())
            assert events.pop()["error"]["code"] == "shutting_down"
            gate.open()
            events += socket.turn()
            check_stream(events)
            assert events[-1]["type"] == "response.completed"
            closed = socket.end()
            assert closed.rcvd is not None
            assert closed.rcvd.code == 1012
        assert serving.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_a_turn_that_outlasts_the_stop_fails_properly(tmp_path: Path, native: Provider, chat: Provider) -> None:
    made = chat_frames(words("one two three four"))
    gate = Gate()
    chat.answer(stream(*made[:4], gate, *made[4:]))
    settings = settings_for(tmp_path, native.url, chat.url, server=ServerSettings(shutdown_seconds=0.2))
    with spawned(settings) as serving:
        with opened(serving.gateway) as socket:
            socket.create(model=CHAT_MODEL, input="Hi")
            gate.wait_until_reached()
            serving.process.send_signal(signal.SIGTERM)
            told = socket.turn()
            check_stream(told)
            assert [event["type"] for event in told[-2:]] == ["error", "response.failed"]
            socket.end()
        gate.wait_until_left()
        assert serving.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_steering_is_declined_with_what_it_brought(gateway: Gateway) -> None:
    with opened(gateway) as socket:
        socket.send({"type": "response.steer", "previous_response_id": "resp_x", "input": "more"})
        told = socket.next()
        assert told["type"] == "response.steer.failed"
        assert told["error"]["code"] == "steering_not_supported"
        assert told["steer"] == {"input": "more", "previous_response_id": "resp_x"}
        ready(socket)


def ready(socket: Socket) -> None:
    assert socket.answer(**TURN, generate=False)["status"] == "completed"
