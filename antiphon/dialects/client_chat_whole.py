"""A whole answer, told to a client that speaks chat completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from antiphon.dialects.client_chat_shapes import (
    ChatTold,
    ToldResponse,
    call,
    finish,
    image,
    sealed,
    tail,
    thoughts,
    url_citations,
    usage,
)
from antiphon.dialects.illegible import legible
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode
_response: Final = msgspec.json.Decoder(ToldResponse).decode


@legible
def chat_whole(bodies: Sequence[bytes], told: ChatTold) -> bytes:
    """The chat completion for response objects that ended well or early, a choice for each."""
    responses = [_response(body) for body in bodies]
    answer = told.head("chat.completion") | tail(responses[0])
    answer["choices"] = [_choice(response, index, told) for index, response in enumerate(responses)]
    answer["usage"] = usage(responses)
    return _encode(answer if told.metadata is None else answer | {"metadata": told.metadata})


def _choice(response: ToldResponse, index: int, told: ChatTold) -> Item:
    message: Item = {"role": "assistant", "content": None, "refusal": None}
    logprobs: list[Any] = []
    for item in response.output:
        if item["type"] == "message":
            logprobs += _say(message, item)
        elif (tell := _TELLERS.get(item["type"])) is not None:
            tell(message, item)
    calls = message.get("tool_calls")
    if calls and told.legacy_functions:
        message["function_call"] = message.pop("tool_calls")[0]["function"]
    return {
        "index": index,
        "message": message,
        "logprobs": {"content": logprobs, "refusal": None} if logprobs else None,
        "finish_reason": finish(response, calls=bool(calls), legacy=told.legacy_functions),
    }


def _say(message: Item, item: Item) -> list[Any]:
    """Takes the text of a message in, and gives the probabilities of its tokens."""
    logprobs: list[Any] = []
    for part in item["content"]:
        member = "refusal" if part["type"] == "refusal" else "content"
        message[member] = (message[member] or "") + part.get("text", part.get("refusal", ""))
        logprobs += part.get("logprobs") or ()
        _list(message, "annotations", url_citations(part.get("annotations") or ()))
    return logprobs


def _call(message: Item, item: Item) -> None:
    _extend(message, "tool_calls", [call(item)])


def _picture(message: Item, item: Item) -> None:
    if item.get("result"):
        _list(message, "images", [image(item)])


def _remember(message: Item, item: Item) -> None:
    text = thoughts(item)
    if text:
        before = message.get("reasoning_content")
        message["reasoning_content"] = f"{before}\n\n{text}" if before else text
    if item.get("encrypted_content"):
        _list(message, "reasoning_details", [sealed(item)])


def _list(message: Item, member: str, more: list[Item]) -> None:
    """As a stream tells lists, each entry with its place."""
    before = len(message.get(member, ()))
    _extend(message, member, [{"index": index, **entry} for index, entry in enumerate(more, before)])


def _extend(message: Item, member: str, more: list[Item]) -> None:
    if more:
        message.setdefault(member, []).extend(more)


_TELLERS: Final[dict[str, Callable[[Item, Item], None]]] = {
    "function_call": _call,
    "custom_tool_call": _call,
    "reasoning": _remember,
    "image_generation_call": _picture,
}
