"""What becomes of each thing that a client can ask for or send, at Bedrock's Converse API."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import (
    CANNOT_RUN,
    DANGLING,
    NO_CUSTOM_TOOLS,
    NO_DETAIL,
    NO_LIMIT,
    NO_SUMMARIES,
    ONLY_TEXT,
    UNSEALED,
)
from antiphon.dialects.fates import (
    NATIVE,
    Fate,
    Fates,
    absent,
    all_of,
    approximated,
    emulated,
    native,
    sometimes,
)


def _no_word(name: str) -> Fate:
    return approximated(f"{{provider}} has no word for '{name}'; it was left out.")


_UNFORMED: Final = approximated(
    "{provider} does not hold this model to the form of its answer; the model only reads it."
)
_UNCACHED: Final = sometimes("{provider} caches nothing for this model.")
_CACHE: Final[dict[str, Fate]] = {}
for _wish in ("field.prompt_cache_options", "field.prompt_cache_retention", "part.prompt_cache_breakpoint"):
    _CACHE[_wish] = _UNCACHED
    _CACHE[f"{_wish}.hour"] = approximated("{provider} keeps what it has cached for an hour at most.")
    _CACHE[f"{_wish}.minutes"] = approximated("This model's cache is kept for five minutes.")

_FIELDS: Final = {
    f"field.{name}": _no_word(name)
    for name in ("presence_penalty", "frequency_penalty", "top_k", "top_logprobs", "seed", "safety_identifier", "user")
} | {
    "field.include.web_search_call.action.sources": approximated("{provider} does not list what it found in the web."),
    "field.include.web_search_call.results": approximated("{provider} does not show what it read of the web."),
    "field.max_output_tokens": NATIVE,
    "field.stop": NATIVE,
    "field.max_output_tokens.unlimited": approximated(
        "This model takes no limit to its output while it reasons with effort 'high'; it was left out."
    ),
    "field.max_tool_calls": sometimes(NO_LIMIT.sentence),
    "field.parallel_tool_calls": emulated("Only the first call of an answer is let by."),
    "field.prompt_cache_key": emulated("The provider caches by what is said; Antiphon marks where it shall."),
    "field.reasoning.effort": NATIVE,
    "field.reasoning.effort.always": approximated("This model always reasons; '{effort}' was used."),
    "field.reasoning.effort.cramped": approximated(
        "The model does not reason: 'max_output_tokens' leaves no room for the 1024 tokens that this takes."
    ),
    "field.reasoning.effort.nearest": approximated(
        "This model does not know the reasoning effort '{wanted}'; '{effort}' was used."
    ),
    "field.reasoning.effort.unknown": approximated("{provider} cannot be told how much this model is to reason."),
    "field.reasoning.effort.unsigned": approximated(
        "The model does not reason this time, since its last calls came without the reasoning that led to them."
    ),
    "field.reasoning.summary": NO_SUMMARIES,
    "field.service_tier": sometimes("{provider} has no service tier '{tier}'; its usual one was used."),
    "field.temperature": sometimes("{provider} takes a temperature of at most 1; that was used."),
    "field.temperature.refused": approximated("This model takes no temperature{when}; it was left out."),
    "field.text.format.json_object": _UNFORMED,
    "field.text.format.json_schema": sometimes(_UNFORMED.sentence, note="Some models give it as the call of a tool."),
    "field.text.verbosity": _no_word("text.verbosity"),
    "field.top_p": NATIVE,
    "field.top_p.refused": approximated("This model takes no top_p{when}; it was left out."),
    "field.guardrailConfig.trace": approximated("A response has no place for the trace of a guardrail."),
}

_TOOLS: Final = (
    NO_CUSTOM_TOOLS
    | {
        f"tool.web_search.{option}": approximated(f"The model's own web search takes no '{option}'; it was left out.")
        for option in (
            "external_web_access",
            "filters",
            "search_content_types",
            "search_context_size",
            "user_location",
        )
    }
    | {
        "tool.web_search": sometimes(CANNOT_RUN.sentence),
        "tool.function.strict": sometimes("{provider} does not hold calls of '{name}' to its schema."),
        "choice.allowed_tools": sometimes("{provider} cannot be made to call a tool.", note="Only these are offered."),
        "choice.forced": approximated("This model cannot be made to call a tool while it reasons."),
        "choice.function": sometimes("{provider} cannot be made to call a tool."),
        "choice.none": emulated("No tools are offered."),
        "choice.required": sometimes("{provider} cannot be made to call a tool."),
        "choice.web_search": approximated("{provider} cannot be made to search the web; it may."),
    }
)
_NO_FILE: Final = approximated("{provider} knows no files by id; they were left out.")
_FAR: Final = approximated(
    "{provider} fetches nothing from the web; what lies there was left out.",
    note="Antiphon fetches it first, where it may.",
)
_PARTS: Final = all_of("part", "input_audio input_file input_image input_video", NATIVE) | {
    "item.function_call_output.failed": native("In words where the model knows no mark for it."),
    "item.reasoning": UNSEALED,
    "item.reasoning.dangling": DANGLING,
    "part.address": _FAR,
    "part.format": approximated("{provider} does not take {kind} of the type '{format}'; they were left out."),
    "part.input_file.detail": approximated("{provider} is not told how closely to look at files."),
    "part.input_file.file_id": _NO_FILE,
    "part.input_file.file_url": _FAR,
    "part.input_image.detail": NO_DETAIL,
    "part.input_image.file_id": _NO_FILE,
    "part.media_from_assistant": ONLY_TEXT,
    "part.media_from_system": ONLY_TEXT,
}
_OUTPUTS: Final = all_of(
    "output",
    "annotations image_generation_call reasoning_summary reasoning_text service_tier usage.cache_write_tokens"
    " usage.cached_tokens web_search_call",
    NATIVE,
) | {
    "output.refusal": absent("An answer that is filtered, or refused, is incomplete."),
    "output.usage.reasoning_tokens": absent("They are among those of the output."),
}

CONVERSE_FATES: Final[Fates] = MappingProxyType(_CACHE | _FIELDS | _TOOLS | _PARTS | _OUTPUTS)
