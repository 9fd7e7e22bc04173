"""What becomes of each thing in Google's format: a table of fates, see `fates.py`.

Where models or the two places that serve them differ, the table says what may be lost; `gemini_models.py` says where.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import (
    CANNOT_RUN,
    DANGLING,
    NO_BREAKPOINT,
    NO_CUSTOM_TOOLS,
    NO_LIMIT,
    NO_SUMMARIES,
    NO_VERBOSITY,
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

_NO_FILE: Final = approximated("{provider} has no such file; it was left out.", note="But for Google's own: `files/…`.")
_NO_BUCKET: Final = approximated("{provider} does not read from Cloud Storage; it was left out.")
_BESIDE: Final = approximated("The model cannot use functions and '{kind}' together; '{kind}' was left out.")
_FORM_BESIDE: Final = approximated(
    "The model does not hold its answer to a form while it has tools; it only reads the form."
)
_NO_FORCE: Final = approximated("{provider} cannot be made to use a tool of its own.")
_ONE_PLACE: Final = sometimes(CANNOT_RUN.sentence)

_OWN_TOOLS: Final = ("code_interpreter", "file_search", "image_generation", "web_search")
_ADDRESSED: Final = (
    "part.input_file",
    "part.input_file.file_id",
    "part.input_file.file_url",
    "part.input_image",
    "part.input_image.file_id",
    "part.input_video",
)


def _no_word(name: str) -> Fate:
    return approximated(f"{{provider}} has no word for '{name}'; it was left out.")


_FIELDS: Final = all_of(
    "field",
    "frequency_penalty max_output_tokens presence_penalty seed stop temperature text.format.json_object top_k"
    " top_logprobs top_p",
    NATIVE,
) | {
    "field.max_tool_calls": sometimes(NO_LIMIT.sentence),
    "field.include.web_search_call.results": approximated("{provider} does not show what it read of the web."),
    "field.parallel_tool_calls": emulated("Only the first call of an answer is let by."),
    "field.prompt_cache_key": _no_word("prompt_cache_key"),
    "field.prompt_cache_retention": _no_word("prompt_cache_retention"),
    "field.reasoning.effort": sometimes(
        "The model '{model}' does not know the reasoning effort '{effort}'; the nearest, {told}, was used."
    ),
    "field.reasoning.effort.none": approximated("The model '{model}' cannot be told how much to reason."),
    "field.reasoning.summary": NO_SUMMARIES,
    "field.safety_identifier": _no_word("safety_identifier"),
    "field.service_tier": sometimes("{provider} has no service tier '{tier}'; the usual one was used."),
    "field.text.format.json_schema": NATIVE,
    "field.text.format.json_object.beside_tools": _FORM_BESIDE,
    "field.text.format.json_schema.beside_tools": _FORM_BESIDE,
    "field.text.verbosity": NO_VERBOSITY,
    "field.user": _no_word("user"),
}

_TOOLS: Final = (
    all_of("tool", " ".join(_OWN_TOOLS), _ONE_PLACE)
    | {f"tool.{kind}.beside_functions": _BESIDE for kind in _OWN_TOOLS}
    | {f"choice.{kind}": _NO_FORCE for kind in _OWN_TOOLS}
    | all_of("choice", "allowed_tools function required", NATIVE)
    | {
        "tool.code_interpreter.container": approximated(
            "{provider} runs code in a container of its own, without files."
        ),
        "tool.file_search.filters": approximated("{provider} does not filter file searches."),
        "tool.file_search.ranking_options": approximated("{provider} does not rank file searches to order."),
        "tool.file_search.vector_store_ids": approximated(
            "{provider} only searches stores of its own, whose ids begin with 'fileSearchStores/'."
        ),
        "tool.function.strict": sometimes("The model does not hold its calls to their schemas."),
        "tool.image_generation.options": approximated("{provider} does not take '{param}' for pictures."),
        "tool.web_search.external_web_access": approximated("{provider} always searches the live web."),
        "tool.web_search.filters": approximated("{provider} searches all domains."),
        "tool.web_search.search_content_types": approximated(
            "{provider} does not choose what kinds of content it finds."
        ),
        "tool.web_search.search_context_size": approximated("{provider} decides how much it reads of what it finds."),
        "tool.web_search.user_location": approximated("{provider} cannot be told where the user is."),
        "choice.required.own_tools": _NO_FORCE,
    }
)

_PARTS: Final = (
    all_of("part", "input_audio input_file input_file.file_url input_image input_video", NATIVE)
    | {f"{subject}.bucket": _NO_BUCKET for subject in _ADDRESSED}
    | {
        "item.function_call_output.failed": NATIVE,
        "item.reasoning": UNSEALED,
        "item.reasoning.dangling": DANGLING,
        "part.input_file.detail": approximated("{provider} is not told how closely to look at files."),
        "part.input_file.file_id": _NO_FILE,
        "part.input_image.detail": sometimes(
            "The model looks at all pictures of a request alike, as closely as it likes."
        ),
        "part.input_image.file_id": _NO_FILE,
        "part.input_video.file_id": _NO_FILE,
        "part.media_from_assistant": approximated("What an assistant says can only be text at {provider}."),
        "part.media_from_system": approximated("What the system says can only be text at {provider}."),
        "part.prompt_cache_breakpoint": NO_BREAKPOINT,
    }
)

_OUTPUTS: Final = all_of(
    "output",
    "annotations code_interpreter_call file_search_call image_generation_call reasoning_summary service_tier"
    " usage.cached_tokens usage.reasoning_tokens web_search_call",
    NATIVE,
) | {
    "output.audio": absent("It is not asked for speech."),
    "output.reasoning_text": absent("It tells of thoughts in summaries."),
    "output.refusal": absent("An answer that it filters is incomplete."),
    "output.service_tier": native("Where the provider tells it."),
    "output.usage.cache_write_tokens": absent(),
}

GEMINI_FATES: Final[Fates] = MappingProxyType(NO_CUSTOM_TOOLS | _FIELDS | _TOOLS | _PARTS | _OUTPUTS)
