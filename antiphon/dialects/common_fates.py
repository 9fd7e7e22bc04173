"""The fates that are the same in every format: what the gateway does itself, and what its neutral code decides.

A table of one format says the rest, and anything here otherwise.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.fates import LEFT_OUT, NATIVE, UNKNOWN, Fate, Fates, absent, approximated, emulated, native
from antiphon.dialects.subjects import FOLLOWS, words

CANNOT_RUN: Final = approximated("{provider} cannot run the tool '{tool}'; it was left out.")
"""A tool that nobody runs."""

NOT_HELD: Final = approximated("{provider} does not hold calls of '{name}' to its schema.")

NO_FORCE: Final = approximated("{provider} cannot be made to call a tool.")

UNTOLD: Final = approximated("Items of type '{kind}' mean nothing to {provider}; they were left out.")
"""An item that a provider has no words for, or that says nothing but to its maker."""

NO_LIMIT: Final = approximated("{provider} cannot be told how often '{tool}' may be used.")
"""Tools that the provider runs, and `max_tool_calls`."""

NO_BREAKPOINT: Final = approximated("{provider} is not told where to cache; it caches as it likes.")
NO_DETAIL: Final = approximated("{provider} looks at every image in the same detail.")
NO_SUMMARIES: Final = approximated("{provider} does not write summaries of reasoning to order.")
NO_VERBOSITY: Final = approximated("{provider} cannot be told how much to say.")
DANGLING: Final = approximated(
    "Item '{id}' of type 'reasoning' was provided without its required following item.", None
)
ONLY_TEXT: Final = approximated("{where} can only hold text at {provider}; the rest was left out.")
ORIGINAL_DETAIL: Final = approximated("{provider} does not look at images in their original detail; 'high' was used.")
REPLAYED: Final = native("A model is told its own reasoning, and that which came without a seal.")
UNSEALED: Final = native(
    "Sealed reasoning goes to its own author alone, and who cannot open it is not told it. A summary without a seal"
    " is for readers, and goes to nobody."
)

_STAND_IN: Final = emulated("A function stands in for it, and its calls come back as calls of the tool.")
_A_CALL: Final = emulated("Told as a call of the function that stands in for the tool, and its output.")
_WHOLE: Final = emulated("The item comes whole, in `output_item.added` and `output_item.done`.")
"""Events that tell an item piece by piece."""

_IN_WORDS: Final = emulated("Told in words before the output.")
NO_CUSTOM_TOOLS: Final[dict[str, Fate]] = {
    "tool.custom": emulated("A function with one text stands in for it."),
    "tool.custom.grammar": approximated("{provider} does not hold '{name}' to its grammar; the model only reads it."),
    "item.custom_tool_call": _A_CALL,
}
"""What becomes of tools that take free text where a format has functions alone."""

_OURS: Final = emulated("Antiphon does it; the provider is not told.")
_FILTERED: Final = emulated("Decides what is shown when the response is read; all of it is kept.")
_NEWEST: Final = words("access_programs image moderation prompt_cache_options reasoning.context reasoning.mode")
_RUN_ELSEWHERE: Final = words(
    "code_interpreter computer file_search image_generation mcp programmatic_tool_calling shell.container web_search"
)
_UNTOLD_ITEMS: Final = words(
    "compaction_trigger configuration_update"
    " mcp_approval_request mcp_approval_response mcp_list_tools program program_output web_search_call"
)

COMMON: Final[Fates] = MappingProxyType(
    {
        "field.background": _OURS,
        "field.context_management": _OURS,
        "field.conversation": _OURS,
        "field.include.computer_call_output.output.image_url": _FILTERED,
        "field.include.message.input_image.image_url": _FILTERED,
        "field.include.reasoning.encrypted_content": emulated("Sealed by Antiphon, which opens it again."),
        "field.input": NATIVE,
        "field.instructions": NATIVE,
        "field.max_tool_calls": emulated("The provider runs no tools that there would be calls of."),
        "field.metadata": _OURS,
        "field.model": NATIVE,
        "field.other": UNKNOWN,
        "field.previous_response_id": _OURS,
        "field.prompt": _OURS,
        "field.provider": emulated("Says who is asked; not told to the provider."),
        "field.seed": approximated("{provider} takes no seed; it was left out."),
        "field.stop": approximated("{provider} cannot be told where to stop; its answer may go on."),
        "field.store": _OURS,
        "field.stream": NATIVE,
        "field.stream_options.include_obfuscation": _OURS,
        "field.strict": emulated("Says whether losses are errors; not told to the provider."),
        "field.text.format.text": NATIVE,
        "field.tool_choice": native("See the forms of `tool_choice`."),
        "field.top_k": approximated("{provider} takes no top_k; it was left out."),
        "field.tools": native("See the types of tools."),
        "field.truncation": _OURS,
        "tool.apply_patch": _STAND_IN,
        "tool.custom": NATIVE.unless("custom_tools", NO_CUSTOM_TOOLS["tool.custom"]),
        "tool.custom.grammar": NATIVE.unless("custom_tools", NO_CUSTOM_TOOLS["tool.custom.grammar"]),
        "tool.function": NATIVE,
        "tool.function.allowed_callers": approximated(
            "{provider} knows no programs that could call '{name}'; the model may call it itself."
        ),
        "tool.function.async": approximated("{provider} takes no later output of '{name}'; it is a call like others."),
        "tool.function.defer_loading": emulated("Tools that could be found are all offered at once."),
        "tool.function.output_schema": approximated("{provider} is not told the form of the output of '{name}'."),
        "tool.function.strict": NATIVE.unless("strict_functions", NOT_HELD),
        "tool.local_shell": _STAND_IN,
        "tool.namespace": emulated("Its tools are offered under names with that of the namespace in front."),
        "tool.shell": _STAND_IN,
        "tool.shell.skills": emulated("Listed in the description of the function that stands in."),
        "tool.tool_search": emulated("A client's own search is a function; else all tools are offered at once."),
        "choice.auto": NATIVE,
        "choice.left_out": approximated("{provider} has no tool that tool_choice asks for; the model chooses freely."),
        "choice.none": NATIVE,
        "item.additional_tools": emulated("The tools are offered from the start."),
        "item.apply_patch_call": _A_CALL,
        "item.apply_patch_call_output": _A_CALL,
        "item.code_interpreter_call.images": approximated(
            "{provider} is not shown the images that code made; they were left out."
        ),
        "item.code_interpreter_call": approximated(
            UNTOLD.sentence, note="With what it printed, it is told as a call and its output."
        ),
        "item.compaction": approximated(
            UNTOLD.sentence, "invalid_encrypted_content", "With a summary that can be read, that is told."
        ),
        "item.computer_call": _A_CALL,
        "item.computer_call_output": NATIVE,
        "item.custom_tool_call": NATIVE.unless("custom_tools", _A_CALL),
        "item.custom_tool_call_output": NATIVE,
        "item.file_search_call": approximated(
            UNTOLD.sentence, note="With its results, it is told as a call and its output."
        ),
        "item.function_call": NATIVE,
        "item.function_call.async": emulated("A call without an output is told to be running."),
        "item.function_call_output": NATIVE,
        "item.function_call_output.failed": _IN_WORDS,
        "item.image_generation_call": approximated(UNTOLD.sentence, note="With its picture, that is shown."),
        "item.item_reference": emulated("Antiphon puts the item in its place."),
        "item.local_shell_call": _A_CALL,
        "item.local_shell_call_output": _A_CALL,
        "item.mcp_call": emulated("Told as the call of a function, and its output."),
        "item.message": NATIVE,
        "item.message.phase": emulated("Kept with the item; only models of its maker read it."),
        "item.other": approximated("Items of type '{kind}' were left out."),
        "item.reasoning": native("Sealed reasoning goes to its own author alone; who cannot open it is not told it."),
        "item.reasoning.dangling": NATIVE,
        "item.reasoning.foreign": approximated("Reasoning of another model was left out for {provider}."),
        "item.reasoning.sealed": approximated("Reasoning that {provider} cannot open was left out."),
        "item.shell_call": _A_CALL,
        "item.shell_call_output": _A_CALL,
        "item.tool_search_call": _A_CALL,
        "item.tool_search_output": emulated("The tools that were found are offered."),
        "part.input_text": NATIVE,
        "part.output_text": NATIVE,
        "part.reasoning_text": NATIVE,
        "part.refusal": NATIVE,
        "part.summary_text": NATIVE,
        "part.text": NATIVE,
        "output.audio": absent(),
        "output.compaction": _OURS,
        "output.encrypted_content": emulated("What only the provider can read is sealed."),
        "output.error": NATIVE,
        "output.incomplete_details": NATIVE,
        "output.text": NATIVE,
        "output.usage": NATIVE,
        "event.response.apply_patch_call_operation_diff.delta": _WHOLE,
        "event.response.apply_patch_call_operation_diff.done": _WHOLE,
        "event.response.compaction.compacting": _WHOLE,
        "event.response.shell_call_command.added": _WHOLE,
        "event.response.shell_call_command.delta": _WHOLE,
        "event.response.shell_call_command.done": _WHOLE,
    }
    | dict.fromkeys((f"field.{name}" for name in _NEWEST), UNKNOWN)
    | {f"tool.{tool}": CANNOT_RUN for tool in _RUN_ELSEWHERE}
    | {f"item.{kind}": UNTOLD for kind in _UNTOLD_ITEMS}
)


def fate_of(table: Fates, subject: str) -> Fate | None:
    """What a table, or all have in common, says of a subject, of what it follows, or of what it is a member of."""
    while "." in subject:
        fate = table.get(subject) or COMMON.get(subject)
        if fate is not None:
            return fate
        subject = FOLLOWS.get(subject) or subject.rpartition(".")[0]
    return None


def reported(table: Fates, subject: str) -> Fate:
    """As `fate_of`; a loss that no table knows of is one nevertheless."""
    return fate_of(table, subject) or LEFT_OUT
