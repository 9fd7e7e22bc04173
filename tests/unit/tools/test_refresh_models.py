"""The tool that writes antiphon/providers/models/, on small lists in the shape of the real ones."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from antiphon.providers.knowledge import File
from tools import refresh_models
from tools.model_sources import ORIGINS, from_litellm, from_models_dev

LITELLM: dict[str, Any] = {
    "sample_spec": {"litellm_provider": "one of …", "mode": "one of …"},
    "gpt-x": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 272000,
        "max_output_tokens": 128000,
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 2.5e-07,
        "input_cost_per_token_above_272k_tokens": 5e-06,
        "output_cost_per_token_above_272k_tokens": 2.25e-05,
        "cache_read_input_token_cost_above_272k_tokens": 2.5e-07,
        "input_cost_per_token_priority": 5e-06,
        "output_cost_per_token_priority": 3e-05,
        "input_cost_per_token_flex": 1.25e-06,
        "output_cost_per_token_flex": 7.5e-06,
        "cache_read_input_token_cost_flex": 1.25e-07,
        "input_cost_per_token_above_272k_tokens_flex": 2.5e-06,
        "output_cost_per_token_above_272k_tokens_flex": 1.125e-05,
        "input_cost_per_image_token": 2.5e-06,
        "input_cost_per_audio_token": 4e-05,
        "supports_function_calling": True,
        "supports_vision": True,
        "supports_prompt_caching": True,
    },
    "gpt-x-2026-01-01": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 272000,
        "max_output_tokens": 128000,
        "input_cost_per_token": 9e-06,
        "output_cost_per_token": 9e-05,
    },
    "gone": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 5, "deprecation_date": "2026-01-01"},
    "embedder": {"litellm_provider": "openai", "mode": "embedding", "max_input_tokens": 5},
    "ft:gpt-x": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 5},
    "unpriced": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0},
    "groq/fast": {
        "litellm_provider": "groq",
        "mode": "chat",
        "max_input_tokens": 1000,
        "max_output_tokens": 5000,
        "tiered_pricing": [
            {"range": [0, 32000], "input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06},
            {"range": [32000, 64000], "input_cost_per_token": 2.4e-06, "output_cost_per_token": 1.2e-05},
        ],
    },
}
MODELS_DEV: dict[str, Any] = {
    "openai": {
        "models": {
            "gpt-x": {
                "limit": {"context": 400000, "output": 128000},
                "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
                "tool_call": True,
                "reasoning": True,
                "structured_output": True,
                "cost": {"input": 99, "output": 99},
            },
            "dev-only": {
                "limit": {"context": 1000, "output": 100},
                "modalities": {"input": ["text"], "output": ["text", "audio"]},
                "tool_call": False,
                "cost": {
                    "input": 1.25,
                    "output": 10,
                    "cache_read": 0.125,
                    "context_over_200k": {"input": 2.5, "output": 10},
                },
            },
            "painter": {"limit": {"context": 10, "output": 5}, "modalities": {"input": ["text"], "output": ["image"]}},
            "old": {
                "limit": {"context": 10, "output": 5},
                "modalities": {"input": ["text"], "output": ["text"]},
                "status": "deprecated",
            },
        }
    }
}


def written(folder: Path) -> dict[str, Any]:
    """What the tool makes of the two lists, by the names of the files."""
    (folder / "litellm.json").write_text(json.dumps(LITELLM))
    (folder / "dev.json").write_text(json.dumps(MODELS_DEV))
    (folder / "into").mkdir()
    (folder / "into" / "left-over.json").write_text("{}")
    arguments = ["--litellm", str(folder / "litellm.json"), "--models-dev", str(folder / "dev.json")]
    arguments += ["--read-on", "2026-11-21", "--into", str(folder / "into"), "--litellm-name", "LiteLLM 1"]
    told = list(refresh_models.main(arguments))
    assert "left-over.json: gone" in told
    assert not list(refresh_models.main(arguments))  # nothing has changed
    return {path.stem: path.read_bytes() for path in (folder / "into").iterdir()}


def test_the_lists_become_files_that_can_be_read(tmp_path: Path) -> None:
    files = {row: msgspec.json.decode(text, type=File) for row, text in written(tmp_path).items()}
    assert files.keys() >= {"openai", "groq"}
    openai = files["openai"]
    assert not {"gone", "embedder", "ft:gpt-x", "unpriced", "painter", "old", "sample_spec"} & openai.models.keys()
    assert openai.sources["l"].name == "LiteLLM 1"
    assert openai.sources["l"].read_on == "2026-11-21"
    assert openai.sources["m"].url == "https://models.dev/api.json"


def test_sizes_are_from_one_list_and_prices_from_the_other(tmp_path: Path) -> None:
    members = json.loads(written(tmp_path)["openai"])
    model = members["models"]["gpt-x"]
    assert (model["context"], model["max_output"]) == (400000, 128000)
    assert model["price"] == {
        "input": 2.5,
        "output": 15,
        "cached_input": 0.25,
        "audio_input": 40,
        "steps": [{"over": 272000, "input": 5, "output": 22.5}],
        "services": {"flex": {"times": 0.5}, "priority": {"input": 5, "output": 30}},
    }
    assert members["profiles"][model["profile"]] == {
        "from": "lm",
        "input": ["text", "image", "file"],
        "capabilities": ["tools", "prompt_caching", "reasoning", "structured_outputs"],
    }


def test_a_snapshot_has_its_own_price_and_the_size_of_its_model(tmp_path: Path) -> None:
    model = json.loads(written(tmp_path)["openai"])["models"]["gpt-x-2026-01-01"]
    assert (model["context"], model["price"]) == (400000, {"input": 9, "output": 90})


def test_a_model_of_one_list_alone_is_kept(tmp_path: Path) -> None:
    members = json.loads(written(tmp_path)["openai"])
    model = members["models"]["dev-only"]
    assert model["price"] == {
        "input": 1.25,
        "output": 10,
        "cached_input": 0.125,
        "steps": [{"over": 200000, "input": 2.5}],
    }
    assert members["profiles"][model["profile"]] == {"from": "m", "input": ["text"], "output": ["text", "audio"]}


def test_a_price_by_ranges_is_one_by_steps(tmp_path: Path) -> None:
    model = json.loads(written(tmp_path)["groq"])["models"]["fast"]
    assert model["price"] == {"input": 1.2, "output": 6, "steps": [{"over": 32000, "input": 2.4, "output": 12}]}
    assert (model["context"], "max_output" in model) == (1000, False)


def test_what_was_read_by_hand_is_believed(tmp_path: Path) -> None:
    by_hand = json.loads(refresh_models.BY_HAND.read_bytes())
    members = json.loads(written(tmp_path)["openai"])
    for model, said in by_hand["models"]["openai"].items():
        if model in members["models"]:  # else a snapshot's shorter name tells the same
            assert members["models"][model]["context"] == said["context_window"]


def test_a_name_whose_shorter_form_tells_the_same_is_left_out() -> None:
    same = {"context_window": 5, "price": {"input": Decimal(1), "output": Decimal(2)}, "from": "l"}
    other = same | {"context_window": 6}
    models = {"m": same, "m-2026-01-01": same | {"from": "m"}, "m-2026-02-02": other, "us.v.m": same, "v.m": same}
    assert refresh_models.pruned(models).keys() == {"m", "m-2026-02-02", "v.m"}


@pytest.mark.parametrize("row", ORIGINS)
def test_an_origin_is_a_row(row: str) -> None:
    origin = ORIGINS[row]
    assert row == row.lower()
    assert origin.litellm or origin.models_dev
    assert from_litellm({}, origin, "2026-11-21") == from_models_dev({}, origin) == {}
