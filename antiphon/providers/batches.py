"""Batches of providers, in the APIs of the two whose own clients have them: `batch_protocols.NativeBatches`.

https://platform.openai.com/docs/api-reference/batch and
https://platform.claude.com/docs/en/api/creating-message-batches, read 2026-11.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Literal, Protocol, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from antiphon.batch_protocols import NativeAnswer, NativeBatches, Standing
from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused
from antiphon.protocols import UpstreamReply
from antiphon.providers.row import BatchRow
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.ndjson import LineSplitter

_logger: Final = logging.getLogger("antiphon.providers")
_encode: Final = msgspec.json.Encoder().encode
_MAX_ANSWER_BYTES: Final = 1024 * 1024
_GOOD: Final = range(200, 300)
_LONGEST_REASON: Final = 300
_KEPT_SECONDS: Final = 259_200
"""How long OpenAI keeps our files: longer than a batch, and the fetching of its answers, can last."""

_NAME: Final = "antiphon_batch"
"""The pair of metadata that holds our own name of a batch."""

_STATUSES: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What Anthropic answers such an error with, when a request is sent by itself."""

_FAULT: Final = 500
_LONGEST_NUMBER: Final = 18


class Door(Protocol):
    """What is asked of a configured provider."""

    name: str

    async def ask(self, path: str, body: bytes | None = None, headers: bytes = b"") -> UpstreamReply:
        """As `instance.ProviderInstance.ask`."""
        ...


def batches_of(door: Door, row: BatchRow) -> NativeBatches:
    """The batches that a provider is known to have."""
    return _OpenAIBatches(door, row) if row.kind == "openai" else _AnthropicBatches(door, row)


class _File(Struct, frozen=True):
    id: str


class _Reason(Struct, frozen=True):
    message: str | None = None


class _Reasons(Struct, frozen=True):
    data: list[_Reason] | None = None


class _Batch(Struct, frozen=True):
    id: str
    status: str = ""
    errors: _Reasons | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    metadata: dict[str, str] | None = None


class _List(Struct, frozen=True):
    data: list[_Batch]


class _Response(Struct, frozen=True):
    status_code: int
    body: Raw


class _Answered(Struct, frozen=True):
    custom_id: str
    response: _Response | None = None


class _OpenAIBatches:
    def __init__(self, door: Door, row: BatchRow) -> None:
        self._door = door
        self._urls = row.urls

    def takes(self, way: str) -> bool:
        return way in self._urls

    async def find(self, name: str) -> str | None:
        listed = await _told(self._door, _List, "/batches?limit=100")
        return next((batch.id for batch in listed.data if (batch.metadata or {}).get(_NAME) == name), None)

    async def submit(self, name: str, way: str, requests: Sequence[tuple[int, bytes]], headers: bytes) -> str:
        url = self._urls[way]
        lines = b"".join(
            b'{"custom_id":"%d","method":"POST","url":"%b","body":%b}\n' % (number, url.encode(), _on_one_line(body))
            for number, body in requests
        )
        form, boundary = _form(name, lines)
        media = b"Content-Type: multipart/form-data; boundary=%b\r\n" % boundary
        file = await _told(self._door, _File, "/files", form, media)
        wanted = {
            "input_file_id": file.id,
            "endpoint": url,
            "completion_window": "24h",
            "metadata": {_NAME: name},
            "output_expires_after": {"anchor": "created_at", "seconds": _KEPT_SECONDS},
        }
        return (await _told(self._door, _Batch, "/batches", _encode(wanted), headers)).id

    async def standing(self, vendor_id: str) -> Standing:
        batch = await _told(self._door, _Batch, f"/batches/{quote(vendor_id, safe='')}")
        if batch.status == "failed":
            said = [each.message or "" for each in (batch.errors or _Reasons()).data or ()]
            return Standing(over=True, failed=f"{self._door.name} says: {' '.join(said)[:_LONGEST_REASON]}")
        files = [each for each in (batch.output_file_id, batch.error_file_id) if each]
        return Standing(over=batch.status in ("completed", "expired", "cancelled"), results=files)

    async def cancel(self, vendor_id: str) -> None:
        await _told(self._door, _Batch, f"/batches/{quote(vendor_id, safe='')}/cancel", b"{}")

    async def answers(self, place: str) -> AsyncIterator[NativeAnswer]:
        async for line in _lines(self._door, f"/files/{quote(place, safe='')}/content"):
            answered = _legible(self._door, line, _Answered)
            if answered is None:
                continue
            number, response = _number(answered.custom_id), answered.response
            if response is None or not response.status_code:
                yield NativeAnswer(number, None)
            else:
                yield NativeAnswer(number, response.status_code, bytes(response.body))


class _MessageBatch(Struct, frozen=True):
    id: str
    processing_status: Literal["in_progress", "canceling", "ended"] = "in_progress"


class _Failure(Struct, frozen=True):
    type: str = ""


class _Failed(Struct, frozen=True):
    error: _Failure = _Failure()


class _Result(Struct, frozen=True):
    type: str
    message: Raw = Raw(b"null")
    error: Raw = Raw(b"{}")


class _Line(Struct, frozen=True):
    custom_id: str
    result: _Result


class _AnthropicBatches:
    """They cannot be given a name, so that what was submitted just before a crash is submitted again."""

    def __init__(self, door: Door, row: BatchRow) -> None:
        self._door = door
        self._urls = row.urls

    def takes(self, way: str) -> bool:
        return way in self._urls

    async def find(self, name: str) -> str | None:
        return None

    async def submit(self, name: str, way: str, requests: Sequence[tuple[int, bytes]], headers: bytes) -> str:
        lines = b",".join(b'{"custom_id":"%d","params":%b}' % request for request in requests)
        body = b'{"requests":[%b]}' % lines
        return (await _told(self._door, _MessageBatch, "/messages/batches", body, headers)).id

    async def standing(self, vendor_id: str) -> Standing:
        batch = await _told(self._door, _MessageBatch, f"/messages/batches/{quote(vendor_id, safe='')}")
        over = batch.processing_status == "ended"
        return Standing(over=over, results=[vendor_id] if over else [])

    async def cancel(self, vendor_id: str) -> None:
        await _told(self._door, _MessageBatch, f"/messages/batches/{quote(vendor_id, safe='')}/cancel", b"{}")

    async def answers(self, place: str) -> AsyncIterator[NativeAnswer]:
        async for text in _lines(self._door, f"/messages/batches/{quote(place, safe='')}/results"):
            line = _legible(self._door, text, _Line)
            if line is None:
                continue
            number, result = _number(line.custom_id), line.result
            if result.type == "succeeded":
                yield NativeAnswer(number, 200, bytes(result.message))
            elif result.type == "errored":
                failed = _legible(self._door, bytes(result.error), _Failed) or _Failed()
                yield NativeAnswer(number, _STATUSES.get(failed.error.type, _FAULT), bytes(result.error))
            else:
                yield NativeAnswer(number, None)


T = TypeVar("T")


async def _told(door: Door, kind: type[T], path: str, body: bytes | None = None, headers: bytes = b"") -> T:
    """The answer. Raises UpstreamError."""
    reply = await door.ask(path, body, headers)
    try:
        text = await reply.read(_MAX_ANSWER_BYTES)
    finally:
        reply.release()
    if reply.status not in _GOOD:
        raise _refused(door, reply.status, text)
    return _decoded(door, text, kind)


async def _lines(door: Door, path: str) -> AsyncIterator[bytes]:
    reply = await door.ask(path)
    try:
        if reply.status not in _GOOD:
            raise _refused(door, reply.status, await reply.read(_MAX_ANSWER_BYTES))
        splitter = LineSplitter()
        while data := await reply.chunk():
            for line in splitter.feed(data):
                yield line
        for line in splitter.finish():
            yield line
    finally:
        reply.release()


def _refused(door: Door, status: int, text: bytes) -> UpstreamRefused:
    """For the log of the gateway's owner: no client is told."""
    said = text[:_LONGEST_REASON].decode("utf-8", "replace")
    return UpstreamRefused(f"{door.name} answered with status {status}: {said}", status=status, retry=Retry.ELSEWHERE)


def _decoded(door: Door, text: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except UNDECODABLE:
        raise UpstreamBroke(f"{door.name} answered about a batch with what is none.") from None


def _legible(door: Door, line: bytes, kind: type[T]) -> T | None:
    """What a line of results says, None where it is none: that must not keep the others from who waits for them."""
    try:
        return msgspec.json.decode(line, type=kind)
    except UNDECODABLE:
        _logger.warning("%s gave a line of a batch's results that cannot be read; it counts as left out", door.name)
        return None


def _on_one_line(body: bytes) -> bytes:
    return msgspec.json.format(body, indent=-1) if b"\n" in body else body


def _number(custom_id: str) -> int:
    """The number that we gave to a line, 0 for what is none of ours."""
    is_one = len(custom_id) <= _LONGEST_NUMBER and custom_id.isascii() and custom_id.isdigit()
    return int(custom_id) if is_one else 0


def _form(name: str, lines: bytes) -> tuple[bytes, bytes]:
    """A form with the lines as a file, and its boundary."""
    boundary = f"antiphon-{os.urandom(18).hex()}".encode()
    fields = {
        "purpose": "batch",
        "expires_after[anchor]": "created_at",
        "expires_after[seconds]": f"{_KEPT_SECONDS}",
    }
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (boundary, key.encode(), value.encode())
        for key, value in fields.items()
    ]
    head = (
        b'--%b\r\nContent-Disposition: form-data; name="file"; filename="%b.jsonl"\r\n'
        b"Content-Type: application/jsonl\r\n\r\n"
    ) % (boundary, name.encode())
    return b"".join((*parts, head, lines, b"\r\n--%b--\r\n" % boundary)), boundary
