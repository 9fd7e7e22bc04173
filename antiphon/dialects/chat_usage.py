"""Token counts of chat completions, in the spellings vendors use, as the Responses API counts."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.chat_shapes import fitted_to
from antiphon.wire.usage import NO_USAGE, CompletionDetails, PromptDetails, Usage, count, counted


class _Prompt(Struct, frozen=True, gc=False):
    cached_tokens: float | None = None
    cache_write_tokens: float | None = None
    audio_tokens: float | None = None
    image_tokens: float | None = None
    text_tokens: float | None = None


class _Completion(Struct, frozen=True, gc=False):
    reasoning_tokens: float | None = None
    audio_tokens: float | None = None
    accepted_prediction_tokens: float | None = None
    rejected_prediction_tokens: float | None = None


class _Sent(Struct, frozen=True, gc=False):
    """The object of OpenAI, with the counters that vendors put elsewhere: DeepSeek, Mistral, Together, LiteLLM."""

    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    total_tokens: float | None = None
    prompt_tokens_details: _Prompt | None = None
    completion_tokens_details: _Completion | None = None
    prompt_cache_hit_tokens: float | None = None
    num_cached_tokens: float | None = None
    cached_tokens: float | None = None
    cache_creation_input_tokens: float | None = None
    reasoning_tokens: float | None = None


_decode: Final = msgspec.json.Decoder(_Sent).decode
_NO_PROMPT: Final = _Prompt()
_NO_COMPLETION: Final = _Completion()


def usage_of(raw: Raw, *, reasoning_outside: bool) -> Usage:
    """The usage that a provider's object stands for; whatever is no count is taken as none.

    `reasoning_outside`: the provider's `completion_tokens` leave the reasoning out (xAI, and Gemini, which tells of it
    in the total alone).
    """
    sent = _sent(raw)
    if sent is None:
        return NO_USAGE
    prompt = sent.prompt_tokens_details or _NO_PROMPT
    completion = sent.completion_tokens_details or _NO_COMPLETION
    input_tokens, output_tokens = count(sent.prompt_tokens), count(sent.completion_tokens)
    reasoning = count(completion.reasoning_tokens or sent.reasoning_tokens)
    if reasoning_outside:
        beside = count(sent.total_tokens) - input_tokens - output_tokens
        if beside > 0 or sent.total_tokens is None:
            reasoning = max(reasoning, beside)
            output_tokens += reasoning
    usage = counted(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached=count(
            prompt.cached_tokens or sent.prompt_cache_hit_tokens or sent.num_cached_tokens or sent.cached_tokens
        ),
        cache_write=count(prompt.cache_write_tokens or sent.cache_creation_input_tokens),
        reasoning=reasoning,
        raw=Raw(bytes(raw)),
    )
    return msgspec.structs.replace(
        usage,
        prompt_tokens_details=PromptDetails(
            usage.input_tokens_details.cached_tokens,
            count(prompt.audio_tokens),
            count(prompt.image_tokens),
            count(prompt.text_tokens),
        ),
        completion_tokens_details=CompletionDetails(
            usage.output_tokens_details.reasoning_tokens,
            count(completion.audio_tokens),
            count(completion.accepted_prediction_tokens),
            count(completion.rejected_prediction_tokens),
        ),
    )


def _sent(raw: Raw) -> _Sent | None:
    try:
        return _decode(raw)
    except msgspec.ValidationError:
        return fitted_to(raw, _Sent)
