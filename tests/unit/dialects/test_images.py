"""Pictures asked for in the words of each vendor."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialects.images_request import Drawing, ratio, resolution
from antiphon.errors import BadRequest, UpstreamBroke, UpstreamRefused
from antiphon.media_protocols import Upload
from tests.unit.dialects.asked_media import PNG, asked, body_of, events, planned, told, with_files

RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")


@given(width=st.integers(10, 9999), height=st.integers(10, 9999))
def test_the_nearest_ratio_is_as_wide_or_as_high(width: int, height: int) -> None:
    nearest, warnings = ratio(Drawing(prompt="x", size=f"{width}x{height}"), RATIOS)
    assert nearest in RATIOS
    across, _, down = nearest.partition(":")
    if warnings == ():
        assert abs(width / height / (int(across) / int(down)) - 1) < 0.03
    if width / height >= 4 / 3:
        assert int(across) > int(down)


@pytest.mark.parametrize(
    ("said", "nearest", "warned", "size"),
    [
        ({"size": "auto"}, None, False, None),
        ({"size": "1024x1024"}, "1:1", False, None),
        ({"size": "1536x1024"}, "4:3", True, None),
        ({"size": "16:9"}, "16:9", False, None),
        ({"aspect_ratio": "21:9", "resolution": "4k"}, "16:9", True, "4K"),
        ({"size": "3840x2160"}, "16:9", False, "4K"),
        ({"size": "2048x2048"}, "1:1", False, "2K"),
    ],
)
def test_sizes_as_ratios(said: Any, nearest: str | None, warned: bool, size: str | None) -> None:  # noqa: FBT001
    drawing = Drawing(prompt="x", **said)
    found, warnings = ratio(drawing, RATIOS)
    assert (found, bool(warnings), resolution(drawing)) == (nearest, warned, size)


@pytest.mark.parametrize(
    "said", [{"size": "big"}, {"size": "1024"}, {"size": "00x315"}, {"aspect_ratio": "wide"}, {"aspect_ratio": "0:1"}]
)
@pytest.mark.parametrize("dialect", ["xai", "gemini", "imagen", "bedrock-stability", "fireworks"])
def test_a_size_that_is_none(dialect: str, said: Any) -> None:
    with pytest.raises(BadRequest, match=r"Invalid '(size|aspect_ratio)'"):
        planned(dialect, asked("images/generations", prompt="x", **said))


@pytest.mark.parametrize(
    ("dialect", "said", "sent"),
    [
        ("together", {"size": "512x512", "seed": 1, "steps": 4}, {"width": 512, "height": 512, "seed": 1, "steps": 4}),
        ("siliconflow", {"size": "1024x1024", "n": 2}, {"image_size": "1024x1024", "batch_size": 2}),
        ("zai", {"size": "1024x1024", "quality": "hd"}, {"size": "1024x1024", "quality": "hd"}),
        ("volcengine", {"size": "2K", "watermark": False}, {"size": "2K", "watermark": False}),
        ("recraft", {"style": "icon", "n": 2}, {"style": "icon", "n": 2}),
        ("openrouter", {"background": "transparent"}, {"background": "transparent"}),
        ("xai", {"user": "u", "response_format": "url"}, {"user": "u", "response_format": "url"}),
        ("gemini", {"seed": 3}, {"generationConfig": {"responseModalities": ["IMAGE"], "seed": 3}}),
        ("bedrock-stability", {"negative_prompt": "dog", "seed": 3}, {"negative_prompt": "dog", "seed": 3}),
        (
            "vertex-imagen",
            {"seed": 3, "output_format": "jpeg", "output_compression": 50, "negative_prompt": "dog"},
            {
                "parameters": {
                    "negativePrompt": "dog",
                    "seed": 3,
                    "addWatermark": False,
                    "outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 50},
                    "sampleCount": 1,
                }
            },
        ),
        (
            "bedrock-amazon",
            {"quality": "high", "seed": 3, "n": 2},
            {"imageGenerationConfig": {"numberOfImages": 2, "quality": "premium", "seed": 3}},
        ),
    ],
)
def test_members_are_said_in_the_vendors_words(dialect: str, said: Any, sent: Any) -> None:
    plan = planned(dialect, asked("images/generations", prompt="A cat", **said))
    assert body_of(plan).items() >= sent.items()
    assert plan.warnings == ()


@pytest.mark.parametrize(
    ("dialect", "said", "words"),
    [
        ("xai", {"quality": "high"}, "'quality' was left out"),
        ("gemini", {"background": "transparent"}, "'background' was left out"),
        ("imagen", {"output_format": "webp"}, "'output_format' was left out"),
        ("bedrock-amazon", {"style": "vivid"}, "'style' was left out"),
        ("fireworks", {"stream": True, "partial_images": 2}, "no partial images"),
        ("gemini", {"response_format": "url"}, "data URL"),
        ("openai", {"response_format": "url"}, ""),
    ],
)
def test_what_cannot_be_said_is_told(dialect: str, said: Any, words: str) -> None:
    plan = planned(dialect, asked("images/generations", prompt="A cat", **said))
    assert words in " ".join(plan.warnings)


def test_many_pictures_are_several_requests_where_that_is_what_it_takes() -> None:
    numbers = {
        name: [len(plan.sent), *[json.loads(sent.body).get("n") for sent in plan.sent[:1]]]
        for name in ("openai", "xai", "gemini", "imagen", "bedrock-amazon", "fireworks", "zai")
        for plan in [planned(name, asked("images/generations", prompt="A cat", n=9))]
    }
    assert numbers == {
        "openai": [1, 9],
        "xai": [1, 9],
        "gemini": [9, None],
        "imagen": [3, None],
        "bedrock-amazon": [2, None],
        "fireworks": [9, None],
        "zai": [9, None],
    }


@pytest.mark.parametrize("dialect", ["gemini", "xai", "together", "openrouter", "bedrock-amazon", "bedrock-stability"])
def test_an_edit_wants_a_picture(dialect: str) -> None:
    with pytest.raises(BadRequest, match="'image'"):
        planned(dialect, asked("images/edits", prompt="A hat"))
    mask = Upload("mask", "m.png", "", PNG)
    image = Upload("image", "a.png", "", PNG)
    with pytest.raises(BadRequest, match="takes no mask"):
        planned(dialect, with_files("images/edits", image, mask, prompt="A hat"))
    with pytest.raises(BadRequest, match="file_id"):
        planned(dialect, asked("images/edits", prompt="A hat", images=[{"file_id": "file-1"}]))


def test_an_answer_of_filters_alone_says_why() -> None:
    plan = planned("imagen", asked("images/generations", prompt="A cat"))
    with pytest.raises(UpstreamRefused, match="Too wild"):
        told(plan, {"predictions": [{"raiFilteredReason": "Too wild."}]})
    plan = planned("bedrock-stability", asked("images/generations", prompt="A cat"))
    with pytest.raises(UpstreamRefused, match="Filter reason: prompt"):
        told(plan, {"images": [], "finish_reasons": ["Filter reason: prompt"]})


@pytest.mark.parametrize("dialect", ["openai", "compatible", "together", "zai"])
@pytest.mark.parametrize("data", [[], [{}], [{"url": None, "revised_prompt": "A cat"}], [{"b64_json": ""}]], ids=str)
def test_an_answer_without_a_picture_is_none(dialect: str, data: Any) -> None:
    plan = planned(dialect, asked("images/generations", prompt="x"))
    with pytest.raises(UpstreamBroke, match="vendor answered"):
        told(plan, {"created": 1, "data": data})


@pytest.mark.parametrize("dialect", ["openai", "zai"])
def test_one_picture_of_several_is_an_answer(dialect: str) -> None:
    plan = planned(dialect, asked("images/generations", prompt="x"))
    made = told(plan, {"created": 1, "data": [{"url": "https://x.example/a.png"}, {"error": "filtered"}]})
    assert json.loads(made.body)["data"][0] == {"url": "https://x.example/a.png"}


def test_a_stream_has_an_event_for_each_picture() -> None:
    plan = planned("xai", asked("images/generations", prompt="A cat", n=2, stream=True))
    made = told(
        plan, {"data": [{"b64_json": "/9j/AAAA"}, {"b64_json": "UklGRgAAAABXRUJQ"}], "usage": {"input_tokens": 1}}
    )
    found = events(made.body)
    assert [(each["type"], each["output_format"]) for each in found] == [
        ("image_generation.completed", "jpeg"),
        ("image_generation.completed", "webp"),
    ]
    assert ["usage" in each for each in found] == [False, True]
