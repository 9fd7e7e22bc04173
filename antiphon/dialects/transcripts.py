"""What was said in a recording, told in each of OpenAI's formats whatever the vendor gave.

https://platform.openai.com/docs/api-reference/audio (2026-11), https://www.w3.org/TR/webvtt1/. Where a vendor times
words alone, segments are made of them: a speaker, a sentence or a few seconds each. What only Whisper knows of a
segment, such as its log probability, is 0 in `verbose_json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from msgspec import Raw, Struct

from antiphon.dialects.media_members import (
    EVENTS,
    JSON,
    counts_told,
    ending_of,
    event,
    is_web,
    kind_of,
    read_media,
    split_data_url,
    unpacked,
    without,
)
from antiphon.dialects.service_members import encode
from antiphon.downloads import Downloaded
from antiphon.errors import BadRequest, UpstreamBroke
from antiphon.media_protocols import Made, MediaAsked, Upload
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts
from antiphon.wire.files import is_own

Format = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]

COMMON: Final = frozenset(
    {"file", "file_id", "url", "response_format", "stream", "timestamp_granularities", "language", "temperature"}
)
TIMED: Final[frozenset[Format]] = frozenset({"srt", "vtt", "verbose_json", "diarized_json"})
"""What cannot be told without times."""

_LONGEST_SECONDS: Final = 7.0
_SENTENCE_ENDS: Final = (".", "?", "!", "。", "？", "！", "…")  # noqa: RUF001 - full-width marks end sentences too
_TEXT: Final = "text/plain; charset=utf-8"
_VTT: Final = "text/vtt; charset=utf-8"


class Recording(Struct, frozen=True, kw_only=True):
    """The members of a request that dialects read."""

    language: str | None = None
    url: str | None = None
    file_id: str | None = None
    prompt: str | None = None
    response_format: Format | None = None
    temperature: float | None = None
    stream: bool | None = None
    timestamp_granularities: list[str] | str | None = None
    known_speaker_names: list[str] | str | None = None

    @property
    def address(self) -> str:
        """Where the recording is, if it is no file of the request."""
        return self.url or self.file_id or ""

    @property
    def format(self) -> Format:
        return self.response_format or "json"

    @property
    def times_words(self) -> bool:
        """Whether words are to be timed one by one."""
        return "word" in (self.timestamp_granularities or ())

    @property
    def timed(self) -> bool:
        """Whether there have to be times at all."""
        return self.format in TIMED


class Word(Struct, frozen=True):
    """A word, from where to where in seconds, and who says it."""

    word: str
    start: float
    end: float
    speaker: str | None = None


class Segment(Struct, frozen=True):
    """A piece of a recording."""

    text: str
    start: float
    end: float
    speaker: str | None = None


class Transcript(Struct, frozen=True, kw_only=True):
    """All that was said. `usage` is in OpenAI's words; `counts` are read of it where it counts tokens."""

    text: str
    language: str | None = None
    duration: float | None = None
    segments: Sequence[Segment] | None = None
    words: Sequence[Word] | None = None
    usage: Mapping[str, Any] | None = None


def sound_addresses(asked: MediaAsked) -> Sequence[str]:
    """Where the recording is, for a request that says so in place of a file: in `url`, as Groq's may, or `file_id`."""
    if any(file.field == "file" for file in asked.files):
        return ()
    address = read_media(asked, Recording).address
    return (address,) if is_web(address) or is_own(address) else ()


def asked_recording(asked: MediaAsked) -> tuple[Recording, Upload]:
    """The request and its file, which may have been fetched. Raises BadRequest."""
    recording = read_media(asked, Recording)
    for file in asked.files:
        if file.field == "file":
            return recording, file
    url = recording.address
    brought = asked.brought.get(url)
    if brought is not None:
        return recording, _brought(url, brought)
    split = split_data_url(url)
    if split is not None:
        kind, data = split
        return recording, Upload("file", f"recording.{kind.partition('/')[2]}", kind, unpacked(data, "url"))
    message = "Missing required parameter: 'file'. Send the recording as a file of a form, or its address as 'url'."
    raise BadRequest(message, param="file", code="missing_required_parameter")


def _brought(address: str, found: Downloaded) -> Upload:
    """Vendors tell what a recording is by the end of its name: an id has none."""
    name = PurePosixPath(address.partition("?")[0]).name or "recording"
    upload = Upload("file", name, found.media_type, found.data)
    return upload if "." in name else replace(upload, filename=f"{name}.{ending_of(kind_of(upload))}")


def untimed(recording: Recording, at: At) -> None:
    """Raises BadRequest for a format with times, for vendors that tell none."""
    if recording.timed:
        message = f"{at.provider} tells no times: ask for 'json' or 'text' as 'response_format'."
        raise BadRequest(message, param="response_format", code="unsupported_value")


def transcript_told(transcript: Transcript, recording: Recording, asked: MediaAsked, at: At) -> Made:
    """The transcript as the client wants it. Raises UpstreamBroke where times are wanted and there are none."""
    usage = transcript.usage
    counts = None if usage is None else counts_told(Raw(encode(usage)))
    if recording.stream:
        return Made(_events(transcript, recording, at), EVENTS, counts)
    match recording.format:
        case "text":
            return Made(f"{transcript.text}\n".encode(), _TEXT, counts)
        case "srt":
            return Made(_srt(segments_of(transcript, at)), _TEXT, counts)
        case "vtt":
            return Made(_vtt(segments_of(transcript, at)), _VTT, counts)
        case "verbose_json":
            return _json(_verbose(transcript, recording, asked, at), counts)
        case "diarized_json":
            return _json(_diarized(transcript, at), counts)
        case _:
            return _json({"text": transcript.text, "usage": usage}, counts)


def segments_of(transcript: Transcript, at: At) -> Sequence[Segment]:
    """The segments, made of the words where the vendor gave none."""
    if transcript.segments is not None:
        return transcript.segments
    if transcript.words is not None:
        return list(_grouped(transcript.words))
    if not transcript.text:
        return ()
    raise UpstreamBroke(f"{at.provider} answered without the times that are asked for.")


def _grouped(words: Sequence[Word]) -> Iterator[Segment]:
    group: list[Word] = []
    for word in words:
        apart = group and (
            word.speaker != group[0].speaker
            or group[-1].word.rstrip().endswith(_SENTENCE_ENDS)
            or word.end - group[0].start > _LONGEST_SECONDS
        )
        if apart:
            yield _segment(group)
            group = []
        group.append(word)
    if group:
        yield _segment(group)


def _segment(words: Sequence[Word]) -> Segment:
    text = " ".join(word.word.strip() for word in words)
    return Segment(text, words[0].start, words[-1].end, words[0].speaker)


def _json(members: Mapping[str, Any], counts: Counts | None) -> Made:
    return Made(encode(without(members)), JSON, counts)


def _verbose(transcript: Transcript, recording: Recording, asked: MediaAsked, at: At) -> dict[str, Any]:
    words_alone = recording.times_words and "segment" not in (recording.timestamp_granularities or ())
    segments = None if words_alone else segments_of(transcript, at)
    words = transcript.words if recording.times_words else None
    return {
        "task": "translate" if asked.service == "audio/translations" else "transcribe",
        "language": transcript.language or recording.language or "",
        "duration": _duration(transcript),
        "text": transcript.text,
        "words": None if words is None else [_word(word) for word in words],
        "segments": None if segments is None else [_full(segment, number) for number, segment in enumerate(segments)],
        "usage": transcript.usage,
    }


def _word(word: Word) -> dict[str, Any]:
    return {"word": word.word.strip(), "start": word.start, "end": word.end}


def _full(segment: Segment, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 0.0,
        "no_speech_prob": 0.0,
    }


def _diarized(transcript: Transcript, at: At) -> dict[str, Any]:
    return {
        "task": "transcribe",
        "duration": _duration(transcript),
        "text": transcript.text,
        "segments": [_spoken(segment, number) for number, segment in enumerate(segments_of(transcript, at))],
        "usage": transcript.usage,
    }


def _spoken(segment: Segment, number: int) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{number:03}",
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": segment.speaker or "A",
    }


def _duration(transcript: Transcript) -> float:
    ends = [each.end for each in (*(transcript.segments or ()), *(transcript.words or ()))]
    return transcript.duration if transcript.duration is not None else max(ends, default=0.0)


def _events(transcript: Transcript, recording: Recording, at: At) -> bytes:
    """A vendor that has no stream has one delta."""
    frames: list[bytes] = []
    if recording.format == "diarized_json":
        frames += [event(_spoken(segment, number)) for number, segment in enumerate(segments_of(transcript, at))]
    elif transcript.text:
        frames.append(delta(transcript.text))
    frames.append(done(transcript.text, transcript.usage))
    return b"".join(frames)


def delta(text: str) -> bytes:
    """A piece of the text as an event."""
    return event({"type": "transcript.text.delta", "delta": text})


def done(text: str, usage: Mapping[str, Any] | None) -> bytes:
    """The last event."""
    return event(without({"type": "transcript.text.done", "text": text, "usage": usage}))


def _srt(segments: Sequence[Segment]) -> bytes:
    cues = [
        f"{number}\n{_clock(segment.start, ',')} --> {_clock(segment.end, ',')}\n{_cue(segment)}\n"
        for number, segment in enumerate(segments, 1)
    ]
    return "\n".join(cues).encode()


def _vtt(segments: Sequence[Segment]) -> bytes:
    cues = [f"{_clock(segment.start, '.')} --> {_clock(segment.end, '.')}\n{_cue(segment)}\n" for segment in segments]
    return "\n".join(["WEBVTT\n", *cues]).encode()


def _cue(segment: Segment) -> str:
    """The text of a cue: an empty line would end it, an arrow begin another."""
    lines = [line.strip() for line in segment.text.strip().splitlines() if line.strip()]
    return "\n".join(lines).replace("-->", "->")


def _clock(seconds: float, point: str) -> str:
    millis = max(0, round(seconds * 1000))
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, fraction = divmod(rest, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{fraction:03}"
