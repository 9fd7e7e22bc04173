"""Whether a whole answer is what the client's JSON schema says, for providers that do not see to that themselves."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.wire.requests import Item
from antiphon.wire.schemas import violation


class _Part(Struct, frozen=True):
    type: str = ""
    text: str = ""


class _Item(Struct, frozen=True):
    type: str = ""
    content: list[_Part] | None = None


class _Answer(Struct, frozen=True):
    status: str
    output: list[_Item] = []


_answer: Final = msgspec.json.Decoder(_Answer).decode


def fault_of(body: bytes, schema: Item) -> str | None:
    """What is wrong with the answer's text; None where nothing is, or where it is no such answer.

    A refusal, a call without words, and what was cut short are answers of another kind.
    """
    try:
        answer = _answer(body)
    except msgspec.DecodeError:
        return None
    parts = [part for item in answer.output if item.type == "message" for part in item.content or ()]
    texts = [part.text for part in parts if part.type == "output_text"]
    if answer.status != "completed" or len(texts) < len(parts) or not texts:
        return None
    try:
        value: Any = msgspec.json.decode("".join(texts))
    except (msgspec.DecodeError, RecursionError):
        return "it is not JSON"
    return violation(schema, value)
