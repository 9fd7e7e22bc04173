import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.model_names import names_of, resold


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("gpt-5.4-2026-03-05", "gpt-5.4"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-6@default", "claude-sonnet-4-6"),
        ("mistral-large-latest", "mistral-large"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("accounts/fireworks/models/kimi-k3", "kimi-k3"),
        ("us.anthropic.claude-opus-5-5", "anthropic.claude-opus-5-5"),
        ("us-gov.anthropic.claude-opus-5-5", "anthropic.claude-opus-5-5"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5"),
        ("amazon.nova-pro-v1:0:300k", "amazon.nova-pro"),
        (
            "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.anthropic.claude-opus-5-5",
            "anthropic.claude-opus-5-5",
        ),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("qwen/qwen3-coder:free", "qwen/qwen3-coder"),
        ("llama3.2:latest", "llama3.2"),
    ],
)
def test_a_model_is_looked_for_under_its_shorter_names_too(model: str, wanted: str) -> None:
    names = list(names_of(model))
    assert names[0] == model
    assert wanted in names


@pytest.mark.parametrize(
    "model", ["gpt-4o", "qwen3:8b", "mistral-large-2411", "us.model", "jp.x", "o3", "command-r-08-2024", "-latest", ""]
)
def test_what_makes_another_model_is_left_alone(model: str) -> None:
    assert list(names_of(model)) == [model]


@given(st.text(max_size=40))
def test_any_name_has_names_none_of_them_twice(model: str) -> None:
    names = list(names_of(model))
    assert names[0] == model
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("row", "model", "wanted"),
    [
        ("openrouter", "anthropic/claude-opus-5-5", ("anthropic", "claude-opus-5-5")),
        ("vercel", "google/gemini-2.5-pro", ("gemini", "gemini-2.5-pro")),
        ("openrouter", "x-ai/grok-4.6", ("xai", "grok-4.6")),
        ("openrouter", "somebody/model", None),
        ("openrouter", "auto", None),
        ("together", "openai/gpt-oss-120b", None),
        ("vllm", "Qwen/Qwen3-32B", None),
    ],
)
def test_only_a_reseller_has_the_vendors_own_model(row: str, model: str, wanted: tuple[str, str] | None) -> None:
    assert resold(row, model) == wanted
