"""Who makes pictures and sounds, and where: the endpoints that rows of other tables have, by what they speak.

Which dialect asks for them is told where that dialect is; the pages that say where an endpoint is are there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from antiphon.providers.row import Route, ServiceRow
from antiphon.service_protocols import MediaService

Services = tuple[ServiceRow, ...]

_PICTURES: Final[tuple[MediaService, ...]] = ("images/generations", "images/edits", "images/variations")
_WRITING: Final[tuple[MediaService, ...]] = ("audio/transcriptions", "audio/translations")


def at_one(services: Sequence[MediaService], dialect: str, route: Route, models: str = "") -> Services:
    """Several services at one address."""
    return tuple(ServiceRow(service=each, dialect=dialect, route=route, models=models) for each in services)


def as_openai(services: Sequence[MediaService], dialect: str, models: str = "") -> Services:
    """Services at OpenAI's paths."""
    return tuple(ServiceRow(service=each, dialect=dialect, route=Route(f"/{each}"), models=models) for each in services)


OPENAI_MEDIA: Final = as_openai((*_PICTURES, "audio/speech", *_WRITING), "openai")
"""Everything, as it was first: in the client's own words."""

COMPATIBLE_PICTURES: Final = as_openai(("images/generations",), "compatible")
COMPATIBLE_WRITING: Final = as_openai(_WRITING, "openai")
COMPATIBLE_SPEECH: Final = as_openai(("audio/speech",), "compatible")
COMPATIBLE_MEDIA: Final = (*as_openai(_PICTURES, "compatible"), *COMPATIBLE_SPEECH, *COMPATIBLE_WRITING)
"""What servers may have that took over OpenAI's format; one that has not says so itself."""

AZURE_MEDIA: Final = tuple(
    ServiceRow(
        service=service,
        dialect="openai",
        route=Route(f"/openai/v1/{service}{{version_query}}"),
        dated=Route(f"/openai/deployments/{{model}}/{service}{{version_query}}"),
    )
    for service in (*_PICTURES[:2], "audio/speech", *_WRITING)
)

XAI_MEDIA: Final = as_openai(_PICTURES[:2], "xai")
GROQ_MEDIA: Final = as_openai(("audio/speech", *_WRITING), "groq")
TOGETHER_MEDIA: Final = (
    *at_one(_PICTURES[:2], "together", Route("/images/generations")),
    *as_openai(("audio/speech", *_WRITING), "together"),
)
FIREWORKS_MEDIA: Final = (
    *at_one(_PICTURES[:1], "fireworks", Route("/workflows")),
    *(
        ServiceRow(service=service, dialect="fireworks", route=Route(f"https://{host}/v1/{service}"), models=models)
        for models, host in (
            ("turbo", "audio-turbo.api.fireworks.ai"),
            ("", "audio-prod.api.fireworks.ai"),
        )
        for service in _WRITING
    ),
)
OPENROUTER_MEDIA: Final = (
    *at_one(_PICTURES[:2], "openrouter", Route("/images")),
    *as_openai(("audio/speech",), "compatible"),
    *as_openai(_WRITING[:1], "openrouter"),
)
SILICONFLOW_MEDIA: Final = (
    *at_one(_PICTURES[:2], "siliconflow", Route("/images/generations")),
    *COMPATIBLE_SPEECH,
    *as_openai(_WRITING[:1], "openrouter"),
)
ZAI_MEDIA: Final = as_openai(_PICTURES[:1], "zai")
VOLCENGINE_MEDIA: Final = at_one(_PICTURES[:2], "volcengine", Route("/images/generations"))
MISTRAL_MEDIA: Final = as_openai(("audio/speech", *_WRITING[:1]), "mistral")


def google_media(model: str, imagen: str) -> Services:
    """Google's, where `model` is the address of one; `imagen` is who speaks with its older models for pictures."""
    generate = Route(f"{model}:generateContent", f"{model}:streamGenerateContent?alt=sse")
    return (
        *at_one(_PICTURES[:1], imagen, Route(f"{model}:predict"), r"^imagen"),
        *at_one(_PICTURES, "gemini", generate, r"^gemini-.*image"),
        *at_one(("audio/speech",), "gemini", generate, r"^gemini-.*tts"),
        *at_one(_WRITING, "gemini", generate, r"^gemini-(?!.*(image|tts|embedding))"),
    )


def bedrock_media(invoke: Route) -> Services:
    """Amazon's."""
    return (
        *at_one(_PICTURES, "bedrock-amazon", invoke, r"amazon\.(titan-image|nova-canvas)"),
        *at_one(_PICTURES, "bedrock-stability", invoke, r"stability\."),
    )
