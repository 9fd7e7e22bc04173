"""Transcriptions and translations by Google's Gemini models, which are asked in words to write down what they hear.

https://ai.google.dev/gemini-api/docs/audio (2026-11). Where times or speakers are wanted, the answer is asked for as
JSON of a schema; the model tells times by the second, and may be mistaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.gemini_refusals import refused as google_refusal
from antiphon.dialects.gemini_refusals import told_inside
from antiphon.dialects.media_google import Answered, Usage, answered, usage_told
from antiphon.dialects.media_members import EVENTS, base64_of, counts_told, kind_of, without
from antiphon.dialects.media_relay import failure
from antiphon.dialects.service_members import broken, encode, unsaid
from antiphon.dialects.transcripts import (
    COMMON,
    Recording,
    Segment,
    Transcript,
    asked_recording,
    delta,
    done,
    sound_addresses,
)
from antiphon.dialects.transcripts import transcript_told as told
from antiphon.errors import AntiphonError, UpstreamBroke, UpstreamError
from antiphon.media_protocols import MediaAsked, MediaPlan, Passing, Reply, Sent
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts
from antiphon.wire.sse import FrameSplitter

_LISTEN: Final = "Write down every word that is spoken in this recording, in the language it is spoken in."
_TRANSLATE: Final = "Translate everything that is spoken in this recording into English."
_ALONE: Final = "Answer with that text alone: no preface, no remarks, no times, no marks of speakers."
_TIMED: Final = (
    "Cut it into segments of a sentence or a few seconds each, with the seconds from the beginning of the recording at"
    " which each begins and ends, as decimal numbers."
)
_SPEAKERS: Final = "Name the speaker of each segment: A, B and so on."
_SCHEMA: Final[dict[str, Any]] = {
    "type": "OBJECT",
    "properties": {
        "language": {"type": "STRING", "description": "The language that is spoken, by its English name."},
        "segments": {
            "type": "ARRAY",
            "items": {
                "type": "OBJECT",
                "properties": {
                    "start": {"type": "NUMBER"},
                    "end": {"type": "NUMBER"},
                    "speaker": {"type": "STRING"},
                    "text": {"type": "STRING"},
                },
                "required": ["start", "end", "text"],
            },
        },
    },
    "required": ["language", "segments"],
}


class GeminiTranscriptions:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return sound_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """One body, with the recording in it."""
        recording, file = asked_recording(asked)
        words = _words(asked, recording)
        sound = {"inlineData": {"mimeType": _kind(kind_of(file)), "data": base64_of(file.data)}}
        config = {
            "temperature": recording.temperature,
            "responseMimeType": "application/json" if recording.timed else None,
            "responseSchema": _SCHEMA if recording.timed else None,
        }
        contents = [{"role": "user", "parts": [sound, {"text": words}]}]
        body = encode(without({"contents": contents, "generationConfig": without(config) or None}))
        streams = bool(recording.stream) and not recording.timed
        warnings = list(unsaid(asked, at, COMMON | {"model", "prompt"}))
        if recording.times_words:
            warnings.append(f"{at.provider} times segments alone, not words.")

        def passing(media_type: str) -> Passing | None:
            return _Written(at) if media_type == EVENTS else None

        return MediaPlan(
            [Sent(body)],
            lambda replies: told(_transcript(replies[0], recording, at), recording, asked, at),
            tuple(warnings),
            passing if streams else None,
            streamed=streams,
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `gemini_refusals.refused`."""
        return google_refusal(status, body, retry_after)


def _words(asked: MediaAsked, recording: Recording) -> str:
    said = [_TRANSLATE if asked.service == "audio/translations" else _LISTEN]
    if recording.language:
        said.append(f"The language that is spoken is {recording.language}.")
    if recording.prompt:
        said.append(f"What may help to understand and to spell it: {recording.prompt}")
    said.append(_TIMED if recording.timed else _ALONE)
    if recording.format == "diarized_json":
        said.append(_SPEAKERS)
    return "\n".join(said)


def _kind(kind: str) -> str:
    """Google's word for a media type."""
    return {"audio/mpeg": "audio/mp3", "audio/x-wav": "audio/wav", "audio/x-m4a": "audio/mp4"}.get(kind, kind)


class _Segment(Struct):
    text: str
    start: float = 0.0
    end: float = 0.0
    speaker: str | None = None


class _Timed(Struct):
    segments: list[_Segment]
    language: str | None = None


def _transcript(reply: Reply, recording: Recording, at: At) -> Transcript:
    read = answered(reply, at, Answered)
    text = read.text()
    if read.reason is not None and not text:
        raise UpstreamBroke(f"{at.provider} wrote nothing down: {read.reason[:200]}.")
    if not read.candidates:
        raise broken(at)
    usage = usage_told(read.usage_metadata, "audio")
    if not recording.timed:
        return Transcript(text=text.strip(), usage=usage)
    try:
        timed = msgspec.json.decode(text, type=_Timed)
    except (msgspec.DecodeError, RecursionError):
        raise broken(at) from None
    segments = [Segment(each.text.strip(), each.start, each.end, each.speaker) for each in timed.segments]
    whole = " ".join(segment.text for segment in segments)
    return Transcript(text=whole, language=timed.language, segments=segments, usage=usage)


class _Written:
    """Implements `media_protocols.Passing`: chunks of an answer become OpenAI's events."""

    def __init__(self, at: At) -> None:
        self.media_type = EVENTS
        self.counts: Counts | None = None
        self._frames = FrameSplitter()
        self._provider = at.provider
        self._text: list[str] = []
        self._usage: Usage | None = None
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._told(frame.data) for frame in self._frames.feed(data))

    def close(self) -> bytes:
        last = b"".join(self._told(frame.data) for frame in self._frames.finish())
        if not self._ended:
            raise UpstreamBroke(f"{self._provider} ended its stream before the last event.")
        usage = usage_told(self._usage, "audio")
        self.counts = None if usage is None else counts_told(Raw(encode(usage)))
        return last + done("".join(self._text).strip(), usage)

    def broken(self, error: AntiphonError) -> bytes:
        return failure(error)

    def _told(self, data: bytes) -> bytes:
        if b'"error"' in data[:40]:
            raise told_inside(data)
        try:
            read = msgspec.json.decode(data, type=Answered)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamBroke(f"{self._provider} sent an event that cannot be read.") from None
        self._usage = read.usage_metadata or self._usage
        if read.reason is not None and not self._text and not read.text():
            raise UpstreamBroke(f"{self._provider} wrote nothing down: {read.reason[:200]}.")
        self._ended = self._ended or any(each.finish_reason is not None for each in read.candidates)
        text = read.text()
        if not text:
            return b""
        self._text.append(text)
        return delta(text)
