"""What a provider need not be told of an item, a part or a tool, and why; and what goes along with the thing itself.

Every other member of the specification's is a subject of its own (`subjects.py`). A test compares all three with
appendix A and with OpenAI's OpenAPI document. Providers that speak the Responses API get all of it as it came.
"""

from __future__ import annotations

from typing import Final

from antiphon.dialects.subjects import words

CARRIED: Final = {
    "item.additional_tools": words("tools"),
    "item.apply_patch_call": words("call_id operation"),
    "item.apply_patch_call_output": words("call_id status output"),
    "item.code_interpreter_call": words("code outputs"),
    "item.compaction": words("encrypted_content"),
    "item.computer_call": words("call_id action actions"),
    "item.computer_call_output": words("call_id output"),
    "item.configuration_update": words("reasoning text"),
    "item.custom_tool_call": words("call_id name input namespace async"),
    "item.custom_tool_call_output": words("call_id output"),
    "item.file_search_call": words("queries results"),
    "item.function_call": words("call_id name arguments namespace"),
    "item.function_call_output": words("call_id output name"),
    "item.image_generation_call": words("result output_format"),
    "item.item_reference": words("id"),
    "item.local_shell_call": words("call_id action"),
    "item.local_shell_call_output": words("id output"),
    "item.mcp_approval_request": words("server_label name arguments"),
    "item.mcp_approval_response": words("approval_request_id approve reason"),
    "item.mcp_call": words("server_label name arguments output error"),
    "item.mcp_list_tools": words("server_label tools error"),
    "item.message": words("role content"),
    "item.program": words("call_id code fingerprint"),
    "item.program_output": words("call_id result"),
    "item.reasoning": words("summary content encrypted_content"),
    "item.shell_call": words("call_id action environment"),
    "item.shell_call_output": words("call_id output"),
    "item.tool_search_call": words("call_id arguments execution"),
    "item.tool_search_output": words("call_id tools execution"),
    "item.web_search_call": words("action"),
    "part.input_audio": words("input_audio"),
    "part.input_file": words("file_data filename"),
    "part.input_image": words("image_url"),
    "part.input_text": words("text"),
    "part.output_text": words("text"),
    "part.refusal": words("refusal"),
    "tool.code_interpreter": words("container"),
    "tool.computer": words("display_height display_width environment"),
    "tool.custom": words("name description format"),
    "tool.file_search": words("vector_store_ids filters max_num_results ranking_options"),
    "tool.function": words("name description parameters"),
    "tool.image_generation": words(
        "action background complexity frame_count frame_duration_ms input_fidelity input_image_mask model moderation"
        " output_compression output_format partial_images quality size svg"
    ),
    "tool.mcp": words(
        "server_label allowed_tools authorization connector_id headers require_approval server_description server_url"
        " tunnel_id"
    ),
    "tool.namespace": words("name description tools"),
    "tool.shell": words("environment"),
    "tool.tool_search": words("description execution parameters"),
}
"""Members without which the thing is nothing, or which its own fate speaks for."""

SHARED: Final = {
    "item.custom_tool_call.async": "item.function_call.async",
    "tool.custom.allowed_callers": "tool.function.allowed_callers",
    "tool.custom.async": "tool.function.async",
    "tool.custom.defer_loading": "tool.function.defer_loading",
    "part.input_text.prompt_cache_breakpoint": "part.prompt_cache_breakpoint",
    "part.input_image.prompt_cache_breakpoint": "part.prompt_cache_breakpoint",
    "part.input_file.prompt_cache_breakpoint": "part.prompt_cache_breakpoint",
}
"""Members whose fate is told under another name."""

_FOR_READERS: Final = "It is for who reads the item; a model learns nothing from it."
_SEEN: Final = "The picture shows it."

IRRELEVANT: Final = {
    "item.*.id": "The gateway knows the item by it; providers have not kept it.",
    "item.*.status": "What was done, and how it ended, stands in the output.",
    "item.*.caller": "It says which program called, and programs are items of their own.",
    "item.*.created_by": _FOR_READERS,
    "item.additional_tools.role": "The tools are offered like all others.",
    "item.code_interpreter_call.container_id": "The container is another provider's.",
    "item.computer_call.pending_safety_checks": "They are for the client to decide on.",
    "item.computer_call_output.acknowledged_safety_checks": "Only who raised them asks for them.",
    "item.function_call_output.namespace": "The call that it answers has it.",
    "item.image_generation_call.action": _SEEN,
    "item.image_generation_call.background": _SEEN,
    "item.image_generation_call.error": "A picture that was not made is reported as an item that says nothing.",
    "item.image_generation_call.quality": _SEEN,
    "item.image_generation_call.revised_prompt": _SEEN,
    "item.image_generation_call.size": _SEEN,
    "item.image_generation_call.svg_usage": _FOR_READERS,
    "item.mcp_call.approval_request_id": "The call has been made.",
    "item.shell_call_output.max_output_length": "The output keeps to it already.",
    "part.output_text.annotations": "What was cited stands in the text.",
    "part.output_text.logprobs": _FOR_READERS,
    "tool.apply_patch.allowed_callers": "Programs that could call it are a tool that is reported itself.",
    "tool.code_interpreter.allowed_callers": "Programs that could call it are a tool that is reported itself.",
    "tool.mcp.allowed_callers": "Programs that could call it are a tool that is reported itself.",
    "tool.mcp.defer_loading": "All its tools are offered at once.",
    "tool.shell.allowed_callers": "Programs that could call it are a tool that is reported itself.",
}
"""Members that a provider loses nothing by, each with the reason."""
