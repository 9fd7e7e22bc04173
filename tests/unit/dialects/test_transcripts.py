"""Transcripts in OpenAI's formats, whatever the vendor tells."""

import json
from typing import Any

import pytest

from antiphon.errors import BadRequest, UpstreamBroke
from tests.unit.dialects.asked_media import events, planned, recording, told

WORDS = [
    {"text": "One.", "start": 0.0, "end": 0.4, "type": "word", "speaker_id": "a"},
    {"text": "Two", "start": 0.5, "end": 0.9, "type": "word", "speaker_id": "a"},
    {"text": "-->", "start": 1.0, "end": 1.2, "type": "word", "speaker_id": "b"},
    {"text": "three", "start": 3661.5, "end": 3662.0, "type": "word", "speaker_id": "b"},
]
HEARD = {"text": "One. Two --> three", "language_code": "en", "words": WORDS, "audio_duration_secs": 3700.0}


def written(**fields: Any) -> bytes:
    return told(planned("elevenlabs", recording(**fields)), HEARD).body


def test_subtitles_are_made_of_words() -> None:
    srt = written(response_format="srt").decode()
    assert srt.split("\n\n")[0] == "1\n00:00:00,000 --> 00:00:00,400\nOne."
    assert "4\n01:01:01,500 --> 01:01:02,000\nthree\n" in srt
    vtt = written(response_format="vtt").decode()
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.400\nOne.\n")
    assert vtt.count("-->") == 4


def test_words_segments_and_speakers() -> None:
    verbose = json.loads(written(response_format="verbose_json", timestamp_granularities=["word"]))
    assert [word["word"] for word in verbose["words"]] == ["One.", "Two", "-->", "three"]
    assert "segments" not in verbose
    assert (verbose["duration"], verbose["language"], verbose["task"]) == (3700.0, "en", "transcribe")
    diarized = json.loads(written(response_format="diarized_json"))
    assert [(each["speaker"], each["text"]) for each in diarized["segments"]][:2] == [("a", "One."), ("a", "Two")]
    assert events(written(stream="true", response_format="diarized_json"))[-1]["type"] == "transcript.text.done"


def test_texts_and_what_they_cost() -> None:
    assert written(response_format="text") == b"One. Two --> three\n"
    assert json.loads(written()) == {"text": HEARD["text"], "usage": {"type": "duration", "seconds": 3700.0}}


def test_times_that_nobody_tells() -> None:
    plan = planned("elevenlabs", recording(response_format="srt"))
    with pytest.raises(UpstreamBroke, match="without the times"):
        told(plan, {"text": "One."})
    assert told(plan, {"text": ""}).body == b""
    with pytest.raises(BadRequest, match="tells no times"):
        planned("openrouter", recording(response_format="srt"))


@pytest.mark.parametrize(
    ("dialect", "fields", "wanted"),
    [
        ("groq", {"response_format": "srt"}, {"response_format": ["verbose_json"]}),
        ("groq", {"response_format": "text"}, {"response_format": ["text"]}),
        ("groq", {"language": "en", "prompt": "names"}, {"language": ["en"], "prompt": ["names"]}),
        ("together", {"response_format": "diarized_json"}, {"diarize": ["true"]}),
        ("together", {"response_format": "text"}, {"response_format": ["json"]}),
        ("fireworks", {"response_format": "vtt"}, {"response_format": ["vtt"]}),
        ("mistral", {"response_format": "srt"}, {"timestamp_granularities": ["segment"]}),
        ("elevenlabs", {"response_format": "diarized_json"}, {"diarize": ["true"]}),
        ("openai", {"known_speaker_names": ["a", "b"]}, {"known_speaker_names[]": ["a", "b"]}),
    ],
)
def test_formats_are_asked_for_in_the_vendors_words(dialect: str, fields: Any, wanted: Any) -> None:
    [sent] = planned(dialect, recording(**fields)).sent
    found: dict[str, list[str]] = {}
    for part in sent.body.split(b"\r\n--"):
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.split(b'name="')[1].split(b'"')[0].decode() if b'name="' in head else ""
        if b"filename" not in head:
            found.setdefault(name, []).append(value.decode("latin-1"))
    assert found.items() >= wanted.items()
    if dialect != "mistral":
        assert found["model_id" if dialect == "elevenlabs" else "model"] == ["m"]


def test_what_a_vendor_cannot_be_told_is_warned_of() -> None:
    plan = planned("groq", recording(response_format="diarized_json", chunking_strategy="auto"))
    assert plan.warnings == (
        "vendor has no such parameter, so 'chunking_strategy' was left out.",
        "vendor does not tell speakers apart: all is said by one.",
    )
