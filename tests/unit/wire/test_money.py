"""What answers cost: recorded usages against an arithmetic of fractions, and the rules one by one."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from antiphon.providers.knowledge import Knowledge
from antiphon.wire.counts import Counts, counts_of
from antiphon.wire.money import Price, Rates, cost_nanos, price_in
from antiphon.wire.usage import completed_usage

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
ROWS = {
    "openai.responses": "openai",
    "azure.responses": "azure",
    "xai.responses": "xai",
    "deepseek.responses": "deepseek",
}
KNOWLEDGE = Knowledge({})

PRICE = msgspec.convert(
    {
        "input": "2.5",
        "output": "15",
        "cached_input": "0.25",
        "cache_write": "3.125",
        "cache_write_1h": "5",
        "audio_input": "40",
        "audio_output": "80",
        "image_output": "30",
        "reasoning": "20",
        "steps": [{"over": 200, "input": "5", "output": "22.5"}, {"over": 1000, "input": "6"}],
        "services": {"flex": {"times": "0.5"}, "priority": {"input": "5", "output": "30"}},
    },
    Price,
)


def recorded() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every final response with a usage, by the name of its recording."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for api, row in ROWS.items():
        for path in sorted((RECORDINGS / api).glob("*.json")):
            response = json.loads(path.read_bytes())["response"]
            final: dict[str, Any] = response.get("body") or {}
            for line in response.get("sse", "").splitlines():
                if line.startswith("data: {") and '"response.completed"' in line:
                    final = json.loads(line[6:])["response"]
            if final.get("usage"):
                found[path.stem] = (row, final)
    return found


RECORDED = recorded()


def in_fractions(usage: dict[str, Any], price: Rates) -> Fraction:
    """Nano-dollars, read from the provider's own object."""

    def dollars(name: str, other: Fraction) -> Fraction:
        rate = getattr(price, name)
        return other if rate is UNSET else Fraction(rate)

    read, written = Fraction(str(price.input)), Fraction(str(price.output))
    sent: dict[str, int] = usage.get("input_tokens_details") or {}
    made: dict[str, int] = usage.get("output_tokens_details") or {}
    cached, thought = sent.get("cached_tokens") or 0, made.get("reasoning_tokens") or 0
    stored = sent.get("cache_write_tokens") or 0
    total = (usage["input_tokens"] - cached - stored) * read + cached * dollars("cached_input", read)
    total += stored * dollars("cache_write", read)
    total += (usage["output_tokens"] - thought) * written + thought * dollars("reasoning", written)
    return total * 1000


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_answer_costs_what_its_tokens_do(name: str) -> None:
    row, final = RECORDED[name]
    shown = final | {"usage": msgspec.Raw(completed_usage(msgspec.Raw(json.dumps(final["usage"]).encode())))}
    counts = counts_of(msgspec.json.encode(shown))
    assert counts is not None
    assert (counts.input, counts.output) == (final["usage"]["input_tokens"], final["usage"]["output_tokens"])
    price = KNOWLEDGE.fact("x", row, final["model"]).price
    if price is UNSET:
        price = PRICE
    plain = msgspec.structs.replace(price, steps=(), services={})
    counts = msgspec.structs.replace(counts, service="")
    cost = cost_nanos(counts, plain)
    assert cost is not None
    assert abs(cost - in_fractions(final["usage"], plain)) <= Fraction(1, 2)


def test_most_recorded_answers_are_of_models_whose_price_is_known() -> None:
    priced = [
        name for name, (row, final) in RECORDED.items() if KNOWLEDGE.fact("", row, final["model"]).price is not UNSET
    ]
    assert len(priced) >= 0.7 * len(RECORDED) > 50


@pytest.mark.parametrize(
    ("counts", "nanos"),
    [
        (Counts(), 0),
        (Counts(input=100, output=10), 250_000 + 150_000),
        (Counts(input=100, cached=40), 60 * 2500 + 40 * 250),
        (Counts(input=100, cache_write=40), 60 * 2500 + 40 * 3125),
        (Counts(input=100, cache_write=40, cache_write_1h=30), 60 * 2500 + 10 * 3125 + 30 * 5000),
        (Counts(input=100, audio_input=50), 50 * 2500 + 50 * 40_000),
        (Counts(input=100, image_input=50), 100 * 2500),
        (Counts(output=100, reasoning=60), 40 * 15_000 + 60 * 20_000),
        (Counts(output=100, audio_output=60), 40 * 15_000 + 60 * 80_000),
        (Counts(output=100, image_output=60), 40 * 15_000 + 60 * 30_000),
        (Counts(input=200, output=1), 200 * 2500 + 15_000),
        (Counts(input=201, output=1), 201 * 5000 + 22_500),
        (Counts(input=1001, output=1), 1001 * 6000 + 22_500),
        (Counts(input=1001, cached=1), 1000 * 6000 + 250),
        (Counts(input=100, service="flex"), 125_000),
        (Counts(input=201, service="flex"), 201 * 2500),
        (Counts(input=201, output=1, service="priority"), 201 * 5000 + 30_000),
        (Counts(input=100, service="default"), 250_000),
        (Counts(input=100, service="auto"), 250_000),
        (Counts(input=100, service="scale"), None),
    ],
)
def test_every_kind_of_token_has_its_rate(counts: Counts, nanos: int | None) -> None:
    assert cost_nanos(counts, PRICE) == nanos


def test_without_a_price_for_input_or_output_nothing_is_said() -> None:
    assert cost_nanos(Counts(input=1), Price(input=Decimal(1))) is None
    assert cost_nanos(Counts(input=1), Price(output=Decimal(1))) is None


def test_a_fraction_of_a_nano_dollar_is_rounded_once() -> None:
    price = Price(input=Decimal("0.0001"), output=Decimal("0.0003"))
    assert cost_nanos(Counts(input=1, output=1), price) == 0
    assert cost_nanos(Counts(input=3, output=3), price) == 1


tokens = st.integers(0, 10_000_000)
rates = st.decimals(0, 1000, places=6)


@given(tokens, tokens, tokens, rates, rates, rates)
def test_no_precision_is_lost(read: int, made: int, cached: int, dear: Decimal, out: Decimal, cheap: Decimal) -> None:
    cached = min(cached, read)
    cost = cost_nanos(Counts(input=read, output=made, cached=cached), Price(input=dear, output=out, cached_input=cheap))
    exact = ((read - cached) * Fraction(dear) + cached * Fraction(cheap) + made * Fraction(out)) * 1000
    assert cost == round(exact)


def body(**usage: object) -> bytes:
    return json.dumps({"usage": {"input_tokens": 9, "output_tokens": 5, **usage}, "service_tier": "flex"}).encode()


def test_the_tokens_are_read_from_the_answer_as_clients_see_it() -> None:
    usage = {
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3, "audio_tokens": None},
        "output_tokens_details": {"reasoning_tokens": 2},
        "prompt_tokens_details": {"audio_tokens": 1, "image_tokens": 2},
        "completion_tokens_details": {"audio_tokens": 3},
        "raw_usage": {"cache_creation": {"ephemeral_1h_input_tokens": 2}},
    }
    assert counts_of(body(**usage)) == Counts(
        input=9,
        output=5,
        cached=4,
        cache_write=3,
        cache_write_1h=2,
        reasoning=2,
        audio_input=1,
        image_input=2,
        audio_output=3,
        service="flex",
    )


@pytest.mark.parametrize("raw", [None, [], 1, {"cache_creation": 1}, {"cache_creation": None}, {}])
def test_whatever_a_provider_calls_usage_breaks_nothing(raw: object) -> None:
    counts = counts_of(body(input_tokens_details={"cache_write_tokens": 3}, raw_usage=raw))
    assert counts is not None
    assert (counts.cache_write, counts.cache_write_1h) == (3, 0)


@pytest.mark.parametrize("response", [b"{}", b'{"usage":null}', b'{"usage":7}', b""])
def test_an_answer_without_usage_has_no_counts(response: bytes) -> None:
    assert counts_of(response) is None


@pytest.mark.parametrize(
    ("tariff", "input_rate", "long_rate"),
    [({"times": "0.5"}, "1", "2"), ({"input": "0.7", "output": "3"}, "0.7", "0.7")],
    ids=["times", "rates"],
)
def test_the_price_in_a_tier_is_that_of_all_requests_there(tariff: Any, input_rate: str, long_rate: str) -> None:
    said = {"input": "2", "output": "8", "steps": [{"over": 100, "input": "4"}], "services": {"batch": tariff}}
    price = msgspec.convert(said, Price)
    inside = price_in(price, "batch")
    assert inside is not None
    for service in ("", "default", "batch"):
        assert cost_nanos(Counts(input=10, service=service), inside) == 10 * Decimal(input_rate) * 1000
        assert cost_nanos(Counts(input=101, service=service), inside) == 101 * Decimal(long_rate) * 1000
    assert cost_nanos(Counts(input=101, service="batch"), price) == cost_nanos(Counts(input=101), inside)
    assert price_in(price, "flex") is None
    assert cost_nanos(Counts(input=10), price_in(price, "") or price) == cost_nanos(Counts(input=10), price)
