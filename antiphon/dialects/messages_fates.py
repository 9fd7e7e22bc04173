"""What becomes of a request in Anthropic's Messages API, at Anthropic itself and where others serve its models."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from antiphon.dialects.fates import EMULATED, NATIVE, Fate, Fates, approximated, refused

_NO_PENALTY: Final = approximated("{provider} does not take '{param}'; it was left out.")
_TEXT_ALONE: Final = approximated("{provider} takes nothing but text there; the rest was left out.")
_LEFT_OUT: Final = approximated("{provider} cannot run the tool; it was left out.")
_NO_ADDRESS: Final = approximated("{provider} fetches nothing by its address; what was named so was left out.")
_NO_FILES: Final = approximated("{provider} keeps no files; what was named by its id was left out.")

MESSAGES_FATES: Final[Fates] = MappingProxyType(
    {
        "field.frequency_penalty": _NO_PENALTY,
        "field.presence_penalty": _NO_PENALTY,
        "field.max_output_tokens": NATIVE,
        "field.max_tool_calls": approximated("{provider} cannot be told how often '{tool}' may be used."),
        "field.parallel_tool_calls": NATIVE,
        "field.prompt_cache_key": EMULATED,
        "field.prompt_cache_retention": approximated("{provider} keeps what it caches for an hour, not for a day."),
        "field.reasoning.effort": approximated(
            "{provider} does not know the reasoning effort '{effort}'; '{used}' was used."
        ),
        "field.reasoning.effort.none": approximated("The model cannot but reason; it was asked to reason little."),
        "field.reasoning.effort.unknown": approximated("The model does not reason."),
        "field.reasoning.effort.loop": approximated(
            "The model cannot begin to reason between a tool's call and the rest of the answer; it was not asked to."
        ),
        "field.reasoning.effort.small": approximated("max_output_tokens leaves no room to reason."),
        "field.reasoning.summary": approximated("{provider} does not write summaries of reasoning to order."),
        "field.refused": approximated("{provider} does not take '{name}'; it was left out."),
        "field.safety_identifier": NATIVE,
        "field.user": NATIVE,
        "field.service_tier": approximated("{provider} has no service tier '{tier}'."),
        "field.temperature": approximated("{provider} takes a temperature of at most 1; that was used."),
        "field.temperature.unknown": approximated("The model takes no temperature, or none while it reasons."),
        "field.stop": NATIVE,
        "field.top_k": approximated("The model takes no top_k, or none while it reasons."),
        "field.top_p": approximated("The model takes no top_p, or none beside a temperature or while it reasons."),
        "field.top_logprobs": approximated("{provider} does not tell how likely tokens were."),
        "field.text.format.json_object": approximated(
            "{provider} does not hold its answer to JSON; the model is only told to write it."
        ),
        "field.text.format.json_schema": approximated(
            "The model does not hold its answer to a JSON schema while it reasons; it only reads it."
        ),
        "field.text.format.json_schema.keywords": approximated(
            "The model is not held to these keywords of the schema, it only reads them: {words}."
        ),
        "field.text.verbosity": approximated("{provider} cannot be told how much to say."),
        "tool.code_interpreter": NATIVE,
        "tool.code_interpreter.container": approximated("{provider} chooses memory and network of containers itself."),
        "tool.computer": NATIVE,
        "tool.web_search": NATIVE,
        "tool.web_search.external_web_access": approximated("{provider} only searches the web as it is now."),
        "tool.web_search.search_context_size": approximated("{provider} cannot be told how much to read of the web."),
        "tool.mcp": NATIVE,
        "tool.mcp.connector_id": approximated("{provider} has no connectors; it only knows MCP servers by address."),
        "tool.mcp.headers": approximated("{provider} sends no header '{name}' to MCP servers."),
        "tool.mcp.require_approval": refused(
            "{provider} asks nobody before it calls a tool of '{label}'; set require_approval to 'never'."
        ),
        "tool.function.parameters": approximated(
            "Calls of '{name}' are not held to these keywords of its schema, which are only read: {words}."
        ),
        "tool.function.strict": approximated("The model does not hold calls of '{name}' to its schema."),
        "choice.allowed_tools": EMULATED,
        "choice.function": NATIVE,
        "choice.required": approximated("The model cannot be made to call a tool, or not while it reasons."),
        "item.message.last": approximated(
            "{provider} answers users alone; after the last words, which are the model's, it was told to go on."
        ),
        "item.reasoning.dangling": approximated("Reasoning that nothing followed was left out."),
        "item.mcp_call": EMULATED,
        "item.image_generation_call": EMULATED,
        "part.input_audio": refused("{provider} does not take audio as input."),
        "part.input_video": refused("{provider} does not take video as input."),
        "part.input_file": NATIVE,
        "part.input_file.media_type": approximated("{provider} takes no files of type '{kind}'; they were left out."),
        "part.input_image": NATIVE,
        "part.input_image.detail": approximated("{provider} looks at every image in the same detail."),
        "part.input_image.media_type": approximated("{provider} takes no images of type '{kind}'; they were left out."),
        "part.media_from_assistant": _TEXT_ALONE,
        "part.media_from_system": _TEXT_ALONE,
        "part.prompt_cache_breakpoint": NATIVE,
        "output.annotations": NATIVE,
        "output.refusal": NATIVE,
        "output.reasoning_summary": NATIVE,
        "output.reasoning_text": NATIVE,
        "output.service_tier": NATIVE,
        "output.code_interpreter_call": NATIVE,
        "output.mcp_call": NATIVE,
        "output.web_search_call": NATIVE,
        "output.tool_search_call": NATIVE,
        "output.usage.cache_write_tokens": NATIVE,
        "output.usage.cached_tokens": NATIVE,
        "output.usage.reasoning_tokens": NATIVE,
    }
)
"""Anthropic's own."""

_PERSON: Final = approximated("{provider} is not told whose request it is.")

_ELSEWHERE: Final[dict[str, Fate]] = {
    "field.safety_identifier": _PERSON,
    "field.user": _PERSON,
    "part.input_file.file_id": _NO_FILES,
    "part.input_file.file_url": _NO_ADDRESS,
    "part.input_image.file_id": _NO_FILES,
    "part.input_image.image_url": _NO_ADDRESS,
    "tool.code_interpreter": _LEFT_OUT,
    "tool.mcp": _LEFT_OUT,
}

VERTEX_FATES: Final[Fates] = MappingProxyType({**MESSAGES_FATES, **_ELSEWHERE})
BEDROCK_FATES: Final[Fates] = MappingProxyType({**VERTEX_FATES, "tool.web_search": _LEFT_OUT})

FATES: Final[Mapping[str, Fates]] = MappingProxyType(
    {"messages": MESSAGES_FATES, "vertex-messages": VERTEX_FATES, "bedrock-messages": BEDROCK_FATES}
)
"""By the name of the dialect."""
