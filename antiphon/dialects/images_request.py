"""A request for pictures, in OpenAI's words and in those that its relatives added, read for everybody else.

https://platform.openai.com/docs/api-reference/images (2026-11). An edit comes as a form with files, or as JSON with
`images` and `mask`, each ``{"image_url": …}`` or ``{"file_id": …}``; or with `image` as others have it: an address, a
data URL, ``{"url": …}``, or a list of such. Beside OpenAI's members clients may say
`aspect_ratio` and `resolution` (xAI, OpenRouter), `negative_prompt`, `seed`, `steps` (hosts of open models).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from antiphon.dialects.media_members import base64_of, is_web, kind_of, read_media, sniffed, split_data_url, unpacked
from antiphon.downloads import Downloaded
from antiphon.errors import BadRequest
from antiphon.media_protocols import MediaAsked, Upload
from antiphon.service_protocols import At
from antiphon.wire.faults import missing
from antiphon.wire.files import is_own

Format = Literal["url", "b64_json"]

_SIZE: Final = re.compile(r"(\d{2,5})x(\d{2,5})")
_RATIO: Final = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")
_MOST: Final = 16
_2K: Final = 2048
_4K: Final = 3840


class Named(Struct, frozen=True):
    """A picture in a JSON body."""

    image_url: str | None = None
    url: str | None = None
    file_id: str | None = None

    @property
    def address(self) -> str | None:
        """Where it is; the id of a file that the gateway keeps is an address too."""
        return self.image_url or self.url or (self.file_id if is_own(self.file_id or "") else None)


Said = Named | str
"""A picture of a JSON body, as whoever sends it likes."""


class Drawing(Struct, frozen=True, kw_only=True):
    """The members that dialects read."""

    prompt: str | None = None
    n: Annotated[int, Meta(ge=1, le=_MOST)] | None = None
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    background: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    response_format: Format | None = None
    stream: bool | None = None
    partial_images: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    images: list[Said] | None = None
    image: Said | list[Said] | None = None
    mask: Said | None = None

    @property
    def named(self) -> list[tuple[str, str | None]]:
        """The pictures that stand in the body itself: the place of each, and its address."""
        found = [(f"images[{number}]", each) for number, each in enumerate(self.images or ())]
        if isinstance(self.image, list):
            found += [(f"image[{number}]", each) for number, each in enumerate(self.image)]
        elif self.image is not None:
            found.append(("image", self.image))
        return [(place, _address(each)) for place, each in found]

    @property
    def count(self) -> int:
        """How many pictures are wanted."""
        return self.n or 1

    def prompted(self) -> str:
        """The prompt. Raises BadRequest where there is none."""
        if not self.prompt:
            raise missing("prompt")
        return self.prompt


COMMON: Final = frozenset({"prompt", "n", "response_format", "stream", "output_format"})
"""What every dialect answers for: by asking for it, or by making it itself."""

GIVEN: Final = frozenset({"image", "images", "mask"})
"""What a picture is made of."""


class Picture(Struct, frozen=True):
    """A picture that a request brings: its bytes, or an address that was not fetched."""

    media_type: str
    base64: str = ""
    url: str = ""

    @property
    def address(self) -> str:
        """The address, which is a data URL where there are bytes."""
        return self.url or f"data:{self.media_type};base64,{self.base64}"


def asked_drawing(asked: MediaAsked) -> Drawing:
    """The request. Raises BadRequest."""
    drawing = read_media(asked, Drawing)
    if asked.service != "images/variations":
        drawing.prompted()
    return drawing


def web_addresses(asked: MediaAsked) -> list[str]:
    """Every web address of a picture in the request's JSON, and every file of the gateway's own."""
    if asked.service == "images/generations":
        return []
    drawing = read_media(asked, Drawing)
    found = [address for _, address in drawing.named]
    if drawing.mask is not None:
        found.append(_address(drawing.mask))
    return [address for address in found if address is not None and (is_web(address) or is_own(address))]


def own_files(asked: MediaAsked) -> list[str]:
    """Those files alone: what no provider could fetch."""
    return [address for address in web_addresses(asked) if is_own(address)]


def put_in_place(drawing: Drawing, brought: Mapping[str, Downloaded], at: At) -> dict[str, Any]:
    """The pictures and the mask of a JSON body as OpenAI has them, with bytes in place of what was brought."""
    told: list[dict[str, str]] = []
    for number, (place, address) in enumerate(drawing.named):
        each = (drawing.images or [])[number] if number < len(drawing.images or ()) else None
        if address is None and isinstance(each, Named) and each.file_id:
            told.append({"file_id": each.file_id})
        else:
            told.append({"image_url": _named(address, place, brought, at).address})
    mask = None if drawing.mask is None else _address(drawing.mask)
    if mask is None or mask not in brought:
        return {"images": told}
    return {"images": told, "mask": {"image_url": _named(mask, "mask", brought, at).address}}


def _address(said: Said) -> str | None:
    return said if isinstance(said, str) else said.address


def pictures(asked: MediaAsked, drawing: Drawing, at: At) -> tuple[list[Picture], Picture | None]:
    """The pictures that a request brings, and its mask. Raises BadRequest where an edit has none."""
    mask: Picture | None = None
    found: list[Picture] = []
    for file in asked.files:
        picture = Picture(kind_of(file), base64_of(file.data))
        if file.field == "mask":
            mask = picture
        elif file.field == "image" or file.field.startswith("image["):
            found.append(picture)
    found += [_named(address, place, asked.brought, at) for place, address in drawing.named]
    if drawing.mask is not None:
        mask = _named(_address(drawing.mask), "mask", asked.brought, at)
    if not found and asked.service != "images/generations":
        raise missing("image")
    return found, mask


def uploads(asked: MediaAsked, drawing: Drawing, at: At) -> list[Upload]:
    """The pictures of a JSON body as files of a form; `image[]` where there are several, as OpenAI's clients have it.

    Raises BadRequest.
    """
    found, mask = pictures(asked, drawing, at)
    name = "image" if len(found) == 1 else "image[]"
    files = [_upload(name, picture, number) for number, picture in enumerate(found)]
    return files if mask is None else [*files, _upload("mask", mask, len(files))]


def _upload(name: str, picture: Picture, number: int) -> Upload:
    ending = picture.media_type.partition("/")[2] or "png"
    return Upload(name, f"{number}.{ending}", picture.media_type, unpacked(picture.base64, name))


def _named(url: str | None, place: str, brought: Mapping[str, Downloaded], at: At) -> Picture:
    if not url:
        message = f"{at.provider} cannot read '{place}.file_id': send the picture as a data URL or as a file."
        raise BadRequest(message, param=place, code="unsupported_value")
    found = brought.get(url)
    if found is not None:
        kind = found.media_type if found.media_type.startswith("image/") else sniffed(found.data[:16])
        if kind is None:
            raise BadRequest(f"What is at the address in '{place}' is no image.", param=place, code="invalid_url")
        return Picture(kind, base64_of(found.data))
    split = split_data_url(url)
    if split is not None:
        return Picture(*split)
    if is_web(url):
        return Picture("", url=url)
    message = f"Invalid '{place}': send an address or a data URL."
    raise BadRequest(message, param=place, code="invalid_url")


def no_mask(mask: Picture | None, at: At) -> None:
    """Raises BadRequest for a mask: what would be painted over without it is another request."""
    if mask is not None:
        message = f"{at.provider} takes no mask: say in the prompt what is to be changed."
        raise BadRequest(message, param="mask", code="unsupported_value")


def pixels(drawing: Drawing) -> tuple[int, int] | None:
    """Width and height where they are told; `auto` tells nothing. Raises BadRequest."""
    size = drawing.size
    if size in (None, "auto") or _RATIO.fullmatch(size):
        return None
    found = _SIZE.fullmatch(size)
    if found is None or not (int(found[1]) and int(found[2])):
        message = f"Invalid 'size': '{size[:40]}'. Send it as WIDTHxHEIGHT, or 'auto'."
        raise BadRequest(message, param="size", code="invalid_value")
    return int(found[1]), int(found[2])


def ratio(drawing: Drawing, choices: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The nearest of the vendor's ratios to what is wanted, with a warning where that is not it."""
    said = drawing.aspect_ratio or (drawing.size if drawing.size and _RATIO.fullmatch(drawing.size) else None)
    if said is not None:
        if said in choices or said == "auto":
            return (None if said == "auto" else said), ()
        found = _RATIO.fullmatch(said)
        wanted = float(found[1]) / float(found[2]) if found is not None and float(found[2]) else 0.0
        if not 0.0 < wanted < math.inf:
            message = f"Invalid 'aspect_ratio': '{said[:40]}'. Send it as W:H."
            raise BadRequest(message, param="aspect_ratio", code="invalid_value")
    else:
        size = pixels(drawing)
        if size is None:
            return None, ()
        said, wanted = drawing.size or "", size[0] / size[1]
    nearest = min(choices, key=lambda choice: abs(math.log(_value(choice) / wanted)))
    if abs(math.log(_value(nearest) / wanted)) < 0.02:  # noqa: PLR2004 - what rounding to whole pixels makes of a ratio
        return nearest, ()
    return nearest, (f"'{said}' is none of the aspect ratios there: '{nearest}' is the nearest.",)


def resolution(drawing: Drawing) -> str | None:
    """`2K` or `4K` where so much is wanted; less is what everybody makes unasked."""
    if drawing.resolution is not None:
        return drawing.resolution.upper()
    size = pixels(drawing)
    longest = 0 if size is None else max(size)
    return "4K" if longest >= _4K else "2K" if longest >= _2K else None


def _value(choice: str) -> float:
    width, _, height = choice.partition(":")
    return float(width) / float(height)


def bytes_of(picture: Picture, at: At) -> str:
    """The base64 of a picture. Raises BadRequest where there is an address alone."""
    if not picture.base64:
        message = f"{at.provider} takes no picture by its address: send it as a data URL or as a file."
        raise BadRequest(message, param="image", code="unsupported_value")
    return picture.base64
