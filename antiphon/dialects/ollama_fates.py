"""What becomes of each thing that a client asks for, in Ollama's own chat API.

https://docs.ollama.com/api/chat (read 2026-11).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import (
    DANGLING,
    NO_BREAKPOINT,
    NO_CUSTOM_TOOLS,
    NO_DETAIL,
    NO_SUMMARIES,
    NO_VERBOSITY,
    ONLY_TEXT,
    REPLAYED,
)
from antiphon.dialects.efforts import EFFORTS
from antiphon.dialects.fates import NATIVE, Fates, absent, all_of, approximated, emulated, native, sometimes

_NO_FORCE: Final = approximated("{provider} cannot be made to call a tool.")

FATES: Final[Fates] = MappingProxyType(
    NO_CUSTOM_TOOLS
    | all_of(
        "field",
        "prompt_cache_key prompt_cache_retention safety_identifier user",
        approximated("{provider} does not take '{name}'; it was left out."),
    )
    | all_of(
        "field",
        "frequency_penalty max_output_tokens presence_penalty seed stop temperature top_k text.format.json_object"
        " text.format.json_schema top_logprobs top_p truncation",
        NATIVE,
    )
    | all_of("choice", "function required", _NO_FORCE)
    | {
        "field.parallel_tool_calls": emulated("Only the first call of an answer is let by."),
        "field.reasoning.effort": NATIVE.where(
            "efforts",
            "is not",
            EFFORTS,
            approximated("{provider} does not know the reasoning effort '{wanted}'; '{used}' was used."),
        ),
        "field.reasoning.summary": NO_SUMMARIES,
        "field.service_tier": approximated("{provider} has no service tiers; '{tier}' was left out."),
        "field.text.verbosity": NO_VERBOSITY,
        "tool.function.strict": approximated("{provider} does not hold calls of '{name}' to its schema."),
        "choice.allowed_tools": approximated(_NO_FORCE.sentence, note="Only the allowed tools are offered."),
        "choice.none": emulated("No tools are offered."),
        "item.function_call": sometimes("Arguments that are no JSON object reached {provider} as text in one."),
        "item.reasoning": REPLAYED,
        "item.reasoning.dangling": DANGLING,
        "part.input_audio": approximated("{provider} takes no audio; it was left out."),
        "part.input_file": approximated("{provider} takes text files alone; another file was left out."),
        "part.input_image": sometimes(
            "{provider} takes images as data alone; one was left out.",
            note="Antiphon fetches them first, where it may.",
        ),
        "part.input_image.detail": NO_DETAIL,
        "part.input_image.file_id": approximated("{provider} takes images as data alone; one was left out."),
        "part.input_video": approximated("{provider} takes no video; it was left out."),
        "part.media_from_assistant": ONLY_TEXT,
        "part.media_from_system": native("Pictures alone."),
        "part.prompt_cache_breakpoint": NO_BREAKPOINT,
        "output.annotations": absent(),
        "output.image_generation_call": native("Pictures that the model makes itself."),
        "output.logprobs": NATIVE,
        "output.reasoning_summary": absent(),
        "output.reasoning_text": NATIVE,
        "output.refusal": absent(),
        "output.service_tier": absent(),
        "output.usage.cache_write_tokens": absent(),
        "output.usage.cached_tokens": absent(),
        "output.usage.reasoning_tokens": absent("They are among those of the output."),
    }
)
