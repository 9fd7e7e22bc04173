import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.providers.cards import ModelCard, card, fact_of
from antiphon.providers.facts import Fact
from antiphon.providers.knowledge import Knowledge
from antiphon.providers.lists import entries
from tests.unit.providers.fakes import recorded_list

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def shown(provider: str, listed: Any) -> list[dict[str, Any]]:
    """What a client would see of a list."""
    found, knowledge = entries(json.dumps(listed).encode()), Knowledge({})
    knowledge.learn(provider, {model: fact_of(entry) for model, entry in found.items()})
    facts = knowledge.about(provider, provider)
    cards = [card(provider, model, entry, facts(model)) for model, entry in found.items()]
    return json.loads(msgspec.json.encode(cards))


def price(read: str, written: str, cached: str) -> dict[str, str]:
    return {"input": read, "output": written, "cached_input": cached}


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
                "capabilities": ["reasoning", "tools", "structured_outputs", "prompt_caching"],
            },
        ),
        (
            "cerebras.models",
            "cerebras",
            3,
            "gpt-oss-120b",
            {
                "id": "cerebras/gpt-oss-120b",
                "object": "model",
                "created": 0,
                "owned_by": "Cerebras",
                "context_window": 131072,
                "max_output_tokens": 40960,
                "input_modalities": ["text"],
                "capabilities": ["tools", "reasoning", "structured_outputs"],
            },
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
            {
                "id": "gemini/gemini-2.5-pro",
                "object": "model",
                "created": 0,
                "owned_by": "google",
                "context_window": 1048576,
                "max_output_tokens": 65536,
                "input_modalities": ["text", "image", "audio", "video", "file"],
                "capabilities": [
                    "tools",
                    "reasoning",
                    "structured_outputs",
                    "prompt_caching",
                    "web_search",
                    "url_context",
                ],
            },
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
    [told] = [each for each in cards if each["id"] == f"{provider}/{model}"]
    priced = told.pop("usd_per_million_tokens", None)
    assert told == wanted
    assert (priced is not None) == (provider in ("openai", "cerebras", "gemini"))


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
                "pricing": {
                    "prompt": "0.000003",
                    "completion": "0.000015",
                    "request": "0",
                    "image": "0.0048",
                    "internal_reasoning": "0",
                    "input_cache_read": "0.0000003",
                    "input_cache_write": "0.00000375",
                },
            },
            {
                "usd_per_million_tokens": {**price("3", "15", "0.3"), "cache_write": "3.75"},
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
        (
            "anthropic",
            {
                "type": "model",
                "id": "claude-new",
                "display_name": "Claude New",
                "created_at": "2026-11-01T00:00:00Z",
                "max_input_tokens": 1000000,
                "max_tokens": 128000,
                "capabilities": {
                    "image_input": {"supported": True},
                    "pdf_input": {"supported": True},
                    "structured_outputs": {"supported": True},
                    "thinking": {"supported": True, "types": {"adaptive": {"supported": True}}},
                    "code_execution": {"supported": False},
                },
            },
            {
                "context_window": 1000000,
                "max_output_tokens": 128000,
                "input_modalities": ["text", "image", "file"],
                "capabilities": ["reasoning", "structured_outputs"],
            },
        ),
        (
            "gemini",
            {
                "name": "models/gemini-new",
                "inputTokenLimit": 1048576,
                "outputTokenLimit": 65536,
                "supportedGenerationMethods": ["generateContent"],
                "thinking": True,
            },
            {
                "id": "gemini/gemini-new",
                "context_window": 1048576,
                "max_output_tokens": 65536,
                "capabilities": ["reasoning"],
            },
        ),
        (
            "cohere",
            {"name": "command-new", "endpoints": ["chat"], "context_length": 256000.0, "features": ["tools", "vision"]},
            {"context_window": 256000, "input_modalities": ["text", "image"], "capabilities": ["tools"]},
        ),
        (
            "bedrock",
            {
                "modelId": "amazon.nova-new-v1:0",
                "inputModalities": ["TEXT", "IMAGE"],
                "outputModalities": ["TEXT"],
                "modelLifecycle": {"status": "ACTIVE"},
            },
            {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        ),
        (
            "vercel",
            {
                "id": "new/model",
                "context_window": 200000,
                "max_tokens": 8192,
                "tags": ["tool-use", "vision", "file-input", "implicit-caching"],
                "pricing": {"input": "0.000001", "output": "0.000002", "input_cache_read": "0.0000001"},
            },
            {
                "max_output_tokens": 8192,
                "input_modalities": ["text", "image", "file"],
                "capabilities": ["tools", "prompt_caching"],
                "usd_per_million_tokens": price("1", "2", "0.1"),
            },
        ),
        (
            "together",
            {"id": "a/b", "organization": "A", "context_length": 32768, "pricing": {"input": 0.88, "output": 0.88}},
            {
                "context_window": 32768,
                "owned_by": "A",
                "usd_per_million_tokens": {"input": "0.88", "output": "0.88"},
            },
        ),
        (
            "deepinfra",
            {
                "id": "x/y",
                "metadata": {
                    "pricing": {"input_tokens": 0.05, "output_tokens": 0.25, "cache_read_tokens": 0.01},
                    "tags": ["vision", "prompt_cache"],
                },
            },
            {"usd_per_million_tokens": price("0.05", "0.25", "0.01"), "capabilities": ["prompt_caching"]},
        ),
        (
            "openrouter",
            {"id": "a/b:free", "pricing": {"prompt": "0", "completion": "0", "input_cache_read": "0"}},
            {"usd_per_million_tokens": {"input": "0", "output": "0"}},
        ),
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


@pytest.mark.parametrize(
    "pricing",
    [
        {"prompt": "-1", "completion": "-1"},
        {"prompt": "0.1"},
        {"prompt": "free", "completion": "free"},
        {"prompt": "NaN", "completion": "Infinity"},
        {"prompt": None, "completion": True},
        {"input": [1], "output": {}},
        "free",
        [],
    ],
)
def test_a_price_that_is_none_is_unknown(pricing: object) -> None:
    [told] = shown("nobody", [{"id": "m", "pricing": pricing}])
    assert "usd_per_million_tokens" not in told


def test_an_answer_is_no_longer_than_what_is_taken_in_all() -> None:
    [told] = shown("nobody", [{"id": "m", "context_length": 1000, "max_tokens": 4000}])
    assert (told["context_window"], told.get("max_output_tokens")) == (1000, None)


MEMBERS = (
    "id",
    "created",
    "owned_by",
    "providers",
    "meta",
    "pricing",
    "metadata",
    "capabilities",
    "tags",
    "max_tokens",
)


@settings(max_examples=settings().max_examples // 3)
@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), anything, max_size=4), max_size=2))
def test_members_of_any_kind_are_unknown_and_never_an_error(listed: list[dict[str, Any]]) -> None:
    found = entries(msgspec.json.encode({"data": listed}))
    for model, entry in found.items():
        told = card("p", model, entry, fact_of(entry).over(Fact(context_window=1)))
        assert isinstance(told, ModelCard)
        msgspec.json.encode(told)
