"""A whole answer, told to a client of Google's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from antiphon.dialects.client_chat_shapes import thoughts
from antiphon.dialects.client_gemini_grounding import Grounds
from antiphon.dialects.client_gemini_shapes import (
    GeminiTold,
    Signatures,
    ToldAnswer,
    ending,
    last,
    likelihoods,
    logprobs,
    parts_of,
)
from antiphon.dialects.illegible import legible
from antiphon.wire.requests import Item

_response: Final = msgspec.json.Decoder(ToldAnswer).decode


@legible
def gemini_whole(body: bytes, told: GeminiTold) -> bytes:
    """The answer for a response object that ended well or early."""
    response = _response(body)
    signatures, grounds = Signatures(), Grounds()
    parts: list[Item] = []
    likely: list[Item] = []
    refused = False
    for item in response.output:
        grounds.take(item)
        if item["type"] == "reasoning":
            parts += _thought(item, told)
            parts += signatures.keep(item.get("encrypted_content"))
        elif item["type"] == "message":
            parts += signatures.sign(list(_said(item)))
            likely += likelihoods(item)
            refused = refused or any(part["type"] == "refusal" and part["refusal"] for part in item["content"])
        else:
            parts += signatures.sign(parts_of(item))
    more = {**ending(response, refused=refused), **grounds.told, **logprobs(likely)}
    return last(response, parts + signatures.rest(), told, more)


def _said(item: Item) -> Iterator[Item]:
    for part in item["content"]:
        text: str = part.get("text", part.get("refusal", ""))
        if text:
            yield {"text": text}


def _thought(item: Item, told: GeminiTold) -> Iterator[Item]:
    text = thoughts(item)
    if text and told.includes_thoughts:
        yield {"text": text, "thought": True}
