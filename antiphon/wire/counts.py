"""The tokens of an answer by what they cost, read from its response object."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct


class Counts(Struct, frozen=True, kw_only=True):
    """Tokens. `input` and `output` are everything; the others are parts of them. `service` is the tier that answered.

    `cache_write_1h` is a part of `cache_write`: what the provider keeps for an hour.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    image_input: int = 0
    image_output: int = 0
    service: str = ""


class _Input(Struct, frozen=True):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class _Output(Struct, frozen=True):
    reasoning_tokens: int = 0


class _Kinds(Struct, frozen=True):
    audio_tokens: int = 0
    image_tokens: int = 0


class _Usage(Struct, frozen=True):
    """The members that are integers in every answer of ours."""

    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _Input = _Input()
    output_tokens_details: _Output = _Output()
    prompt_tokens_details: _Kinds = _Kinds()
    completion_tokens_details: _Kinds = _Kinds()
    raw_usage: Raw = Raw(b"{}")


class _Response(Struct, frozen=True):
    usage: _Usage | None = None
    service_tier: object = None


class _CacheCreation(Struct, frozen=True):
    ephemeral_1h_input_tokens: int = 0


class _RawUsage(Struct, frozen=True):
    """Anthropic's own object, which alone tells how long a cache is kept."""

    cache_creation: _CacheCreation | None = None


_response: Final = msgspec.json.Decoder(_Response).decode
_raw_usage: Final = msgspec.json.Decoder(_RawUsage).decode


def counts_of(response: bytes) -> Counts | None:
    """What a response object as clients see it tells of its tokens; None where it tells nothing."""
    try:
        known = _response(response)
    except msgspec.DecodeError:
        return None
    usage, service = known.usage, known.service_tier
    if usage is None:
        return None
    sent, made = usage.prompt_tokens_details, usage.completion_tokens_details
    written = usage.input_tokens_details.cache_write_tokens
    return Counts(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cached=usage.input_tokens_details.cached_tokens,
        cache_write=written,
        cache_write_1h=min(written, _kept_long(usage.raw_usage)) if written else 0,
        reasoning=usage.output_tokens_details.reasoning_tokens,
        audio_input=sent.audio_tokens,
        audio_output=made.audio_tokens,
        image_input=sent.image_tokens,
        image_output=made.image_tokens,
        service=service if isinstance(service, str) else "",
    )


def together(first: Counts, second: Counts) -> Counts:
    """What two answers to one request took; the tier is the second's."""
    members = (name for name in Counts.__struct_fields__ if name != "service")
    return Counts(service=second.service, **{name: getattr(first, name) + getattr(second, name) for name in members})


def _kept_long(raw: Raw) -> int:
    try:
        created = _raw_usage(raw).cache_creation
    except msgspec.DecodeError:
        return 0
    return 0 if created is None else max(0, created.ephemeral_1h_input_tokens)
