"""Who may answer for a model name: a decision, not an action.

In this order, and the first that applies decides:

1. `provider` in the request: that provider, whatever the model is called.
2. A name of the owner's own (an alias): its targets, in order. Then a name of the gateway's own.
3. ``provider/model``, where the first part is a provider that is configured; the model may have slashes of its own.
4. A bare name that the owner configured for one provider.
5. A bare name that belongs to a vendor who is configured, going by how that vendor calls its models.
6. Any name, where there is one provider only: it knows best.
7. A bare name that one provider lists. Here, and only here, lists may have to be read first.

A name that several offer in step 4 or 7 is the vendor's own provider's, else an error that lists whom to name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from heapq import nlargest
from typing import Final, Protocol

from antiphon.errors import BadRequest, ConfigError
from antiphon.protocols import Target
from antiphon.wire.faults import missing

_MAX_SETTLED: Final = 4096
_SHOWN_CHARACTERS: Final = 256
_COMPARED_CHARACTERS: Final = 64
_COMPARED_NAMES: Final = 32


class Provider(Protocol):
    """What is asked of a provider. `models`, where it is set, are all that the owner offers of it."""

    name: str
    models: tuple[str, ...] | None

    @property
    def row_name(self) -> str:
        """What kind of provider it is; equal to `name` for the usual one of its kind."""
        ...

    @property
    def stands_in(self) -> bool:
        """Whether it only answers because there is nobody else."""
        ...

    def owns(self, model: str) -> bool:
        """Whether the model is the provider's own, going by its name."""
        ...

    def offers(self, model: str) -> bool:
        """Whether the owner lets the model be used."""
        ...

    def target(self, model: str) -> Target:
        """The model at this provider, existing or not."""
        ...


class Catalog(Protocol):
    """The providers, and what is known of their models. `generation` grows with every change of that."""

    generation: int

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Every provider by its name, in the order of configuration."""
        ...

    def known(self, provider: str) -> Collection[str]:
        """The models of a provider as far as they are known by now."""
        ...

    async def refresh(self) -> None:
        """Reads what providers list, where that is due; bounded in time, never an error."""
        ...


class ModelRouter:
    """Implements `protocols.Router`. What was decided once is a look-up until the catalog changes."""

    def __init__(
        self, catalog: Catalog, aliases: Mapping[str, Sequence[str]], own: Mapping[str, Target] | None = None
    ) -> None:
        """`aliases` are lists of ``provider/model``; `own` are targets of the gateway's, by their whole names.

        Raises ConfigError for an alias whose provider does not exist.
        """
        self._catalog = catalog
        self._own = own or {}
        self._aliases = {alias: [self._configured(alias, name) for name in names] for alias, names in aliases.items()}
        self._settled: dict[tuple[str, str | None], Sequence[Target]] = {}
        self._generation = catalog.generation

    async def targets(self, model: str, provider: str | None) -> Sequence[Target]:
        """Best first. Raises BadRequest: nobody, or too many, have the model, or there is no such provider."""
        if self._generation != self._catalog.generation:
            self._generation = self._catalog.generation
            self._settled.clear()
        settled = self._settled.get((model, provider))
        if settled is None:
            settled = await self._decided(model, provider)
            if len(self._settled) >= _MAX_SETTLED:
                self._settled.clear()  # clients may invent names without end
            self._settled[model, provider] = settled
        return settled

    async def _decided(self, model: str, provider: str | None) -> Sequence[Target]:
        if not model:
            raise missing("model")
        alias = self._aliases.get(model, [])
        if provider is not None:
            chosen = [target for target in alias if target.provider == provider]
            return chosen or [self._at(self._named(provider), model)]
        if alias:
            return alias
        if model in self._own:
            return [self._own[model]]
        first, slash, rest = model.partition("/")
        if slash and rest and first in self._catalog.providers:
            return [self._at(self._catalog.providers[first], model)]
        return [(await self._offering(model)).target(model)]

    def _named(self, name: str) -> Provider:
        provider = self._catalog.providers.get(name)
        if provider is not None:
            return provider
        hint = _did_you_mean(_near(name, self._catalog.providers))
        message = f"Invalid value: '{_shown(name)}'. There is no such provider.{hint}"
        raise BadRequest(message, param="provider", code="invalid_value")

    def _at(self, provider: Provider, name: str) -> Target:
        """The model that `name` means at this provider, with or without the provider in front of it."""
        model = name.removeprefix(f"{provider.name}/")
        known = self._catalog.known(provider.name)
        if name in known and model not in known:
            model = name  # OpenRouter's own models begin with its name: openrouter/auto
        if not provider.offers(model):
            raise self._nobody_has(name)
        return provider.target(model)

    async def _offering(self, model: str) -> Provider:
        """The one provider of a bare name."""
        everyone = self._catalog.providers.values()
        providers = [each for each in everyone if not each.stands_in] or list(everyone)
        if chosen := [each for each in providers if each.models is not None and model in each.models]:
            return _only(chosen, model)
        if vendor := _vendor([each for each in providers if each.offers(model)], model):
            return vendor
        if len(providers) == 1 and providers[0].offers(model):
            return providers[0]
        await self._catalog.refresh()
        if listed := [each for each in providers if model in self._catalog.known(each.name)]:
            return _only(listed, model)
        raise self._nobody_has(model)

    def _nobody_has(self, model: str) -> BadRequest:
        """The API's own words, and what may have been meant."""
        providers = self._catalog.providers
        by_name = {alias.casefold(): alias for alias in self._aliases}
        for provider in providers:
            for known in self._catalog.known(provider):
                name = f"{provider}/{known}"
                by_name[known.casefold()] = by_name[name.casefold()] = name
        hint = _did_you_mean(list(dict.fromkeys(by_name[name] for name in _near(model.casefold(), by_name))))
        first, slash, rest = model.partition("/")
        if slash and rest and first not in providers:
            meant = [f"{name}/{rest}" for name in _near(first, providers)]
            hint = f" No provider '{_shown(first)}' is configured.{_did_you_mean(meant) or hint}"
        if providers and all(provider.stands_in for provider in providers.values()):
            only = ", ".join(f"'{name}/{known}'" for name in providers for known in self._catalog.known(name))
            hint = f" No provider is configured, so there is only {only}."
        message = f"The requested model '{_shown(model)}' does not exist.{hint}"
        return BadRequest(message, param="model", code="model_not_found")

    def _configured(self, alias: str, name: str) -> Target:
        """One target of an alias."""
        if name in self._own:
            return self._own[name]
        first, _, model = name.partition("/")
        provider = self._catalog.providers.get(first)
        if provider is None or not model:
            near = get_close_matches(first, self._catalog.providers, n=1)
            hint = f" Did you mean '{near[0]}/{model}'?" if near and model else ""
            raise ConfigError(f"The model '{alias}' names the target '{name}', but no such provider exists.{hint}")
        if not provider.offers(model):
            raise ConfigError(f"The model '{alias}' names the target '{name}', which '{first}' is not set to offer.")
        return provider.target(model)


def _only(providers: Sequence[Provider], model: str) -> Provider:
    """The single one, or the vendor. Raises BadRequest."""
    if len(providers) == 1:
        return providers[0]
    if vendor := _vendor(providers, model):
        return vendor
    names = ", ".join(f"'{provider.name}/{model}'" for provider in providers)
    message = f"The model '{_shown(model)}' is offered by several providers; name one of them: {names}."
    raise BadRequest(message, param="model", code="ambiguous_model")


def _vendor(providers: Sequence[Provider], model: str) -> Provider | None:
    """Whoever makes the model: of several accounts with one vendor, the one that bears its plain name."""
    owners = [provider for provider in providers if provider.owns(model)]
    if len(owners) > 1:
        owners = [provider for provider in owners if provider.name == provider.row_name]
    return owners[0] if len(owners) == 1 else None


def _near(name: str, names: Collection[str]) -> list[str]:
    """The names most like `name`. Only those that share most of its letters in threes are compared: that costs most."""
    name = name[:_COMPARED_CHARACTERS]
    threes = {name[start : start + 3] for start in range(max(1, len(name) - 2))}
    likely = nlargest(_COMPARED_NAMES, names, key=lambda each: sum(three in each for three in threes))
    return get_close_matches(name, likely)


def _did_you_mean(names: Sequence[str]) -> str:
    return f" Did you mean {' or '.join(repr(name) for name in names)}?" if names else ""


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
