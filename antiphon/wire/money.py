"""What an answer costs: its tokens times the price of its model, in whole nano-dollars.

Law: prices are decimal numbers as vendors print them, so no binary fraction ever comes between a price and a cost; the
only rounding is the last one, of the sum, to the nearest nano-dollar.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from antiphon.wire.counts import Counts

Rate = Decimal | UnsetType
"""Dollars for a million tokens."""

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


class Step(Rates, frozen=True, kw_only=True, omit_defaults=True):
    """What every token of a request costs whose input is longer than `over`; what is not set stays as it was."""

    over: int


class Tariff(Rates, frozen=True, kw_only=True, omit_defaults=True):
    """Rates with their steps, the lowest first; or, in a service tier, so many `times` the usual ones."""

    steps: tuple[Step, ...] = ()
    times: Decimal | UnsetType = UNSET


class Price(Tariff, frozen=True, kw_only=True, omit_defaults=True):
    """What a model costs: by default, and in each service tier that has a tariff of its own (batch, flex, priority)."""

    services: Mapping[str, Tariff] = {}


def cost_nanos(counts: Counts, price: Price) -> int | None:
    """The nano-dollars of an answer with these tokens; None where the price of a kind that it has is not known.

    A service tier without a tariff of its own is not guessed at: only what is the default costs the default.
    """
    tariff, times = _tariff(price, counts.service)
    if tariff is None:
        return None
    input_rate, output_rate = _rate(tariff, counts.input, "input"), _rate(tariff, counts.input, "output")
    if input_rate is None or output_rate is None:
        return None

    def priced(tokens: int, rate: Decimal, *kinds: str) -> Decimal:
        """Of the kinds of these tokens the first whose rate is known, else `rate`."""
        if not tokens:
            return _NOTHING
        known = (found for kind in kinds if (found := _rate(tariff, counts.input, kind)) is not None)
        return tokens * next(known, rate)

    plain_input = counts.input - counts.cached - counts.cache_write - counts.audio_input - counts.image_input
    plain_output = counts.output - counts.reasoning - counts.audio_output - counts.image_output
    total = (
        max(plain_input, 0) * input_rate
        + priced(counts.cached, input_rate, "cached_input")
        + priced(counts.cache_write - counts.cache_write_1h, input_rate, "cache_write")
        + priced(counts.cache_write_1h, input_rate, "cache_write_1h", "cache_write")
        + priced(counts.audio_input, input_rate, "audio_input")
        + priced(counts.image_input, input_rate, "image_input")
        + max(plain_output, 0) * output_rate
        + priced(counts.reasoning, output_rate, "reasoning")
        + priced(counts.audio_output, output_rate, "audio_output")
        + priced(counts.image_output, output_rate, "image_output")
    )
    return round(total * times * _NANOS)


def _tariff(price: Price, service: str) -> tuple[Tariff | None, Decimal]:
    if service in _DEFAULT_SERVICES:
        return price, _ONCE
    tariff = price.services.get(service)
    if tariff is not None and tariff.times is not UNSET:
        return price, tariff.times
    return tariff, _ONCE


def _rate(tariff: Tariff, input_tokens: int, kind: str) -> Decimal | None:
    found: Rate = getattr(tariff, kind)
    reached = -1
    for step in tariff.steps:
        rate: Rate = getattr(step, kind)
        if reached < step.over < input_tokens and rate is not UNSET:
            found, reached = rate, step.over
    return None if found is UNSET else found
