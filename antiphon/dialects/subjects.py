"""Everything that a client of the Responses API can ask for, send or be told: what each table of fates speaks of.

From OpenAI's OpenAPI document (https://github.com/openai/openai-openapi, 2026-11), from that of Open Responses, and
from appendix A of the specification, which knows the newest SDK; a test compares. Versions of one tool are one subject.
Subjects with a dot behind the thing are its members, where these have a fate of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final


def words(text: str) -> tuple[str, ...]:
    """The words of a text: long lists of names are read best so."""
    return tuple(text.split())


FIELDS: Final = words(
    "access_programs background context_management conversation frequency_penalty image"
    " include.code_interpreter_call.outputs include.computer_call_output.output.image_url"
    " include.file_search_call.results include.message.input_image.image_url include.message.output_text.logprobs"
    " include.reasoning.encrypted_content include.web_search_call.action.sources include.web_search_call.results"
    " input instructions max_output_tokens max_tool_calls metadata model moderation other parallel_tool_calls"
    " presence_penalty previous_response_id prompt prompt_cache_key prompt_cache_options"
    " prompt_cache_retention provider reasoning.context reasoning.effort reasoning.generate_summary reasoning.mode"
    " reasoning.summary safety_identifier seed service_tier stop store stream stream_options.include_obfuscation strict"
    " temperature text.format.json_object text.format.json_schema text.format.text text.verbosity tool_choice tools"
    " top_k top_logprobs top_p truncation user"
)
"""Members of the request, and values of `include`; ``other`` stands for what no specification names."""

TOOLS: Final = words(
    "apply_patch code_interpreter computer custom custom.grammar file_search function function.allowed_callers"
    " function.async function.defer_loading function.output_schema function.strict image_generation local_shell mcp"
    " namespace programmatic_tool_calling shell shell.container shell.skills tool_search web_search"
    " web_search.external_web_access web_search.filters web_search.search_content_types"
    " web_search.search_context_size web_search.user_location"
)
"""Types of tools. What is said of a member of functions holds for custom tools, too."""

CHOICES: Final = words(
    "allowed_tools apply_patch auto code_interpreter computer custom file_search function image_generation left_out mcp"
    " none programmatic_tool_calling required shell web_search"
)
"""Forms of `tool_choice`; ``left_out`` is the choice of a tool that could not be offered."""

ITEMS: Final = words(
    "additional_tools apply_patch_call apply_patch_call_output code_interpreter_call code_interpreter_call.images"
    " compaction compaction_trigger computer_call computer_call_output configuration_update custom_tool_call"
    " custom_tool_call_output file_search_call function_call function_call.async function_call_output"
    " function_call_output.failed image_generation_call item_reference local_shell_call local_shell_call_output"
    " mcp_approval_request mcp_approval_response mcp_call mcp_list_tools message message.phase other program"
    " program_output reasoning reasoning.dangling shell_call shell_call_output tool_search_call tool_search_output"
    " web_search_call"
)
"""Types of input items; ``other`` are those with a slug such as ``acme:mood``, ``reasoning.dangling`` is reasoning that
nothing follows, ``function_call_output.failed`` that a tool did not succeed, which the status of an output tells."""

PARTS: Final = words(
    "computer_screenshot input_audio input_file input_file.detail input_file.file_id input_file.file_url input_image"
    " input_image.detail input_image.file_id input_text input_video media_from_assistant media_from_system output_text"
    " prompt_cache_breakpoint reasoning_text refusal summary_text text"
)
"""Types of content parts, with pictures and files where only text can stand; a cache breakpoint may be on any part."""

OUTPUTS: Final = words(
    "annotations apply_patch_call audio code_interpreter_call compaction computer_call custom_tool_call"
    " encrypted_content error file_search_call function_call image_generation_call incomplete_details local_shell_call"
    " logprobs mcp_approval_request mcp_call mcp_list_tools moderation program program_output reasoning_summary"
    " reasoning_text refusal service_tier shell_call shell_call_output text tool_search_call tool_search_output usage"
    " usage.cache_write_tokens usage.cached_tokens usage.reasoning_tokens web_search_call"
)
"""What an answer can hold."""

_MESSAGE_EVENTS: Final = "content_part.added content_part.done output_text.delta output_text.done"
_REASONING_EVENTS: Final = "reasoning_text.delta reasoning_text.done reasoning.delta reasoning.done"
_SUMMARY_EVENTS: Final = (
    "reasoning_summary_part.added reasoning_summary_part.done reasoning_summary_text.delta reasoning_summary_text.done"
)
_LIFE: Final = "created queued in_progress completed failed incomplete output_item.added output_item.done"

_EVENTS: Final = {
    "output.text": f"{_LIFE} {_MESSAGE_EVENTS}",
    "output.error": "error",
    "output.annotations": "output_text.annotation.added",
    "output.refusal": "refusal.delta refusal.done",
    "output.reasoning_text": _REASONING_EVENTS,
    "output.reasoning_summary": _SUMMARY_EVENTS,
    "output.function_call": "function_call_arguments.delta function_call_arguments.done",
    "output.custom_tool_call": "custom_tool_call_input.delta custom_tool_call_input.done",
    "output.apply_patch_call": "apply_patch_call_operation_diff.delta apply_patch_call_operation_diff.done",
    "output.shell_call": "shell_call_command.added shell_call_command.delta shell_call_command.done",
    "output.shell_call_output": "shell_call_output_content.delta shell_call_output_content.done",
    "output.audio": "audio.delta audio.done audio.transcript.delta audio.transcript.done",
    "output.compaction": "compaction.compacting",
    "output.code_interpreter_call": (
        "code_interpreter_call_code.delta code_interpreter_call_code.done code_interpreter_call.in_progress"
        " code_interpreter_call.interpreting code_interpreter_call.completed"
    ),
    "output.file_search_call": ("file_search_call.in_progress file_search_call.searching file_search_call.completed"),
    "output.web_search_call": "web_search_call.in_progress web_search_call.searching web_search_call.completed",
    "output.image_generation_call": (
        "image_generation_call.in_progress image_generation_call.generating image_generation_call.partial_image"
        " image_generation_call.completed"
    ),
    "output.mcp_call": (
        "mcp_call_arguments.delta mcp_call_arguments.done mcp_call.in_progress mcp_call.completed mcp_call.failed"
    ),
    "output.mcp_list_tools": "mcp_list_tools.in_progress mcp_list_tools.completed mcp_list_tools.failed",
}


def _events() -> Iterator[tuple[str, str]]:
    for output, names in _EVENTS.items():
        for name in names.split():
            yield ("event.error" if name == "error" else f"event.response.{name}"), output


EVENTS: Final = dict(_events())
"""Every event of a stream, and the part of an answer that it tells of, whose fate is its own."""

HOSTED_OUTPUTS: Final = {
    "output.mcp_list_tools": "tool.mcp",
    "output.mcp_approval_request": "tool.mcp",
    "output.program": "tool.programmatic_tool_calling",
    "output.program_output": "tool.programmatic_tool_calling",
    "output.shell_call_output": "tool.shell.container",
    "output.tool_search_output": "tool.tool_search",
    "output.custom_tool_call": "tool.custom",
} | {
    f"output.{tool}_call": f"tool.{tool}"
    for tool in words(
        "apply_patch code_interpreter computer file_search function image_generation local_shell mcp shell tool_search"
        " web_search"
    )
}
"""Calls and their results, and the tool whose fate they share."""

FOLLOWS: Final = (
    EVENTS
    | HOSTED_OUTPUTS
    | {f"choice.{tool}": f"tool.{tool}" for tool in CHOICES if tool in TOOLS and tool != "function"}
    | {
        "choice.apply_patch": "choice.function",
        "choice.custom": "choice.function",
        "choice.shell": "choice.function",
        "field.include.code_interpreter_call.outputs": "tool.code_interpreter",
        "field.include.file_search_call.results": "tool.file_search",
        "field.include.message.output_text.logprobs": "field.top_logprobs",
        "field.include.web_search_call.action.sources": "tool.web_search",
        "field.include.web_search_call.results": "tool.web_search",
        "field.reasoning.generate_summary": "field.reasoning.summary",
        "output.logprobs": "field.top_logprobs",
        "output.moderation": "field.moderation",
        "part.computer_screenshot": "part.input_image",
    }
)
"""Subjects that share the fate of another, where a table does not say otherwise."""

CIRCUMSTANCES: Final = words(
    "choice.forced choice.hosted field.refused part.address part.bucket part.format part.other tool.beside_functions"
)
"""What a table may say of several subjects of a kind at once: of what a vendor, or a model, does not take at times."""

SUBJECTS: Final = (
    *(f"field.{name}" for name in FIELDS),
    *(f"tool.{name}" for name in TOOLS),
    *(f"choice.{name}" for name in CHOICES),
    *(f"item.{name}" for name in ITEMS),
    *(f"part.{name}" for name in PARTS),
    *(f"output.{name}" for name in OUTPUTS),
    *EVENTS,
)
