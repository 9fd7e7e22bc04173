"""What an answer costs: its tokens times the price of its model, in whole nano-dollars.

Law: prices are decimal numbers as vendors print them, so no binary fraction ever comes between a price and a cost; the
only rounding is the last one, of the sum, to the nearest nano-dollar.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from antiphon.wire.counts import Counts

Rate = Decimal | UnsetType
"""Dollars for a million tokens."""

Kinds = tuple[str, ...]
"""The names of rates, the one that is meant first, then those that hold where it is not known."""

_NANOS: Final = 1000
"""A dollar for a million tokens is so many nano-dollars for one."""

_NOTHING: Final = Decimal(0)
_ONCE: Final = Decimal(1)

_DEFAULT_SERVICES: Final = frozenset({"", "auto", "default", "standard"})


class Rates(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Dollars for a million tokens of each kind. What is not set costs what the next wider kind does.

    `cached_input` was read from the provider's cache, `cache_write` written to it, `cache_write_1h` to be kept for an
    hour; `reasoning` is output that was thought.
    """

    input: Rate = UNSET
    output: Rate = UNSET
    cached_input: Rate = UNSET
    cache_write: Rate = UNSET
    cache_write_1h: Rate = UNSET
    reasoning: Rate = UNSET
    audio_input: Rate = UNSET
    audio_output: Rate = UNSET
    image_input: Rate = UNSET
    image_output: Rate = UNSET


R = TypeVar("R", bound=Rates)
_RATES: Final = Rates.__struct_fields__


class Step(Rates, frozen=True, kw_only=True, omit_defaults=True):
    """What every token of a request costs whose input is longer than `over`; what is not set stays as it was."""

    over: int


class Tariff(Rates, frozen=True, kw_only=True, omit_defaults=True):
    """Rates with their steps, the lowest first; or, in a service tier, so many `times` the usual ones."""

    steps: tuple[Step, ...] = ()
    times: Decimal | UnsetType = UNSET


class Price(Tariff, frozen=True, kw_only=True, omit_defaults=True):
    """What a model costs: by default, and in each service tier that has a tariff of its own (batch, flex, priority)."""

    services: dict[str, Tariff] = {}


def cost_nanos(counts: Counts, price: Price) -> int | None:
    """The nano-dollars of an answer with these tokens; None where input or output has no price.

    A service tier without a tariff of its own is not guessed at: only what is the default costs the default.
    """
    tariff, times = _tariff(price, counts.service)
    if tariff is None:
        return None
    long = counts.input
    input_rate, output_rate = _rate(tariff, long, "input"), _rate(tariff, long, "output")
    if input_rate is None or output_rate is None:
        return None
    total = counts.input * input_rate + counts.output * output_rate
    for tokens, usual, kinds in _parts(counts, input_rate, output_rate):
        rate = next((rate for kind in kinds if (rate := _rate(tariff, long, kind)) is not None), usual)
        total += tokens * (rate - usual)
    return round(max(total, _NOTHING) * times * _NANOS)


def price_in(price: Price, service: str) -> Price | None:
    """What a model costs whose every request is in this service tier; None where that has no tariff of its own."""
    tariff, times = _tariff(price, service)
    if tariff is None:
        return None
    steps = tuple(_multiplied(step, times) for step in tariff.steps)
    rates = {name: rate for name, rate in structs.asdict(_multiplied(tariff, times)).items() if name in _RATES}
    return Price(**rates, steps=steps, services={service: Tariff(**rates, steps=steps)})


def _multiplied(rates: R, times: Decimal) -> R:
    known = {name: rate for name in _RATES if (rate := getattr(rates, name)) is not UNSET}
    return structs.replace(rates, **{name: rate * times for name, rate in known.items()})


def _parts(counts: Counts, input_rate: Decimal, output_rate: Decimal) -> Iterator[tuple[int, Decimal, Kinds]]:
    """The tokens that may cost something else than the whole they are a part of: what that is, and their own rates."""
    if counts.cached:
        yield counts.cached, input_rate, ("cached_input",)
    if counts.cache_write:
        yield counts.cache_write - counts.cache_write_1h, input_rate, ("cache_write",)
        yield counts.cache_write_1h, input_rate, ("cache_write_1h", "cache_write")
    if counts.audio_input:
        yield counts.audio_input, input_rate, ("audio_input",)
    if counts.image_input:
        yield counts.image_input, input_rate, ("image_input",)
    if counts.reasoning:
        yield counts.reasoning, output_rate, ("reasoning",)
    if counts.audio_output:
        yield counts.audio_output, output_rate, ("audio_output",)
    if counts.image_output:
        yield counts.image_output, output_rate, ("image_output",)


def _tariff(price: Price, service: str) -> tuple[Tariff | None, Decimal]:
    if service in _DEFAULT_SERVICES:
        return price, _ONCE
    tariff = price.services.get(service)
    if tariff is not None and tariff.times is not UNSET:
        return price, tariff.times
    return tariff, _ONCE


def _rate(tariff: Tariff, input_tokens: int, kind: str) -> Decimal | None:
    found: Rate = getattr(tariff, kind)
    if not tariff.steps:
        return None if found is UNSET else found
    reached = -1
    for step in tariff.steps:
        rate: Rate = getattr(step, kind)
        if reached < step.over < input_tokens and rate is not UNSET:
            found, reached = rate, step.over
    return None if found is UNSET else found
