"""Transcriptions and translations from OpenAI, and from those who took over its endpoints with more or less of it.

https://platform.openai.com/docs/api-reference/audio, https://console.groq.com/docs/speech-to-text,
https://docs.together.ai/reference/audio-transcriptions, https://docs.fireworks.ai/api-reference/audio-transcriptions,
https://docs.deepinfra.com/speech/speech-recognition, https://docs.cartesia.ai/api-reference/stt/transcribe and
https://openrouter.ai/docs/guides/overview/multimodal/stt (2026-11). From recordings of OpenAI and its Python client;
the other pages were not read for it. A vendor that differs is a row of `MANNERS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.media_members import EVENTS, JSON, boundary_of, counts_told, form, form_fields
from antiphon.dialects.media_refusals import refusal
from antiphon.dialects.media_relay import Events
from antiphon.dialects.service_members import broken, given, unsaid
from antiphon.dialects.transcripts import (
    COMMON,
    TIMED,
    Format,
    Recording,
    Segment,
    Transcript,
    Word,
    asked_recording,
    sound_addresses,
    transcript_told,
    untimed,
)
from antiphon.errors import UpstreamError
from antiphon.media_protocols import Made, MediaAsked, MediaPlan, Passing, Reply, Sent, Upload
from antiphon.service_protocols import At
from antiphon.wire.responses import NULL

_PLACES: Final = frozenset({"url", "file_id"})
"""Where the recording may be said to be, which is sent as a file."""

_PLAIN: Final[frozenset[Format]] = frozenset({"json", "text", "verbose_json"})


class Manner(Struct, frozen=True, kw_only=True):
    """How a vendor is asked.

    `native` says that it is asked in the client's own words, whatever these are. `formats` are those of OpenAI's that
    it has; of the others, those with times are made of `verbose` where it has that. `takes` are members beside the
    common ones, `diarizes` the one that asks for speakers. `says_format` is False where there is nothing to say.
    `fixed` are fields that always go along.
    """

    native: bool = False
    formats: frozenset[Format] = _PLAIN
    verbose: bool = True
    says_format: bool = True
    takes: frozenset[str] = frozenset({"prompt"})
    diarizes: str | None = None
    fixed: tuple[tuple[str, str], ...] = ()


MANNERS: Final[Mapping[str, Manner]] = {
    "openai": Manner(native=True),
    "groq": Manner(),
    "together": Manner(
        formats=frozenset({"json", "verbose_json"}),
        takes=frozenset({"prompt", "min_speakers", "max_speakers"}),
        diarizes="diarize",
    ),
    "fireworks": Manner(
        formats=frozenset({"json", "text", "verbose_json", "srt", "vtt"}),
        takes=frozenset({"prompt", "vad_model", "alignment_model", "preprocessing"}),
        diarizes="diarize",
    ),
    "cartesia": Manner(
        formats=frozenset({"verbose_json"}),
        says_format=False,
        takes=frozenset[str](),
        fixed=(("timestamp_granularities[]", "word"),),
    ),
    "openrouter": Manner(formats=frozenset({"json"}), verbose=False, says_format=False),
}


class _Word(Struct):
    word: str
    start: float
    end: float
    speaker_id: str | None = None


class _Segment(Struct):
    text: str
    start: float
    end: float
    speaker_id: str | None = None
    speaker: str | None = None


class _Verbose(Struct):
    text: str
    language: str | None = None
    duration: float | None = None
    segments: list[_Segment] | None = None
    speaker_segments: list[_Segment] | None = None
    words: list[_Word] | None = None
    usage: dict[str, object] | None = None


class _Told(Struct):
    text: str
    usage: Raw = NULL


class OpenAITranscriptions:
    """Implements `MediaDialect`."""

    def __init__(self, manner: str) -> None:
        """One of `MANNERS`."""
        self._manner = MANNERS[manner]

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return sound_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """The form as it came, but for the model's name, and what is made here of an answer with times."""
        recording, file = asked_recording(asked)
        manner = self._manner
        if manner.native:
            return _native(asked, recording, file, at)
        wanted = recording.format
        if not manner.verbose:
            untimed(recording, at)
        asks, translated = _asks(manner, recording)
        fields = [*_kept(asked, manner), ("model", at.model)]
        if manner.says_format:
            fields.append(("response_format", asks))
        if wanted == "diarized_json" and manner.diarizes:
            fields.append((manner.diarizes, "true"))
        warnings = list(unsaid(asked, at, COMMON | manner.takes | {"model"}))
        if wanted == "diarized_json" and not manner.diarizes:
            warnings.append(f"{at.provider} does not tell speakers apart: all is said by one.")

        def tell(replies: Sequence[Reply]) -> Made:
            if not translated:
                return _relayed(replies[0], asks, at)
            return transcript_told(_transcript(replies[0], at), recording, asked, at)

        return MediaPlan([_form(asked, fields, file)], tell, tuple(warnings))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


def _native(asked: MediaAsked, recording: Recording, file: Upload, at: At) -> MediaPlan:
    fields = [(name, value) for name, value in _fields(asked) if name not in _PLACES]
    sent = Sent(*form(boundary_of(asked), [*fields, ("model", at.model)], asked.files or [file]))

    def passing(media_type: str) -> Passing | None:
        return Events(at) if media_type == EVENTS else None

    def tell(replies: Sequence[Reply]) -> Made:
        return _relayed(replies[0], recording.format, at)

    return MediaPlan([sent], tell, (), passing if recording.stream else None)


def _asks(manner: Manner, recording: Recording) -> tuple[Format, bool]:
    """The format that the vendor is asked for, and whether the client gets another, or events."""
    wanted = recording.format
    if wanted in manner.formats and not recording.stream:
        return wanted, not manner.says_format and wanted != "json"
    if wanted not in TIMED:
        return ("json" if "json" in manner.formats else "verbose_json"), True
    return "verbose_json", True


def _kept(asked: MediaAsked, manner: Manner) -> list[tuple[str, str]]:
    set_already = {name.partition("[")[0] for name, _ in manner.fixed}
    taken = ((COMMON - {"response_format", "stream", "file"} - _PLACES) | manner.takes) - set_already
    return [*manner.fixed] + [(name, value) for name, value in _fields(asked) if name.partition("[")[0] in taken]


def _fields(asked: MediaAsked) -> list[tuple[str, str]]:
    """The fields of a form, also where the request came in JSON."""
    if asked.fields is not None:
        return list(asked.fields)
    return form_fields({name: value for name, value in given(asked).items() if name != "model"})


def _form(asked: MediaAsked, fields: list[tuple[str, str]], file: Upload) -> Sent:
    return Sent(*form(boundary_of(asked), fields, [file]))


def _relayed(reply: Reply, format: Format, at: At) -> Made:
    """The answer byte for byte. Raises UpstreamBroke where it is JSON and is none."""
    if format in ("text", "srt", "vtt") and reply.media_type != JSON:
        if reply.media_type == "text/html":
            raise broken(at)
        return Made(reply.body, reply.media_type or "text/plain")
    try:
        usage = msgspec.json.decode(reply.body, type=_Told).usage
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken(at) from None
    return Made(reply.body, JSON, counts_told(usage))


def _transcript(reply: Reply, at: At) -> Transcript:
    try:
        read = msgspec.json.decode(reply.body, type=_Verbose)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken(at) from None
    segments = read.speaker_segments or read.segments
    return Transcript(
        text=read.text.strip(),
        language=read.language,
        duration=read.duration,
        segments=None
        if segments is None
        else [Segment(each.text, each.start, each.end, each.speaker_id or each.speaker) for each in segments],
        words=None
        if read.words is None
        else [Word(each.word, each.start, each.end, each.speaker_id) for each in read.words],
        usage=read.usage,
    )
