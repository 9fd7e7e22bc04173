"""What is known of a model: how much it reads and writes, what it can do, what it costs."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.wire.money import Price

Words = tuple[str, ...]


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody says of a model; what he does not say is unset. Sizes are tokens.

    `input` and `output` are kinds of content: text, image, file, audio, video. `capabilities` are tools, reasoning,
    structured_outputs, prompt_caching, and what the provider runs itself: web_search, computer_use, url_context,
    code_execution.
    """

    context_window: int | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    input: Words | UnsetType = UNSET
    output: Words | UnsetType = UNSET
    capabilities: Words | UnsetType = UNSET
    price: Price | UnsetType = UNSET

    def over(self, other: Fact) -> Fact:
        """What this says, and where it is silent what the other does."""
        said = {name: value for name in _MEMBERS if (value := getattr(self, name)) is not UNSET}
        return msgspec.structs.replace(other, **said) if said else other


_MEMBERS: Final = Fact.__struct_fields__

UNKNOWN: Final = Fact()
