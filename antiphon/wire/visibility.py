"""What `include` adds: parts of an answer that are kept in full and shown on demand."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, get_args

import msgspec

from antiphon.wire.events import Outcome
from antiphon.wire.requests import SEALED, Include, Item, Request, is_item

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode

ALL_BUT_SEALED: Final = frozenset(get_args(Include)) - {SEALED}

_MARK: Final = re.compile(rb'"(?:encrypted_content|logprobs": ?\[\{|file_search_call"|web_search_call"|code_interp)')
"""What stands in the bytes of every response that has anything to leave out."""


def shown(body: bytes, include: Collection[str]) -> bytes:
    """The response object in `body` with everything left out of its output that `include` does not name."""
    if _MARK.search(body) is None:
        return body
    response: dict[str, msgspec.Raw] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    output: list[Item] = _decode(response["output"])
    response["output"] = msgspec.Raw(_encode([shown_item(item, include) for item in output]))
    return _encode(response)


def shown_outcome(outcome: Outcome, include: Collection[str]) -> bytes:
    """The response object of an outcome, as `shown`."""
    return outcome.body if outcome.plain else shown(outcome.body, include)


def streamed_outcome(outcome: Outcome, request: Request) -> bytes:
    """The response object of an outcome as the last event of a stream has it: all of it, but for seals."""
    return shown_outcome(outcome, ALL_BUT_SEALED) if request.hides_seals else outcome.body


def shown_item(item: Item, include: Collection[str]) -> Item:
    """One item, without what `include` does not name."""
    match item.get("type"):
        case "reasoning" if SEALED not in include:
            return {name: value for name, value in item.items() if name != "encrypted_content"}
        case "message" if isinstance(item.get("content"), list):
            return item | {"content": [_shown_part(part, include) for part in item["content"]]}
        case "file_search_call" if "file_search_call.results" not in include and "results" in item:
            return item | {"results": None}
        case "web_search_call":
            return _shown_search(item, include)
        case "code_interpreter_call" if "code_interpreter_call.outputs" not in include and "outputs" in item:
            return item | {"outputs": None}
        case "computer_call_output" if "computer_call_output.output.image_url" not in include:
            return item | {"output": _without(item.get("output"), "image_url")}
        case _:
            return item


def _shown_part(part: object, include: Collection[str]) -> object:
    if not is_item(part):
        return part
    if part.get("logprobs") and "message.output_text.logprobs" not in include:
        without: Item = part | {"logprobs": ()}
        return without
    if part.get("type") == "input_image" and "message.input_image.image_url" not in include:
        return _without(part, "image_url")
    return part


def _shown_search(item: Item, include: Collection[str]) -> Item:
    action = item.get("action")
    if "web_search_call.action.sources" not in include and is_item(action) and "sources" in action:
        item = item | {"action": _without(action, "sources")}
    if "web_search_call.results" in include:
        return item
    return {name: value for name, value in item.items() if name != "results"}


def _without(value: object, name: str) -> object:
    if not is_item(value):
        return value
    return {key: part for key, part in value.items() if key != name}
