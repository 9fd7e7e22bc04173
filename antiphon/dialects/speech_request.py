"""A request for speech, in OpenAI's words, read for everybody else.

https://platform.openai.com/docs/api-reference/audio/createSpeech (2026-11). Without `response_format` OpenAI makes MP3;
who cannot, and was not asked for it, may make something else with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from antiphon.dialects.media_members import read_media
from antiphon.errors import BadRequest
from antiphon.media_protocols import MediaAsked
from antiphon.service_protocols import At
from antiphon.wire.faults import missing

COMMON: Final = frozenset({"input", "voice", "response_format", "stream_format"})

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
"""Of OpenAI's formats; `pcm` is 24,000 samples a second of 16 bits, little end first, of one channel."""

PCM_RATE: Final = 24_000
_USUAL: Final = "mp3"


class Voice(Struct, frozen=True):
    """A voice of the client's own making."""

    id: str


class Speech(Struct, frozen=True, kw_only=True):
    """The members that dialects read."""

    input: Annotated[str, Meta(min_length=1)]
    voice: str | Voice | None = None
    instructions: str | None = None
    response_format: str | None = None
    speed: float | None = None
    stream_format: Literal["sse", "audio"] | None = None
    language: str | None = None

    @property
    def voice_name(self) -> str | None:
        """What the voice is called."""
        return self.voice.id if isinstance(self.voice, Voice) else self.voice

    @property
    def in_events(self) -> bool:
        """Whether the sound is wanted in events."""
        return self.stream_format == "sse"


def asked_speech(asked: MediaAsked) -> Speech:
    """The request. Raises BadRequest."""
    return read_media(asked, Speech)


def format_of(speech: Speech, formats: Mapping[str, Any], at: At) -> tuple[str, tuple[str, ...]]:
    """The format to be made, one of those that the vendor has: the one that is wanted, else the first, with a warning.

    Raises BadRequest for one that is asked for by name and not to be had.
    """
    wanted = speech.response_format
    if wanted is not None and wanted in formats:
        return wanted, ()
    first = next(iter(formats))
    if wanted is None:
        if _USUAL in formats:
            return _USUAL, ()
        return first, (f"{at.provider} makes no mp3, which is the usual format: the sound is {first}.",)
    message = f"{at.provider} makes no '{wanted[:20]}': ask for {' or '.join(formats)} as 'response_format'."
    raise BadRequest(message, param="response_format", code="unsupported_value")


def spoken_by(speech: Speech, voices: Mapping[str, str], at: At) -> tuple[str, tuple[str, ...]]:
    """The vendor's voice: OpenAI's by `voices`, with a warning, any other name as it is. Raises BadRequest for none."""
    name = speech.voice_name
    if not name:
        raise missing("voice")
    instead = voices.get(name.lower())
    if instead is None:
        return name, ()
    return instead, (f"'{name}' is a voice of OpenAI's: '{instead}' of {at.provider} speaks in its place.",)
