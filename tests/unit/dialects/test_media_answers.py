"""What becomes of answers, good and bad, of every dialect of pictures and sounds."""

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.media_protocols import MediaPlan, Reply
from antiphon.service_protocols import MediaService
from tests.unit.dialects.asked_media import DIALECTS, asked, events, passed, planned, recording, told, usual

HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "application/json"),
    "no JSON": (b"{", "application/json"),
    "a page": (b"<html>", "text/html"),
    "a list": (b"[]", "application/json"),
    "a text": (b'"x"', "application/json"),
    "numbers": (
        b'{"data":1,"text":1,"candidates":1,"predictions":1,"images":1,"base64":1,"results":1,"audio_data":1}',
        "application/json",
    ),
    "empty": (
        b'{"data":[],"candidates":[],"predictions":[],"images":[],"base64":[],"results":{},"audio_data":""}',
        "application/json",
    ),
    "deep": (b'{"data":' + b"[" * 3000 + b"]" * 3000 + b"}", "application/json"),
    "no UTF-8": (b'{"text":"\xff"}', "application/json"),
    "no base64": (
        b'{"data":[{"b64_json":"!"}],"audio_data":"!","images":["!"],"base64":["!"]}',
        "application/json",
    ),
    "no base64 of Google's": (
        b'{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio/pcm","data":"!"}}]}}]}',
        "application/json",
    ),
}


@pytest.mark.parametrize(("service", "dialect"), sorted(DIALECTS), ids=lambda each: each)
def test_whatever_is_answered_there_is_an_answer_or_an_error_of_the_provider(
    service: MediaService, dialect: str
) -> None:
    for body, media_type in HOSTILE.values():
        plan = planned(dialect, usual(service))
        try:
            made = plan.tell([Reply(body, media_type)] * len(plan.sent))
        except UpstreamError:
            continue
        assert made.finish is not None or isinstance(made.body, bytes)


@pytest.mark.parametrize("body", [b"{}", b'{"error":{"message":"slow down"}}'], ids=["nothing", "an error"])
@pytest.mark.parametrize(("service", "dialect"), sorted(DIALECTS), ids=lambda each: each)
def test_an_object_without_what_was_asked_for_is_no_answer(service: MediaService, dialect: str, body: bytes) -> None:
    plan = planned(dialect, usual(service))
    with pytest.raises(UpstreamError):
        plan.tell([Reply(body, "application/json")] * len(plan.sent))


@pytest.mark.parametrize(("service", "dialect"), sorted(DIALECTS), ids=lambda each: each)
def test_a_refusal_has_its_status_and_no_secret(service: MediaService, dialect: str) -> None:
    body = b'{"error":{"message":"slow down, sk-abcdefghijklmnopqrstuvwxyz123"},"detail":{"message":"slow down"}}'
    refused = DIALECTS[service, dialect].refusal(429, body, 2.0)
    assert (refused.status, "sk-abc" in refused.message) == (429, False)


def frames(*told: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in told)


def openais_events() -> tuple[MediaPlan, bytes]:
    plan = planned("openai", asked("images/generations", prompt="A cat", stream=True))
    return plan, frames(
        {"type": "image_generation.partial_image", "b64_json": "A" * 500},
        {"type": "image_generation.completed", "b64_json": "B", "usage": {"input_tokens": 1, "output_tokens": 2}},
    )


def googles_words() -> tuple[MediaPlan, bytes]:
    def chunk(text: str, **more: Any) -> Any:
        return {"candidates": [{"content": {"parts": [{"text": text}]}, **more}]}

    plan = planned("gemini", recording(stream="true"))
    return plan, frames(chunk("Héllo "), chunk("there"), chunk(".", finishReason="STOP"))


def mistrals_events() -> tuple[MediaPlan, bytes]:
    plan = planned("mistral", recording(stream="true", response_format="diarized_json"))
    return plan, frames(
        {"type": "transcription.language", "audio_language": "en"},
        {"type": "transcription.text.delta", "text": "Héllo"},
        {"type": "transcription.segment", "text": "Héllo", "start": 0.0, "end": 1.0, "speaker_id": "s1"},
        {"type": "transcription.done", "text": "Héllo", "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    )


STREAMS = {"openai": openais_events, "gemini": googles_words, "mistral": mistrals_events}


@pytest.mark.parametrize("vendor", STREAMS)
@settings(max_examples=40)
@given(cuts=st.lists(st.integers(1, 600), max_size=6))
def test_any_cut_of_a_stream_tells_the_same(vendor: str, cuts: list[int]) -> None:
    plan, data = STREAMS[vendor]()
    whole = passed(plan, "text/event-stream", [data])
    places = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert passed(plan, "text/event-stream", pieces) == whole


@pytest.mark.parametrize("vendor", STREAMS)
@settings(max_examples=40)
@given(end=st.integers(0, 200), garbage=st.binary(max_size=20).filter(lambda each: b"[DONE]" not in each))
def test_a_stream_that_is_cut_short_or_garbled_is_the_providers_fault(vendor: str, end: int, garbage: bytes) -> None:
    plan, data = STREAMS[vendor]()
    with pytest.raises(UpstreamError):
        passed(plan, "text/event-stream", [data[:end], b"\n\ndata: ", garbage])


def test_events_in_the_words_of_openai() -> None:
    plan, data = mistrals_events()
    delta, segment, done = events(passed(plan, "text/event-stream", [data]))
    assert (delta["type"], delta["delta"]) == ("transcript.text.delta", "Héllo")
    assert (segment["type"], segment["speaker"], segment["end"]) == ("transcript.text.segment", "s1", 1.0)
    assert (done["type"], done["text"], done["usage"]["input_tokens"]) == ("transcript.text.done", "Héllo", 3)
    plan, data = googles_words()
    assert [each.get("delta") for each in events(passed(plan, "text/event-stream", [data]))][:2] == ["Héllo ", "there"]


@settings(max_examples=40)
@given(pieces=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6))
def test_a_sound_in_events_is_the_sound(pieces: list[bytes]) -> None:
    plan = planned("elevenlabs", asked("audio/speech", input="Hi", voice="x", stream_format="sse"))
    found = events(passed(plan, "audio/mpeg", pieces))
    assert b"".join(base64.b64decode(each["audio"]) for each in found[:-1]) == b"".join(pieces)
    assert found[-1]["type"] == "speech.audio.done"


@pytest.mark.parametrize("format", ["audio", "sse"])
def test_a_silent_sound_is_the_providers_fault(format: str) -> None:
    plan = planned("elevenlabs", asked("audio/speech", input="Hi", voice="x", stream_format=format))
    with pytest.raises(UpstreamBroke, match="without a sound"):
        passed(plan, "audio/mpeg", [])


def test_pictures_by_address_alone_are_fetched_for_who_wants_bytes() -> None:
    plan = planned("zai", asked("images/generations", prompt="A cat", response_format="b64_json"))
    made = told(plan, {"data": [{"url": "https://x/1"}]})
    assert made.addresses == ["https://x/1"]
    assert made.finish is not None
    assert json.loads(made.finish({}).body)["data"] == [{"url": "https://x/1"}]


def test_a_stream_without_the_bytes_of_its_picture_is_none() -> None:
    plan = planned("zai", asked("images/generations", prompt="A cat", stream=True))
    made = told(plan, {"data": [{"url": "https://x/1"}]})
    assert made.finish is not None
    with pytest.raises(UpstreamBroke):
        made.finish({})
