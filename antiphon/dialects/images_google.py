"""Pictures from Google: Imagen by `predict`, and Gemini's own image models by `generateContent`.

https://ai.google.dev/gemini-api/docs/imagen, https://ai.google.dev/gemini-api/docs/image-generation and
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api (2026-11; a recording of
`generateContent` has a picture, `predict` is in none). Gemini makes one picture at a time, so it is asked as often as
pictures are wanted; Imagen makes four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.gemini_refusals import refused as google_refusal
from antiphon.dialects.images_answer import Album, Drawn, drawn, losses
from antiphon.dialects.images_request import (
    COMMON,
    GIVEN,
    Drawing,
    asked_drawing,
    bytes_of,
    no_mask,
    pictures,
    ratio,
    resolution,
    web_addresses,
)
from antiphon.dialects.media_google import Answered, answered, usage_told
from antiphon.dialects.media_members import added, counts_told, without
from antiphon.dialects.service_members import broken, encode, unsaid
from antiphon.errors import BadRequest, UpstreamError, UpstreamRefused
from antiphon.media_protocols import MediaAsked, MediaPlan, Reply, Sent
from antiphon.service_protocols import At

_IMAGEN_RATIOS: Final = ("1:1", "3:4", "4:3", "9:16", "16:9")
_GEMINI_RATIOS: Final = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_SIZES: Final = frozenset({"size", "aspect_ratio", "resolution"})
_AT_ONCE: Final = 4
_VARY: Final = "Make a variation of this picture."
_FILTERED: Final = "The provider made no picture: its safety filters stopped it."


class ImagenImages:
    """Implements `MediaDialect` for `predict`; `at_vertex` there are a few more parameters."""

    def __init__(self, *, at_vertex: bool) -> None:
        self._at_vertex = at_vertex

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """As many bodies as it takes, of four pictures at most each."""
        drawing = asked_drawing(asked)
        nearest, warnings = ratio(drawing, _IMAGEN_RATIOS)
        wanted = resolution(drawing)
        taken = COMMON | _SIZES
        parameters: dict[str, Any] = {"aspectRatio": nearest}
        if self._at_vertex:
            taken |= {"negative_prompt", "seed", "output_compression"}
            parameters |= _vertex_parameters(drawing, wanted)
        else:
            parameters["imageSize"] = wanted
            if drawing.output_format not in (None, "png"):
                warnings += ("Its pictures are PNG: 'output_format' was left out.",)
        portions = [min(_AT_ONCE, drawing.count - start) for start in range(0, drawing.count, _AT_ONCE)]
        sent = [_predict(drawing, without({**parameters, "sampleCount": portion})) for portion in portions]
        return MediaPlan(
            sent,
            lambda replies: drawn(_predicted(replies, at), drawing, asked, at),
            (*unsaid(asked, at, taken), *warnings, *losses(drawing, "b64_json")),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `gemini_refusals.refused`."""
        return google_refusal(status, body, retry_after)


class GeminiImages:
    """Implements `MediaDialect` for `generateContent`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return web_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """One body for each picture."""
        drawing = asked_drawing(asked)
        found, mask = pictures(asked, drawing, at)
        no_mask(mask, at)
        nearest, warnings = ratio(drawing, _GEMINI_RATIOS)
        parts: list[dict[str, Any]] = [
            {"inlineData": {"mimeType": picture.media_type, "data": bytes_of(picture, at)}} for picture in found
        ]
        parts.append({"text": drawing.prompt or _VARY})
        image = without({"aspectRatio": nearest, "imageSize": resolution(drawing)})
        config = without({"responseModalities": ["IMAGE"], "imageConfig": image or None, "seed": drawing.seed})
        body = encode({"contents": [{"role": "user", "parts": parts}], "generationConfig": config})
        if drawing.output_format is not None:
            warnings += ("It chooses the format of its pictures: 'output_format' was left out.",)
        said = unsaid(asked, at, COMMON | GIVEN | _SIZES | {"seed"})
        return MediaPlan(
            [Sent(body)] * drawing.count,
            lambda replies: drawn(_generated(replies, at), drawing, asked, at),
            (*said, *warnings, *losses(drawing, "b64_json")),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `gemini_refusals.refused`."""
        return google_refusal(status, body, retry_after)


def _vertex_parameters(drawing: Drawing, wanted: str | None) -> dict[str, Any]:
    """A seed is taken only where no watermark is put in."""
    output = without(
        {
            "mimeType": None if drawing.output_format is None else f"image/{drawing.output_format}",
            "compressionQuality": drawing.output_compression,
        }
    )
    return {
        "sampleImageSize": wanted,
        "negativePrompt": drawing.negative_prompt,
        "seed": drawing.seed,
        "addWatermark": None if drawing.seed is None else False,
        "outputOptions": output or None,
    }


def _predict(drawing: Drawing, parameters: dict[str, Any]) -> Sent:
    return Sent(encode({"instances": [{"prompt": drawing.prompted()}], "parameters": parameters}))


class _Prediction(Struct, rename={"base64": "bytesBase64Encoded", "kind": "mimeType", "filtered": "raiFilteredReason"}):
    base64: str | None = None
    kind: str | None = None
    prompt: str | None = None
    filtered: str | None = None


class _Predictions(Struct):
    predictions: list[_Prediction] = []


def _predicted(replies: Sequence[Reply], at: At) -> Album:
    found: list[Drawn] = []
    reason: str | None = None
    for reply in replies:
        for each in answered(reply, at, _Predictions).predictions:
            reason = each.filtered or reason
            if each.base64:
                found.append(Drawn(base64=each.base64, media_type=each.kind, revised_prompt=each.prompt))
    if not found:
        raise _filtered(reason)
    return Album(pictures=found)


def _generated(replies: Sequence[Reply], at: At) -> Album:
    read = [answered(reply, at, Answered) for reply in replies]
    found = [
        Drawn(base64=data.data, media_type=data.mime_type)
        for each in read
        for data in each.inlines()
        if data.mime_type.startswith("image/")
    ]
    if not found:
        if not read[0].candidates and read[0].prompt_feedback is None:
            raise broken(at)
        raise _filtered(read[0].reason or read[0].text())
    usages = [usage_told(each.usage_metadata, "image") for each in read]
    counts = added([None if usage is None else counts_told(Raw(msgspec.json.encode(usage))) for usage in usages])
    return Album(pictures=found, usage=usages[0] if len(usages) == 1 else None, counts=counts)


def _filtered(reason: str | None) -> UpstreamError:
    """What a request gets that was answered with words, or not at all, in place of a picture."""
    words = f"The provider made no picture. It says: {reason[:300]}" if reason else _FILTERED
    return UpstreamRefused(words, status=BadRequest.status, type=BadRequest.type, code="content_policy_violation")
