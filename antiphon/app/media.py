"""Pictures and sounds: who can be asked for them, and in whose words."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from functools import partial

from antiphon.app.parts import Parts
from antiphon.app.upstreams import downloads_of
from antiphon.dialects.images_bedrock import AmazonImages, StabilityImages
from antiphon.dialects.images_fireworks import FireworksImages
from antiphon.dialects.images_google import GeminiImages, ImagenImages
from antiphon.dialects.images_openai import MANNERS as IMAGE_MANNERS
from antiphon.dialects.images_openai import OpenAIImages
from antiphon.dialects.speech_google import GeminiSpeech
from antiphon.dialects.speech_openai import MANNERS as SPEECH_MANNERS
from antiphon.dialects.speech_openai import OpenAISpeech
from antiphon.dialects.speech_vendors import CartesiaSpeech, DeepgramSpeech, ElevenLabsSpeech, MistralSpeech
from antiphon.dialects.transcription_google import GeminiTranscriptions
from antiphon.dialects.transcription_openai import MANNERS as TRANSCRIPTION_MANNERS
from antiphon.dialects.transcription_openai import OpenAITranscriptions
from antiphon.dialects.transcription_vendors import (
    DeepgramTranscriptions,
    ElevenLabsTranscriptions,
    MistralTranscriptions,
)
from antiphon.gateway.media import Media
from antiphon.gateway.media_sources import KeptFiles, Sources
from antiphon.http.media import MediaEndpoints
from antiphon.http.media_forms import MediaLimits
from antiphon.http.media_routes import MediaHandlers
from antiphon.media_protocols import MediaDialect, MediaDialects
from antiphon.service_protocols import MediaService


def media_handlers(parts: Parts) -> MediaHandlers:
    """The handlers of every route."""
    settings, gateway = parts.settings, parts.gateway
    downloads = downloads_of(settings)
    files = KeptFiles(parts.files.store, settings.media.max_form_bytes)
    chances = gateway.policy.retries, random.random
    media = Media(gateway.router, media_dialects(), *chances, partial(Sources, downloads, files), gateway.live)
    limits = MediaLimits(settings.server.max_body_bytes, settings.media.max_form_bytes)
    endpoints = MediaEndpoints(media, parts.tasks, time.time, limits)
    return MediaHandlers(
        create_image=endpoints.create_image,
        edit_image=endpoints.edit_image,
        vary_image=endpoints.vary_image,
        speak=endpoints.speak,
        transcribe=endpoints.transcribe,
        translate=endpoints.translate,
    )


def media_dialects() -> MediaDialects:
    """Every format in which pictures and sounds can be asked for."""
    images: Mapping[str, MediaDialect] = {
        **{name: OpenAIImages(name) for name in IMAGE_MANNERS},
        "imagen": ImagenImages(at_vertex=False),
        "vertex-imagen": ImagenImages(at_vertex=True),
        "gemini": GeminiImages(),
        "fireworks": FireworksImages(),
        "bedrock-amazon": AmazonImages(),
        "bedrock-stability": StabilityImages(),
    }
    speech: Mapping[str, MediaDialect] = {
        **{name: OpenAISpeech(name) for name in SPEECH_MANNERS},
        "gemini": GeminiSpeech(),
        "mistral": MistralSpeech(),
        "elevenlabs": ElevenLabsSpeech(),
        "deepgram": DeepgramSpeech(),
        "cartesia": CartesiaSpeech(),
    }
    transcriptions: Mapping[str, MediaDialect] = {
        **{name: OpenAITranscriptions(name) for name in TRANSCRIPTION_MANNERS},
        "gemini": GeminiTranscriptions(),
        "mistral": MistralTranscriptions(),
        "elevenlabs": ElevenLabsTranscriptions(),
        "deepgram": DeepgramTranscriptions(),
    }
    services: Mapping[MediaService, Mapping[str, MediaDialect]] = {
        "images/generations": images,
        "images/edits": images,
        "images/variations": images,
        "audio/speech": speech,
        "audio/transcriptions": transcriptions,
        "audio/translations": transcriptions,
    }
    return {(service, name): each for service, named in services.items() for name, each in named.items()}
