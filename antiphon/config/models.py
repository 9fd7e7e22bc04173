"""What no type can say of the section `models`: an entry is a name for targets, or facts about models that exist."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.config.tree import Node, Problems, did_you_mean, found_at
from antiphon.model_settings import ModelSettings, PriceSettings, TariffSettings
from antiphon.providers.row import ProviderRow
from antiphon.settings import Settings


def check_models(settings: Settings, tree: Node, rows: Mapping[str, ProviderRow], problems: Problems) -> None:
    """Every entry is one or the other, and every price is one that something can be multiplied with."""
    for name, said in settings.models.items():
        if any(f"`models.{name}." in told for told in problems.found):
            continue  # what is wrong in it may be why something is missing
        found = found_at(tree, ("models", name))
        place = "" if found is None else found.named_at or found.origin
        for wrong in (*_kind(name, said, {*settings.providers, *rows}), *_price(said.price)):
            problems.add(place, f"`models.{name}`: {wrong}")


def _kind(name: str, said: ModelSettings, providers: set[str]) -> list[str]:
    if said.targets is not None:
        ours = "what is known of a target is said under the target's own name, `provider/model`"
        return [ours] if said.tells_facts else []
    if not said.tells_facts:
        return ["it has no `targets`, and nothing is said of it"]
    provider, slash, model = name.partition("/")
    if not slash or not model:
        return ["it needs `targets`; or, as what is known of models, a name like `provider/model` or `provider/*`"]
    if "*" not in provider and provider not in providers:
        return [f"there is no provider `{provider}`{did_you_mean(provider, sorted(providers))}"]
    return []


def _price(price: PriceSettings | None) -> list[str]:
    if price is None:
        return []
    wrong = [] if price.input is not None and price.output is not None else ["a price has both `input` and `output`"]
    return wrong + [
        f"the price of the service tier `{name}` has `times`, or rates of its own with both `input` and `output`"
        for name, tariff in price.services.items()
        if not _is_tariff(tariff)
    ]


def _is_tariff(tariff: TariffSettings) -> bool:
    if tariff.times is None:
        return tariff.input is not None and tariff.output is not None
    return all(getattr(tariff, name) is None for name in tariff.__struct_fields__ if name != "times")
