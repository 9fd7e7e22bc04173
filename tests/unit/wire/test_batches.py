"""Batches as they are shown, their states, and what all their answers used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import get_args

import msgspec
import pytest
from msgspec import structs
from openai.types import Batch as OpenAIBatch

from antiphon.errors import BadRequest
from antiphon.setting_types import WebhookEvent
from antiphon.wire.batch_states import CANCELLABLE, ENDED, NEXT
from antiphon.wire.batch_usage import Totals
from antiphon.wire.batch_values import LineAnswer, LineResult, Outcome
from antiphon.wire.batches import answered_line, shown_batch, window_seconds
from antiphon.wire.message_batches import RESULTS_SECONDS, result_line, shown_message_batch
from tests.contracts.batch_store import batch
from tests.contracts.responses_store import NOW


def result(body: bytes | None, outcome: Outcome = "succeeded", status: int = 200) -> LineResult:
    answer = None if body is None else LineAnswer(status=status, request_id="req_1", body=body)
    return LineResult(number=7, custom_id="seven", outcome=outcome, answer=answer)


def ways(so_far: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every way on to an end. Recursion would not come back from a circle."""
    following = NEXT[so_far[-1]]
    if not following:
        yield so_far
    for status in sorted(following):
        yield from ways((*so_far, status))


def test_every_way_through_the_states_comes_to_one_end() -> None:
    every = list(ways(("validating",)))
    assert {way[-1] for way in every} == ENDED
    for way in every:
        assert len(set(way)) == len(way) <= 5
        assert "finalizing" in way or "cancelling" in way or way[-1] == "failed"


def test_the_states_are_those_that_clients_know() -> None:
    known = OpenAIBatch.model_fields["status"].annotation
    assert set(NEXT) == set(getattr(known, "__args__", ()))
    told = {event.removeprefix("batch.") for event in get_args(WebhookEvent) if event.startswith("batch.")}
    assert told == ENDED
    assert {"validating", "in_progress"} == CANCELLABLE


@pytest.mark.parametrize(("window", "seconds"), [("24h", 86_400), ("90m", 5400), ("7d", 604_800), ("30d", 2_592_000)])
def test_windows(window: str, seconds: int) -> None:
    assert window_seconds(window) == seconds


@pytest.mark.parametrize("window", ["", "24", "h", "0h", "31d", "24 h", "-1h", "1.5h", "24h\n"])
def test_what_is_no_window(window: str) -> None:
    with pytest.raises(BadRequest):
        window_seconds(window)


@pytest.mark.parametrize("body", [b'{"a":\n  1}', b'{"a":1}', b'{\r\n"a":1}'], ids=["laid out", "short", "returns"])
def test_an_answer_is_one_line(body: bytes) -> None:
    told = answered_line("batch_0123", result(body))
    assert told.count(b"\n") == 1
    assert json.loads(told)["response"]["body"] == {"a": 1}
    message = result_line(result(body))
    assert (message.count(b"\n"), json.loads(message)["result"]["message"]) == (1, {"a": 1})


def test_an_answer_that_is_no_json_does_not_spoil_the_file() -> None:
    told = json.loads(answered_line("batch_0123", result(b"<html>\n", "errored", 502)))
    assert told["response"]["body"] == "<html>\n"
    failed = json.loads(result_line(result(b"<html>\n", "errored", 502)))["result"]
    assert (failed["type"], failed["error"]["error"]["type"]) == ("errored", "api_error")


@pytest.mark.parametrize(("outcome", "code"), [("expired", "batch_expired"), ("canceled", "batch_cancelled")])
def test_what_nobody_came_to(outcome: Outcome, code: str) -> None:
    told = json.loads(answered_line("batch_0123", result(None, outcome)))
    assert (told["response"], told["error"]["code"]) == (None, code)
    assert json.loads(result_line(result(None, outcome)))["result"] == {"type": outcome}


def test_a_batch_fits_the_client_s_type() -> None:
    shown = json.loads(msgspec.json.encode(shown_batch(batch("1", total=3))))
    assert OpenAIBatch.model_validate(shown).request_counts is not None


def test_results_of_messages_go_after_a_month() -> None:
    over = structs.replace(batch("1"), kind="anthropic", status="completed", completed_at=NOW + 5)
    assert shown_message_batch(over, NOW + 6).results_url == "/v1/messages/batches/batch_1/results"
    later = shown_message_batch(over, NOW + RESULTS_SECONDS)
    assert (later.results_url, later.archived_at is None) == (None, False)


def test_usage_is_summed_over_every_shape() -> None:
    totals = Totals()
    assert totals.told() is None
    for body in (
        b'{"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":5}}',
        b'{"usage":{"output_tokens_details":{"reasoning_tokens":2}}}',
        b'{"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4,"prompt_tokens_details":null}}',
        b'{"usage":{"prompt_tokens":7,"total_tokens":7}}',
        b'{"usage":{"input_tokens":1,"cache_read_input_tokens":20,"cache_creation_input_tokens":5,"output_tokens":2}}',
        b'{"id":"modr-1"}',
        b"no json",
    ):
        totals.add(body)
    assert json.loads(totals.told() or b"") == {
        "input_tokens": 46,
        "input_tokens_details": {"cached_tokens": 24},
        "output_tokens": 8,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 54,
    }
