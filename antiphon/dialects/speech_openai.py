"""Speech from OpenAI, and from those who took over its endpoint with more or less of its words.

https://platform.openai.com/docs/api-reference/audio/createSpeech, https://console.groq.com/docs/text-to-speech,
https://docs.together.ai/reference/audio-speech, https://docs.deepinfra.com/speech/text-to-speech and
https://openrouter.ai/docs/api/api-reference/tts/create-speech (2026-11). From OpenAI's Python client; the other pages
were not read for it. A vendor that differs is a row of `MANNERS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.media_members import EVENTS, without
from antiphon.dialects.media_refusals import refusal
from antiphon.dialects.media_relay import Events
from antiphon.dialects.service_members import encode, given, unsaid
from antiphon.dialects.speech_answer import no_sound, passing_sound
from antiphon.dialects.speech_request import COMMON, MEDIA_TYPES, asked_speech, format_of
from antiphon.errors import UpstreamError
from antiphon.media_protocols import MediaAsked, MediaPlan, Passing, Sent
from antiphon.service_protocols import At

_EVERY: Final = {name: name for name in MEDIA_TYPES}


class Manner(Struct, frozen=True, kw_only=True):
    """How a vendor is asked.

    `native` says that it is asked in the client's own words, whatever these are. `formats` are its names for OpenAI's
    formats; `takes` are members that it has beside the common ones.
    """

    native: bool = False
    formats: Mapping[str, str]
    takes: frozenset[str] = frozenset()


MANNERS: Final[Mapping[str, Manner]] = {
    "openai": Manner(native=True, formats=_EVERY),
    "groq": Manner(formats={"wav": "wav", "mp3": "mp3", "flac": "flac"}, takes=frozenset({"speed", "sample_rate"})),
    "together": Manner(
        formats={"mp3": "mp3", "wav": "wav", "pcm": "raw"},
        takes=frozenset({"language", "sample_rate", "bit_rate"}),
    ),
    "compatible": Manner(
        formats=_EVERY, takes=frozenset({"speed", "instructions", "sample_rate", "language", "extra_body"})
    ),
}
"""`openai` alone has sound in events: what other servers stream is taken for sound, and put into events here."""


class OpenAISpeech:
    """Implements `MediaDialect`."""

    def __init__(self, manner: str) -> None:
        """One of `MANNERS`."""
        self._manner = MANNERS[manner]

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """One body. Where all is in the client's own words the answer is passed on byte for byte."""
        speech, manner = asked_speech(asked), self._manner
        members: dict[str, Any] = {**asked.members, "model": at.model}
        warnings: tuple[str, ...] = ()
        format = speech.response_format or "mp3"
        if not manner.native:
            format, warnings = format_of(speech, manner.formats, at)
            kept = {name: value for name, value in given(asked).items() if name in manner.takes | {"input", "voice"}}
            members = {"model": at.model, **kept, "response_format": manner.formats[format]}
            warnings = (*unsaid(asked, at, COMMON | manner.takes), *warnings)

        def passing(media_type: str) -> Passing | None:
            if manner.native and speech.in_events and media_type == EVENTS:
                return Events(at)
            return passing_sound(media_type, speech, format, at)

        return MediaPlan([Sent(encode(without(members)))], lambda _: no_sound(at), warnings, passing)

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)
