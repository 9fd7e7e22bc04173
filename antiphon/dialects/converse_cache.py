"""Where a prompt is cached: where the client marks it, or behind the tools, the system text and the last user message.

https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html (read 2026-11): at most four points, each of
which ends a prefix; what is shorter than a model's least is not cached, and costs nothing. Why points are placed
unasked is told in docs/decisions/0015-cache-points-unasked.md.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.dialects.converse_models import Traits
from antiphon.dialects.converse_parts import Block, cache_point
from antiphon.dialects.losses import Losses, decoded
from antiphon.wire.requests import Request

Body = dict[str, Any]

OPTIONS: Final = "prompt_cache_options"
_MOST: Final = 4
_HOUR: Final = "1h"
_DAY: Final = "24h"
_LONG: Final = "12h"
_SHORT: Final = (None, "in_memory", "in-memory")

_RETENTION: Final = "field.prompt_cache_retention"
_OPTIONS: Final = "field.prompt_cache_options"
_MARK: Final = "part.prompt_cache_breakpoint"
_PLACES: Final = {_RETENTION: "prompt_cache_retention", _OPTIONS: OPTIONS, _MARK: "input"}
"""Where the client says how it wants something to be cached, by the subject."""

_MEDIA: Final = ("document", "video", "audio")
"""Blocks that no cache point may follow; that one does where a line end stands between is recorded."""


class _Options(Struct, frozen=True):
    mode: Literal["implicit", "explicit"] | None = None
    ttl: str | None = None


def place_points(body: Body, request: Request, traits: Traits, losses: Losses) -> None:
    """Puts cache points where they belong, and takes away those that the model would refuse."""
    options = _options(request)
    marked = _marked(body)
    if not traits.cached:
        _report_uncached(request, options, losses, marked=marked)
    if options.mode != "explicit" and not marked and traits.cached:
        _place(body, traits)
    lasting = _lasts(request, options, body, traits, losses)
    point = {"cachePoint": {"type": "default", "ttl": _HOUR}} if lasting else cache_point()
    left = _MOST
    for where, blocks in reversed(_lists(body)):
        for index in range(len(blocks) - 1, -1, -1):
            if "cachePoint" not in blocks[index]:
                continue
            before = next(iter(blocks[index - 1])) if index else "cachePoint"
            if not left or before == "cachePoint" or where not in traits.cached:
                del blocks[index]
                continue
            left -= 1
            blocks[index : index + 1] = [{"text": "\n"}, point] if before in _MEDIA else [point]


def _options(request: Request) -> _Options:
    raw = request.members().get(OPTIONS) if OPTIONS.encode() in request.body else None
    if raw is None:
        return _Options()
    return decoded(msgspec.json.decode(raw), _Options, OPTIONS) if bytes(raw) != b"null" else _Options()


def _marked(body: Body) -> bool:
    return any("cachePoint" in block for _, blocks in _lists(body) for block in blocks)


def _lists(body: Body) -> list[tuple[str, list[Block]]]:
    """Every list of blocks that a point can stand in, in the order in which the model reads them."""
    lists: list[tuple[str, list[Block]]] = []
    if "toolConfig" in body:
        lists.append(("tools", body["toolConfig"]["tools"]))
    if "system" in body:
        lists.append(("system", body["system"]))
    return lists + [("messages", message["content"]) for message in body["messages"] if message["role"] == "user"]


def _place(body: Body, traits: Traits) -> None:
    lists = _lists(body)
    for where, blocks in [each for each in lists if each[0] != "messages"] + lists[-1:]:
        if where in traits.cached:
            blocks.append(cache_point())


def _lasts(request: Request, options: _Options, body: Body, traits: Traits, losses: Losses) -> bool:
    """Whether the cache is to be kept for an hour, the longest that there is."""
    points = [block["cachePoint"] for _, blocks in _lists(body) for block in blocks if "cachePoint" in block]
    wishes = [(_RETENTION, request.prompt_cache_retention), (_OPTIONS, options.ttl)]
    wishes += [(_MARK, point.get("ttl")) for point in points]
    wishes = [(subject, wish) for subject, wish in wishes if wish not in _SHORT]
    if not wishes or not traits.cached:
        return False
    for subject, wish in wishes:
        if not traits.lasting_cache:
            losses.report(f"{subject}.minutes", _PLACES[subject])
        elif wish in (_DAY, _LONG):
            losses.report(f"{subject}.hour", _PLACES[subject])
    return traits.lasting_cache


def _report_uncached(request: Request, options: _Options, losses: Losses, *, marked: bool) -> None:
    """Reports wishes for a cache that the model has not."""
    wished = {
        _RETENTION: request.prompt_cache_retention not in _SHORT,
        _OPTIONS: options.ttl not in _SHORT,
        _MARK: marked,
    }
    for subject, wish in wished.items():
        if wish:
            losses.report(subject, _PLACES[subject])
