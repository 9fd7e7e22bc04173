"""What becomes of each thing that a client asks for, in Cohere's chat API (spec section 6.1).

https://docs.cohere.com/reference/chat (read 2026-11).
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
        "field.temperature": approximated("{provider} takes a temperature of at most {most:g}; that was used."),
        "field.top_p": approximated("{provider} takes a top_p between 0.01 and 0.99; {used:g} was used."),
        "field.presence_penalty": approximated("{provider} takes a {name} between 0 and 1; {used:g} was used."),
        "field.frequency_penalty": approximated("{provider} takes a {name} between 0 and 1; {used:g} was used."),
        "field.top_logprobs": approximated("{provider} tells the probabilities of the tokens that it chose alone."),
        "field.parallel_tool_calls": EMULATED,
        "field.reasoning.effort": approximated("{model} does not reason, so it cannot be told how much to."),
        "field.reasoning.summary": approximated("{provider} does not write summaries of reasoning to order."),
        "field.text.verbosity": approximated("{provider} cannot be told how much to say."),
        "field.text.format": approximated(
            "{provider} does not hold its answer to a form while there are tools; the model only reads of it."
        ),
        "field.service_tier": approximated("{provider} has no service tiers; '{tier}' was left out."),
        "field.prompt_cache_key": approximated("{provider} does not take '{name}'; it was left out."),
        "field.prompt_cache_retention": approximated("{provider} does not take '{name}'; it was left out."),
        "field.safety_identifier": approximated("{provider} does not take '{name}'; it was left out."),
        "field.user": approximated("{provider} does not take '{name}'; it was left out."),
        "tool.function": NATIVE,
        "tool.function.strict": approximated(
            "{provider} holds calls to their schemas for all tools or none, and only where each has a required"
            " parameter; none is held here."
        ),
        "tool.custom": EMULATED,
        "tool.apply_patch": EMULATED,
        "tool.local_shell": EMULATED,
        "tool.shell": EMULATED,
        "choice.none": NATIVE,
        "choice.auto": NATIVE,
        "choice.required": NATIVE,
        "choice.function": EMULATED,
        "choice.allowed_tools": EMULATED,
        "item.message": NATIVE,
        "item.function_call": NATIVE,
        "item.function_call_output": NATIVE,
        "item.reasoning": approximated("Reasoning that nothing follows means nothing to {provider}; it was left out."),
        "part.input_text": NATIVE,
        "part.input_image": approximated("{provider} takes images by address or as data alone; one was left out."),
        "part.input_file": approximated("{provider} takes text files alone; another file was left out."),
        "part.input_audio": approximated("{provider} takes no audio; it was left out."),
        "part.input_video": approximated("{provider} takes no video; it was left out."),
        "part.other": approximated("{where} can only hold text at {provider}; the rest was left out."),
        "output.annotations": NATIVE,
        "output.logprobs": NATIVE,
        "output.reasoning": NATIVE,
    }
)
