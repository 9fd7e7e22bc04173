from __future__ import annotations

from typing import Any

import msgspec
import pytest

from antiphon.http.codex_models import OWN, codex_models
from antiphon.providers.cards import ModelCard

REQUIRED = {
    "slug",
    "display_name",
    "supported_reasoning_levels",
    "shell_type",
    "visibility",
    "supported_in_api",
    "priority",
    "base_instructions",
    "support_verbosity",
    "truncation_policy",
    "experimental_supported_tools",
}
"""What Codex 0.169 does not take a model without; one that lacks it spoils the list."""


def listed(*cards: ModelCard) -> list[dict[str, Any]]:
    return msgspec.json.decode(msgspec.json.encode(codex_models(cards)))["models"]


def card(name: str, **known: Any) -> ModelCard:
    return ModelCard(id=name, owned_by="somebody", **known)


def test_a_model_of_which_nothing_is_known_has_all_that_codex_needs() -> None:
    (model,) = listed(card("lab/new"))
    assert model.keys() >= REQUIRED
    assert (model["slug"], model["display_name"]) == ("lab/new", "lab/new")
    assert model["apply_patch_tool_type"] == "freeform"
    assert "apply_patch" in model["base_instructions"]
    assert model["supported_reasoning_levels"] == []
    assert not model.keys() & {"context_window", "default_reasoning_level"}


def test_what_is_known_is_told() -> None:
    (model,) = listed(
        card(
            "a/thinker",
            context_window=200_000,
            input_modalities=("text", "image", "audio", "video", "file"),
            capabilities=("tools", "reasoning"),
        )
    )
    assert model["context_window"] == 200_000
    assert model["input_modalities"] == ["text", "image"], "a kind that Codex does not know spoils the list"
    assert [level["effort"] for level in model["supported_reasoning_levels"]] == ["low", "medium", "high"]
    assert model["default_reasoning_level"] == "medium"
    assert model["supports_reasoning_summaries"] is True


def test_models_come_in_order_after_codexs_own() -> None:
    priorities = [model["priority"] for model in listed(card("a/one"), card("a/two"), card("a/three"))]
    assert priorities == sorted(set(priorities))
    assert priorities[0] > len(OWN)


@pytest.mark.parametrize(
    "left_out",
    [
        card("a/painter", output_modalities=("image",)),
        card("a/babbler", capabilities=("reasoning",)),
        card("openai/gpt-5.5"),
        card("gpt-6-codex"),
    ],
    ids=["paints", "calls-no-tools", "codexs-own", "codexs-own-bare"],
)
def test_what_no_agent_can_work_with_and_what_codex_brings_is_left_out(left_out: ModelCard) -> None:
    assert [model["slug"] for model in listed(left_out, card("a/one"))] == ["a/one"]


def test_codexs_own_behind_two_names_is_told() -> None:
    assert [model["slug"] for model in listed(card("router/openai/gpt-5.5"))] == ["router/openai/gpt-5.5"]
