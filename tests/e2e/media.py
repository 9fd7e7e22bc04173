"""One gateway before many vendors of pictures and sounds, all of whom are one scripted server."""

from __future__ import annotations

import base64
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from antiphon.media_settings import MediaSettings
from antiphon.model_settings import ModelSettings, PriceSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import DownloadSettings
from tests.e2e.gateway import Gateway, running, settings_for
from tests.e2e.upstream import Provider, Reply, Seen

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(40))
PNG64 = base64.b64encode(PNG).decode()
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60)
MOST_FORM_BYTES = 200_000

USAGE = {
    "input_tokens": 10,
    "output_tokens": 100,
    "total_tokens": 110,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 10},
    "output_tokens_details": {"image_tokens": 90, "text_tokens": 10},
}
DRAWN = {"created": 1, "data": [{"b64_json": PNG64}], "usage": USAGE, "size": "1024x1024"}
GOOGLES = {
    "candidates": [
        {
            "content": {"parts": [{"text": "Here."}, {"inlineData": {"mimeType": "image/png", "data": PNG64}}]},
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 7,
        "candidatesTokenCount": 1290,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    },
}

KINDS = (
    *("openai", "gemini", "xai", "together", "fireworks", "groq", "openrouter", "mistral", "zai", "siliconflow"),
    *("elevenlabs", "deepgram", "cartesia", "recraft", "openai-compatible"),
)


@contextmanager
def media_gateway(folder: Path, server: Provider) -> Generator[Gateway]:
    """A provider of each kind, called as its kind is, and two aliases of two targets each."""
    providers = {kind: ProviderSettings(type=kind, base_url=server.url, api_key="sk-1") for kind in KINDS}
    providers["aws"] = ProviderSettings(type="bedrock", base_url=server.url, api_key="sk-1", region="us-east-1")
    price = PriceSettings(input=5, output=10, image_output=40)
    settings = settings_for(
        folder,
        server.url,
        server.url,
        providers=providers | {"demo": ProviderSettings(enabled=False)},
        models={
            "painter": ModelSettings(targets=["openai/gpt-image-1", "gemini/gemini-3-pro-image"]),
            "editor": ModelSettings(targets=["xai/grok-imagine-image", "openai/gpt-image-1"]),
            "speaker": ModelSettings(targets=["openai/tts-1", "elevenlabs/eleven_v3"]),
            "openai/gpt-image-1": ModelSettings(price=price),
        },
        downloads=DownloadSettings(allow_private=True, max_bytes=100_000),
        media=MediaSettings(max_form_bytes=MOST_FORM_BYTES),
    )
    with running(settings) as started:
        yield started


def bytes_reply(body: bytes, media_type: str) -> Reply:
    return Reply(body, media_type=media_type)


def form_of(seen: Seen) -> dict[str, list[Any]]:
    """What a form has under each name: texts, and files as (name, media type, bytes)."""
    _, _, boundary = seen.headers["content-type"].partition("boundary=")
    found: dict[str, list[Any]] = {}
    for part in seen.body.split(f"--{boundary}".encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        named = dict(each.split("=", 1) for each in lines[0].split("; ")[1:])
        name = named["name"].strip('"')
        value: Any = data.decode("latin-1")
        if "filename" in named:
            value = (named["filename"].strip('"'), lines[1].removeprefix("Content-Type: "), data)
        found.setdefault(name, []).append(value)
    return found
