"""Sound that a vendor has made, as its clients want it: as it is, or in OpenAI's events; and the head of a WAV file.

https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event (2026-11); the head of a WAV file is that
of https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any, Final

from antiphon.dialects.media_members import EVENTS, JSON, event
from antiphon.dialects.media_relay import Sound, failure
from antiphon.dialects.service_members import broken
from antiphon.dialects.speech_request import MEDIA_TYPES, Speech
from antiphon.errors import AntiphonError, UpstreamBroke
from antiphon.media_protocols import Made, Passing
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts

_UNKNOWN: Final = 0xFFFF_FFFF
"""How long a file is whose end nobody has seen yet."""

_HEAD: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_SAMPLE_BYTES: Final = 2


def wav_head(rate: int, length: int | None) -> bytes:
    """What stands before so many bytes of sound of one channel, 16 bits a sample; None is not known yet."""
    data = _UNKNOWN if length is None else length
    whole = _UNKNOWN if length is None else length + _HEAD.size - 8
    return _HEAD.pack(
        *(b"RIFF", whole, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * _SAMPLE_BYTES, _SAMPLE_BYTES, 16, b"data", data)
    )


def in_events(sound: bytes) -> bytes:
    """A piece of sound as an event."""
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode()})


def ended(usage: Mapping[str, Any] | None = None) -> bytes:
    """The last event."""
    counted = usage or {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return event({"type": "speech.audio.done", "usage": counted})


class SoundInEvents:
    """Implements `media_protocols.Passing`: sound in pieces becomes events."""

    def __init__(self, at: At) -> None:
        """Nothing has come yet."""
        self.media_type = EVENTS
        self.counts: Counts | None = None
        self._provider = at.provider
        self._silent = True

    def feed(self, data: bytes) -> bytes:
        self._silent = False
        return in_events(data)

    def close(self) -> bytes:
        if self._silent:
            raise UpstreamBroke(f"{self._provider} answered without a sound.")
        return ended()

    def broken(self, error: AntiphonError) -> bytes:
        return failure(error)


def passing_sound(media_type: str, speech: Speech, format: str, at: At) -> Passing | None:
    """What passes on sound that is in the client's format. None for what is none, whatever its status says."""
    if media_type in (JSON, EVENTS) or media_type.startswith("text/"):
        return None
    if speech.in_events:
        return SoundInEvents(at)
    said = media_type if media_type.startswith("audio/") else MEDIA_TYPES.get(format, "application/octet-stream")
    return Sound(said, at)


def no_sound(at: At) -> Made:
    """For who answers with sound or not at all. Raises UpstreamBroke."""
    raise broken(at)


def whole_sound(sound: bytes, speech: Speech, media_type: str, counts: Counts | None = None) -> Made:
    """Sound that came at once, as the client wants it."""
    if speech.in_events:
        return Made(in_events(sound) + ended(), EVENTS, counts)
    return Made(sound, media_type, counts)
