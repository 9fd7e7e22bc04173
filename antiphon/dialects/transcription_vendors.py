"""Transcriptions from those who have words of their own for them: Mistral, ElevenLabs, Deepgram.

https://docs.mistral.ai/studio/audio/speech-to-text/transcribe-files,
https://elevenlabs.io/docs/api-reference/speech-to-text/convert and
https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded (2026-11). From clients in public use; of
these pages the first was read in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from antiphon.dialects.media_google import answered
from antiphon.dialects.media_members import EVENTS, boundary_of, counts_told, event, form, kind_of, without
from antiphon.dialects.media_refusals import refusal
from antiphon.dialects.media_relay import failure
from antiphon.dialects.service_members import broken, encode, unsaid
from antiphon.dialects.transcripts import (
    COMMON,
    Recording,
    Segment,
    Transcript,
    Word,
    asked_recording,
    delta,
    done,
    sound_addresses,
    transcript_told,
)
from antiphon.errors import AntiphonError, UpstreamBroke, UpstreamError
from antiphon.media_protocols import MediaAsked, MediaPlan, Passing, Reply, Sent
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts
from antiphon.wire.sse import FrameSplitter


class _MistralUsage(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_audio_seconds: float | None = None

    def told(self) -> dict[str, Any]:
        """In OpenAI's words: what is read is the recording, but for the prompt."""
        return {
            "type": "tokens",
            "input_tokens": self.prompt_tokens,
            "output_tokens": self.completion_tokens,
            "total_tokens": self.total_tokens,
        }


class _MistralSegment(Struct):
    text: str = ""
    start: float = 0.0
    end: float = 0.0
    speaker_id: str | int | None = None


class _MistralAnswer(Struct):
    """A whole answer, and every event of a stream."""

    type: str = ""
    text: str | None = None
    language: str | None = None
    segments: list[_MistralSegment] | None = None
    usage: _MistralUsage | None = None
    start: float = 0.0
    end: float = 0.0
    speaker_id: str | int | None = None
    message: Any = None


class MistralTranscriptions:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return sound_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """A form. Mistral has a stream of its own; it times nothing whose language it is told."""
        recording, file = asked_recording(asked)
        streams = bool(recording.stream)
        times = "word" if recording.times_words else "segment" if recording.timed else None
        says_language = recording.language is not None and times is None
        members = {
            "model": at.model,
            "language": recording.language if says_language else None,
            "temperature": None if recording.temperature is None else f"{recording.temperature:g}",
            "timestamp_granularities": times,
            "diarize": "true" if recording.format == "diarized_json" else None,
            "stream": "true" if streams else None,
        }
        warnings = list(unsaid(asked, at, COMMON | {"model"}))
        if recording.language is not None and not says_language:
            warnings.append(f"{at.provider} takes no language where times are wanted: 'language' was left out.")

        def passing(media_type: str) -> Passing | None:
            return _MistralEvents(recording, at) if media_type == EVENTS else None

        return MediaPlan(
            [Sent(*form(boundary_of(asked), without(members).items(), [file]))],
            lambda replies: transcript_told(_mistral(replies[0], recording, at), recording, asked, at),
            tuple(warnings),
            passing if streams else None,
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


def _mistral(reply: Reply, recording: Recording, at: At) -> Transcript:
    read = answered(reply, at, _MistralAnswer)
    if read.text is None:
        raise broken(at)
    found = read.segments or []
    words = recording.times_words
    return Transcript(
        text=read.text.strip(),
        language=read.language,
        duration=None if read.usage is None else read.usage.prompt_audio_seconds,
        segments=None if words else [Segment(each.text, each.start, each.end, _name(each)) for each in found],
        words=[Word(each.text, each.start, each.end, _name(each)) for each in found] if words else None,
        usage=None if read.usage is None else read.usage.told(),
    )


def _name(segment: _MistralSegment) -> str | None:
    return None if segment.speaker_id is None else str(segment.speaker_id)


class _MistralEvents:
    """Implements `media_protocols.Passing`: Mistral's events become OpenAI's."""

    def __init__(self, recording: Recording, at: At) -> None:
        self.media_type = EVENTS
        self.counts: Counts | None = None
        self._frames = FrameSplitter()
        self._diarized = recording.format == "diarized_json"
        self._provider = at.provider
        self._ended = False
        self._segments = 0

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._told(frame.data) for frame in self._frames.feed(data))

    def close(self) -> bytes:
        last = b"".join(self._told(frame.data) for frame in self._frames.finish())
        if not self._ended:
            raise UpstreamBroke(f"{self._provider} ended its stream before the last event.")
        return last

    def broken(self, error: AntiphonError) -> bytes:
        return failure(error)

    def _told(self, data: bytes) -> bytes:
        if data == b"[DONE]":
            return b""
        try:
            read = msgspec.json.decode(data, type=_MistralAnswer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamBroke(f"{self._provider} sent an event that cannot be read.") from None
        match read.type:
            case "transcription.text.delta":
                return delta(read.text) if read.text else b""
            case "transcription.segment" if self._diarized:
                return self._segment(read)
            case "transcription.done":
                self._ended = True
                usage = None if read.usage is None else read.usage.told()
                self.counts = None if usage is None else counts_told(msgspec.Raw(encode(usage)))
                return done((read.text or "").strip(), usage)
            case "error":
                raise refusal(502, data, None)
            case _:
                return b""

    def _segment(self, read: _MistralAnswer) -> bytes:
        number, self._segments = self._segments, self._segments + 1
        speaker = "A" if read.speaker_id is None else str(read.speaker_id)
        times = {"start": read.start, "end": read.end, "text": read.text or "", "speaker": speaker}
        return event({"type": "transcript.text.segment", "id": f"seg_{number:03}", **times})


class _ElevenWord(Struct):
    text: str = ""
    start: float | None = None
    end: float | None = None
    type: str = "word"
    speaker_id: str | None = None


class _ElevenAnswer(Struct):
    text: str
    language_code: str | None = None
    words: list[_ElevenWord] = []
    audio_duration_secs: float | None = None


class ElevenLabsTranscriptions:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return sound_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """A form. It times words, and tells what else is to be heard unless it is told not to."""
        recording, file = asked_recording(asked)
        members = {
            "model_id": at.model,
            "language_code": recording.language,
            "temperature": None if recording.temperature is None else f"{recording.temperature:g}",
            "timestamps_granularity": "word" if recording.timed or recording.times_words else "none",
            "tag_audio_events": "false",
            "diarize": "true" if recording.format == "diarized_json" else None,
        }
        return MediaPlan(
            [Sent(*form(boundary_of(asked), without(members).items(), [file]))],
            lambda replies: transcript_told(_eleven(replies[0], at), recording, asked, at),
            unsaid(asked, at, COMMON | {"model"}),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


def _eleven(reply: Reply, at: At) -> Transcript:
    read = answered(reply, at, _ElevenAnswer)
    words = [
        Word(each.text, each.start, each.end, each.speaker_id)
        for each in read.words
        if each.type == "word" and each.start is not None and each.end is not None
    ]
    seconds = read.audio_duration_secs
    return Transcript(
        text=read.text.strip(),
        language=read.language_code,
        duration=seconds,
        words=words or None,
        usage=None if seconds is None else {"type": "duration", "seconds": seconds},
    )


class _DeepWord(Struct):
    word: str = ""
    punctuated_word: str | None = None
    start: float = 0.0
    end: float = 0.0
    speaker: int | None = None


class _DeepAlternative(Struct):
    transcript: str = ""
    words: list[_DeepWord] = []


class _DeepChannel(Struct):
    alternatives: list[_DeepAlternative] = []
    detected_language: str | None = None


class _DeepUtterance(Struct):
    start: float = 0.0
    end: float = 0.0
    transcript: str = ""
    speaker: int | None = None


class _DeepResults(Struct):
    channels: list[_DeepChannel] = []
    utterances: list[_DeepUtterance] | None = None


class _DeepMetadata(Struct, frozen=True):
    duration: float | None = None


class _DeepAnswer(Struct):
    results: _DeepResults
    metadata: _DeepMetadata = _DeepMetadata()


class DeepgramTranscriptions:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return sound_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """The recording is the whole body; everything else is part of the address."""
        recording, file = asked_recording(asked)
        query = {
            "model": at.model,
            "smart_format": "true",
            "utterances": "true" if recording.timed else None,
            "diarize": "true" if recording.format == "diarized_json" else None,
            "language": recording.language,
            "detect_language": "true" if recording.language is None else None,
        }
        sent = Sent(bytes(file.data), f"Content-Type: {kind_of(file)}\r\n".encode(), f"?{urlencode(without(query))}")
        return MediaPlan(
            [sent],
            lambda replies: transcript_told(_deep(replies[0], at), recording, asked, at),
            unsaid(asked, at, (COMMON - {"temperature"}) | {"model"}),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


def _deep(reply: Reply, at: At) -> Transcript:
    read = answered(reply, at, _DeepAnswer)
    channel = read.results.channels[0] if read.results.channels else _DeepChannel()
    best = channel.alternatives[0] if channel.alternatives else _DeepAlternative()
    utterances = read.results.utterances
    seconds = read.metadata.duration
    return Transcript(
        text=best.transcript.strip(),
        language=channel.detected_language,
        duration=seconds,
        segments=None
        if utterances is None
        else [Segment(each.transcript, each.start, each.end, _speaker(each.speaker)) for each in utterances],
        words=[
            Word(each.punctuated_word or each.word, each.start, each.end, _speaker(each.speaker)) for each in best.words
        ]
        or None,
        usage=None if seconds is None else {"type": "duration", "seconds": seconds},
    )


def _speaker(number: int | None) -> str | None:
    return None if number is None else f"speaker_{number}"
