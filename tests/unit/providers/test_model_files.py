"""The files of antiphon/providers/models/: each fact has a source, and each number is one that can be."""

import datetime as dt
import time
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET

from antiphon.providers import knowledge
from antiphon.providers.knowledge import File, Filed, Knowledge, file_of
from antiphon.providers.table import TABLE
from antiphon.wire.money import Rates, Tariff

FOLDER = Path(knowledge.__file__).parent / "models"
FILES = sorted(FOLDER.glob("*.json"))
ROWS = [path.stem for path in FILES]

KINDS = {"text", "image", "file", "audio", "video"}
ABILITIES = {
    "tools",
    "reasoning",
    "structured_outputs",
    "prompt_caching",
    "web_search",
    "computer_use",
    "url_context",
}
WANTED = {
    *("openai", "anthropic", "gemini", "vertex", "bedrock", "azure", "mistral", "cohere", "xai", "deepseek", "groq"),
    *("together", "fireworks", "cerebras", "perplexity", "moonshot", "zai", "minimax", "dashscope", "nvidia"),
}

NO_FILE = {
    "github-models": "no open list knows it; what it resells is found under its vendor",
    "huggingface": "its list names the hosts, each with sizes and prices",
    "openrouter": "its list tells everything, and what it resells is found under its vendor",
    "parasail": "no open list knows it",
    "portkey": "it passes everything on to the accounts of its owner",
    "qianfan": "no open list knows it",
    "reka": "no open list knows it",
    "vercel": "as OpenRouter",
    "voyage": "its models give no answers",
    "jina": "as Voyage",
    "elevenlabs": "as Voyage",
    "deepgram": "as Voyage",
    "cartesia": "as Voyage",
    "recraft": "as Voyage",
    "writer": "no open list knows it, but for its models on Bedrock",
}
"""The rows of which nothing is known beforehand, and why; beside those that run whatever their owner chose."""


def priced(file: File) -> dict[str, Filed]:
    return {model: filed for model, filed in file.models.items() if filed.price is not UNSET}


def rates_of(rates: Rates) -> dict[str, Decimal]:
    return {name: rate for name in Rates.__struct_fields__ if (rate := getattr(rates, name)) is not UNSET}


def tariffs_of(filed: Filed) -> list[Tariff]:
    assert filed.price is not UNSET
    return [filed.price, *filed.price.services.values()]


def test_every_provider_that_matters_has_a_file() -> None:
    assert TABLE.keys() >= set(ROWS) >= WANTED
    chosen = {name for name, row in TABLE.items() if row.local}
    assert TABLE.keys() - chosen - set(ROWS) == NO_FILE.keys()


def test_the_files_are_small_and_quick_to_read() -> None:
    assert sum(path.stat().st_size for path in FILES) < 450_000
    largest = max(FILES, key=lambda path: path.stat().st_size).stem
    assert min(seconds_to_read(largest) for _ in range(5)) < 0.015


def seconds_to_read(row: str) -> float:
    before = time.process_time()
    Knowledge({}).fact("x", row, "x")
    return time.process_time() - before


@pytest.mark.parametrize("row", ROWS)
def test_every_model_has_a_source_with_its_date(row: str) -> None:
    file = file_of(row)
    assert file.models
    for source in file.sources.values():
        assert source.url.startswith("https://")
        assert dt.date(2026, 1, 1) <= dt.date.fromisoformat(source.read_on) <= dt.date(2100, 1, 1)
    letters = {letter for profile in file.profiles.values() for letter in profile.sources}
    assert letters == file.sources.keys()
    assert all(profile.sources for profile in file.profiles.values())
    assert {filed.profile for filed in file.models.values()} == file.profiles.keys()


@pytest.mark.parametrize("row", ROWS)
def test_no_model_stands_there_twice(row: str) -> None:
    text = (FOLDER / f"{row}.json").read_text("utf-8")
    names = [
        line.strip().split('"')[1] for line in text.partition('"models"')[2].splitlines() if line.startswith("    ")
    ]
    assert len(names) == len(set(names)) == len(file_of(row).models)
    assert names == sorted(names)


@pytest.mark.parametrize("row", ROWS)
def test_sizes_and_abilities_are_plausible(row: str) -> None:
    file = file_of(row)
    for model, filed in file.models.items():
        if filed.context is not UNSET:
            assert 256 <= filed.context <= 20_000_000, model
        if filed.max_output is not UNSET:
            assert 64 <= filed.max_output <= 20_000_000, model
        if filed.context is not UNSET and filed.max_output is not UNSET:
            assert filed.max_output <= filed.context, model
    for profile in file.profiles.values():
        assert {*(profile.input or ()), *(profile.output or ())} <= KINDS
        assert {*(profile.capabilities or ())} <= ABILITIES


@pytest.mark.parametrize("row", ROWS)
def test_prices_are_plausible(row: str) -> None:
    for model, filed in priced(file_of(row)).items():
        for tariff in tariffs_of(filed):
            if tariff.times is not UNSET:
                assert Decimal("0.1") <= tariff.times <= 10, model
                assert not rates_of(tariff), model
                continue
            rates = rates_of(tariff)
            assert {"input", "output"} <= rates.keys(), model
            assert all(0 <= rate <= 2000 and rate == round(rate, 9) for rate in rates.values()), model
            assert rates.get("cached_input", Decimal(0)) <= rates["input"], model
            overs = [step.over for step in tariff.steps]
            assert overs == sorted({*overs}), model
            assert all(rates_of(step) for step in tariff.steps), model


@pytest.mark.parametrize(
    ("row", "model", "sizes", "price"),
    [
        # https://developers.openai.com/api/docs/pricing
        ("openai", "gpt-5.4", (1_050_000, 128_000), ("2.5", "15")),
        ("openai", "gpt-5-mini-2025-08-07", (400_000, 128_000), ("0.25", "2")),
        ("openai", "gpt-4o-2024-08-06", (128_000, 16_384), ("2.5", "10")),
        # https://platform.claude.com/docs/en/about-claude/pricing
        ("anthropic", "claude-opus-5-5", (1_000_000, 128_000), ("4", "20")),
        ("anthropic", "claude-haiku-4-5", (200_000, 64_000), ("1", "5")),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", (200_000, 64_000), ("3.3", "16.5")),
        ("vertex", "claude-haiku-4-5@20251001", (200_000, 64_000), ("1", "5")),
        # https://ai.google.dev/gemini-api/docs/pricing
        ("gemini", "gemini-2.5-flash", (1_048_576, 65_536), ("0.3", "2.5")),
        ("gemini", "models/gemini-2.5-flash", (1_048_576, 65_536), ("0.3", "2.5")),
        # https://api-docs.deepseek.com/quick_start/pricing
        ("deepseek", "deepseek-flash", (1_048_576, 393_216), ("0.3", "1.2")),
        # https://groq.com/pricing
        ("groq", "openai/gpt-oss-120b", (131_072, 65_536), ("0.15", "0.6")),
    ],
)
def test_what_vendors_publish_is_what_is_found(
    row: str, model: str, sizes: tuple[int, int], price: tuple[str, str]
) -> None:
    fact = Knowledge({}).fact("x", row, model)
    assert (fact.context_window, fact.max_output_tokens) == sizes
    assert fact.price is not UNSET
    assert (str(fact.price.input), str(fact.price.output)) == price


def test_a_file_says_nothing_that_nobody_reads() -> None:
    for path in FILES:
        assert msgspec.json.decode(path.read_bytes(), type=File, strict=True)
        members = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, dict[str, object]]])
        known = {"profile", "context", "max_output", "price"}
        assert all(entry.keys() <= known for entry in members["models"].values()), path.stem
