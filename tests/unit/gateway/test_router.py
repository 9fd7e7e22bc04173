from collections.abc import Collection, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import BadRequest, ConfigError
from antiphon.gateway.router import ModelRouter, Provider
from antiphon.protocols import Target, UpstreamReply
from tests.unit.providers.fakes import CHAT


async def nobody(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("a router only decides")


class Someone:
    """A provider with models of its own, those it lists, and those it is limited to."""

    def __init__(
        self,
        name: str,
        *,
        own: str = "",
        lists: Sequence[str] = (),
        models: Sequence[str] | None = None,
        row_name: str | None = None,
        stands_in: bool = False,
    ) -> None:
        self.name = name
        self.models = None if models is None else tuple(models)
        self.lists = tuple(lists)
        self.row_name = row_name or name
        self.stands_in = stands_in
        self._own = own
        self._targets: dict[str, Target] = {}

    def owns(self, model: str) -> bool:
        return bool(self._own) and model.startswith(self._own)

    def offers(self, model: str) -> bool:
        return self.models is None or model in self.models

    def target(self, model: str) -> Target:
        made = Target(name=f"{self.name}/{model}", provider=self.name, model=model, dialect=CHAT, post=nobody)
        return self._targets.setdefault(model, made)


class Shelf:
    """A catalog whose lists are read on `refresh`."""

    def __init__(self, *providers: Someone) -> None:
        self.generation = 0
        self.refreshed = 0
        self._everyone = {provider.name: provider for provider in providers}
        self._known = {provider.name: set(provider.models or ()) for provider in providers}

    @property
    def providers(self) -> Mapping[str, Provider]:
        return self._everyone

    def known(self, provider: str) -> Collection[str]:
        return self._known.get(provider, ())

    async def refresh(self) -> None:
        self.refreshed += 1
        before = {name: set(known) for name, known in self._known.items()}
        for name, provider in self._everyone.items():
            self._known[name] |= {model for model in provider.lists if provider.offers(model)}
        self.generation += before != self._known


OPENAI = Someone("openai", own="gpt-4", lists=["gpt-4o", "gpt-4o-mini", "shared"])
GROQ = Someone("groq", lists=["openai/gpt-oss-120b", "llama-3.3-70b-versatile", "shared"])
OPENROUTER = Someone("openrouter", lists=["openrouter/auto", "openai/gpt-4o", "gpt-4o-mini"])
MINE = Someone("mine", models=["house-model", "gpt-4o"])
DEMO = Someone("demo", models=["echo"], stands_in=True)

EVERYONE = (OPENAI, GROQ, OPENROUTER, MINE, DEMO)
ALIASES = {"fast": ["groq/llama-3.3-70b-versatile", "openai/gpt-4o-mini"], "gpt-3": ["mine/house-model"]}


def router(*providers: Someone, aliases: Mapping[str, Sequence[str]] | None = None) -> ModelRouter:
    return ModelRouter(Shelf(*providers), aliases or {})


async def names(asked: ModelRouter, model: str, provider: str | None = None) -> list[str]:
    return [target.name for target in await asked.targets(model, provider)]


async def refusal(asked: ModelRouter, model: str, provider: str | None = None) -> BadRequest:
    with pytest.raises(BadRequest) as refused:
        await asked.targets(model, provider)
    return refused.value


@pytest.mark.parametrize(
    ("model", "provider", "wanted"),
    [
        ("openai/gpt-4o", None, ["openai/gpt-4o"]),
        ("openai/anything", None, ["openai/anything"]),
        ("groq/openai/gpt-oss-120b", None, ["groq/openai/gpt-oss-120b"]),
        ("openai/gpt-oss-120b", None, ["openai/gpt-oss-120b"]),
        ("openai/gpt-oss-120b", "groq", ["groq/openai/gpt-oss-120b"]),
        ("openrouter/openrouter/auto", None, ["openrouter/openrouter/auto"]),
        ("fast", None, ["groq/llama-3.3-70b-versatile", "openai/gpt-4o-mini"]),
        ("fast", "openai", ["openai/gpt-4o-mini"]),
        ("fast", "openrouter", ["openrouter/fast"]),
        ("gpt-3", None, ["mine/house-model"]),
        ("house-model", None, ["mine/house-model"]),
        ("gpt-4o", None, ["mine/gpt-4o"]),
        ("gpt-4o-mini", None, ["openai/gpt-4o-mini"]),
        ("gpt-4.9-unheard-of", None, ["openai/gpt-4.9-unheard-of"]),
        ("llama-3.3-70b-versatile", None, ["groq/llama-3.3-70b-versatile"]),
        ("gpt-4o", "openrouter", ["openrouter/gpt-4o"]),
        ("groq/llama-3.3-70b-versatile", "groq", ["groq/llama-3.3-70b-versatile"]),
        ("openrouter/auto", "openrouter", ["openrouter/auto"]),
        ("demo/echo", None, ["demo/echo"]),
        ("echo", "demo", ["demo/echo"]),
    ],
)
async def test_who_answers(model: str, provider: str | None, wanted: list[str]) -> None:
    assert await names(router(*EVERYONE, aliases=ALIASES), model, provider) == wanted


async def test_a_model_that_begins_with_its_provider_is_understood_once_it_is_listed() -> None:
    shelf = Shelf(*EVERYONE)
    asked = ModelRouter(shelf, {})
    assert await names(asked, "openrouter/auto") == ["openrouter/auto"]
    await shelf.refresh()
    assert await names(asked, "openrouter/auto") == ["openrouter/openrouter/auto"]
    assert await names(asked, "openrouter/auto", "openrouter") == ["openrouter/openrouter/auto"]


async def test_several_who_list_a_name_are_told_to_the_client() -> None:
    error = await refusal(router(*EVERYONE), "shared")
    assert (error.status, error.code, error.param) == (400, "ambiguous_model", "model")
    assert "'openai/shared', 'groq/shared'" in error.message


async def test_of_several_the_vendor_is_meant() -> None:
    vendor = Someone("vendor", own="vm", lists=["vm-1"])
    assert await names(router(Someone("host", lists=["vm-1"]), vendor), "vm-1") == ["vendor/vm-1"]


async def test_of_two_accounts_with_a_vendor_the_one_with_the_plain_name_is_meant() -> None:
    east = Someone("openai-east", own="gpt-4", row_name="openai")
    assert await names(router(east, OPENAI), "gpt-4o") == ["openai/gpt-4o"]


async def test_of_two_accounts_without_a_plain_name_neither_is_meant() -> None:
    accounts = [Someone(name, own="gpt-4", row_name="openai", models=["gpt-4o"]) for name in ("east", "west")]
    assert (await refusal(router(*accounts), "gpt-4o")).code == "ambiguous_model"


async def test_a_single_provider_gets_every_name_and_lists_are_not_read() -> None:
    shelf = Shelf(GROQ, DEMO)
    assert await names(ModelRouter(shelf, {}), "never/heard-of-it") == ["groq/never/heard-of-it"]
    assert shelf.refreshed == 0


async def test_lists_are_read_only_for_a_name_that_nothing_else_settles() -> None:
    shelf = Shelf(*EVERYONE)
    asked = ModelRouter(shelf, ALIASES)
    for model in ("openai/x", "fast", "house-model", "gpt-4o-mini"):
        await asked.targets(model, None)
    assert shelf.refreshed == 0
    await asked.targets("llama-3.3-70b-versatile", None)
    assert shelf.refreshed == 1


async def test_what_was_decided_is_not_decided_again() -> None:
    shelf = Shelf(*EVERYONE)
    asked = ModelRouter(shelf, {})
    once = await asked.targets("llama-3.3-70b-versatile", None)
    await asked.targets("llama-3.3-70b-versatile", None)
    settled = shelf.refreshed
    again = await asked.targets("llama-3.3-70b-versatile", None)
    assert shelf.refreshed == settled
    assert list(again) == list(once)


async def test_a_change_of_the_catalog_is_seen() -> None:
    newcomer = Someone("newcomer")
    shelf = Shelf(GROQ, newcomer)
    asked = ModelRouter(shelf, {})
    assert await names(asked, "llama-3.3-70b-versatile") == ["groq/llama-3.3-70b-versatile"]
    newcomer.lists = ("llama-3.3-70b-versatile",)
    await shelf.refresh()
    assert (await refusal(asked, "llama-3.3-70b-versatile")).code == "ambiguous_model"


async def test_invented_names_do_not_pile_up() -> None:
    asked = router(*EVERYONE)
    first = await asked.targets("openai/0", None)
    assert await asked.targets("openai/0", None) is first
    for number in range(5000):
        await asked.targets(f"openai/{number}", None)
    assert await asked.targets("openai/0", None) is not first


async def test_a_model_must_be_named() -> None:
    error = await refusal(router(*EVERYONE), "")
    assert (error.status, error.code, error.param) == (400, "missing_required_parameter", "model")


async def test_an_unknown_model_is_an_error_in_the_words_of_the_api() -> None:
    error = await refusal(router(*EVERYONE), "zzz")
    assert (error.status, error.type) == (400, "invalid_request_error")
    assert (error.code, error.param) == ("model_not_found", "model")
    assert error.message == "The requested model 'zzz' does not exist."


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        ("lama-3.3-70b-versatil", "'groq/llama-3.3-70b-versatile'"),
        ("grok/llama-3.3-70b-versatile", "'groq/llama-3.3-70b-versatile'"),
        ("Llama-3.3-70B-Versatile", "'groq/llama-3.3-70b-versatile'"),
        ("fasst", "'fast'"),
        ("house-modell", "'mine/house-model'"),
        ("mine/house-mode", "'mine/house-model'"),
    ],
)
async def test_a_near_miss_says_what_may_have_been_meant(model: str, meant: str) -> None:
    asked = router(*EVERYONE, aliases=ALIASES)
    await refusal(asked, "zzz")
    error = await refusal(asked, model)
    said, _, guess = error.message.partition(" Did you mean ")
    assert said.startswith(f"The requested model '{model}' does not exist.")
    assert meant in guess


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("mistral/mistral-large", "No provider 'mistral' is configured."),
        ("opnai/gpt-9", "No provider 'opnai' is configured. Did you mean 'openai/gpt-9'?"),
        ("meta/llama/4", "No provider 'meta' is configured."),
    ],
)
async def test_a_provider_that_is_not_there_is_named(model: str, hint: str) -> None:
    assert (await refusal(router(*EVERYONE), model)).message == f"The requested model '{model}' does not exist. {hint}"


async def test_a_model_that_the_owner_does_not_offer_does_not_exist() -> None:
    for model, provider in (("mine/gpt-5", None), ("gpt-5", "mine"), ("demo/gpt-4o", None)):
        assert (await refusal(router(*EVERYONE), model, provider)).code == "model_not_found"


async def test_without_a_provider_the_demo_is_offered() -> None:
    asked = router(DEMO)
    assert await names(asked, "echo") == ["demo/echo"]
    error = await refusal(asked, "gpt-4o")
    assert error.code == "model_not_found"
    assert error.message.endswith("No provider is configured, so there is only 'demo/echo'.")


async def test_an_unknown_provider_is_an_invalid_value_with_near_matches() -> None:
    error = await refusal(router(*EVERYONE), "gpt-4o", "opnai")
    assert (error.status, error.code, error.param) == (400, "invalid_value", "provider")
    assert "Did you mean 'openai'" in error.message
    assert "mean" not in (await refusal(router(*EVERYONE), "gpt-4o", "zzz")).message


async def test_a_name_of_any_length_costs_and_shows_little() -> None:
    for model, provider in (("x" * 1_000_000, None), ("m", "p" * 1_000_000)):
        assert len((await refusal(router(*EVERYONE), model, provider)).message) < 1000


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (["gorq/x"], "Did you mean 'groq/x'"),
        (["zzz/x"], "no such provider"),
        (["openai/"], "no such provider"),
        (["openai"], "no such provider"),
        (["openai/gpt-4o", "mine/gpt-5"], "not set to offer"),
    ],
)
def test_an_alias_that_leads_nowhere_is_found_at_the_start(targets: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match="'fast'") as refused:
        router(*EVERYONE, aliases={"fast": targets})
    assert said in str(refused.value)


WORD = st.sampled_from(["openai", "groq", "mine", "demo", "fast", "gpt-4o", "shared", "zzz", "", "a/b"])


@given(
    model=st.lists(WORD, max_size=3).map("/".join) | st.text(max_size=20),
    provider=st.none() | WORD | st.text(max_size=5),
    refreshed=st.booleans(),
)
async def test_any_name_is_answered_the_same_way_twice_or_refused_with_400(
    model: str, provider: str | None, *, refreshed: bool
) -> None:
    shelf = Shelf(*EVERYONE)
    if refreshed:
        await shelf.refresh()
    asked = ModelRouter(shelf, ALIASES)
    try:
        found = await asked.targets(model, provider)
    except BadRequest as error:
        assert (error.status, error.param) in {(400, "model"), (400, "provider")}  # noqa: PT017 - either may come
        return
    assert found
    assert list(await asked.targets(model, provider)) == list(found)
    if provider is not None:
        assert {target.provider for target in found} == {provider}
