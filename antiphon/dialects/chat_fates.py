"""What becomes of a request in chat completions, at OpenAI itself and, by quirks, at those who speak it otherwise."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import (
    COMMON,
    DANGLING,
    NO_BREAKPOINT,
    NO_FORCE,
    NO_SUMMARIES,
    ONLY_TEXT,
    ORIGINAL_DETAIL,
)
from antiphon.dialects.efforts import EFFORTS
from antiphon.dialects.fates import NATIVE, Fate, Fates, approximated, emulated, native
from antiphon.dialects.subjects import EVENTS, words

NO_EFFORT: Final = approximated("{provider} cannot be told how much to reason.", "unsupported_parameter")


def _not_taken(what: str, note: str = "") -> Fate:
    return approximated(f"{{provider}} does not take {what} as input; they were left out.", note=note)


_NO_IMAGES: Final = _not_taken("images")
_NO_FILES: Final = _not_taken("files")
_NOT_REPLAYED: Final = emulated("Reasoning is not told to who takes none back.")
_OFFERED: Final = words(
    "tool.apply_patch tool.custom tool.custom.grammar tool.function tool.function.allowed_callers tool.function.async"
    " tool.function.defer_loading tool.function.output_schema tool.function.strict tool.local_shell tool.namespace"
    " tool.shell tool.shell.skills tool.tool_search"
)

CHAT_FATES: Final[Fates] = MappingProxyType(
    {
        "field.include.message.output_text.logprobs": NATIVE.without("logprobs"),
        "field.frequency_penalty": NATIVE.without("frequency_penalty"),
        "field.max_output_tokens": NATIVE.without("max_completion_tokens", "max_tokens"),
        "field.parallel_tool_calls": NATIVE.unless(
            "parallel_tool_calls", emulated("Only the first call of an answer is let by.")
        ),
        "field.presence_penalty": NATIVE.without("presence_penalty"),
        "field.prompt_cache_key": native("Told under another name for each tenant.").without("prompt_cache_key"),
        "field.prompt_cache_retention": NATIVE.without("prompt_cache_retention"),
        "field.reasoning.effort": (
            NATIVE.where("effort_style", "is", "none", NO_EFFORT)
            .where("efforts", "is", (), NO_EFFORT)
            .where(
                "effort_style",
                "is",
                "thinking.type",
                approximated("{provider} can only be told whether to reason; how much is up to the model."),
            )
            .where(
                "efforts",
                "is not",
                EFFORTS,
                approximated("{provider} does not know the reasoning effort '{effort}'; '{used}' was used."),
            )
            .without("reasoning_effort", "reasoning", "thinking")
        ),
        "field.reasoning.summary": NO_SUMMARIES,
        "field.safety_identifier": native("Told under another name for each tenant.").without("safety_identifier"),
        "field.seed": NATIVE.without("seed"),
        "field.service_tier": NATIVE.without("service_tier"),
        "field.stop": NATIVE.without("stop"),
        "field.temperature": NATIVE.where(
            "temperature_max",
            "is not",
            2.0,
            approximated("{provider} takes a temperature of at most {most}; that was used."),
        ).without("temperature"),
        "field.text.format.json_object": NATIVE.without("response_format"),
        "field.text.format.json_schema": NATIVE.unless(
            "json_schema",
            approximated("{provider} does not hold its answer to a JSON schema; the model only reads it."),
        ).without("response_format"),
        "field.text.verbosity": NATIVE.without("verbosity"),
        "field.tool_choice": COMMON["field.tool_choice"].without("tools"),
        "field.tools": COMMON["field.tools"].without("tools"),
        "field.top_logprobs": NATIVE.without("logprobs", "top_logprobs"),
        "field.top_p": NATIVE.without("top_p"),
        "field.user": native("Told under another name for each tenant.").without("user"),
        "choice.allowed_tools": NATIVE.unless(
            "allowed_tools",
            emulated("Only the allowed tools are offered.").where("tool_choice_required", "is", "auto", NO_FORCE),
        ).without("tools", "tool_choice"),
        "choice.auto": NATIVE.without("tools", "tool_choice"),
        "choice.function": NATIVE.unless(
            "tool_choice_named",
            emulated("Only that function is offered.").where("tool_choice_required", "is", "auto", NO_FORCE),
        ).without("tools", "tool_choice"),
        "choice.none": NATIVE.without("tools", "tool_choice"),
        "choice.required": NATIVE.where("tool_choice_required", "is", "auto", NO_FORCE).without("tools", "tool_choice"),
        "item.computer_call_output": NATIVE.unless("image_input", _NO_IMAGES),
        "item.image_generation_call": COMMON["item.image_generation_call"].unless("image_input", _NO_IMAGES),
        "item.message.system": approximated(
            "{provider} takes system messages only before what the model said; a later one was the user's."
        ),
        "item.reasoning": COMMON["item.reasoning"].where("reasoning_replay", "is", "none", _NOT_REPLAYED),
        "item.reasoning.dangling": DANGLING.where("reasoning_replay", "is", "none", _NOT_REPLAYED),
        "part.input_audio": NATIVE.unless("audio_input", _not_taken("audio")),
        "part.input_file": NATIVE.unless("file_input", _NO_FILES),
        "part.input_file.detail": approximated("{provider} is not told how closely to look at files.").unless(
            "file_input", _NO_FILES
        ),
        "part.input_file.file_id": NATIVE.unless("file_input", _NO_FILES).where(
            "file_style", "is not", "file", _not_taken("files by id")
        ),
        "part.input_file.file_url": NATIVE.unless("file_input", _NO_FILES).where(
            "file_style", "is", "file", _not_taken("files by address", "Antiphon fetches them first, where it may.")
        ),
        "part.input_image": NATIVE.unless("image_input", _NO_IMAGES),
        "part.input_image.detail": ORIGINAL_DETAIL.unless("image_input", _NO_IMAGES),
        "part.input_image.file_id": _not_taken("images by file id").unless("image_input", _NO_IMAGES),
        "part.input_video": NATIVE.unless("video_input", _not_taken("video")),
        "part.media_from_assistant": ONLY_TEXT,
        "part.media_from_system": ONLY_TEXT,
        "part.prompt_cache_breakpoint": NO_BREAKPOINT,
        "output.logprobs": NATIVE.without("logprobs"),
        "output.annotations": native("Citations of web pages."),
        "output.audio": emulated("The transcript is the text."),
        "output.image_generation_call": native("Pictures that the model makes itself."),
        "output.reasoning_summary": native("Where the provider writes summaries."),
        "output.reasoning_text": NATIVE,
        "output.refusal": NATIVE,
        "output.service_tier": NATIVE,
        "output.usage.cache_write_tokens": native("Where the provider tells them."),
        "output.usage.cached_tokens": NATIVE,
        "output.usage.reasoning_tokens": NATIVE,
        "event.response.image_generation_call.partial_image": emulated("There is only the finished picture."),
    }
    | dict.fromkeys(
        (event for event, output in EVENTS.items() if output == "output.audio"), emulated("The transcript is the text.")
    )
    | {subject: COMMON[subject].without("tools") for subject in _OFFERED}
)
