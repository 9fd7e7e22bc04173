"""Requests with a body that arrives in pieces, without a server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from itertools import pairwise

from antiphon.http.call import Call, Message
from antiphon.http.multipart import FormLimits, parts

Field = tuple[str, str | tuple[str, str, bytes]]
"""A name, and a text; of a file its name, its media type, and what it holds."""

BOUNDARY = "----edge"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, value: bytes, filename: str | None = None, media_type: str | None = None) -> bytes:
    """One part as clients write it."""
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"'
    if media_type is not None:
        head += f"\r\nContent-Type: {media_type}"
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def call_with(pieces: Sequence[bytes], *, gone: bool = False, content_type: str = FORM, **headers: str) -> Call:
    """A call whose body comes in these pieces; the client may be gone after the last of them."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": gone or place < len(pieces) - 1}
        for place, piece in enumerate(pieces)
    ]
    messages.append({"type": "http.disconnect"})
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    async def send(_: Message) -> None:
        raise AssertionError

    told = {"content-type": content_type, **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()],
    }
    return Call(scope, receive, send, "req_1")


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    """The body in pieces that end at these places."""
    ends = [0, *sorted({place for place in places if 0 < place < len(body)}), len(body)]
    return [body[start:end] for start, end in pairwise(ends)]


async def read(call: Call, limits: FormLimits) -> list[Field]:
    """Every part of the form, whole."""
    found: list[Field] = []
    async with aclosing(parts(call, limits)) as coming:
        async for each in coming:
            if each.filename is None:
                found.append((each.name, await each.text()))
            else:
                data = b"".join([piece async for piece in each])
                found.append((each.name, (each.filename, each.media_type, data)))
    return found
