"""What is told of an answer's tokens and cost once it is over."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from antiphon.http.call import Call, Message
from antiphon.http.records import note_usage, record_of
from antiphon.observe.logs import human_line, json_line
from antiphon.protocols import Target
from antiphon.records import RequestRecord
from antiphon.wire.counts import Counts
from antiphon.wire.events import Outcome
from antiphon.wire.money import Price
from tests.chat_streams import a_turn
from tests.unit.providers.fakes import instance

PRICE = Price(input=Decimal("0.25"), output=Decimal(2), cached_input=Decimal("0.025"))


async def receive() -> Message:
    raise AssertionError


async def send(message: Message) -> None:
    raise AssertionError(message)


def told(outcome: Outcome, price: Price | None, **model: Any) -> RequestRecord:
    """The record of a call that ended so."""
    call = Call({"headers": []}, receive, send, "req_1")
    call.turn = a_turn(**model)
    known = instance("openai", api_key="k").target("gpt-5-mini")
    call.turn.target = Target(name="p/m", provider="p", model="m", dialect=known.dialect, post=known.post, price=price)
    note_usage(call, outcome)
    return record_of(call, "POST", "/v1/responses", 0.1, None)


def outcome(counts: Counts | None = None, **response: object) -> Outcome:
    usage = {"input_tokens": 100, "output_tokens": 10, "input_tokens_details": {"cached_tokens": 40}}
    return Outcome(
        "completed", msgspec.json.encode({"usage": usage, "service_tier": "default"} | response), counts=counts
    )


@pytest.mark.parametrize("counts", [None, Counts(input=100, output=10, cached=40)])
def test_an_answer_with_a_price_has_a_cost(counts: Counts | None) -> None:
    record = told(outcome(counts), PRICE)
    assert (record.input_tokens, record.output_tokens) == (100, 10)
    assert record.cost_nanos == 60 * 250 + 40 * 25 + 10 * 2000


@pytest.mark.parametrize("counts", [None, Counts(input=100, output=10, cached=40)])
def test_an_answer_without_a_price_has_none(counts: Counts | None) -> None:
    record = told(outcome(counts), None)
    assert (record.input_tokens, record.output_tokens, record.cost_nanos) == (100, 10, None)


def test_a_service_tier_whose_price_nobody_knows_costs_nobody_knows_what() -> None:
    record = told(outcome(service_tier="priority"), PRICE)
    assert (record.input_tokens, record.cost_nanos) == (100, None)


def test_an_answer_that_nobody_counted_has_neither() -> None:
    record = told(outcome(usage=None), PRICE)
    assert (record.input_tokens, record.cost_nanos) == (None, None)


def test_the_cost_is_in_the_log() -> None:
    record = told(outcome(), PRICE)
    assert msgspec.json.decode(json_line(0.0, record))["cost_nanos"] == 36_000
    assert "  100 in, 10 out  $0.000036  " in f"{human_line(0.0, record)}  "
    assert "cost" not in json_line(0.0, told(outcome(), None))
