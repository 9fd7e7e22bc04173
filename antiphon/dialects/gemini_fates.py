"""What becomes of each thing in Google's format (spec section 6, the Gemini columns): a table of fates, see `fates.py`.

Where models or the two places that serve them differ, the table says what may be lost; `gemini_models.py` says where.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.fates import EMULATED, NATIVE, Fate, Fates, approximated

_ALWAYS_NATIVE: Final = (
    "field.frequency_penalty field.input field.instructions field.max_output_tokens field.model"
    " field.presence_penalty field.seed field.stop field.stream field.temperature field.text.format.json_object"
    " field.text.format.json_schema field.text.format.text field.tool_choice field.tools field.top_k field.top_logprobs"
    " field.top_p"
    " field.include.reasoning.encrypted_content"
    " tool.code_interpreter tool.file_search tool.function tool.function.strict tool.image_generation tool.web_search"
    " choice.allowed_tools choice.auto choice.function choice.none choice.required"
    " item.function_call item.function_call_output item.message item.reasoning"
    " part.computer_screenshot part.input_audio part.input_file part.input_file.file_url part.input_image"
    " part.input_text part.input_video part.output_text part.text"
    " output.annotations output.code_interpreter_call output.encrypted_content output.error output.file_search_call"
    " output.function_call output.image_generation_call output.incomplete_details output.reasoning_summary"
    " output.service_tier output.text output.usage output.usage.cached_tokens output.usage.reasoning_tokens"
    " output.web_search_call"
)

_ALWAYS_EMULATED: Final = (
    "field.background field.context_management field.conversation field.max_tool_calls field.metadata"
    " field.parallel_tool_calls field.previous_response_id field.prompt field.provider field.store"
    " field.stream_options.include_obfuscation field.strict field.truncation"
    " tool.apply_patch tool.custom tool.local_shell tool.namespace tool.shell tool.tool_search"
    " item.additional_tools item.apply_patch_call item.apply_patch_call_output item.code_interpreter_call"
    " item.compaction item.computer_call item.computer_call_output item.custom_tool_call item.custom_tool_call_output"
    " item.file_search_call item.image_generation_call item.item_reference item.local_shell_call"
    " item.local_shell_call_output item.mcp_call item.shell_call item.shell_call_output item.tool_search_call"
    " item.tool_search_output part.refusal"
    " output.apply_patch_call output.custom_tool_call output.local_shell_call output.shell_call output.tool_search_call"
)

_LEFT_OUT: Final = "{provider} has no word for '%s'; it was left out."
_UNKNOWN: Final = approximated("These parameters were left out: {names}.")
_NO_FILE: Final = approximated("{provider} has no such file; it was left out.")
_NO_BUCKET: Final = approximated("{provider} does not read from Cloud Storage; it was left out.")
_BESIDE: Final = approximated("The model cannot use functions and '{kind}' together; '{kind}' was left out.")
_NO_FORCE: Final = approximated("{provider} cannot be made to use a tool of its own.")

_OWN_TOOLS: Final = ("code_interpreter", "file_search", "image_generation", "web_search")
_ADDRESSED: Final = (
    "part.input_file",
    "part.input_file.file_id",
    "part.input_file.file_url",
    "part.input_image",
    "part.input_image.file_id",
    "part.input_video",
)

_LOSSES: Final[dict[str, Fate]] = {
    "field.access_programs": _UNKNOWN,
    "field.image": _UNKNOWN,
    "field.moderation": _UNKNOWN,
    "field.other": _UNKNOWN,
    "field.prompt_cache_key": approximated(_LEFT_OUT % "prompt_cache_key"),
    "field.prompt_cache_options": _UNKNOWN,
    "field.prompt_cache_retention": approximated(_LEFT_OUT % "prompt_cache_retention"),
    "field.reasoning.context": _UNKNOWN,
    "field.reasoning.effort": approximated(
        "The model '{model}' does not know the reasoning effort '{effort}'; the nearest, {told}, was used."
    ),
    "field.reasoning.effort.none": approximated("The model '{model}' cannot be told how much to reason."),
    "field.reasoning.mode": _UNKNOWN,
    "field.reasoning.summary": approximated("{provider} does not write summaries of reasoning to order."),
    "field.safety_identifier": approximated(_LEFT_OUT % "safety_identifier"),
    "field.service_tier": approximated("{provider} has no service tier '{tier}'; the usual one was used."),
    "field.text.format.json_schema.beside_tools": approximated(
        "The model does not hold its answer to a form while it has tools; it only reads the form."
    ),
    "field.text.verbosity": approximated("{provider} cannot be told how long an answer shall be."),
    "field.user": approximated(_LEFT_OUT % "user"),
    "tool.code_interpreter.container": approximated("{provider} runs code in a container of its own, without files."),
    "tool.file_search.filters": approximated("{provider} does not filter file searches."),
    "tool.file_search.ranking_options": approximated("{provider} does not rank file searches to order."),
    "tool.file_search.vector_store_ids": approximated(
        "{provider} only searches stores of its own, whose ids begin with 'fileSearchStores/'."
    ),
    "tool.function.strict": approximated("The model does not hold its calls to their schemas."),
    "tool.image_generation.options": approximated("{provider} does not take '{param}' for pictures."),
    "tool.web_search.external_web_access": approximated("{provider} always searches the live web."),
    "tool.web_search.filters": approximated("{provider} searches all domains."),
    "tool.web_search.search_content_types": approximated("{provider} does not choose what kinds of content it finds."),
    "tool.web_search.search_context_size": approximated("{provider} decides how much it reads of what it finds."),
    "tool.web_search.user_location": approximated("{provider} cannot be told where the user is."),
    "choice.required.own_tools": _NO_FORCE,
    "item.reasoning.dangling": approximated(
        "Item '{id}' of type 'reasoning' was provided without its required following item."
    ),
    "part.input_file.detail": approximated("{provider} is not told how closely to look at files."),
    "part.input_file.file_id": _NO_FILE,
    "part.input_image.detail": approximated(
        "The model looks at all pictures of a request alike, as closely as it likes."
    ),
    "part.input_image.file_id": _NO_FILE,
    "part.input_video.file_id": _NO_FILE,
    "part.media_from_assistant": approximated("What an assistant says can only be text at {provider}."),
    "part.media_from_system": approximated("What the system says can only be text at {provider}."),
    "part.prompt_cache_breakpoint": approximated("{provider} is not told where to cache; it caches as it likes."),
    "output.audio": approximated("{provider} is not asked for speech; there is no item for it to stand in."),
    "output.moderation": _UNKNOWN,
    "output.reasoning_text": approximated("{provider} tells of thoughts in summaries alone."),
    "output.refusal": approximated("{provider} has no refusals; an answer that it filters is incomplete."),
    "output.usage.cache_write_tokens": approximated("{provider} does not tell what it has put into its cache."),
}

GEMINI_FATES: Final[Fates] = MappingProxyType(
    dict.fromkeys(_ALWAYS_NATIVE.split(), NATIVE)
    | dict.fromkeys(_ALWAYS_EMULATED.split(), EMULATED)
    | {f"tool.{kind}.beside_functions": _BESIDE for kind in _OWN_TOOLS}
    | {f"choice.{kind}": _NO_FORCE for kind in _OWN_TOOLS}
    | {f"{subject}.bucket": _NO_BUCKET for subject in _ADDRESSED}
    | _LOSSES
)
