"""The shapes of a chat completions answer, streamed or whole, read leniently.

https://platform.openai.com/docs/api-reference/chat (2026-11), and what vendors are recorded to make of it: any field
may be missing, null or of another type. What does not fit is taken as missing; only what is no JSON is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.writer_items import mended
from antiphon.errors import UpstreamBroke
from antiphon.wire.requests import Item, is_array, is_item

NULL: Final = Raw(b"null")
NOTHING: Final = tuple(map(Raw, (b"null", b'""', b"{}", b"[]", b"false")))
"""What an `error` member holds where there is no error."""

_Shape = TypeVar("_Shape", bound=Struct)


class Function(Struct, frozen=True, gc=False):
    """The function of a call, or a piece of it; some send the arguments as the object that they should be text of."""

    name: str | None = None
    arguments: str | dict[str, Any] | list[Any] | None = None


class Custom(Struct, frozen=True, gc=False):
    """The custom tool of a call, or a piece of it."""

    name: str | None = None
    input: str | None = None


class ToolCall(Struct, frozen=True, gc=False):
    """A call, or a piece of one. `extra_content` is where Google signs it."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: dict[str, Any] | None = None


class Audio(Struct, frozen=True, gc=False):
    """Speech; what it says is all that has a place in a response."""

    transcript: str | None = None


class TopLogprob(Struct, frozen=True, gc=False):
    """A token that was likely at its place."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class Logprob(Struct, frozen=True, gc=False):
    """The token that was chosen at its place."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] | None = None


class Logprobs(Struct, frozen=True, gc=False):
    """Those of a delta's tokens, or of a message's."""

    content: list[Logprob] | None = None


class Delta(Struct, frozen=True, gc=False):
    """What a chunk adds to the message; a whole message has the same members.

    `reasoning_details` is OpenRouter's reasoning: raw (`text`), told (`summary`) or sealed (neither). `executed_tools`
    are those that Groq ran. `content` held to a schema is an object at Cloudflare, in place of its text.
    """

    content: str | list[Any] | dict[str, Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    refusal: str | None = None
    audio: Audio | None = None
    annotations: list[dict[str, Any]] | None = None
    images: list[dict[str, Any]] | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None
    extra_content: dict[str, Any] | None = None
    executed_tools: list[dict[str, Any]] | None = None


class Choice(Struct, frozen=True, gc=False):
    """One of the answers; `delta` when streamed, else `message`. `content_filter_results` are Azure's.

    `stop_reason` is vLLM's: the text of the request's `stop` that ended the answer, or something else.
    """

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    stop_reason: Any = None
    logprobs: Logprobs | None = None
    content_filter_results: Raw = NULL
    error: Raw = NULL


class Groq(Struct, frozen=True, gc=False):
    """What Groq says beside the format."""

    usage: Raw = NULL
    error: Raw = NULL


class Completion(Struct, frozen=True, gc=False):
    """A chunk of an answer, or a whole one."""

    id: str | None = None
    object: str | None = None
    choices: list[Choice] | None = None
    usage: Raw = NULL
    service_tier: str | None = None
    error: Raw = NULL
    citations: list[Any] | None = None
    search_results: list[Any] | None = None
    x_groq: Groq | None = None


_decode: Final = msgspec.json.Decoder(Completion).decode
_encode: Final = msgspec.json.Encoder().encode

_STREAMED: Final = frozenset(
    {"content", "text", "thinking", "reasoning", "reasoning_content", "refusal", "transcript", "summary"}
    | {"arguments", "input", "partial_json", "tool_plan"}
)
"""Members that may hold half of a surrogate pair, its other half being in the next chunk."""


def completion(data: bytes) -> Completion | None:
    """The chunk or answer in `data`, None if it is JSON but no object. Raises UpstreamBroke for what is no JSON."""
    return leniently(data, _decode, Completion)


def leniently(data: bytes, decode: Callable[[bytes], _Shape], shape: type[_Shape]) -> _Shape | None:
    """`data` by `decode`, which makes a `shape`; what does not fit is taken as missing, None for JSON but no object.

    Raises UpstreamBroke for what is no JSON.
    """
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _loosely(data, shape)
    except (ValueError, RecursionError):
        message = "The provider sent something that is not JSON."
        raise UpstreamBroke(message) from None


def fitted_to(raw: Raw, shape: type[_Shape]) -> _Shape | None:
    """The object in `raw` as a `shape`, without what does not fit it; None for anything but an object."""
    value: object = json.loads(bytes(raw))
    return fitted(value, shape) if is_item(value) else None


def objects(value: object) -> list[Item]:
    """The objects in what should be a list of them."""
    return [part for part in value if is_item(part)] if is_array(value) else []


def _loosely(data: bytes, shape: type[_Shape]) -> _Shape | None:
    value: Any = json.loads(data.decode(errors="replace"))
    if b"\\u" in data:
        value = _whole_strings(value)
    return fitted(value, shape) if is_item(value) else None


def fitted(value: Item, shape: type[_Shape]) -> _Shape:
    """`value` as a `shape`, without the members that do not fit it."""
    members: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        member = value.get(field.encode_name)
        if member is None:
            continue
        if field.type is Raw:
            members[field.name] = Raw(_encode(member))
            continue
        inner, many = _inner(field.type)
        if inner is not None and many and is_array(member):
            members[field.name] = [fitted(part, inner) for part in objects(member)]
        elif inner is not None and not many and is_item(member):
            members[field.name] = fitted(member, inner)
        else:
            try:
                members[field.name] = msgspec.convert(member, field.type)
            except msgspec.ValidationError:
                continue
    return shape(**members)


def _inner(kind: Any) -> tuple[type[Struct] | None, bool]:
    """The shape in a field of type ``Shape | None`` or ``list[Shape] | None``, and whether it is a list of them."""
    for option in get_args(kind) or (kind,):
        many = get_origin(option) is list
        inner = get_args(option)[0] if many else option
        if isinstance(inner, type) and issubclass(inner, Struct) and inner is not Logprob:
            return inner, many
    return None, False


def _whole_strings(value: Any, name: str = "") -> Any:
    """`value` without lone surrogates, but in members that are streamed in pieces."""
    if isinstance(value, str):
        return value if name in _STREAMED else mended(value)
    if is_item(value):
        return {mended(key): _whole_strings(part, key) for key, part in value.items()}
    if is_array(value):
        return [_whole_strings(part, name) for part in value]
    return value
