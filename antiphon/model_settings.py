"""The settings of models: names of the owner's own for them, and what he knows better than anybody else."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from antiphon.setting_types import Name, TargetName

Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Word = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=64,
        extra={"expected": "a word of small letters, digits and '_'"},
    ),
]


class RateSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Dollars for a million tokens of each kind."""

    input: Annotated[Dollars | None, Meta(description="Input.")] = None
    output: Annotated[Dollars | None, Meta(description="Output.")] = None
    cached_input: Annotated[Dollars | None, Meta(description="Input that was read from the provider's cache.")] = None
    cache_write: Annotated[Dollars | None, Meta(description="Input that was written to the cache.")] = None
    cache_write_1h: Annotated[
        Dollars | None, Meta(description="Input that was written to the cache, to be kept for an hour.")
    ] = None
    reasoning: Annotated[Dollars | None, Meta(description="Output that was thought.")] = None
    audio_input: Annotated[Dollars | None, Meta(description="Audio in the input.")] = None
    audio_output: Annotated[Dollars | None, Meta(description="Audio in the output.")] = None
    image_input: Annotated[Dollars | None, Meta(description="Images in the input.")] = None
    image_output: Annotated[Dollars | None, Meta(description="Images in the output.")] = None


class StepSettings(RateSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What costs something else where the input is long."""

    over: Annotated[Tokens, Meta(description="These rates hold for inputs of more tokens than this.")]


class TariffSettings(RateSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a service tier costs."""

    times: Annotated[
        Annotated[float, Meta(gt=0, le=1000)] | None,
        Meta(description="How many times the usual price it costs, in place of rates of its own."),
    ] = None


class PriceSettings(RateSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a model costs. What is not said costs what the next wider kind does: cached input what input does."""

    steps: Annotated[list[StepSettings], Meta(description="What long inputs cost.", max_length=16)] = field(
        default_factory=list[StepSettings]
    )
    services: Annotated[
        dict[Name, TariffSettings], Meta(description="What service tiers cost: `flex`, `priority`.", max_length=16)
    ] = field(default_factory=dict[str, TariffSettings])


class ModelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model name of your own, if it has `targets`; else what is known of the models that its name stands for."""

    targets: Annotated[
        Annotated[list[TargetName], Meta(min_length=1, max_length=32)] | None,
        Meta(description="Who answers, as `provider/model`; the next is asked when one fails."),
    ] = None
    context_window: Annotated[Tokens | None, Meta(description="How many tokens the model takes in all.")] = None
    max_output_tokens: Annotated[Tokens | None, Meta(description="How many tokens it can answer with.")] = None
    input_modalities: Annotated[
        Annotated[list[Word], Meta(max_length=16)] | None,
        Meta(description="What it reads: text, image, file, audio, video."),
    ] = None
    output_modalities: Annotated[
        Annotated[list[Word], Meta(max_length=16)] | None, Meta(description="What it answers with.")
    ] = None
    capabilities: Annotated[
        Annotated[list[Word], Meta(max_length=64)] | None,
        Meta(description="What it can do: tools, reasoning, structured_outputs, prompt_caching, and so on."),
    ] = None
    price: Annotated[PriceSettings | None, Meta(description="What it costs, in US dollars for a million tokens.")] = (
        None
    )

    @property
    def tells_facts(self) -> bool:
        """Whether anything but targets is said."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__ if name != "targets")
