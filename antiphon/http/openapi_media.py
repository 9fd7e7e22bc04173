"""`paths` of pictures and sounds: a page of their own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import ANSWERED, answer
from antiphon.http.openapi_paths import Operation

Json = dict[str, Any]

MEDIA: Final = "Images and audio"
MEDIA_TAG: Final = {"name": MEDIA, "description": "Pictures and sounds: made, changed, written down. Nothing is kept."}

_ERRORS: Final = (400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503, 504)
_TEXT: Final[Json] = {"type": ["string", "null"]}
_FLAG: Final[Json] = {"type": ["boolean", "null"]}
_FILE: Final[Json] = {"type": "string", "contentMediaType": "application/octet-stream"}
_MODEL: Final[Json] = {"type": "string", "description": "`provider/model`, a bare name, or an alias."}
_EVENTS: Final[Json] = {"schema": {"type": "string"}}
_BINARY: Final[Json] = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}

_DRAWING: Final[Json] = {
    "model": _MODEL,
    "prompt": {"type": "string"},
    "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 16},
    "size": {"type": ["string", "null"], "description": "`WIDTHxHEIGHT` or `auto`; a ratio such as `16:9` too."},
    "quality": _TEXT,
    "background": _TEXT,
    "style": _TEXT,
    "output_format": {"type": ["string", "null"], "description": "`png`, `jpeg` or `webp`."},
    "output_compression": {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
    "response_format": {"enum": ["url", "b64_json", None]},
    "stream": _FLAG,
    "partial_images": {"type": ["integer", "null"], "minimum": 0, "maximum": 3},
    "aspect_ratio": {"type": ["string", "null"], "description": "`W:H`, for those that draw by ratios."},
    "resolution": {"type": ["string", "null"], "description": "`1K`, `2K` or `4K`."},
    "negative_prompt": _TEXT,
    "seed": {"type": ["integer", "null"]},
    "user": _TEXT,
}
_SOURCE: Final[Json] = {
    "type": "object",
    "properties": {
        "image_url": {"type": "string", "description": "An address, or a data URL."},
        "file_id": {"type": "string", "description": "A file that the gateway keeps."},
    },
}
_IN_JSON: Final[Json] = {
    "type": "object",
    "required": ["model", "prompt"],
    "properties": _DRAWING | {"images": {"type": "array", "items": _SOURCE}, "mask": _SOURCE},
}
_PICTURES: Final[Json] = {
    "type": "object",
    "properties": {
        "created": {"type": "integer"},
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"url": _TEXT, "b64_json": _TEXT, "revised_prompt": _TEXT},
            },
        },
        "usage": {"type": "object"},
    },
    "required": ["data"],
}
_SPEECH: Final[Json] = {
    "type": "object",
    "required": ["model", "input"],
    "properties": {
        "model": _MODEL,
        "input": {"type": "string", "minLength": 1},
        "voice": {
            "description": "One of OpenAI's names, which others speak with a voice of theirs, or one of the vendor's.",
            "oneOf": [_TEXT, {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}],
        },
        "instructions": _TEXT,
        "response_format": {"type": ["string", "null"], "description": "`mp3`, `opus`, `aac`, `flac`, `wav`, `pcm`."},
        "speed": {"type": ["number", "null"]},
        "stream_format": {"enum": ["audio", "sse", None]},
        "language": _TEXT,
    },
}
_RECORDING: Final[Json] = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": _MODEL,
        "file": _FILE,
        "url": {"type": "string", "description": "Where the recording is, in place of a file."},
        "file_id": {"type": "string", "description": "A file that the gateway keeps, in place of one that is sent."},
        "language": _TEXT,
        "prompt": _TEXT,
        "response_format": {"enum": ["json", "text", "srt", "vtt", "verbose_json", "diarized_json", None]},
        "temperature": {"type": ["number", "null"]},
        "timestamp_granularities[]": {"type": "array", "items": {"enum": ["word", "segment"]}},
        "stream": _FLAG,
    },
}
_WRITTEN: Final[Json] = {
    "application/json": {
        "schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    },
    "text/plain": {"schema": {"type": "string"}},
    "text/vtt": {"schema": {"type": "string"}},
}
_WROTE: Final = "What was said, in the format that was asked for."


def _form(schema: Json) -> Json:
    return {"multipart/form-data": {"schema": schema}}


def _json(schema: Json, **example: object) -> Json:
    return {"application/json": {"schema": schema, "example": example}}


def _image_form(*required: str) -> Json:
    properties = _DRAWING | {"image": _FILE, "image[]": {"type": "array", "items": _FILE}, "mask": _FILE}
    return _form({"type": "object", "required": ["model", *required], "properties": properties})


def _operation(id: str, summary: str, description: str, body: Json, answered: Json) -> Operation:
    return Operation(
        id=id,
        tag=MEDIA,
        summary=summary,
        description=description,
        body={"required": True, "content": body},
        answers={"200": answered},
        errors=_ERRORS,
        relays=True,
    )


def _drawn(events: bool = True) -> Json:  # noqa: FBT001, FBT002 - one word to one caller
    content: Json = {"application/json": {"schema": _PICTURES}}
    return answer("The pictures.", content | ({"text/event-stream": _EVENTS} if events else {}), ANSWERED)


MEDIA_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/images/generations"): _operation(
        "createImage",
        "Create images",
        "Passed on to a provider that speaks OpenAI's format; translated for every other. Who makes one picture at a"
        " time is asked as often as it takes.",
        _json(
            {"type": "object", "required": ["model", "prompt"], "properties": _DRAWING},
            model="openai/gpt-image-1",
            prompt="A cat",
        ),
        _drawn(),
    ),
    ("post", "/v1/images/edits"): _operation(
        "editImage",
        "Edit images",
        "A form with files, or JSON whose `images` are addresses and data URLs.",
        _image_form("prompt") | _json(_IN_JSON, model="gemini/gemini-3-pro-image", prompt="A hat", images=[]),
        _drawn(),
    ),
    ("post", "/v1/images/variations"): _operation(
        "createImageVariation",
        "Vary an image",
        "As OpenAI's `dall-e-2`, and whoever can make a picture after another.",
        _image_form("image"),
        _drawn(events=False),
    ),
    ("post", "/v1/audio/speech"): _operation(
        "createSpeech",
        "Create speech",
        "The sound leaves as it comes from the provider; with `stream_format: sse` it comes in OpenAI's events.",
        _json(_SPEECH, model="openai/tts-1", input="Hello.", voice="alloy"),
        answer(
            "The sound, in the format that was asked for.",
            {"audio/mpeg": _BINARY, "audio/*": _BINARY, "text/event-stream": _EVENTS},
            ANSWERED,
        ),
    ),
    ("post", "/v1/audio/transcriptions"): _operation(
        "createTranscription",
        "Write down a recording",
        "Subtitles, times and speakers are made of what the provider tells, where its own formats differ.",
        _form(_RECORDING),
        answer(_WROTE, _WRITTEN | {"text/event-stream": _EVENTS}, ANSWERED),
    ),
    ("post", "/v1/audio/translations"): _operation(
        "createTranslation",
        "Write down a recording in English",
        "As a transcription, whatever language is spoken.",
        _form(_RECORDING),
        answer(_WROTE, _WRITTEN, ANSWERED),
    ),
}
