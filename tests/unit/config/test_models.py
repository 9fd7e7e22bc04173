"""The section `models`: names for targets, and what the owner knows of models."""

from decimal import Decimal

import pytest
from msgspec import UNSET

from antiphon.app.upstreams import knowledge_of
from tests.unit.config.conftest import Given, Refused

FACTS = """
models:
  fast: {targets: [demo/echo]}
  local/*:
    context_window: 8192
    capabilities: [tools]
    price: {input: 0.1, output: 0.30}
  local/big:
    max_output_tokens: 4096
    input_modalities: [text, image]
    price:
      input: 2
      output: 8
      cached_input: 0.0125
      steps: [{over: 100000, input: 4}]
      services: {flex: {times: 0.5}, priority: {input: 4, output: 16}}
providers:
  local: {base_url: 'http://127.0.0.1:9'}
"""


def test_what_the_owner_says_is_known(given: Given) -> None:
    settings = given(FACTS).settings
    assert settings.aliases == {"fast": ["demo/echo"]}
    known = knowledge_of(settings)
    small, big = (known.fact("local", "openai-compatible", model) for model in ("small", "big"))
    assert (small.context_window, small.capabilities, small.max_output_tokens) == (8192, ("tools",), UNSET)
    assert (big.context_window, big.max_output_tokens, big.input) == (8192, 4096, ("text", "image"))
    assert small.price is not UNSET
    assert (small.price.input, small.price.output) == (Decimal("0.1"), Decimal("0.3"))
    assert big.price is not UNSET
    assert big.price.cached_input == Decimal("0.0125")
    assert [(step.over, step.input) for step in big.price.steps] == [(100_000, 4)]
    assert big.price.services["flex"].times == Decimal("0.5")
    assert big.price.services["priority"].output == 16


def test_an_alias_is_not_a_fact(given: Given) -> None:
    known = knowledge_of(given("models: {fast: {targets: [demo/echo]}}").settings)
    assert known.fact("fast", "demo", "x") == known.fact("a", "b", "c")


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        ("models: {a: {targets: [demo/a], context_window: 5}}", "said under the target's own name, `provider/model`"),
        ("models: {a: {context_window: 5}}", "it needs `targets`; or, as what is known of models, a name like"),
        ("models: {demo/: {context_window: 5}}", "it needs `targets`; or, as what is known of models, a name like"),
        ("models: {opnai/x: {context_window: 5}}", "there is no provider `opnai`; did you mean `openai`?"),
        ("models: {demo/x: {}}", "`models.demo/x`: it has no `targets`, and nothing is said of it"),
        ("models: {demo/x: {context_windw: 5}}", "did you mean `context_window`?"),
        ("models: {demo/x: {context_window: 0}}", "expected an integer from 1 up to"),
        ("models: {demo/x: {capabilities: [Tool Use]}}", "expected a word of small letters"),
        ("models: {demo/x: {price: {input: 1}}}", "a price has both `input` and `output`"),
        ("models: {demo/x: {price: {input: -1, output: 1}}}", "expected a number from 0 up to 1000000"),
        ("models: {demo/x: {price: {inptu: 1}}}", "did you mean `input`?"),
        (
            "models: {demo/x: {price: {input: 1, output: 1, services: {flex: {input: 1}}}}}",
            "the price of the service tier `flex` has `times`, or rates of its own",
        ),
        (
            "models: {demo/x: {price: {input: 1, output: 1, services: {flex: {times: 2, input: 1, output: 1}}}}}",
            "the price of the service tier `flex` has `times`, or rates of its own",
        ),
        (
            "models: {demo/x: {price: {input: 1, output: 1, steps: [{input: 1}]}}}",
            "over` is missing",
        ),
    ],
)
def test_what_is_wrong_is_told(refused: Refused, yaml: str, line: str) -> None:
    lines = refused(yaml)
    assert len(lines) == 1
    assert lines[0].startswith("antiphon.yaml:1:")
    assert line in lines[0]


def test_every_provider_may_be_meant(given: Given) -> None:
    known = knowledge_of(given("models: {'*/gpt-4o': {context_window: 5}}").settings)
    assert known.fact("anybody", "openai", "gpt-4o").context_window == 5
