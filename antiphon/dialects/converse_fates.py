"""What becomes of each thing that a client can ask for or send, at Bedrock's Converse API (spec section 6)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.fates import EMULATED, NATIVE, Fate, Fates, approximated


def _no_word(name: str) -> Fate:
    return approximated(f"{{provider}} has no word for '{name}'; it was left out.")


def _not_run(kind: str) -> Fate:
    return approximated(f"{{provider}} cannot run the tool '{kind}'; it was left out.")


def _untold(kind: str) -> Fate:
    return approximated(f"Items of type '{kind}' mean nothing to {{provider}}; they were left out.")


def _all(kind: str, names: str, fate: Fate) -> dict[str, Fate]:
    return {f"{kind}.{name}": fate for name in names.split()}


_FIELDS: Final = (
    _all(
        "field",
        "background context_management conversation include.reasoning.encrypted_content max_tool_calls metadata"
        " parallel_tool_calls previous_response_id prompt prompt_cache_key provider store stream"
        " stream_options.include_obfuscation strict truncation",
        EMULATED,
    )
    | _all(
        "field",
        "input instructions max_output_tokens model prompt_cache_options prompt_cache_retention reasoning.effort"
        " reasoning.generate_summary reasoning.summary service_tier stop temperature text.format.json_schema"
        " text.format.text tool_choice tools top_p",
        NATIVE,
    )
    | {
        f"field.{name}": _no_word(name)
        for name in (
            "presence_penalty",
            "frequency_penalty",
            "top_logprobs",
            "top_k",
            "seed",
            "safety_identifier",
            "user",
        )
    }
    | {
        "field.text.verbosity": _no_word("text.verbosity"),
        "field.include.message.output_text.logprobs": _no_word("message.output_text.logprobs"),
        "field.text.format.json_object": approximated(
            "{provider} does not hold this model to the form of its answer; the model only reads it."
        ),
        "field.other": approximated("These parameters were left out: {names}."),
    }
)
_MODELS: Final[dict[str, Fate]] = {
    "field.max_output_tokens.unlimited": approximated(
        "This model takes no limit to its output while it reasons with effort 'high'; it was left out."
    ),
    "field.temperature.range": approximated("{provider} takes a temperature of at most 1; that was used."),
    "field.temperature.refused": approximated("This model takes no temperature{when}; it was left out."),
    "field.top_p.refused": approximated("This model takes no top_p{when}; it was left out."),
    "field.reasoning.effort.unknown": approximated("{provider} cannot be told how much this model is to reason."),
    "field.reasoning.effort.nearest": approximated(
        "This model does not know the reasoning effort '{wanted}'; '{effort}' was used."
    ),
    "field.reasoning.effort.always": approximated("This model always reasons; '{effort}' was used."),
    "field.reasoning.effort.cramped": approximated(
        "The model does not reason: 'max_output_tokens' leaves no room for the 1024 tokens that this takes."
    ),
    "field.reasoning.effort.unsigned": approximated(
        "The model does not reason this time, since its last calls came without the reasoning that led to them."
    ),
    "field.reasoning.summary.style": approximated("{provider} does not write summaries of reasoning to order."),
    "field.tool_choice.thinking": approximated("This model cannot be made to call a tool while it reasons."),
    "field.service_tier.unknown": approximated("{provider} has no service tier '{tier}'; its usual one was used."),
    "field.prompt_cache_retention.hour": approximated("{provider} keeps what it has cached for an hour at most."),
    "field.prompt_cache_retention.minutes": approximated("This model's cache is kept for five minutes."),
    "field.guardrailConfig.trace": approximated("A response has no place for the trace of a guardrail."),
}
"""What depends on the model, or on the value."""

_TOOLS: Final = (
    _all("tool", "function web_search", NATIVE)
    | _all("tool", "apply_patch custom local_shell namespace shell tool_search", EMULATED)
    | {
        f"tool.{kind}": _not_run(kind)
        for kind in (
            "code_interpreter",
            "computer",
            "file_search",
            "image_generation",
            "mcp",
            "programmatic_tool_calling",
        )
    }
    | {
        f"tool.web_search.{option}": approximated(f"The model's own web search takes no '{option}'; it was left out.")
        for option in ("filters", "search_context_size", "user_location")
    }
    | {"tool.function.strict": approximated("{provider} does not hold calls of '{tool}' to its schema.")}
    | {"choice.web_search": approximated("{provider} cannot be made to search the web; it may.")}
    | _all("choice", "auto custom function required", NATIVE)
    | _all("choice", "allowed_tools apply_patch none shell", EMULATED)
)
_ITEMS: Final = (
    _all("item", "function_call function_call_output message reasoning", NATIVE)
    | _all(
        "item",
        "additional_tools apply_patch_call apply_patch_call_output code_interpreter_call compaction computer_call"
        " computer_call_output custom_tool_call custom_tool_call_output file_search_call image_generation_call"
        " item_reference local_shell_call local_shell_call_output mcp_call shell_call shell_call_output"
        " tool_search_call tool_search_output",
        EMULATED,
    )
    | {
        f"item.{kind}": _untold(kind)
        for kind in ("mcp_approval_request", "mcp_approval_response", "mcp_list_tools", "web_search_call")
    }
    | {
        "item.reasoning.dangling": approximated(
            "Item '{id}' of type 'reasoning' was provided without its required following item."
        )
    }
)
_ONLY_TEXT: Final = "{where} can only hold text at {{provider}}; the rest was left out."
_NO_FILE: Final = approximated("{provider} knows no files by id; they were left out.")
_PARTS: Final = (
    _all(
        "part",
        "computer_screenshot input_audio input_file input_image input_text input_video output_text"
        " prompt_cache_breakpoint refusal summary_text text",
        NATIVE,
    )
    | _all("part", "input_file.file_url input_image.detail", EMULATED)
    | {
        "part.input_file.file_id": _NO_FILE,
        "part.input_image.file_id": _NO_FILE,
        "part.media_from_assistant": approximated(_ONLY_TEXT.format(where="An assistant's message")),
        "part.media_from_system": approximated(_ONLY_TEXT.format(where="A system message")),
        "part.address": approximated("{provider} fetches nothing from the web; what lies there was left out."),
        "part.format": approximated("{provider} does not take {kind} of the type '{format}'; they were left out."),
    }
)
_OUTPUTS: Final = (
    _all(
        "output",
        "annotations encrypted_content error function_call image_generation_call incomplete_details"
        " reasoning_summary reasoning_text service_tier text usage usage.cache_write_tokens usage.cached_tokens"
        " web_search_call",
        NATIVE,
    )
    | _all("output", "apply_patch_call custom_tool_call local_shell_call shell_call tool_search_call", EMULATED)
    | {
        "output.logprobs": _no_word("message.output_text.logprobs"),
        "output.usage.reasoning_tokens": approximated("{provider} does not count the tokens of reasoning apart."),
    }
)

CONVERSE_FATES: Final[Fates] = MappingProxyType(_FIELDS | _MODELS | _TOOLS | _ITEMS | _PARTS | _OUTPUTS)
