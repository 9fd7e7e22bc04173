from decimal import Decimal

import pytest
from msgspec import UNSET

from antiphon.provider_settings import ProviderSettings
from antiphon.providers.facts import UNKNOWN, Fact
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.knowledge import Knowledge, file_of
from antiphon.wire.money import Price
from tests.unit.providers.fakes import DIALECTS, ScriptedUpstream, instance

CHEAP = Price(input=Decimal(1), output=Decimal(2))


def test_the_owner_is_believed_before_the_list_and_the_list_before_the_file() -> None:
    known = Knowledge({"mine/gpt-4o": Fact(context_window=1)})
    known.learn("mine", {"gpt-4o": Fact(context_window=2, max_output_tokens=3)})
    fact = known.fact("mine", "openai", "gpt-4o")
    assert (fact.context_window, fact.max_output_tokens) == (1, 3)
    assert fact.price is not UNSET
    assert str(fact.price.input) == "2.5"


def test_a_list_is_of_one_provider_only() -> None:
    known = Knowledge({})
    known.learn("east", {"gpt-4o": Fact(context_window=2)})
    assert known.fact("west", "openai", "gpt-4o").context_window == 128_000


def test_of_two_patterns_the_longer_is_believed_first_and_the_other_fills_in() -> None:
    known = Knowledge(
        {
            "a/vendor/m": Fact(context_window=3),
            "a/*": Fact(context_window=1, max_output_tokens=10),
            "a/vendor/*": Fact(context_window=2, price=CHEAP),
            "*/m": Fact(capabilities=("tools",)),
        }
    )
    fact = known.fact("a", "openai-compatible", "vendor/m")
    assert (fact.context_window, fact.max_output_tokens, fact.price) == (3, 10, CHEAP)
    assert fact.capabilities == ("tools",)
    assert known.fact("a", "openai-compatible", "other").context_window == 1
    assert known.fact("ab", "openai-compatible", "x") == UNKNOWN


def test_a_list_that_says_the_same_changes_nothing() -> None:
    known = Knowledge({})
    known.learn("a", {"m": Fact(context_window=1)})
    before = known.revision
    known.learn("a", {"m": Fact(context_window=1)})
    assert known.revision == before
    known.learn("a", {"m": Fact(context_window=2)})
    assert known.revision == before + 1


@pytest.mark.parametrize("row", ["", "..", "../models", "a/b", "OpenAI", "vllm", "nobody"])
def test_a_kind_of_provider_without_a_file_has_no_models(row: str) -> None:
    assert not file_of(row).models
    assert Knowledge({}).fact("x", row, "gpt-4o") == UNKNOWN


def test_a_snapshot_nobody_knows_is_like_its_model_and_a_model_like_its_newest_snapshot() -> None:
    known = Knowledge({})
    assert known.fact("x", "openai", "gpt-5.4-2031-01-01") == known.fact("x", "openai", "gpt-5.4")
    assert (
        known.fact("x", "bedrock", "amazon.nova-pro") == known.fact("x", "bedrock", "amazon.nova-pro-v1:0") != UNKNOWN
    )
    dated = [name for name in file_of("openai").models if name.startswith("gpt-4o-2")]
    assert known.fact("x", "openai", "gpt-4o") != UNKNOWN
    assert all(known.fact("x", "openai", name).price is not UNSET for name in dated)


def test_what_is_resold_is_the_vendors_model_at_another_price() -> None:
    known = Knowledge({})
    own, resold = (
        known.fact("x", "anthropic", "claude-opus-5-5"),
        known.fact("x", "openrouter", "anthropic/claude-opus-5-5"),
    )
    assert (resold.context_window, resold.capabilities) == (own.context_window, own.capabilities)
    assert own.price is not UNSET
    assert resold.price is UNSET


def test_a_target_knows_its_model() -> None:
    target = instance("openai", api_key="sk-1").target("gpt-5.4")
    assert (target.output_limit, target.context_window) == (128_000, 1_050_000)
    assert target.price is not None
    unknown = instance("local", base_url="http://127.0.0.1:9").target("m")
    assert (unknown.output_limit, unknown.context_window, unknown.price) == (None, None, None)


def test_a_target_learns_what_a_list_tells() -> None:
    known = Knowledge({})
    east = ProviderInstance("east", ProviderSettings(type="vllm"), ScriptedUpstream(), DIALECTS, known)
    before = east.target("m")
    assert before.output_limit is None
    known.learn("east", {"m": Fact(max_output_tokens=7, price=CHEAP)})
    after = east.target("m")
    assert (after.output_limit, after.price) == (7, CHEAP)
    assert east.target("m") is after
