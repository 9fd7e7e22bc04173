import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke
from antiphon.providers.cards import Fact, ModelCard, card, entries, fact_for, known_facts
from antiphon.providers.table import TABLE
from tests.unit.providers.fakes import recorded_list

FACTS = known_facts()

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def shown(provider: str, listed: Any) -> list[dict[str, Any]]:
    """What a client would see of a list."""
    found = entries(json.dumps(listed).encode())
    cards = [card(provider, model, entry, fact_for(FACTS, provider, model)) for model, entry in found.items()]
    return json.loads(msgspec.json.encode(cards))


@pytest.mark.parametrize(
    ("api", "provider", "count", "model", "wanted"),
    [
        (
            "groq.models",
            "groq",
            20,
            "moonshotai/kimi-k2-instruct",
            {
                "id": "groq/moonshotai/kimi-k2-instruct",
                "object": "model",
                "created": 1752435491,
                "owned_by": "Moonshot AI",
                "context_window": 131072,
                "max_output_tokens": 16384,
            },
        ),
        (
            "vllm.models",
            "vllm",
            1,
            "openai/gpt-oss-120b",
            {
                "id": "vllm/openai/gpt-oss-120b",
                "object": "model",
                "created": 1775006612,
                "owned_by": "vllm",
                "context_window": 131072,
            },
        ),
        (
            "openai.models",
            "openai",
            127,
            "gpt-5.4-2026-03-05",
            {
                "id": "openai/gpt-5.4-2026-03-05",
                "object": "model",
                "created": 1772654062,
                "owned_by": "system",
                "context_window": 1050000,
                "max_output_tokens": 128000,
                "input_modalities": ["text", "image", "file"],
                "capabilities": ["reasoning", "tools", "structured_outputs"],
            },
        ),
        (
            "cerebras.models",
            "cerebras",
            3,
            "gpt-oss-120b",
            {"id": "cerebras/gpt-oss-120b", "object": "model", "created": 0, "owned_by": "Cerebras"},
        ),
        (
            "ollama.openai_models",
            "ollama",
            8,
            "qwen3:8B",
            {"id": "ollama/qwen3:8B", "object": "model", "created": 1762883566, "owned_by": "library"},
        ),
        (
            "gemini.openai_models",
            "gemini",
            53,
            "gemini-2.5-pro",
            {"id": "gemini/gemini-2.5-pro", "object": "model", "created": 0, "owned_by": "google"},
        ),
        (
            "xai.models",
            "xai",
            10,
            "grok-3",
            {"id": "xai/grok-3", "object": "model", "created": 1743724800, "owned_by": "xai"},
        ),
    ],
)
def test_a_recorded_list_gives_a_card_for_each_model(
    api: str, provider: str, count: int, model: str, wanted: dict[str, Any]
) -> None:
    cards = shown(provider, json.loads(recorded_list(api)))
    assert len(cards) == count
    assert [each for each in cards if each["id"] == f"{provider}/{model}"] == [wanted]


def test_nulls_where_numbers_should_be_are_unknown() -> None:
    cards = shown("azure", json.loads(recorded_list("azure.models")))
    assert len(cards) == 143  # one id is listed twice
    assert all(each["created"] == 0 and each["owned_by"] == "azure" for each in cards)


@pytest.mark.parametrize(
    ("provider", "entry", "wanted"),
    [
        (
            "openrouter",
            {
                "id": "anthropic/claude-sonnet-4.5",
                "created": 1759161676,
                "context_length": 1000000,
                "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
                "top_provider": {"context_length": 1000000, "max_completion_tokens": 64000},
                "supported_parameters": ["tools", "tool_choice", "reasoning", "structured_outputs", "max_tokens"],
            },
            {
                "context_window": 1000000,
                "max_output_tokens": 64000,
                "input_modalities": ["text", "image", "file"],
                "output_modalities": ["text"],
                "capabilities": ["tools", "reasoning", "structured_outputs"],
            },
        ),
        (
            "mistral",
            {
                "id": "mistral-medium-latest",
                "owned_by": "mistralai",
                "max_context_length": 131072,
                "capabilities": {"completion_chat": True, "function_calling": True, "vision": True},
            },
            {"context_window": 131072, "input_modalities": ["text", "image"], "capabilities": ["tools"]},
        ),
        (
            "huggingface",
            {
                "id": "openai/gpt-oss-120b",
                "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
                "providers": [
                    {"provider": "groq", "context_length": 131072},
                    {"provider": "x", "context_length": 200000},
                    {"provider": "y"},
                ],
            },
            {"context_window": 200000, "input_modalities": ["text"], "output_modalities": ["text"]},
        ),
        ("together", {"id": "a/b", "organization": "A", "context_length": 32768}, {"context_window": 32768}),
        ("novita", {"id": "a/b", "context_size": 8192, "max_output_tokens": 4096}, {"max_output_tokens": 4096}),
        (
            "deepinfra",
            {"id": "a/b", "metadata": {"context_length": 9, "max_tokens": 8}},
            {"context_window": 9, "max_output_tokens": 8},
        ),
        ("moonshot", {"id": "kimi-x", "supports_image_in": True, "context_length": 5}, {"context_window": 5}),
        ("llamacpp", {"id": "m", "meta": {"n_ctx_train": 4096}}, {"context_window": 4096}),
    ],
)
def test_each_vendor_is_read_in_its_own_words(provider: str, entry: dict[str, Any], wanted: dict[str, Any]) -> None:
    [told] = shown(provider, {"data": [entry]})
    assert {name: told[name] for name in wanted} == wanted


def test_a_bare_array_is_a_list_too() -> None:
    assert [each["id"] for each in shown("together", [{"id": "a/b"}, {"id": "c/d"}])] == [
        "together/a/b",
        "together/c/d",
    ]


def test_what_is_no_longer_active_is_not_shown() -> None:
    assert shown("groq", {"data": [{"id": "a", "active": False}, {"id": "b", "active": True}, {"id": 7}, {}]}) == [
        {"id": "groq/b", "object": "model", "created": 0, "owned_by": "groq"}
    ]


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"data":{}}', b'{"data":[1]}', b"[1]", b"\xff", b"<html>"])
def test_what_is_no_list_of_models_breaks(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        entries(body)


@given(st.lists(st.dictionaries(st.sampled_from(["id", "created", "owned_by", "providers", "meta"]), anything)))
def test_members_of_any_kind_are_unknown_and_never_an_error(listed: list[dict[str, Any]]) -> None:
    found = entries(msgspec.json.encode({"data": listed}))
    for model, entry in found.items():
        assert isinstance(card("p", model, entry, Fact("x", 1)), ModelCard)


def test_the_provider_is_believed_before_our_file() -> None:
    told = card("openai", "gpt-4o", {"context_window": 7}, fact_for(FACTS, "openai", "gpt-4o"))
    assert (told.context_window, told.max_output_tokens) == (7, 16384)


def test_our_file_is_modest_and_about_providers_that_exist() -> None:
    assert 0 < len(FACTS) <= 60
    assert {row for row, _ in FACTS} <= TABLE.keys()
    assert all(TABLE[row].owns and model for row, model in FACTS)
