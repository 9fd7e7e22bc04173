"""What becomes of each thing that a client asks for, in Cohere's chat API.

https://docs.cohere.com/reference/chat (read 2026-11).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import (
    DANGLING,
    NO_BREAKPOINT,
    NO_CUSTOM_TOOLS,
    NO_SUMMARIES,
    NO_VERBOSITY,
    ONLY_TEXT,
    ORIGINAL_DETAIL,
    REPLAYED,
)
from antiphon.dialects.fates import EMULATED, NATIVE, Fates, absent, all_of, approximated, emulated, sometimes

FATES: Final[Fates] = MappingProxyType(
    NO_CUSTOM_TOOLS
    | all_of(
        "field",
        "prompt_cache_key prompt_cache_retention safety_identifier user",
        approximated("{provider} does not take '{name}'; it was left out."),
    )
    | all_of(
        "field",
        "frequency_penalty presence_penalty",
        sometimes("{provider} takes a {name} between 0 and 1; {used:g} was used."),
    )
    | {
        "field.include.message.output_text.logprobs": NATIVE,
        "field.seed": NATIVE,
        "field.stop": NATIVE,
        "field.top_k": NATIVE,
        "field.max_output_tokens": NATIVE,
        "field.parallel_tool_calls": emulated("Only the first call of an answer is let by."),
        "field.reasoning.effort": sometimes("{model} does not reason, so it cannot be told how much to."),
        "field.reasoning.summary": NO_SUMMARIES,
        "field.service_tier": approximated("{provider} has no service tiers; '{tier}' was left out."),
        "field.temperature": NATIVE.where(
            "temperature_max",
            "is not",
            2.0,
            approximated("{provider} takes a temperature of at most {most:g}; that was used."),
        ),
        "field.text.format": sometimes(
            "{provider} does not hold its answer to a form while there are tools; the model only reads of it."
        ),
        "field.text.verbosity": NO_VERBOSITY,
        "field.top_logprobs": approximated("{provider} tells the probabilities of the tokens that it chose alone."),
        "field.top_p": sometimes("{provider} takes a top_p between 0.01 and 0.99; {used:g} was used."),
        "tool.function.strict": sometimes(
            "{provider} holds calls to their schemas for all tools or none, and only where each has a required"
            " parameter; none is held here."
        ),
        "choice.allowed_tools": EMULATED,
        "choice.function": emulated("Only that function is offered."),
        "choice.required": NATIVE,
        "item.reasoning": REPLAYED,
        "item.reasoning.dangling": DANGLING,
        "part.input_audio": approximated("{provider} takes no audio; it was left out."),
        "part.input_file": approximated("{provider} takes text files alone; another file was left out."),
        "part.input_image": NATIVE,
        "part.input_image.detail": ORIGINAL_DETAIL,
        "part.input_image.file_id": approximated(
            "{provider} takes images by address or as data alone; one was left out."
        ),
        "part.input_video": approximated("{provider} takes no video; it was left out."),
        "part.media_from_assistant": ONLY_TEXT,
        "part.media_from_system": ONLY_TEXT,
        "part.prompt_cache_breakpoint": NO_BREAKPOINT,
        "output.annotations": NATIVE,
        "output.image_generation_call": absent(),
        "output.logprobs": NATIVE,
        "output.reasoning_summary": absent(),
        "output.reasoning_text": NATIVE,
        "output.refusal": absent(),
        "output.service_tier": absent(),
        "output.usage.cache_write_tokens": absent(),
        "output.usage.cached_tokens": NATIVE,
        "output.usage.reasoning_tokens": absent("They are among those of the output."),
    }
)
