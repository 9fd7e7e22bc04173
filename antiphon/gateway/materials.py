"""Images, files and films that a request names by address, brought to providers that do not fetch them themselves.

The turn keeps what the client said; only what the model reads has the bytes in place of the address. Nothing is fetched
for a provider that follows addresses, or where nothing is named by one.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from antiphon.downloads import Downloaded, Downloads
from antiphon.errors import BadRequest
from antiphon.gateway.content_parts import HISTORY, parts_of_turn, with_parts
from antiphon.gateway.file_kinds import UNKNOWN, begun, known, named
from antiphon.protocols import Media, Target, Turn
from antiphon.wire.requests import Item, is_item

MOST_ADDRESSES: Final = 64
"""Of one request: each is a download that somebody has to wait for."""

_AT_ONCE: Final = 8

_PLACES: Final[dict[str, tuple[Media, str, str]]] = {
    "input_image": ("image", "image_url", "image_url"),
    "computer_screenshot": ("image", "image_url", "image_url"),
    "input_file": ("file", "file_url", "file_data"),
    "input_video": ("video", "video_url", "video_url"),
}
"""By the type of a part: what it is, the member that holds the address, and the one that takes the bytes."""

_TOO_MUCH: Final = "all that the request names is too large together"
_KIND: Final = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+_-]*")
"""A media type that can stand in a data URL."""

_EXPECTED: Final[dict[Media, str]] = {"image": "image/", "video": "video/"}


class Materials:
    """Brings what is named by address."""

    def __init__(self, downloads: Downloads | None) -> None:
        """Without `downloads` nothing is fetched, and each format tells what its provider cannot take."""
        self._downloads = downloads

    async def bring(self, turn: Turn, target: Target) -> None:
        """Puts bytes where the target would not follow an address. Raises BadRequest for what cannot be had."""
        unreachable = target.dialect.unreachable(target)
        if not unreachable or self._downloads is None:
            return
        wanted: dict[str, tuple[Media, str]] = {}
        for part, place in parts_of_turn(turn):
            if (found := _address(part, unreachable)) is not None:
                where = place if place == HISTORY else f"{place}.{_PLACES[str(part['type'])][1]}"
                wanted.setdefault(found[1], (found[0], where))
        if not wanted:
            return
        if len(wanted) > MOST_ADDRESSES:
            message = f"A request may name at most {MOST_ADDRESSES} different images and files by address."
            raise BadRequest(message, param="input", code="invalid_value")
        brought = await _fetched(self._downloads, wanted)
        kept = turn.input

        def replaced(part: Item) -> Item:
            return _replaced(part, brought, unreachable)

        turn.history = [with_parts(item, replaced) for item in turn.history]
        turn.input = [with_parts(item, replaced) for item in turn.input]
        if turn.kept is None:
            turn.kept = kept


async def _fetched(downloads: Downloads, wanted: dict[str, tuple[Media, str]]) -> dict[str, str]:
    """A data URL for each address. Raises BadRequest as soon as one cannot be had, or all of it is too much."""
    found: dict[str, str] = {}
    waiting = list(reversed(wanted))
    left = downloads.most_bytes
    refusals: list[BadRequest] = []

    async def work() -> None:
        nonlocal left
        while waiting and not refusals:
            url = waiting.pop()
            media, place = wanted[url]
            fetched = await downloads.fetch(url)
            left -= 0 if isinstance(fetched, str) else len(fetched.data)
            try:
                found[url] = _data_url(url, media, place, _TOO_MUCH if left < 0 else fetched)
            except BadRequest as error:
                refusals.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_AT_ONCE, len(waiting))):
            group.create_task(work())
    if refusals:
        raise refusals[0]
    return found


def _data_url(url: str, media: Media, place: str, found: Downloaded | str) -> str:
    if isinstance(found, str):
        raise _unusable(f"The {media} at '{place}' could not be downloaded: {found}.", place)
    kind = _kind(url, found)
    if not kind.startswith(_EXPECTED.get(media, "")):
        raise _unusable(f"What is at the address in '{place}' is no {media}.", place)
    return f"data:{kind};base64,{base64.b64encode(found.data).decode()}"


def _unusable(message: str, place: str) -> BadRequest:
    return BadRequest(message, param=place, code="invalid_url")


def _kind(url: str, found: Downloaded) -> str:
    """The media type: the server's word, else what the bytes begin with, else what the name ends in."""
    if known(found.media_type) and _KIND.fullmatch(found.media_type):
        return found.media_type
    return begun(found.data) or named(urlsplit(url).path) or UNKNOWN


def _address(part: Item, unreachable: Collection[Media]) -> tuple[Media, str] | None:
    place = _PLACES.get(str(part.get("type")))
    if place is None:
        return None
    media, member, target = place
    value: Any = part.get(member)
    if is_item(value):
        value = value.get("url")
    if media not in unreachable or not isinstance(value, str) or (target != member and part.get(target)):
        return None
    return (media, value) if value[:8].lower().startswith(("http://", "https://")) else None


def _replaced(part: Item, brought: dict[str, str], unreachable: Collection[Media]) -> Item:
    found = _address(part, unreachable)
    if found is None or found[1] not in brought:
        return part
    _, member, target = _PLACES[str(part["type"])]
    said = {name: value for name, value in part.items() if name != member} | {target: brought[found[1]]}
    if target == "file_data" and not said.get("filename"):
        said["filename"] = PurePosixPath(urlsplit(found[1]).path).name or "file"
    return said
