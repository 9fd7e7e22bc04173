"""What becomes of each thing that a client asks for, in Ollama's own chat API (spec section 6.1).

https://docs.ollama.com/api/chat (read 2026-11).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from antiphon.dialects.fates import EMULATED, NATIVE, Fates, approximated

FATES: Final[Fates] = MappingProxyType(
    {
        "field.instructions": NATIVE,
        "field.seed": NATIVE,
        "field.stop": NATIVE,
        "field.stream": NATIVE,
        "field.top_k": NATIVE,
        "field.max_output_tokens": NATIVE,
        "field.temperature": NATIVE,
        "field.top_p": NATIVE,
        "field.presence_penalty": NATIVE,
        "field.frequency_penalty": NATIVE,
        "field.top_logprobs": NATIVE,
        "field.truncation": NATIVE,
        "field.parallel_tool_calls": EMULATED,
        "field.reasoning.effort": approximated(
            "{provider} does not know the reasoning effort '{wanted}'; '{used}' was used."
        ),
        "field.reasoning.summary": approximated("{provider} does not write summaries of reasoning to order."),
        "field.text.format": NATIVE,
        "field.text.verbosity": approximated("{provider} cannot be told how much to say."),
        "field.service_tier": approximated("{provider} has no service tiers; '{tier}' was left out."),
        "field.prompt_cache_key": approximated("{provider} does not take '{name}'; it was left out."),
        "field.prompt_cache_retention": approximated("{provider} does not take '{name}'; it was left out."),
        "field.safety_identifier": approximated("{provider} does not take '{name}'; it was left out."),
        "field.user": approximated("{provider} does not take '{name}'; it was left out."),
        "tool.function": NATIVE,
        "tool.custom": EMULATED,
        "tool.apply_patch": EMULATED,
        "tool.local_shell": EMULATED,
        "tool.shell": EMULATED,
        "choice.none": EMULATED,
        "choice.auto": NATIVE,
        "choice.required": approximated("{provider} cannot be made to call a tool."),
        "choice.function": approximated("{provider} cannot be made to call a tool."),
        "choice.allowed_tools": EMULATED,
        "item.message": NATIVE,
        "item.function_call": approximated("Arguments that are no JSON object reached {provider} as text in one."),
        "item.function_call_output": NATIVE,
        "item.reasoning": approximated("Reasoning that nothing follows means nothing to {provider}; it was left out."),
        "part.input_text": NATIVE,
        "part.input_image": approximated("{provider} takes images as data alone; one was left out."),
        "part.input_file": approximated("{provider} takes text files alone; another file was left out."),
        "part.input_audio": approximated("{provider} takes no audio; it was left out."),
        "part.input_video": approximated("{provider} takes no video; it was left out."),
        "output.logprobs": NATIVE,
        "output.reasoning": NATIVE,
    }
)
