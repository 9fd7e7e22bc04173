"""What becomes of a request in Anthropic's Messages API, at Anthropic itself and where others serve its models."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from antiphon.dialects.common_fates import (
    CANNOT_RUN,
    NO_CUSTOM_TOOLS,
    NO_DETAIL,
    NO_LIMIT,
    NO_SUMMARIES,
    NO_VERBOSITY,
    UNSEALED,
)
from antiphon.dialects.fates import (
    NATIVE,
    Fate,
    Fates,
    all_of,
    approximated,
    emulated,
    native,
    refused,
    sometimes,
)

_NO_PENALTY: Final = approximated("{provider} does not take '{param}'; it was left out.")
_TEXT_ALONE: Final = approximated("{provider} takes nothing but text there; the rest was left out.")
_FETCHED: Final = "Antiphon fetches them first, where it may."
_NO_ADDRESS: Final = approximated(
    "{provider} fetches nothing by its address; what was named so was left out.", note=_FETCHED
)
_NO_FILES: Final = approximated("{provider} keeps no files; what was named by its id was left out.")
_REFUSED: Final = approximated("{provider} does not take '{name}'; it was left out.")
_PSEUDONYM: Final = native("Told under another name for each tenant.").where(
    "refused_members", "holds", "metadata", _REFUSED
)

_UNFORCED: Final = approximated("The model cannot be made to call a tool, or not while it reasons.")

_SEARCH: Final = {
    "field.max_tool_calls": NATIVE,
    "tool.web_search": sometimes(CANNOT_RUN.sentence),
    "tool.web_search.external_web_access": approximated("{provider} only searches the web as it is now."),
    "tool.web_search.search_content_types": approximated("{provider} does not choose what kinds of content it finds."),
    "tool.web_search.search_context_size": approximated("{provider} cannot be told how much to read of the web."),
    "field.include.web_search_call.results": approximated("{provider} does not show what it read of the web."),
}
_OTHERS: Final = {
    "field.max_tool_calls": sometimes(NO_LIMIT.sentence),
    "tool.code_interpreter": sometimes(CANNOT_RUN.sentence),
    "tool.code_interpreter.container": approximated("{provider} chooses memory and network of containers itself."),
    "tool.mcp": sometimes(CANNOT_RUN.sentence),
    "tool.mcp.connector_id": approximated("{provider} has no connectors; it only knows MCP servers by address."),
    "tool.mcp.headers": approximated("{provider} sends no header '{name}' to MCP servers."),
    "tool.mcp.require_approval": refused(
        "{provider} asks nobody before it calls a tool of '{label}'; set require_approval to 'never'."
    ),
    "output.mcp_approval_request": native("Tools that would need an approval are refused."),
    "output.mcp_list_tools": native("The provider lists them for itself."),
}
"""What only some hosts have."""

_EVERYWHERE: Final = (
    NO_CUSTOM_TOOLS
    | all_of("field", "frequency_penalty presence_penalty", _NO_PENALTY)
    | {
        "field.max_output_tokens": NATIVE,
        "field.parallel_tool_calls": NATIVE,
        "field.prompt_cache_key": emulated("The provider caches by what is said; Antiphon marks where it shall."),
        "field.prompt_cache_retention": approximated("{provider} keeps what it caches for an hour, not for a day."),
        "field.reasoning.effort": sometimes(
            "{provider} does not know the reasoning effort '{effort}'; '{used}' was used."
        ),
        "field.reasoning.effort.none": approximated("The model cannot but reason; it was asked to reason little."),
        "field.reasoning.effort.unknown": approximated("The model does not reason."),
        "field.reasoning.effort.loop": approximated(
            "The model cannot begin to reason between a tool's call and the rest of the answer; it was not asked to."
        ),
        "field.reasoning.effort.small": approximated("max_output_tokens leaves no room to reason."),
        "field.reasoning.summary": NO_SUMMARIES,
        "field.refused": _REFUSED,
        "field.safety_identifier": _PSEUDONYM,
        "field.user": _PSEUDONYM,
        "field.service_tier": sometimes("{provider} has no service tier '{tier}'.").where(
            "refused_members", "holds", "service_tier", _REFUSED
        ),
        "field.temperature": sometimes("{provider} takes a temperature of at most 1; that was used."),
        "field.temperature.unknown": approximated("The model takes no temperature, or none while it reasons."),
        "field.stop": NATIVE,
        "field.top_k": sometimes("The model takes no top_k, or none while it reasons."),
        "field.top_p": sometimes("The model takes no top_p, or none beside a temperature or while it reasons."),
        "field.top_logprobs": approximated("{provider} does not tell how likely tokens were."),
        "field.text.format.json_object": approximated(
            "{provider} does not hold its answer to JSON; the model is only told to write it."
        ),
        "field.text.format.json_schema": sometimes(
            "The model does not hold its answer to a JSON schema while it reasons; it only reads it.",
            note="Older models give it as the call of a tool.",
        ),
        "field.text.format.json_schema.keywords": approximated(
            "The model is not held to these keywords of the schema, it only reads them: {words}."
        ),
        "field.text.verbosity": NO_VERBOSITY,
        "tool.computer": sometimes(CANNOT_RUN.sentence),
        "tool.function.parameters": approximated(
            "Calls of '{name}' are not held to these keywords of its schema, which are only read: {words}."
        ),
        "tool.function.strict": sometimes("The model does not hold calls of '{name}' to its schema."),
        "choice.allowed_tools": sometimes(_UNFORCED.sentence, note="Only the allowed tools are offered."),
        "choice.forced": _UNFORCED,
        "choice.function": sometimes(_UNFORCED.sentence),
        "choice.required": sometimes(_UNFORCED.sentence),
        "item.function_call_output.failed": NATIVE,
        "item.message.last": approximated(
            "{provider} answers users alone; after the last words, which are the model's, it was told to go on."
        ),
        "item.reasoning": UNSEALED,
        "item.reasoning.dangling": approximated("Reasoning that nothing followed was left out."),
        "part.input_audio": refused("{provider} does not take audio as input."),
        "part.input_video": refused("{provider} does not take video as input."),
        "part.input_file": NATIVE,
        "part.input_file.detail": approximated("{provider} is not told how closely to look at files."),
        "part.input_file.media_type": approximated("{provider} takes no files of type '{kind}'; they were left out."),
        "part.input_image": NATIVE,
        "part.input_image.detail": NO_DETAIL,
        "part.input_image.media_type": approximated("{provider} takes no images of type '{kind}'; they were left out."),
        "part.prompt_cache_breakpoint": NATIVE,
        "output.annotations": NATIVE,
        "output.refusal": NATIVE,
        "output.reasoning_summary": NATIVE,
        "output.reasoning_text": native("Of models of others: Anthropic's show summaries."),
        "output.service_tier": NATIVE,
        "output.usage.cache_write_tokens": NATIVE,
        "output.usage.cached_tokens": NATIVE,
        "output.usage.reasoning_tokens": NATIVE,
    }
    | all_of("part", "media_from_assistant media_from_system", _TEXT_ALONE)
)

MESSAGES_FATES: Final[Fates] = MappingProxyType(_EVERYWHERE | _SEARCH | _OTHERS)
"""Anthropic's own."""

_PERSON: Final = approximated("{provider} is not told whose request it is.")

_ELSEWHERE: Final[dict[str, Fate]] = {
    "field.safety_identifier": _PERSON,
    "field.user": _PERSON,
    "part.input_file.file_id": _NO_FILES,
    "part.input_file.file_url": _NO_ADDRESS,
    "part.input_image.file_id": _NO_FILES,
    "part.input_image.image_url": _NO_ADDRESS,
}

VERTEX_FATES: Final[Fates] = MappingProxyType(_EVERYWHERE | _SEARCH | _ELSEWHERE)
BEDROCK_FATES: Final[Fates] = MappingProxyType(_EVERYWHERE | _ELSEWHERE)

FATES: Final[Mapping[str, Fates]] = MappingProxyType(
    {"messages": MESSAGES_FATES, "vertex-messages": VERTEX_FATES, "bedrock-messages": BEDROCK_FATES}
)
"""By the name of the dialect."""
