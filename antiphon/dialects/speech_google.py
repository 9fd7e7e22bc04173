"""Speech from Google's Gemini models, by `generateContent`: samples, which become a WAV file here.

https://ai.google.dev/gemini-api/docs/speech-generation (2026-11); its answers are in no recording. How to speak is said
in the prompt, so `instructions` stand before the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Raw

from antiphon.dialects.gemini_refusals import refused as google_refusal
from antiphon.dialects.media_google import Answered, Inline, answered, usage_told
from antiphon.dialects.media_members import counts_told, unpacked_answer
from antiphon.dialects.service_members import encode, unsaid
from antiphon.dialects.speech_answer import wav_head, whole_sound
from antiphon.dialects.speech_request import COMMON, MEDIA_TYPES, PCM_RATE, Speech, asked_speech, format_of, spoken_by
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.media_protocols import Made, MediaAsked, MediaPlan, Reply, Sent
from antiphon.service_protocols import At

_FORMATS: Final = {"wav": "", "pcm": ""}
_RATE: Final = re.compile(r"rate=(\d{4,6})")
_VOICES: Final = {
    "alloy": "Zephyr",
    "ash": "Orus",
    "ballad": "Algieba",
    "cedar": "Charon",
    "coral": "Aoede",
    "echo": "Puck",
    "fable": "Fenrir",
    "marin": "Kore",
    "nova": "Leda",
    "onyx": "Charon",
    "sage": "Kore",
    "shimmer": "Aoede",
    "verse": "Puck",
}


class GeminiSpeech:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """One body; the answer comes at once."""
        speech = asked_speech(asked)
        format, warnings = format_of(speech, _FORMATS, at)
        voice, instead = spoken_by(speech, _VOICES, at)
        text = speech.input if not speech.instructions else f"{speech.instructions}\n\n{speech.input}"
        config: dict[str, Any] = {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}},
        }
        if speech.language:
            config["speechConfig"]["languageCode"] = speech.language
        body = encode({"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": config})
        said = unsaid(asked, at, COMMON | {"instructions", "language"})
        return MediaPlan(
            [Sent(body)],
            lambda replies: _told(replies[0], speech, format, at),
            (*said, *warnings, *instead),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `gemini_refusals.refused`."""
        return google_refusal(status, body, retry_after)


def _told(reply: Reply, speech: Speech, format: str, at: At) -> Made:
    read = answered(reply, at, Answered)
    found = [each for each in read.inlines() if each.mime_type.startswith("audio/")]
    if not found:
        reason = f": {read.reason[:200]}" if read.reason else ""
        raise UpstreamBroke(f"{at.provider} answered without a sound{reason}.")
    sound = b"".join(unpacked_answer(each.data, at) for each in found)
    usage = usage_told(read.usage_metadata, "audio")
    counts = None if usage is None else counts_told(Raw(encode(usage)))
    if format == "wav":
        sound = wav_head(_rate(found[0]), len(sound)) + sound
    return whole_sound(sound, speech, MEDIA_TYPES[format], counts)


def _rate(inline: Inline) -> int:
    said = _RATE.search(inline.mime_type)
    return PCM_RATE if said is None else int(said[1])
