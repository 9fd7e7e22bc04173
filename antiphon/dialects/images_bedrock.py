"""Pictures from Amazon Bedrock: Titan and Nova Canvas in Amazon's words, Stability's models in their own.

https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html. From Vercel's AI SDK for
Amazon's; these pages were not read for it (2026-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.converse_refusals import bedrock_refusal
from antiphon.dialects.images_answer import Album, Drawn, drawn, losses
from antiphon.dialects.images_request import (
    COMMON,
    GIVEN,
    Drawing,
    Picture,
    asked_drawing,
    bytes_of,
    no_mask,
    pictures,
    pixels,
    ratio,
    web_addresses,
)
from antiphon.dialects.media_google import answered
from antiphon.dialects.media_members import without
from antiphon.dialects.service_members import encode, unsaid
from antiphon.errors import BadRequest, UpstreamError, UpstreamRefused
from antiphon.media_protocols import MediaAsked, MediaPlan, Reply, Sent
from antiphon.service_protocols import At

_QUALITIES: Final = {"hd": "premium", "high": "premium", "xhigh": "premium", "max": "premium", "premium": "premium"}
_AMAZON_AT_ONCE: Final = 5
_VARY: Final = "A variation of this picture."
_RATIOS: Final = ("16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")


class AmazonImages:
    """Implements `MediaDialect` for Titan and Nova Canvas."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return web_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """As many bodies as it takes, of five pictures at most each. Raises BadRequest for a mask: theirs is another.

        An edit and a variation are both a picture that is made like others.
        """
        drawing = asked_drawing(asked)
        found, mask = pictures(asked, drawing, at)
        no_mask(mask, at)
        task = _task(drawing, found, at)
        portions = [min(_AMAZON_AT_ONCE, drawing.count - start) for start in range(0, drawing.count, _AMAZON_AT_ONCE)]
        sent = [
            Sent(encode({**task, "imageGenerationConfig": _config(drawing, portion, number)}))
            for number, portion in enumerate(portions)
        ]
        taken = COMMON | GIVEN | {"size", "quality", "seed", "negative_prompt"}
        return MediaPlan(
            sent,
            lambda replies: drawn(_album(replies, at), drawing, asked, at),
            (*unsaid(asked, at, taken), *_png(drawing), *losses(drawing, "b64_json")),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `converse_refusals.bedrock_refusal`."""
        return bedrock_refusal(status, body, retry_after)


class StabilityImages:
    """Implements `MediaDialect` for Stability's models."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return web_addresses(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """One body for each picture. Raises BadRequest for more than one picture to begin with."""
        drawing = asked_drawing(asked)
        found, mask = pictures(asked, drawing, at)
        no_mask(mask, at)
        if len(found) > 1:
            message = f"{at.provider} takes one picture at a time, not {len(found)}."
            raise BadRequest(message, param="image", code="unsupported_value")
        nearest, warnings = ratio(drawing, _RATIOS)
        members: dict[str, Any] = {
            "prompt": drawing.prompt or _VARY,
            "negative_prompt": drawing.negative_prompt,
            "seed": drawing.seed,
            "output_format": drawing.output_format,
        }
        if found:
            members |= {"mode": "image-to-image", "image": bytes_of(found[0], at), "strength": 0.7}
            warnings = () if nearest is None else ("An edit has the size of its picture: 'size' was left out.",)
        else:
            members |= {"mode": "text-to-image", "aspect_ratio": nearest}
        said = unsaid(asked, at, COMMON | GIVEN | {"size", "aspect_ratio", "seed", "negative_prompt"})
        return MediaPlan(
            [Sent(encode(without(members)))] * drawing.count,
            lambda replies: drawn(_album(replies, at), drawing, asked, at),
            (*said, *warnings, *losses(drawing, "b64_json")),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `converse_refusals.bedrock_refusal`."""
        return bedrock_refusal(status, body, retry_after)


def _task(drawing: Drawing, found: Sequence[Picture], at: At) -> dict[str, Any]:
    words = without({"text": drawing.prompt or (_VARY if found else None), "negativeText": drawing.negative_prompt})
    if not found:
        return {"taskType": "TEXT_IMAGE", "textToImageParams": words}
    images = [bytes_of(picture, at) for picture in found]
    return {"taskType": "IMAGE_VARIATION", "imageVariationParams": {"images": images, **words}}


def _config(drawing: Drawing, count: int, number: int) -> dict[str, Any]:
    size = pixels(drawing)
    quality = None if drawing.quality in (None, "auto") else _QUALITIES.get(drawing.quality, "standard")
    return without(
        {
            "numberOfImages": count,
            "width": None if size is None else size[0],
            "height": None if size is None else size[1],
            "quality": quality,
            "seed": None if drawing.seed is None else drawing.seed + number,
        }
    )


def _png(drawing: Drawing) -> tuple[str, ...]:
    if drawing.output_format in (None, "png"):
        return ()
    return ("Its pictures are PNG: 'output_format' was left out.",)


class _Images(Struct):
    images: list[str] | None = None
    error: str | None = None
    finish_reasons: list[str | None] = []


def _album(replies: Sequence[Reply], at: At) -> Album:
    read = [answered(reply, at, _Images) for reply in replies]
    found = [Drawn(base64=image) for each in read for image in each.images or () if image]
    reasons = [reason for each in read for reason in (each.error, *each.finish_reasons) if reason]
    if not found and reasons:
        words = f"The provider made no picture. It says: {reasons[0][:300]}"
        raise UpstreamRefused(words, status=BadRequest.status, type=BadRequest.type, code="content_policy_violation")
    return Album(pictures=found)
