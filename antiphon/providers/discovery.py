"""Which models there are: what the owner configured, and what providers list, read when somebody asks.

Law: a provider that does not answer costs whoever waits five seconds at most, and then nobody anything for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from msgspec import UNSET

from antiphon.errors import ShuttingDown, UpstreamError
from antiphon.protocols import Clock, Target
from antiphon.providers.cards import ModelCard, card, fact_of
from antiphon.providers.knowledge import Knowledge
from antiphon.providers.lists import Entry, entries, next_page

FRESH_SECONDS: Final = 300.0
DEADLINE_SECONDS: Final = 5.0
AFTER_FAILURE_SECONDS: Final = 30.0
MAX_PAGES: Final = 100

_NOTHING: Final[Entry] = {}


class Provider(Protocol):
    """What is asked of a provider, whether it is far away or built in."""

    name: str
    models: tuple[str, ...] | None

    @property
    def stands_in(self) -> bool:
        """Whether it only answers because there is nobody else."""
        ...

    @property
    def row_name(self) -> str:
        """What kind of provider it is."""
        ...

    @property
    def lists_models(self) -> bool:
        """Whether there is a list of models to be read."""
        ...

    def owns(self, model: str) -> bool:
        """Whether the model is the provider's own, going by its name."""
        ...

    def offers(self, model: str) -> bool:
        """Whether the owner lets the model be used."""
        ...

    def target(self, model: str) -> Target:
        """The model at this provider."""
        ...

    async def listing(self, page: str = "") -> bytes:
        """The provider's own list of models, or the page of it that the query asks for. Raises UpstreamError."""
        ...


@dataclass(slots=True)
class _Shelf:
    """The cards of one provider, by model, and when to look again."""

    provider: Provider
    cards: Mapping[str, ModelCard]
    due: float = 0.0


class Discovery:
    """Implements the router's `Catalog`. `generation` grows with every change of what is known."""

    def __init__(self, providers: Sequence[Provider], clock: Clock, knowledge: Knowledge) -> None:
        """Reads nothing yet. What lists say of models is taught to `knowledge`."""
        self.generation = 0
        self.providers: Mapping[str, Provider] = {provider.name: provider for provider in providers}
        self._clock = clock
        self._knowledge = knowledge
        self._shelves = [_Shelf(each, self._configured(each)) for each in providers]
        self._reading = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._kept = False

    def known(self, provider: str) -> Collection[str]:
        """The models of a provider as far as they are known by now."""
        return next((shelf.cards.keys() for shelf in self._shelves if shelf.provider.name == provider), ())

    async def cards(self) -> list[ModelCard]:
        """Every model that is known, by provider in the order of configuration, then by name."""
        await self.refresh()
        return [shelf.cards[model] for shelf in self._shelves for model in sorted(shelf.cards)]

    async def card(self, model: str) -> ModelCard | None:
        """One model by its public name, ``provider/model``."""
        await self.refresh()
        return next((each for shelf in self._shelves for each in shelf.cards.values() if each.id == model), None)

    async def context_window(self, target: str) -> int | None:
        """Implements `protocols.Windows`: the provider's list is read first, if nobody has yet."""
        await self.refresh()
        name, _, model = target.partition("/")
        provider = self.providers.get(name)
        if provider is None:
            return None
        window = self._knowledge.fact(name, provider.row_name, model).context_window
        return None if window is UNSET else window

    async def refresh(self) -> None:
        """Reads the lists that are due. Where `keep` is at work, only lists that were never read are waited for."""
        if not self._due():
            return
        self._wanted.set()
        if self._kept and not self._unread():
            return
        await self._read_all()

    async def keep(self) -> None:
        """Reads lists in the background, for as long as its task runs, whenever stale ones were used."""
        self._kept = True
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()  # before reading: whoever asks meanwhile must not be forgotten
                await self._read_all()
        finally:
            self._kept = False

    async def _read_all(self) -> None:
        """What is due once it is our turn; somebody else may have read it by then."""
        async with self._reading, asyncio.TaskGroup() as group:
            for shelf in self._due():
                group.create_task(self._read(shelf))

    def _due(self) -> list[_Shelf]:
        now = self._clock()
        return [shelf for shelf in self._shelves if shelf.provider.lists_models and shelf.due <= now]

    def _unread(self) -> bool:
        return any(shelf.due == 0.0 for shelf in self._shelves if shelf.provider.lists_models)

    async def _read(self, shelf: _Shelf) -> None:
        """Replaces the cards of a shelf; a failure leaves them as they are."""
        provider = shelf.provider
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                listed = await _listed(provider)
        except (UpstreamError, ShuttingDown, TimeoutError):
            shelf.due = self._clock() + AFTER_FAILURE_SECONDS
            return
        shelf.due = self._clock() + FRESH_SECONDS
        self._knowledge.learn(provider.name, {model: fact_of(entry) for model, entry in listed.items()})
        offered = {model: entry for model, entry in listed.items() if provider.offers(model)}
        cards = self._configured(provider) | self._cards(provider, offered)
        if cards != shelf.cards:
            shelf.cards = cards
            self.generation += 1

    def _configured(self, provider: Provider) -> dict[str, ModelCard]:
        """Cards of the models that the owner named."""
        return self._cards(provider, dict.fromkeys(provider.models or (), _NOTHING))

    def _cards(self, provider: Provider, listed: Mapping[str, Entry]) -> dict[str, ModelCard]:
        fact = self._knowledge.about(provider.name, provider.row_name)
        return {model: card(provider.name, model, entry, fact(model)) for model, entry in listed.items()}


async def _listed(provider: Provider) -> dict[str, Entry]:
    """All pages of a provider's list. Raises UpstreamError."""
    body = await provider.listing()
    listed, pages = entries(body), 1
    while (page := next_page(body)) is not None and pages < MAX_PAGES:
        body = await provider.listing(page)
        listed |= entries(body)
        pages += 1
    return listed
