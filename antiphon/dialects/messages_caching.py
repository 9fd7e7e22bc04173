"""Where a request may be cached, for models that cache nothing unless they are told.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching (read 2026-11): a prefix of tools, system and
messages, in this order, up to each of at most four breakpoints; writing costs a quarter more, reading a tenth.

Law: what repeats itself from turn to turn is marked, and nothing else: tools and instructions, and the last two turns
of a conversation that has begun. A client that marks parts itself decides alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from antiphon.wire.requests import Request

Body = dict[str, Any]

_MOST: Final = 4
_MARK: Final = "cache_control"
_UNMARKED: Final = frozenset({"thinking", "redacted_thinking"})
"""Blocks that take no mark."""


def set_breakpoints(body: Body, request: Request) -> None:
    """Sets the breakpoints."""
    own = [block for block in _blocks(body) if _MARK in block]
    if own:
        for block in own[:-_MOST]:
            del block[_MARK]
        return
    mark: Body = (
        {"type": "ephemeral", "ttl": "1h"} if request.prompt_cache_retention == "24h" else {"type": "ephemeral"}
    )
    for block in _ends(body, talks=_talks(body, request)):
        block[_MARK] = mark


def _talks(body: Body, request: Request) -> bool:
    """Whether what is said now will be read again: there was an answer before, or the client says so."""
    named = request.prompt_cache_key is not None or request.prompt_cache_retention is not None
    return named or any(message["role"] == "assistant" for message in body["messages"])


def _ends(body: Body, *, talks: bool) -> Iterator[Body]:
    if tools := body.get("tools"):
        yield tools[-1]
    if system := body.get("system"):
        yield system[-1]
    if talks:
        turns = [message for message in body["messages"] if message["role"] != "assistant"]
        for message in turns[-2:]:
            yield from [block for block in message["content"] if block["type"] not in _UNMARKED][-1:]


def _blocks(body: Body) -> Iterator[Body]:
    yield from body.get("system") or ()
    for message in body["messages"]:
        yield from message["content"]
