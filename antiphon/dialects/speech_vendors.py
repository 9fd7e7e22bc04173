"""Speech from those who make little else, each in words of its own: ElevenLabs, Deepgram, Cartesia; and Mistral.

https://elevenlabs.io/docs/api-reference/text-to-speech/stream,
https://developers.deepgram.com/docs/tts-media-output-settings, https://docs.cartesia.ai/api-reference/tts/bytes and
https://docs.mistral.ai/studio/audio/text-to-speech/generate-speech (2026-11). From Vercel's AI SDK for ElevenLabs and
Deepgram, and from the quickstart for Mistral; the other pages were not read for it. Voices of OpenAI's that these do
not have are spoken by a voice of theirs that is like them, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Raw, Struct

from antiphon.dialects.media_google import answered
from antiphon.dialects.media_members import counts_told, segment, unpacked_answer, without
from antiphon.dialects.media_refusals import refusal
from antiphon.dialects.service_members import encode, unsaid
from antiphon.dialects.speech_answer import no_sound, passing_sound, whole_sound
from antiphon.dialects.speech_request import COMMON, MEDIA_TYPES, PCM_RATE, Speech, asked_speech, format_of, spoken_by
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.media_protocols import Made, MediaAsked, MediaPlan, Passing, Reply, Sent
from antiphon.service_protocols import At
from antiphon.wire.responses import NULL

_ELEVENLABS_FORMATS: Final = {
    "mp3": "mp3_44100_128",
    "opus": "opus_48000_64",
    "pcm": f"pcm_{PCM_RATE}",
    "wav": f"wav_{PCM_RATE}",
}
_ELEVENLABS_VOICES: Final = {
    "alloy": "21m00Tcm4TlvDq8ikWAM",
    "ash": "pNInz6obpgDQGcFmaJgB",
    "ballad": "ErXwobaYiN019PkySvjV",
    "cedar": "pNInz6obpgDQGcFmaJgB",
    "coral": "EXAVITQu4vr4xnSDxMaL",
    "echo": "ErXwobaYiN019PkySvjV",
    "fable": "ErXwobaYiN019PkySvjV",
    "marin": "EXAVITQu4vr4xnSDxMaL",
    "nova": "EXAVITQu4vr4xnSDxMaL",
    "onyx": "pNInz6obpgDQGcFmaJgB",
    "sage": "21m00Tcm4TlvDq8ikWAM",
    "shimmer": "EXAVITQu4vr4xnSDxMaL",
    "verse": "pNInz6obpgDQGcFmaJgB",
}
"""Rachel, Adam, Antoni and Bella, which every account has."""

_DEEPGRAM_VOICES: Final = {
    "alloy": "thalia",
    "ash": "apollo",
    "ballad": "draco",
    "cedar": "zeus",
    "coral": "aurora",
    "echo": "orion",
    "fable": "draco",
    "marin": "helena",
    "nova": "luna",
    "onyx": "zeus",
    "sage": "athena",
    "shimmer": "asteria",
    "verse": "arcas",
}
_DEEPGRAM_FORMATS: Final[Mapping[str, Mapping[str, object]]] = {
    "mp3": {"encoding": "mp3"},
    "opus": {"encoding": "opus", "container": "ogg"},
    "aac": {"encoding": "aac"},
    "flac": {"encoding": "flac"},
    "wav": {"encoding": "linear16", "container": "wav", "sample_rate": PCM_RATE},
    "pcm": {"encoding": "linear16", "container": "none", "sample_rate": PCM_RATE},
}
_CARTESIA_FORMATS: Final[Mapping[str, Mapping[str, object]]] = {
    "mp3": {"container": "mp3", "sample_rate": 44_100, "bit_rate": 128_000},
    "wav": {"container": "wav", "encoding": "pcm_s16le", "sample_rate": PCM_RATE},
    "pcm": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": PCM_RATE},
}
_MISTRAL_FORMATS: Final = {name: name for name in ("mp3", "wav", "pcm", "flac", "opus")}


def _planned(sent: Sent, speech: Speech, format: str, at: At, warnings: tuple[str, ...]) -> MediaPlan:
    def passing(media_type: str) -> Passing | None:
        return passing_sound(media_type, speech, format, at)

    return MediaPlan([sent], lambda _: no_sound(at), warnings, passing)


class ElevenLabsSpeech:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """The voice and the format are part of the address."""
        speech = asked_speech(asked)
        format, warnings = format_of(speech, _ELEVENLABS_FORMATS, at)
        voice, instead = spoken_by(speech, _ELEVENLABS_VOICES, at)
        settings = None if speech.speed is None else {"speed": speech.speed}
        members = {
            "text": speech.input,
            "model_id": at.model,
            "language_code": speech.language,
            "voice_settings": settings,
        }
        tail = f"/{segment(voice, 'voice')}/stream?output_format={_ELEVENLABS_FORMATS[format]}"
        said = unsaid(asked, at, COMMON | {"speed", "language"})
        sent = Sent(encode(without(members)), tail=tail)
        return _planned(sent, speech, format, at, (*said, *warnings, *instead))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


class DeepgramSpeech:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """All but the text is part of the address. A model is a voice: `aura-2` takes the voice that is named."""
        speech = asked_speech(asked)
        format, warnings = format_of(speech, _DEEPGRAM_FORMATS, at)
        model, instead = _deepgram_voice(speech, at)
        query = urlencode({"model": model, **_DEEPGRAM_FORMATS[format], **without({"speed": speech.speed})})
        said = unsaid(asked, at, COMMON | {"speed"})
        sent = Sent(encode({"text": speech.input}), tail=f"?{query}")
        return _planned(sent, speech, format, at, (*said, *warnings, *instead))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


def _deepgram_voice(speech: Speech, at: At) -> tuple[str, tuple[str, ...]]:
    """`aura-2-thalia-en` says it all; `aura-2` with the voice `thalia` means the same."""
    model, voice = at.model, (speech.voice_name or "").lower()
    if model.count("-") > 1:
        said = voice and voice not in model
        return model, ((f"The voice is that of the model: '{voice}' was left out.",) if said else ())
    if voice.startswith("aura-"):
        return voice, ()
    spoken, warnings = spoken_by(speech, _DEEPGRAM_VOICES, at)
    return f"{model}-{spoken.lower()}-{speech.language or 'en'}", warnings


class CartesiaSpeech:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """A voice is an id of Cartesia's."""
        speech = asked_speech(asked)
        format, warnings = format_of(speech, _CARTESIA_FORMATS, at)
        voice, _ = spoken_by(speech, {}, at)
        members = {
            "model_id": at.model,
            "transcript": speech.input,
            "voice": {"mode": "id", "id": voice},
            "language": speech.language,
            "output_format": _CARTESIA_FORMATS[format],
            "generation_config": None if speech.speed is None else {"speed": speech.speed},
        }
        said = unsaid(asked, at, COMMON | {"speed", "language"})
        return _planned(Sent(encode(without(members))), speech, format, at, (*said, *warnings))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


class _Spoken(Struct):
    audio_data: str
    usage: Raw = NULL


class MistralSpeech:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """The answer has its sound in base64."""
        speech = asked_speech(asked)
        format, warnings = format_of(speech, _MISTRAL_FORMATS, at)
        ref_audio = asked.members.get("ref_audio")
        members: dict[str, Any] = {
            "model": at.model,
            "input": speech.input,
            "voice_id": speech.voice_name,
            "ref_audio": ref_audio,
            "response_format": format,
        }
        said = unsaid(asked, at, COMMON | {"ref_audio"})

        def tell(replies: Sequence[Reply]) -> Made:
            read = answered(replies[0], at, _Spoken)
            sound = unpacked_answer(read.audio_data, at)
            if not sound:
                raise UpstreamBroke(f"{at.provider} answered without a sound.")
            return whole_sound(sound, speech, MEDIA_TYPES[format], counts_told(read.usage))

        return MediaPlan([Sent(encode(without(members)))], tell, (*said, *warnings))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)
