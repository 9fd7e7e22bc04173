"""What the log is told of answers that fail once their clients have been told of success."""

from __future__ import annotations

import logging

import httpx
import pytest

from antiphon.metrics import FAILED
from antiphon.observe.logs import severity_of
from antiphon.records import RequestRecord
from tests.e2e.exchanges import Item, chat_chunk, message, native_frame, native_frames, native_response
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL, Gateway
from tests.e2e.sockets import opened
from tests.e2e.upstream import Cut, Provider, Reply, stream

SAID = [{"role": "user", "content": "Hi"}]
CONTENTS = [{"role": "user", "parts": [{"text": "Hi"}]}]
STREAMED: dict[str, Item] = {
    "/v1/responses": {"model": NATIVE_MODEL, "input": "Hi"},
    "/v1/chat/completions": {"model": NATIVE_MODEL, "messages": SAID},
    "/v1/messages": {"model": NATIVE_MODEL, "messages": SAID, "max_tokens": 9},
}


def cut() -> Reply:
    return stream(*native_frames(message("one two three"))[:6], Cut())


def failing(**error: str) -> Reply:
    failed = native_response(status="failed", error=error, usage=None)
    last = native_frame({"type": "response.failed", "sequence_number": 6, "response": failed})
    return stream(*native_frames(message("one two three"))[:6], last)


def check_failed(record: RequestRecord, status: int = 502) -> None:
    assert (record.status, record.error_status) == (200, status)
    assert record.error
    assert record.error_code
    assert severity_of(record) == logging.ERROR


@pytest.mark.parametrize("path", STREAMED)
def test_a_stream_that_is_cut_is_a_failure(
    wire: httpx.Client, native: Provider, records: list[RequestRecord], path: str
) -> None:
    native.answer(cut())
    assert wire.post(path, json=STREAMED[path] | {"stream": True}).status_code == 200
    check_failed(records[-1])


def test_so_is_one_in_googles_words(wire: httpx.Client, native: Provider, records: list[RequestRecord]) -> None:
    native.answer(cut())
    wire.post(f"/v1beta/models/{NATIVE_MODEL}:streamGenerateContent?alt=sse", json={"contents": CONTENTS})
    check_failed(records[-1])


def test_so_is_one_that_is_relayed(wire: httpx.Client, chat: Provider, records: list[RequestRecord]) -> None:
    chat.answer(stream(chat_chunk({"content": "x"}), Cut()))
    labels = ("/v1/chat/completions", 502, "openai")
    before = FAILED.cells.get(labels, [0])[0]
    wire.post("/v1/chat/completions", json={"model": CHAT_MODEL, "messages": SAID, "stream": True})
    check_failed(records[-1])
    assert FAILED.cell(labels) == [before + 1]


def test_so_is_one_that_is_to_be_kept(wire: httpx.Client, native: Provider, records: list[RequestRecord]) -> None:
    native.answer(cut())
    wire.post("/v1/chat/completions", json=STREAMED["/v1/chat/completions"] | {"stream": True, "store": True})
    check_failed(records[-1])


def test_so_is_one_under_an_idempotency_key(wire: httpx.Client, native: Provider, records: list[RequestRecord]) -> None:
    native.answer(cut())
    body = STREAMED["/v1/responses"] | {"stream": True}
    wire.post("/v1/responses", json=body, headers={"idempotency-key": "failing"})
    check_failed(records[-1])


def test_so_is_one_in_the_background_that_is_followed(
    wire: httpx.Client, native: Provider, records: list[RequestRecord]
) -> None:
    native.answer(cut())
    wire.post("/v1/responses", json=STREAMED["/v1/responses"] | {"stream": True, "background": True})
    check_failed(records[-1])


def test_so_is_one_on_a_websocket(gateway: Gateway, native: Provider, records: list[RequestRecord]) -> None:
    native.answer(cut())
    with opened(gateway) as socket:
        socket.create(**STREAMED["/v1/responses"])
        socket.turn()
    [record] = [each for each in records if each.method == "response.create"]
    check_failed(record)


def test_a_failure_that_the_provider_tells_is_one(
    wire: httpx.Client, native: Provider, records: list[RequestRecord]
) -> None:
    native.answer(failing(code="server_error", message="oops"))
    wire.post("/v1/responses", json=STREAMED["/v1/responses"] | {"stream": True})
    check_failed(records[-1])
    assert (records[-1].error, records[-1].error_code) == ("oops", "server_error")


def test_one_that_is_the_clients_fault_is_no_fault_of_ours(
    wire: httpx.Client, native: Provider, records: list[RequestRecord]
) -> None:
    native.answer(failing(code="invalid_prompt", message="Flagged."))
    wire.post("/v1/responses", json=STREAMED["/v1/responses"] | {"stream": True})
    assert (records[-1].error, records[-1].error_status) == ("Flagged.", 400)
    assert severity_of(records[-1]) == logging.INFO


def test_an_answer_that_goes_well_has_none(wire: httpx.Client, native: Provider, records: list[RequestRecord]) -> None:
    native.answer(stream(*native_frames(message("one"))))
    wire.post("/v1/responses", json=STREAMED["/v1/responses"] | {"stream": True})
    assert (records[-1].error, records[-1].error_code, records[-1].error_status) == (None, None, 0)
