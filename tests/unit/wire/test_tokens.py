"""The estimate of tokens, held to what providers counted."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.wire.pictures import media_tokens, picture_tokens
from antiphon.wire.requests import parse_request
from antiphon.wire.tokens import Prompt, family_of, item_tokens, prompt_of, prompt_tokens, text_tokens, tokens_left
from tests.replayed import answers
from tests.unit.dialects.chat_to_responses import responses_request

BEYOND_TEXT = ("image", "audio", "file", "web_search", "code_interpreter", '"mcp', "tool_search", "computer", "shell")
STATE = ("previous_response_id", '"conversation"', "item_reference", "compaction", '"prompt"')


def prompts() -> Iterator[tuple[str, Prompt, int]]:
    """Model, prompt and real count of every recorded exchange that is text and functions alone."""
    for exchange in [*answers("openai-chat"), *answers("openai-responses")]:
        body: Any = exchange["request"].get("body") or {}
        counted: Any = exchange["response"].get("body") or {}
        usage: Any = counted.get("usage") or {}
        if not usage or any(word in json.dumps(body) for word in (*BEYOND_TEXT, *STATE)):
            continue
        real: int = usage.get("prompt_tokens") or usage.get("input_tokens") or 0
        if ("messages" not in body and "input" not in body) or real == 0:
            continue
        asked: Any = responses_request(body) if "messages" in body else body
        known = {name: asked[name] for name in ("model", "input", "instructions", "tools", "text") if asked.get(name)}
        request = parse_request(json.dumps(known).encode())
        items = [{"content": request.input}] if isinstance(request.input, str) else request.input or []
        yield body["model"], prompt_of(request, items), real


def test_most_recorded_prompts_are_estimated_within_a_factor_of_two() -> None:
    pairs = [(prompt_tokens(prompt, model), real) for model, prompt, real in prompts()]
    errors = sorted(max(told / real, real / told) for told, real in pairs)
    assert len(errors) > 60
    assert statistics.median(errors) < 1.35
    assert errors[int(len(errors) * 0.8)] < 2.0


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("The quick brown fox jumps over the lazy dog. " * 50, 501),
        ("Все люди рождаются свободными и равными в своем достоинстве и правах.", 17),  # noqa: RUF001 - Russian
        ("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。", 38),
        ("すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。", 35),
        ("모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", 24),
        ("def add(left: int, right: int) -> int:\n    return left + right\n", 18),
        ("", 0),
    ],
)
def test_texts_of_every_script_are_near(text: str, real: int) -> None:
    assert real * 0.7 <= text_tokens(text) <= real * 1.4


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    assert text_tokens(one + " " + other) >= text_tokens(one) >= 0


@settings(max_examples=settings().max_examples // 3)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_anything_can_be_counted(value: Any) -> None:
    assert item_tokens({"type": "message", "content": value}, family_of("x")) >= 0


def test_what_the_model_does_not_read_costs_nothing() -> None:
    family = family_of("gpt-5")
    bare = item_tokens({"role": "user", "content": "Hi"}, family)
    full: Any = {
        "role": "user",
        "id": "x" * 99,
        "status": "completed",
        "content": [{"type": "input_text", "text": "Hi"}],
    }
    assert item_tokens(full, family) == bare


def test_tools_and_schemas_count() -> None:
    tool: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}}
    bare = prompt_tokens(Prompt([]), "gpt-5")
    assert bare < prompt_tokens(Prompt([], schema={"type": "object"}), "gpt-5")
    assert bare < prompt_tokens(Prompt([], tools=[tool]), "gpt-5")
    assert bare < prompt_tokens(Prompt([], instructions="Be kind."), "gpt-5")


@pytest.mark.parametrize(
    ("model", "kin"),
    [("anthropic/claude-sonnet-4.5", "claude"), ("openai/gpt-oss-120b", "gpt-oss"), ("openai/o3", "gpt-5")],
)
def test_a_family_is_known_by_its_name(model: str, kin: str) -> None:
    assert family_of(model) == family_of(kin) != family_of("somebody-else")


def test_pictures_cost_what_their_vendors_say() -> None:
    assert picture_tokens((1024, 1024), "tiles") == 765
    assert picture_tokens((4096, 8192), "tiles") == 1105
    assert picture_tokens((4096, 8192), "tiles", low=True) == 85
    assert picture_tokens((1000, 1000), "area") == pytest.approx(1333, abs=1)
    assert picture_tokens((4000, 4000), "area") == 1600
    assert picture_tokens((4000, 4000), "fixed") == 258


PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


@pytest.mark.parametrize("address", [PNG, GIF, {"url": PNG}])
def test_the_size_of_a_picture_is_read_from_its_head(address: Any) -> None:
    assert media_tokens({"type": "input_image", "image_url": address}, "tiles") == 255


@pytest.mark.parametrize("address", ["https://example.com/a.png", "data:image/png;base64,!!!", "data:,", None, 5])
def test_a_picture_that_cannot_be_seen_is_of_the_usual_size(address: Any) -> None:
    assert media_tokens({"type": "input_image", "image_url": address}, "tiles") == 765


def test_files_and_sounds_count_by_their_size() -> None:
    assert media_tokens({"type": "input_file", "file_data": "A" * 4000}, "tiles") == 75
    assert media_tokens({"type": "input_file", "file_id": "file_1"}, "tiles") == 1500
    assert media_tokens({"type": "input_audio", "input_audio": {"data": "A" * 128000}}, "tiles") == 30
    assert media_tokens({"type": "input_audio"}, "tiles") == 1500


def test_what_is_left_is_measured_item_by_item_once() -> None:
    items: list[Any] = [{"type": "message", "role": "user", "content": f"Number {n}"} for n in range(50)]
    measured: list[str] = []

    def count(text: str) -> float:
        measured.append(text)
        return text_tokens(text)

    left = tokens_left(Prompt(items, instructions="Be kind."), "gpt-5", count)
    assert len(measured) == len(items) + 1
    assert left == [prompt_tokens(Prompt(items[n:], instructions="Be kind."), "gpt-5") for n in range(51)]
