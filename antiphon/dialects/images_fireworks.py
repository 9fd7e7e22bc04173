"""Pictures from Fireworks, each of whose models has an address of its own.

https://docs.fireworks.ai/api-reference/generate-a-new-image-from-a-text-prompt and Vercel's AI SDK (2026-11); the page
was not read for it. Asked for JSON it answers ``{"base64": […]}``, one picture at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from antiphon.dialects.images_answer import Album, Drawn, drawn, losses
from antiphon.dialects.images_request import COMMON, asked_drawing, ratio
from antiphon.dialects.media_google import answered
from antiphon.dialects.media_members import base64_of, segment, without
from antiphon.dialects.media_refusals import refusal
from antiphon.dialects.service_members import encode, unsaid
from antiphon.errors import UpstreamError
from antiphon.media_protocols import MediaAsked, MediaPlan, Reply, Sent
from antiphon.service_protocols import At

_RATIOS: Final = ("1:1", "21:9", "16:9", "3:2", "5:4", "4:5", "2:3", "9:16", "9:21", "4:3", "3:4")
_OWN: Final = "accounts/fireworks/models/"
_JSON: Final = b"Accept: application/json\r\n"


class FireworksImages:
    """Implements `MediaDialect`."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        return ()

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """One body for each picture; a seed goes up by one, or they would all be the same."""
        drawing = asked_drawing(asked)
        nearest, warnings = ratio(drawing, _RATIOS)
        members = {"prompt": drawing.prompt, "aspect_ratio": nearest, "num_inference_steps": drawing.steps}
        model = at.model if "/" in at.model else _OWN + at.model
        tail = "".join(f"/{segment(step, 'model')}" for step in (*model.split("/"), "text_to_image"))
        seeds = [None if drawing.seed is None else drawing.seed + number for number in range(drawing.count)]
        sent = [Sent(encode(without({**members, "seed": seed})), _JSON, tail) for seed in seeds]
        said = unsaid(asked, at, COMMON | {"size", "aspect_ratio", "seed", "steps"})
        return MediaPlan(
            sent,
            lambda replies: drawn(Album(pictures=_pictures(replies, at)), drawing, asked, at),
            (*said, *warnings, *losses(drawing, "b64_json")),
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)


class _Images(Struct):
    base64: list[str] | str = []


def _pictures(replies: Sequence[Reply], at: At) -> list[Drawn]:
    found: list[Drawn] = []
    for reply in replies:
        if reply.media_type.startswith("image/"):
            found.append(Drawn(base64=base64_of(reply.body), media_type=reply.media_type))
            continue
        images = answered(reply, at, _Images).base64
        found += [Drawn(base64=each) for each in ([images] if isinstance(images, str) else images)]
    return found
