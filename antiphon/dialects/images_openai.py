"""Pictures from OpenAI, and from those who took over its endpoints with more or less of its words.

https://platform.openai.com/docs/api-reference/images, https://docs.x.ai/docs/guides/image-generations,
https://docs.together.ai/reference/post-images-generations, https://www.recraft.ai/docs/api-reference/endpoints,
https://docs.siliconflow.com/en/api-reference/images/images-generations, https://docs.bigmodel.cn/api-reference,
https://www.volcengine.com/docs/82379/1541523 (2026-11). From recordings of OpenAI, its Python client, and Vercel's AI
SDK for xAI and Together; the other pages were not read for it. A vendor that differs is a row of `MANNERS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.images_answer import AS_DATA, Album, Drawn, drawn, losses
from antiphon.dialects.images_request import (
    COMMON,
    GIVEN,
    Drawing,
    Format,
    asked_drawing,
    no_mask,
    own_files,
    pictures,
    pixels,
    put_in_place,
    ratio,
    resolution,
    uploads,
    web_addresses,
)
from antiphon.dialects.media_members import EVENTS, boundary_of, counts_told, form, form_fields, without
from antiphon.dialects.media_refusals import refusal
from antiphon.dialects.media_relay import Events
from antiphon.dialects.service_members import broken, encode, given, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.media_protocols import Made, MediaAsked, MediaPlan, Passing, Reply, Sent
from antiphon.service_protocols import At
from antiphon.wire.responses import NULL
from antiphon.wire.texts import mended

Size = Literal["size", "pixels", "ratio", "image_size", "none"]
"""How a vendor is told the size: as OpenAI is, as width and height, as an aspect ratio, under another name, not."""

_BYTES_ALONE: Final = re.compile(r"^(gpt-image|chatgpt-image)")
"""OpenAI's models that know no `response_format`: they give bytes."""

_RATIOS: Final = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "2:1", "1:2", "19.5:9", "9:19.5", "20:9", "9:20")
_SIZES: Final = {
    "size": {"size"},
    "pixels": {"size", "width", "height"},
    "ratio": {"size", "aspect_ratio", "resolution"},
}


class Manner(Struct, frozen=True, kw_only=True):
    """How a vendor is asked.

    `native` says that it is asked in the client's own words. `takes` are members that it has beside the common ones,
    and None lets pass whatever clients send. `bytes_word` is how it is asked for bytes, None where it gives addresses
    alone or what it likes. `edits` tells how it takes the pictures of an edit: as a form, as xAI has it, as Together
    does, in `input_references`, in `image` as data URLs, or not at all. `json_edits`: OpenAI's own JSON too.
    `small_letters` is how it writes resolutions.
    """

    native: bool = False
    takes: frozenset[str] | None = None
    size: Size = "size"
    count_word: str | None = "n"
    bytes_word: str | None = "b64_json"
    format_word: bool = True
    edits: Literal["form", "image", "image_url", "input_references", "images", ""] = "form"
    json_edits: bool = False
    small_letters: bool = False


MANNERS: Final[Mapping[str, Manner]] = {
    "openai": Manner(native=True, json_edits=True),
    "compatible": Manner(native=True),
    "xai": Manner(takes=frozenset({"user"}), size="ratio", edits="image", small_letters=True),
    "together": Manner(
        takes=frozenset(
            {"seed", "steps", "negative_prompt", "guidance_scale", "image_loras", "disable_safety_checker"}
        ),
        size="pixels",
        bytes_word="base64",
        edits="image_url",
    ),
    "openrouter": Manner(
        takes=frozenset({"quality", "background", "output_compression", "seed", "user"}),
        size="ratio",
        format_word=False,
        edits="input_references",
    ),
    "siliconflow": Manner(
        takes=frozenset({"seed", "negative_prompt", "num_inference_steps", "guidance_scale"}),
        size="image_size",
        count_word="batch_size",
        bytes_word=None,
        format_word=False,
        edits="image",
    ),
    "zai": Manner(takes=frozenset({"quality", "user"}), count_word=None, bytes_word=None, format_word=False, edits=""),
    "volcengine": Manner(
        takes=frozenset({"seed", "guidance_scale", "watermark", "sequential_image_generation"}),
        count_word=None,
        edits="images",
    ),
    "recraft": Manner(
        takes=frozenset({"style", "substyle", "style_id", "negative_prompt", "controls", "text_layout", "random_seed"}),
        edits="",
    ),
}


class _Datum(Struct):
    url: str | None = None
    b64_json: str | None = None
    image_base64: str | None = None
    revised_prompt: str | None = None
    media_type: str | None = None


class _Images(Struct):
    data: list[_Datum]
    usage: Raw = NULL


class _Picture(Struct):
    url: Raw = NULL
    b64_json: Raw = NULL

    @property
    def is_there(self) -> bool:
        return len(self.url) > len(NULL) or len(self.b64_json) > len(NULL)


class _Pictures(Struct):
    data: list[_Picture]
    usage: Raw = NULL


class OpenAIImages:
    """Implements `MediaDialect`."""

    def __init__(self, manner: str) -> None:
        """One of `MANNERS`."""
        self._manner = MANNERS[manner]
        self._bytes_alone = manner == "openai"

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        """Where the pictures of an edit go as files, those that are named have to be fetched."""
        as_files = self._manner.edits == "form" and not _in_json(self._manner, asked)
        return web_addresses(asked) if as_files else own_files(asked)

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        drawing, manner = asked_drawing(asked), self._manner
        if manner.native:
            return self._native(asked, drawing, at)
        members, warnings = _members(manner, asked, drawing, at)
        body = Sent(encode(without({"model": at.model, **members})))
        gives: Format = "b64_json" if manner.bytes_word else "url"
        said = unsaid(asked, at, COMMON | GIVEN | (manner.takes or frozenset()) | _SIZES.get(manner.size, {"size"}))
        sent = [body] * (drawing.count if manner.count_word is None else 1)
        lost = losses(drawing, gives) if not manner.format_word else losses(drawing, "url")
        return MediaPlan(
            sent, lambda replies: drawn(_album(replies, at), drawing, asked, at), (*said, *warnings, *lost)
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `media_refusals.refusal`."""
        return refusal(status, body, retry_after)

    def _native(self, asked: MediaAsked, drawing: Drawing, at: At) -> MediaPlan:
        """The request in the client's words; the answer too, unless OpenAI would not know a word of it."""
        silent = self._bytes_alone and drawing.response_format is not None and bool(_BYTES_ALONE.match(at.model))
        drops = {"response_format"} if silent else set[str]()
        translates = silent and drawing.response_format == "url" and not drawing.stream

        def tell(replies: Sequence[Reply]) -> Made:
            if translates:
                return drawn(_album(replies, at), drawing, asked, at)
            return _relayed(replies[0], at)

        def passing(media_type: str) -> Passing | None:
            return Events(at) if media_type == EVENTS else None

        sent = _native_sent(asked, drawing, at, drops, as_json=_in_json(self._manner, asked))
        warnings = (AS_DATA,) if translates else ()
        return MediaPlan([sent], tell, warnings, passing if drawing.stream else None)


def _in_json(manner: Manner, asked: MediaAsked) -> bool:
    """Whether what came in JSON goes on in JSON."""
    return asked.service == "images/generations" or (manner.json_edits and asked.service == "images/edits")


def _native_sent(asked: MediaAsked, drawing: Drawing, at: At, drops: set[str], *, as_json: bool) -> Sent:
    if asked.fields is not None:
        fields = [(name, value) for name, value in asked.fields if name not in drops]
        return Sent(*form(boundary_of(asked), [*fields, ("model", at.model)], asked.files))
    members = {name: value for name, value in asked.members.items() if name not in drops}
    if as_json:
        if asked.service == "images/edits" and ("image" in members or asked.brought):
            members.pop("image", None)
            return Sent(encode({**members, **put_in_place(drawing, asked.brought, at), "model": at.model}))
        return Sent(encode({**members, "model": at.model}))
    fields = form_fields({name: value for name, value in given(asked).items() if name not in drops | GIVEN | {"model"}})
    return Sent(*form(boundary_of(asked), [*fields, ("model", at.model)], uploads(asked, drawing, at)))


def _members(manner: Manner, asked: MediaAsked, drawing: Drawing, at: At) -> tuple[dict[str, Any], tuple[str, ...]]:
    kept = {name: value for name, value in given(asked).items() if name in (manner.takes or ())}
    members: dict[str, Any] = {**kept, "prompt": drawing.prompt}
    if manner.count_word is not None:
        members[manner.count_word] = drawing.n
    if manner.format_word and (drawing.response_format or drawing.stream):
        wants_bytes = drawing.stream or drawing.response_format == "b64_json"
        members["response_format"] = manner.bytes_word if wants_bytes else "url"
    sizes, warnings = _sized(manner, drawing)
    if asked.service == "images/edits":
        found, mask = pictures(asked, drawing, at)
        no_mask(mask, at)
        members |= _sources(manner, [each.address for each in found], at)
    return members | sizes, warnings


def _sized(manner: Manner, drawing: Drawing) -> tuple[dict[str, Any], tuple[str, ...]]:
    size = None if drawing.size == "auto" else drawing.size
    if manner.size == "pixels":
        found = pixels(drawing)
        return ({} if found is None else {"width": found[0], "height": found[1]}), ()
    if manner.size == "ratio":
        nearest, warnings = ratio(drawing, _RATIOS)
        wanted = resolution(drawing)
        if wanted is not None and manner.small_letters:
            wanted = wanted.lower()
        return {"aspect_ratio": nearest, "resolution": wanted}, warnings
    return {manner.size: size}, ()


def _sources(manner: Manner, addresses: list[str], at: At) -> dict[str, Any]:
    """The pictures of an edit, as the vendor wants them. Raises BadRequest for more of them than it takes."""
    if manner.edits == "input_references":
        return {"input_references": [{"type": "image_url", "image_url": {"url": each}} for each in addresses]}
    if manner.edits == "images":
        return {"image": addresses if len(addresses) > 1 else addresses[0]}
    if manner.size == "ratio":
        named = [{"url": each, "type": "image_url"} for each in addresses]
        return {"image": named[0]} if len(named) == 1 else {"images": named}
    if len(addresses) > 1:
        message = f"{at.provider} takes one picture at a time, not {len(addresses)}."
        raise BadRequest(message, param="image", code="unsupported_value")
    return {manner.edits: addresses[0]}


def _album(replies: Sequence[Reply], at: At) -> Album:
    found: list[Drawn] = []
    usage = NULL
    for reply in replies:
        read = _read(reply, at)
        usage = read.usage
        found += [
            Drawn(
                base64=each.b64_json or each.image_base64,
                url=each.url,
                revised_prompt=each.revised_prompt,
                media_type=each.media_type,
            )
            for each in read.data
        ]
    told = None if len(replies) > 1 else msgspec.json.decode(usage)
    return Album(pictures=found, usage=told, counts=None if told is None else counts_told(usage))


def _read(reply: Reply, at: At) -> _Images:
    try:
        return msgspec.json.decode(reply.body, type=_Images)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken(at) from None


def _relayed(reply: Reply, at: At) -> Made:
    try:
        said = msgspec.json.decode(reply.body, type=_Pictures)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken(at) from None
    if not any(each.is_there for each in said.data):
        raise broken(at)
    return Made(mended(reply.body), counts=counts_told(said.usage))
