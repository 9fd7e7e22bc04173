"""Rows of those whose models give no answers: they make pictures or sounds, or write down what they hear."""

from __future__ import annotations

from typing import Final

from antiphon.providers.media_services import as_openai, at_one
from antiphon.providers.row import ProviderRow, Route

MEDIA: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="elevenlabs",
        title="ElevenLabs",
        base_url="https://api.elevenlabs.io/v1",
        dialects=(),
        keys=("ELEVEN_API_KEY", "XI_API_KEY"),
        owns=r"^(eleven_|scribe_)",
        key="xi-api-key",
        models_path=None,
        services=(
            *at_one(("audio/speech",), "elevenlabs", Route("/text-to-speech")),
            *at_one(("audio/transcriptions",), "elevenlabs", Route("/speech-to-text")),
        ),
        note="Speech and transcriptions alone. A voice is an id of its own, or one of OpenAI's names.",
        sources=(
            "https://elevenlabs.io/docs/api-reference/text-to-speech/stream",
            "https://elevenlabs.io/docs/api-reference/speech-to-text/convert",
        ),
    ),
    ProviderRow(
        name="deepgram",
        title="Deepgram",
        base_url="https://api.deepgram.com/v1",
        dialects=(),
        owns=r"^(aura-|nova-[23]|flux-general|enhanced|base$)",
        key="token",
        models_path=None,
        services=(
            *at_one(("audio/speech",), "deepgram", Route("/speak")),
            *at_one(("audio/transcriptions",), "deepgram", Route("/listen")),
        ),
        note="Speech and transcriptions alone. A model of speech is a voice: `aura-2-thalia-en`, or `aura-2` with one.",
        sources=(
            "https://developers.deepgram.com/docs/tts-media-output-settings",
            "https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded",
        ),
    ),
    ProviderRow(
        name="cartesia",
        title="Cartesia",
        base_url="https://api.cartesia.ai",
        dialects=(),
        owns=r"^(sonic|ink-)",
        key="x-api-key",
        headers={"Cartesia-Version": "2025-04-16"},
        models_path=None,
        services=(
            *at_one(("audio/speech",), "cartesia", Route("/tts/bytes")),
            *at_one(("audio/transcriptions",), "cartesia", Route("/stt")),
        ),
        note="Speech and transcriptions alone. A voice is an id of its own.",
        sources=(
            "https://docs.cartesia.ai/api-reference/tts/bytes",
            "https://docs.cartesia.ai/api-reference/stt/transcribe",
        ),
    ),
    ProviderRow(
        name="recraft",
        title="Recraft",
        base_url="https://external.api.recraft.ai/v1",
        dialects=(),
        keys=("RECRAFT_API_TOKEN",),
        owns=r"^recraft",
        models_path=None,
        services=as_openai(("images/generations",), "recraft"),
        note="Pictures alone.",
        sources=("https://www.recraft.ai/docs/api-reference/endpoints",),
    ),
)
