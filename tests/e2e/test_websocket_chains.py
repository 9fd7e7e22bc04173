"""Going on from an answer over a WebSocket, be it stored or not."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.e2e.exchanges import chat_stream, function_call, message, native_stream, reasoning
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.sockets import Event, opened
from tests.e2e.upstream import Provider, refusing

SEALED = "gAAAAABsealed-by-native"
UNSTORED = {"model": NATIVE_MODEL, "store": False}
NOT_FOUND = "previous_response_not_found"


def test_a_chain_that_is_stored_nowhere_is_read_as_one_that_is(
    gateway: Gateway, client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    rows = gateway.rows()
    sent: list[Any] = []
    for stored in (False, True):
        native.answer(
            native_stream(reasoning("r", SEALED), message("one")),
            native_stream(message("three", "msg_3")),
        )
        chat.answer(chat_stream("two"))
        turns: list[dict[str, Any]] = [
            {"model": NATIVE_MODEL, "input": "1", "instructions": "Speak German"},
            {"model": CHAT_MODEL, "input": [{"role": "user", "content": "2"}]},
            {"model": NATIVE_MODEL, "input": "3", "stream_id": "other"},
        ]
        previous: str | None = None
        with opened(gateway) as socket:
            for turn in turns:
                if stored:
                    turn.pop("stream_id", None)
                    for event in client.responses.create(**turn, previous_response_id=previous, stream=True):
                        if event.type == "response.completed":
                            previous = event.response.id
                else:
                    made = socket.answer(**turn, store=False, previous_response_id=previous)
                    assert made["previous_response_id"] == previous
                    previous = made["id"]
        sent.append((native.seen[1].json["input"], chat.seen[0].json["messages"]))
        native.reset()
        chat.reset()
        assert gateway.rows() == rows + (3 if stored else 0)
    assert sent[0] == sent[1]
    assert SEALED in str(sent[0])


def test_a_stored_chain_may_leave_the_store_and_come_back(
    gateway: Gateway, client: openai.OpenAI, native: Provider
) -> None:
    native.answer(*(native_stream(message(text, f"msg_{text}")) for text in ("one", "two", "three", "four")))
    with opened(gateway) as socket:
        root = socket.answer(model=NATIVE_MODEL, input="1")["id"]
    with opened(gateway) as socket:
        second = socket.answer(**UNSTORED, input="2", previous_response_id=root)
        third = socket.answer(model=NATIVE_MODEL, input="3", previous_response_id=second["id"])
        assert client.responses.retrieve(third["id"]).output_text == "three"
        with pytest.raises(openai.BadRequestError) as elsewhere:
            client.responses.create(model=NATIVE_MODEL, input="x", previous_response_id=third["id"])
        assert elsewhere.value.code == NOT_FOUND
        socket.answer(**UNSTORED, input="4", previous_response_id=third["id"], stream_id="fork")
        texts = [item["content"][0]["text"] for item in native.seen[3].json["input"]]
        assert texts == ["1", "one", "2", "two", "3", "three", "4"]
        client.responses.delete(root)
        for lost in (root, third["id"]):
            assert socket.refused(**UNSTORED, input="x", previous_response_id=lost)["error"]["code"] == NOT_FOUND


def test_what_is_not_stored_is_gone_with_its_connection(gateway: Gateway, native: Provider) -> None:
    native.answer(native_stream(message("one")), native_stream(message("again")))
    with opened(gateway) as socket:
        made = socket.answer(**UNSTORED, input="1")
    with opened(gateway) as socket:
        told = socket.refused(**UNSTORED, input="2", previous_response_id=made["id"])
        assert (told["status"], told["error"]["code"]) == (400, NOT_FOUND)
        assert told["error"]["message"] == f"Previous response with id '{made['id']}' not found."
        assert socket.answer(**UNSTORED, input="1 and 2")["status"] == "completed"


def test_somebody_elses_answer_is_unknown(gateway: Gateway, native: Provider) -> None:
    native.answer(native_stream(message("one")), native_stream(message("two")))
    with opened(gateway) as mine, opened(gateway, KEY_B) as theirs:
        for store in (True, False):
            made = mine.answer(model=NATIVE_MODEL, input="1", store=store)
            told = theirs.refused(**UNSTORED, input="2", previous_response_id=made["id"])
            nobody = theirs.refused(**UNSTORED, input="2", previous_response_id="resp_nobody")
            assert told["error"]["code"] == nobody["error"]["code"] == NOT_FOUND
            assert told["error"]["message"].replace(made["id"], "resp_nobody") == nobody["error"]["message"]


def broken(call_id: str = "call_unknown") -> list[Event]:
    return [{"type": "function_call_output", "call_id": call_id, "output": "x"}]


def test_a_failed_turn_makes_its_lane_forget_what_it_went_on_from(
    gateway: Gateway, native: Provider, chat: Provider
) -> None:
    chat.answer(chat_stream("one"), chat_stream("fork"))
    native.answer(refusing("no", 400), native_stream(function_call("f", "{}", "call_1")), refusing("no", 400))
    turn: Event = {"model": CHAT_MODEL, "store": False}
    with opened(gateway) as socket:
        first = socket.answer(**turn, input="1")["id"]
        failed = socket.refused(**turn, input=broken(), previous_response_id=first, stream_id="other")
        assert "call_unknown" in failed["error"]["message"]
        socket.refused(**UNSTORED, input="2", previous_response_id=first, stream_id="other")
        fork = socket.answer(**turn, input="2", previous_response_id=first, stream_id="other")["id"]
        assert socket.refused(**turn, input=broken(), previous_response_id=first)["error"]["code"] != NOT_FOUND
        assert socket.refused(**turn, input="2", previous_response_id=first)["error"]["code"] == NOT_FOUND
        socket.answer(**UNSTORED, input="3", previous_response_id=fork, stream_id="other")
        stored = socket.answer(model=NATIVE_MODEL, input="1", generate=False)["id"]
        assert socket.refused(**UNSTORED, input="2", previous_response_id=stored)["error"]["code"] != NOT_FOUND
        assert socket.answer(**UNSTORED, generate=False, previous_response_id=stored)["status"] == "completed"


@pytest.mark.parametrize("store", [True, False])
def test_a_warm_up_asks_nobody_and_can_be_gone_on_from(
    gateway: Gateway, client: openai.OpenAI, native: Provider, *, store: bool
) -> None:
    native.answer(native_stream(message("one")))
    rows = gateway.rows()
    with opened(gateway) as socket:
        socket.create(model=NATIVE_MODEL, input="1", instructions="Be brief", generate=False, store=store)
        told = socket.turn()
        assert [event["type"] for event in told] == ["response.created", "response.in_progress", "response.completed"]
        assert [event["sequence_number"] for event in told] == [0, 1, 2]
        warm = told[-1]["response"]
        assert (warm["status"], warm["output"], warm["usage"]["total_tokens"]) == ("completed", [], 0)
        assert warm["completed_at"] is not None
        assert not native.seen
        assert gateway.rows() == rows + store
        if store:
            assert client.responses.retrieve(warm["id"]).to_dict() == warm
        socket.answer(model=NATIVE_MODEL, input="2", store=store, previous_response_id=warm["id"])
    assert [item["content"][0]["text"] for item in native.seen[0].json["input"]] == ["1", "2"]


def test_a_warm_up_is_checked(gateway: Gateway) -> None:
    with opened(gateway) as socket:
        assert socket.refused(model="nobody/x", generate=False)["error"]["code"] == "model_not_found"
        told = socket.refused(model=CHAT_MODEL, input=broken(), generate=False)
        assert "call_unknown" in told["error"]["message"]
        assert socket.answer(model=CHAT_MODEL, generate=False)["output"] == []
