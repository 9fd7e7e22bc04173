import asyncio
import json
from collections.abc import Sequence

import pytest
from typing_extensions import override

from antiphon.errors import ConnectFailed
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.demo import Demo
from antiphon.providers.discovery import AFTER_FAILURE_SECONDS, FRESH_SECONDS, MAX_PAGES, Discovery, Provider
from antiphon.providers.facts import Fact
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.knowledge import Knowledge
from tests.unit.providers.fakes import CHAT, DIALECTS, ScriptedUpstream, recorded_list


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Listed(ProviderInstance):
    """A provider whose list of models is written here."""

    def __init__(self, name: str, models: Sequence[str], configured: list[str] | None = None) -> None:
        super().__init__(name, ProviderSettings(type="openai", models=configured), ScriptedUpstream(), DIALECTS)
        self.listed = list(models)
        self.reads = 0
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()

    @override
    async def listing(self, page: str = "") -> bytes:
        self.reads += 1
        await self.gate.wait()
        if self.down:
            raise ConnectFailed("no connection to the provider could be had")
        return json.dumps({"data": [{"id": model} for model in self.listed]}).encode()


def discovery(*providers: Provider, clock: Watch | None = None, knowledge: Knowledge | None = None) -> Discovery:
    return Discovery(providers, clock or Watch(), knowledge or Knowledge({}))


async def ids(found: Discovery) -> list[str]:
    return [card.id for card in await found.cards()]


async def turns() -> None:
    """Everybody who can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nothing_is_read_before_anybody_asks() -> None:
    provider = Listed("a", ["m"])
    found = discovery(provider)
    assert provider.reads == 0
    assert list(found.known("a")) == []


async def test_cards_come_by_provider_and_then_by_name() -> None:
    found = discovery(Listed("z", ["m2", "m1"]), Listed("a", ["m3"]), Demo(CHAT, Watch()))
    assert await ids(found) == ["z/m1", "z/m2", "a/m3", "demo/echo"]
    assert set(found.known("z")) == {"m1", "m2"}
    assert found.known("nobody") == ()


async def test_one_card_is_found_by_its_public_name() -> None:
    found = discovery(Listed("a", ["vendor/m"]))
    card = await found.card("a/vendor/m")
    assert card is not None
    assert card.id == "a/vendor/m"
    assert await found.card("a/x") is None


async def test_a_list_is_read_again_when_it_is_stale_and_not_before() -> None:
    clock, provider = Watch(), Listed("a", ["m1"])
    found = discovery(provider, clock=clock)
    await found.cards()
    provider.listed.append("m2")
    clock.now += FRESH_SECONDS - 1
    assert await ids(found) == ["a/m1"]
    clock.now += 1
    assert await ids(found) == ["a/m1", "a/m2"]
    assert provider.reads == 2


async def test_a_failure_is_remembered_for_a_while_and_what_was_known_stays() -> None:
    clock, provider = Watch(), Listed("a", ["m1"])
    found = discovery(provider, clock=clock)
    await found.cards()
    provider.down = True
    clock.now += FRESH_SECONDS
    assert await ids(found) == ["a/m1"]
    assert await ids(found) == ["a/m1"]
    assert provider.reads == 2
    provider.down = False
    clock.now += AFTER_FAILURE_SECONDS
    assert await ids(found) == ["a/m1"]
    assert provider.reads == 3


async def test_one_provider_that_is_down_hides_no_other() -> None:
    down = Listed("down", [])
    down.down = True
    assert await ids(discovery(down, Listed("up", ["m"]))) == ["up/m"]


async def test_a_provider_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.providers.discovery.DEADLINE_SECONDS", 0.01)
    silent = Listed("silent", ["m"])
    silent.gate.clear()
    found = discovery(silent, Listed("up", ["m"]))
    assert await ids(found) == ["up/m"]
    assert await ids(found) == ["up/m"]
    assert silent.reads == 1


async def test_a_list_that_is_none_is_a_failure() -> None:
    upstream = ScriptedUpstream({"/v1/models": b"<html>"})
    broken = ProviderInstance("broken", ProviderSettings(type="openai"), upstream, DIALECTS)
    assert await ids(discovery(broken)) == []


async def test_many_who_ask_at_once_cost_one_reading() -> None:
    provider = Listed("a", ["m"])
    provider.gate.clear()
    found = discovery(provider)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ids(found)) for _ in range(20)]
        await turns()
        assert provider.reads == 1
        provider.gate.set()
    assert {tuple(task.result()) for task in asked} == {("a/m",)}
    assert provider.reads == 1


async def test_whoever_leaves_while_a_list_is_read_takes_nobody_with_him() -> None:
    provider = Listed("a", ["m"])
    provider.gate.clear()
    found = discovery(provider)
    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(ids(found))
        await turns()
        assert provider.reads == 1
        staying = group.create_task(ids(found))
        leaving.cancel()
        provider.gate.set()
    assert staying.result() == ["a/m"]


async def test_configured_models_are_known_at_once_and_the_only_ones() -> None:
    provider = Listed("a", ["gpt-4o", "other"], configured=["gpt-4o", "mine"])
    found = discovery(provider)
    assert set(found.known("a")) == {"gpt-4o", "mine"}
    assert await ids(found) == ["a/gpt-4o", "a/mine"]
    card = await found.card("a/gpt-4o")
    assert card is not None
    assert card.context_window == 128000


async def test_the_generation_grows_only_when_something_changed() -> None:
    clock, provider = Watch(), Listed("a", ["m1"])
    found = discovery(provider, clock=clock)
    await found.cards()
    before = found.generation
    clock.now += FRESH_SECONDS
    await found.cards()
    assert found.generation == before
    provider.listed = ["m2"]
    clock.now += FRESH_SECONDS
    await found.cards()
    assert found.generation == before + 1


async def test_where_lists_are_kept_nobody_waits_for_a_stale_one() -> None:
    clock, provider = Watch(), Listed("a", ["m1"])
    found = discovery(provider, clock=clock)
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(found.keep())
        await turns()
        assert await ids(found) == ["a/m1"]
        provider.listed = ["m2"]
        provider.gate.clear()
        clock.now += FRESH_SECONDS
        assert await ids(found) == ["a/m1"]
        await turns()
        assert provider.reads == 2
        provider.gate.set()
        await turns()
        assert await ids(found) == ["a/m2"]
        keeper.cancel()
    assert provider.reads == 2


async def test_where_lists_are_kept_the_first_one_is_still_waited_for() -> None:
    provider = Listed("a", ["m1"])
    provider.gate.clear()
    found = discovery(provider)
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(found.keep())
        await turns()
        assert provider.reads == 0
        asked = group.create_task(ids(found))
        await turns()
        provider.gate.set()
        assert await asked == ["a/m1"]
        keeper.cancel()
    assert provider.reads == 1


async def test_a_wish_that_comes_while_lists_are_read_is_not_forgotten() -> None:
    clock, first, second = Watch(), Listed("a", ["m1"]), Listed("b", ["m2"])
    found = discovery(first, second, clock=clock)
    async with asyncio.TaskGroup() as group:
        keeper = group.create_task(found.keep())
        await turns()
        await found.cards()
        clock.now += FRESH_SECONDS
        second.gate.clear()
        await found.cards()
        await turns()
        clock.now += FRESH_SECONDS
        await found.cards()
        second.gate.set()
        await turns()
        keeper.cancel()
    assert (first.reads, second.reads) == (3, 2)


async def test_a_recorded_list_arrives_through_the_client() -> None:
    upstream = ScriptedUpstream({"/openai/v1/models": recorded_list("groq.models")})
    groq = ProviderInstance("groq", ProviderSettings(api_key="gsk-1"), upstream, DIALECTS)
    assert "groq/llama-3.3-70b-versatile" in await ids(discovery(groq))


class Paged(Listed):
    """A provider whose list comes in pages, as Anthropic's and Google's do."""

    pages: dict[str, bytes]

    @override
    async def listing(self, page: str = "") -> bytes:
        self.reads += 1
        return self.pages[page]


def paged(name: str, pages: dict[str, bytes]) -> Paged:
    provider = Paged(name, [])
    provider.pages = pages
    return provider


async def test_every_page_of_a_list_is_read() -> None:
    claude = paged(
        "claude",
        {
            "": b'{"data":[{"id":"a"},{"id":"b"}],"has_more":true,"last_id":"b"}',
            "after_id=b": b'{"data":[{"id":"c"}],"has_more":false,"last_id":"c"}',
        },
    )
    google = paged(
        "google",
        {
            "": b'{"models":[{"name":"models/g1","inputTokenLimit":9}],"nextPageToken":"x="}',
            "pageToken=x%3D": b'{"models":[{"name":"models/g2"}]}',
        },
    )
    assert await ids(discovery(claude, google)) == ["claude/a", "claude/b", "claude/c", "google/g1", "google/g2"]


async def test_a_list_that_breaks_off_leaves_what_was_known() -> None:
    clock = Watch()
    provider = paged("p", {"": b'{"data":[{"id":"a"}]}'})
    found = discovery(provider, clock=clock)
    assert await ids(found) == ["p/a"]
    provider.pages = {"": b'{"data":[{"id":"b"}],"has_more":true,"last_id":"b"}', "after_id=b": b"<html>"}
    clock.now += FRESH_SECONDS
    assert await ids(found) == ["p/a"]


async def test_a_list_without_an_end_is_given_up() -> None:
    page = b'{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}'
    provider = paged("p", {"": page, "after_id=a": page})
    assert await ids(discovery(provider)) == ["p/a"]
    assert provider.reads == MAX_PAGES


async def test_the_next_page_is_asked_of_the_same_endpoint() -> None:
    upstream = ScriptedUpstream(
        {
            "/v1/models": b'{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}',
            "/v1/models?after_id=a": b'{"data":[{"id":"b"}],"has_more":false}',
        }
    )
    provider = ProviderInstance("p", ProviderSettings(type="openai", api_key="k"), upstream, DIALECTS)
    assert await ids(discovery(provider)) == ["p/a", "p/b"]


async def test_what_a_list_tells_is_known_to_whoever_is_asked_later() -> None:
    known = Knowledge({"p/a": Fact(max_output_tokens=5)})
    provider = paged("p", {"": b'{"data":[{"id":"a","context_length":77,"max_output_tokens":50}]}'})
    found = discovery(provider, knowledge=known)
    assert await found.context_window("p/a") == 77
    assert known.fact("p", "openai", "a").max_output_tokens == 5
    card = await found.card("p/a")
    assert card is not None
    assert (card.context_window, card.max_output_tokens) == (77, 5)


async def test_the_window_of_a_model_that_no_list_has_is_the_files() -> None:
    found = discovery(Listed("a", []))
    assert await found.context_window("a/gpt-4o") == 128_000
    assert await found.context_window("a/nothing") is None
    assert await found.context_window("nobody/gpt-4o") is None


async def test_a_slow_list_keeps_nobody_from_the_models_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.providers.discovery.DEADLINE_SECONDS", 0.01)
    slow = Listed("slow", [], configured=["gpt-4o"])
    slow.gate.clear()
    found = discovery(slow)
    card = await found.card("slow/gpt-4o")
    assert card is not None
    assert card.context_window == 128_000
