"""Whatever somebody writes, there are settings at the end, or a ConfigError."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.config.environment import Environment
from antiphon.config.loading import load
from antiphon.config.redact import redacted
from antiphon.config.shape import SETTINGS, leaves
from antiphon.config.variables import variable
from antiphon.errors import ConfigError
from antiphon.providers.table import TABLE

FEW = settings(max_examples=settings().max_examples // 6)
NAMES = sorted({name for path, _ in leaves(SETTINGS) for name in path})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(max_size=20),
    st.sampled_from(["${A}", "${B:-1}", "$${", "file:a", "http://h", "demo/echo", "openai", "full", "json", "a b"]),
)
WORDS = st.one_of(st.sampled_from([*NAMES, *TABLE, "demo"]), st.text(max_size=8), st.integers())


def inside(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5)


ANYTHING = st.recursive(SCALARS, inside, max_leaves=20)
VALUE = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(WORDS, ANYTHING, max_size=3))


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """Paths that exist, with values that may."""
    tree: dict[str, Any] = {}
    for path, _ in draw(st.lists(st.sampled_from(list(leaves(SETTINGS))), max_size=6)):
        names = [draw(st.sampled_from(["openai", "demo", "own"])) if name == "NAME" else name for name in path]
        value: Any = draw(VALUE)
        for name in reversed(names[1:]):
            value = {name: value}
        there = tree.get(names[0])
        tree[names[0]] = {**there, **value} if isinstance(there, dict) and isinstance(value, dict) else value
    return tree


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    folder = tmp_path_factory.mktemp("anything")

    def load_it(written: bytes | None, **variables: str) -> None:
        path = Path("antiphon.yaml")
        (folder / path).write_bytes(written or b"")
        with suppress(ConfigError):
            assert redacted(load(Environment(variables, folder), config=path).settings)

    return load_it


@FEW
@given(ANYTHING)
def test_any_structure(tried: Callable[..., None], structure: object) -> None:
    tried(yaml.safe_dump(structure).encode(), A="1")


@FEW
@given(nearly_right())
def test_any_structure_that_is_nearly_right(tried: Callable[..., None], structure: object) -> None:
    tried(yaml.safe_dump(structure).encode(), A="1")


@FEW
@given(st.binary(max_size=60) | st.text("{}[]:,-&*!|>'\"%@`#?~ \n\tab1$", max_size=40).map(str.encode))
def test_any_bytes(tried: Callable[..., None], written: bytes) -> None:
    tried(written)


VARIABLES = st.one_of(
    st.sampled_from([variable(path) for path, _ in leaves(SETTINGS)]),
    st.sampled_from([name for row in TABLE.values() for name in (*row.key_variables, *row.url_variables)]),
    st.from_regex(
        r"(ANTIPHON|OPENAI|OPENAI_COMPATIBLE|VLLM)_[A-Z0-9_]{0,12}(_API_KEY|_BASE_URL|_MODELS)?", fullmatch=True
    ),
)
TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["1", "true", "{}", "[a]", "{a: {base_url: 'http://h'}}", "http://h", "file:a", "tcp://a:1", "${A}"]
)


@FEW
@given(st.dictionaries(VARIABLES, TEXTS, max_size=5))
def test_any_variables(tried: Callable[..., None], variables: dict[str, str]) -> None:
    tried(None, **variables)


FOREIGN = st.sampled_from([name for row in TABLE.values() for name in (*row.key_variables, *row.url_variables)])


@FEW
@given(st.dictionaries(FOREIGN, TEXTS, max_size=5))
def test_no_variable_of_a_provider_keeps_the_gateway_from_starting(variables: dict[str, str]) -> None:
    assert load(Environment(variables, Path("/nowhere"))).settings.providers["demo"].enabled
