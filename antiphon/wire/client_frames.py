"""What a client says over a WebSocket, and the frames that only a WebSocket knows."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import BadRequest
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, missing, told
from antiphon.wire.requests import Request, parse_request

Members = dict[str, Raw]
"""A frame's members, their values untouched."""

_encode: Final = msgspec.json.Encoder().encode
_STREAM_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_NULL: Final = Raw(b"null")
_TRUE: Final = Raw(b"true")
_NOT_OF_THE_BODY: Final = ("background", "generate", "response", "stream_id", "stream_options", "type")
"""Members that the frame has and the body of an HTTP request has not, or that mean nothing here."""

_STEERING: Final = {
    "type": "invalid_request_error",
    "code": "steering_not_supported",
    "message": "A running response cannot be steered here. Send the input as the next turn, with response.create.",
}


class Creation(Struct, frozen=True):
    """A `response.create`: the request as HTTP would have brought it, streamed; `generate` is False for a warm-up."""

    request: Request
    generate: bool


def members_of(data: bytes) -> Members:
    """A frame's members. Raises BadRequest for what is no JSON object."""
    try:
        return split_object(data)
    except UNDECODABLE as error:
        raise told(error) from None


def stream_id_of(members: Members) -> str | None:
    """The lane that the frame belongs to, None for the one without a name. Raises BadRequest."""
    found = members.get("stream_id", _NULL)
    if found == _NULL:
        return None
    name = _decoded(found)
    if not isinstance(name, str) or _STREAM_ID.fullmatch(name) is None:
        message = "Invalid 'stream_id': expected 1 to 256 characters out of A to Z, a to z, 0 to 9, '_', '.' and '-'."
        raise BadRequest(message, param="stream_id", code="invalid_stream_id")
    return name


def type_of(members: Members) -> str:
    """What the frame is. Raises BadRequest."""
    found = members.get("type", _NULL)
    if found == _NULL:
        raise missing("type")
    kind = _decoded(found)
    if not isinstance(kind, str):
        raise BadRequest("Invalid type for 'type': expected a string.", param="type", code="invalid_type")
    return kind


def unknown_type(kind: str) -> BadRequest:
    """What is told of a frame that no client is expected to send."""
    message = f"Invalid value: '{kind[:100]}'. Supported values are: 'response.create' and 'response.steer'."
    return BadRequest(message, param="type", code="invalid_value")


def parent_of(members: Members) -> str | None:
    """The response that a `response.create` goes on from, as far as can be told before it is checked."""
    parent = _decoded(_flat(members).get("previous_response_id", _NULL))
    return parent if isinstance(parent, str) else None


def creation_of(members: Members) -> Creation:
    """The request in a `response.create`, be it flat or under `response`. Raises BadRequest.

    `stream` and `stream_options` are ignored: over a WebSocket every answer is its events.
    """
    flat = _flat(members)
    if _flag(flat, "background"):
        message = "Background mode is not available over a WebSocket; use POST /v1/responses, or leave it out."
        raise BadRequest(message, param="background", code="unsupported_parameter")
    generate = _flag(flat, "generate")
    body = {name: value for name, value in flat.items() if name not in _NOT_OF_THE_BODY}
    body["stream"] = _TRUE
    return Creation(parse_request(_encode(body)), generate is not False)


def steering_refused(members: Members, stream_id: str | None) -> bytes:
    """The answer to `response.steer`, with what it brought. Raises BadRequest when that is not well-formed."""
    parent = _decoded(members.get("previous_response_id", _NULL))
    if not isinstance(parent, str):
        raise missing("previous_response_id")
    event: dict[str, Any] = {
        "type": "response.steer.failed",
        "sequence_number": 0,
        "error": _STEERING,
        "steer": {"input": members.get("input", Raw(b"[]")), "previous_response_id": parent},
    }
    return with_stream_id(_encode(event), stream_id)


def with_stream_id(event: bytes, stream_id: str | None) -> bytes:
    """The JSON object of an event, with the name of its lane at the end."""
    if stream_id is None:
        return event
    return b'%b,"stream_id":"%b"}' % (event.rstrip()[:-1], stream_id.encode())


def _flat(members: Members) -> Members:
    inner = members.get("response", _NULL)
    if inner == _NULL:
        return members
    return members | members_of(bytes(inner))


def _flag(members: Members, name: str) -> bool | None:
    value = _decoded(members.get(name, _NULL))
    if value is None or isinstance(value, bool):
        return value
    raise BadRequest(f"Invalid type for '{name}': expected a boolean.", param=name, code="invalid_type")


def _decoded(value: Raw) -> Any:
    try:
        return msgspec.json.decode(value)
    except UNDECODABLE as error:
        raise told(error) from None
