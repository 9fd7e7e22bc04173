"""Batches and the lines of their files as OpenAI's clients see them.

https://platform.openai.com/docs/api-reference/batch and its SDK's types (3.54), read 2026-11.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from antiphon.errors import BadRequest
from antiphon.wire.batch_input import Fault
from antiphon.wire.batch_values import Batch, LineResult
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import Metadata

_encode: Final = msgspec.json.Encoder().encode
_NULL: Final = Raw(b"null")
_WINDOW: Final = re.compile(r"([1-9]\d{0,3})([mhd])")
_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400}
_LONGEST_WINDOW: Final = 30 * 86_400
_LEAST_KEPT: Final = 3600
_MOST_KEPT: Final = 2_592_000

UNASKED: Final = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "canceled": ("batch_cancelled", "This batch was cancelled before the request was executed."),
}
"""Code and message for lines that nobody came to."""


class ExpiresAfter(Struct, frozen=True):
    """How long a file is kept, from its own birth on."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=_LEAST_KEPT, le=_MOST_KEPT)]


class NewBatch(Struct, frozen=True):
    """The body of `POST /v1/batches`."""

    input_file_id: str
    endpoint: str
    completion_window: str = "24h"
    metadata: Metadata | None = None
    output_expires_after: ExpiresAfter | None = None


class Counts(Struct, frozen=True):
    """How many requests there are, and how many have ended well, or not."""

    total: int
    completed: int
    failed: int


class BatchObject(Struct, frozen=True, kw_only=True):
    """A batch. `model` is null where its requests name several."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    model: str | None
    errors: Raw
    input_file_id: str | None
    completion_window: str
    status: str
    output_file_id: str | None
    error_file_id: str | None
    created_at: int
    in_progress_at: int | None
    expires_at: int
    finalizing_at: int | None
    completed_at: int | None
    failed_at: int | None
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
    request_counts: Counts
    usage: Raw
    metadata: Raw


class _Response(Struct, frozen=True):
    status_code: int
    request_id: str
    body: Raw


class _Error(Struct, frozen=True):
    code: str
    message: str


class _Answered(Struct, frozen=True):
    id: str
    custom_id: str
    response: _Response | None
    error: _Error | None


_new_batch: Final = msgspec.json.Decoder(NewBatch).decode
_look: Final = msgspec.json.Decoder(Raw).decode


def parse_new_batch(body: bytes) -> NewBatch:
    """Raises BadRequest."""
    try:
        return _new_batch(body)
    except UNDECODABLE as error:
        raise told(error, NewBatch) from None


def window_seconds(window: str) -> int:
    """How long ``24h`` is; whole minutes, hours and days are known. Raises BadRequest."""
    found = _WINDOW.fullmatch(window)
    seconds = 0 if found is None else int(found[1]) * _UNITS[found[2]]
    if not 0 < seconds <= _LONGEST_WINDOW:
        message = f"Invalid value: '{window[:32]}'. Supported are '24h' and other minutes, hours and days up to '30d'."
        raise BadRequest(message, param="completion_window", code="invalid_value")
    return seconds


def shown_batch(batch: Batch) -> BatchObject:
    """The batch as the API has it."""
    return BatchObject(
        id=batch.id,
        endpoint=batch.endpoint,
        model=batch.model,
        errors=_raw(batch.errors),
        input_file_id=batch.input_file_id,
        completion_window=batch.window,
        status=batch.status,
        output_file_id=batch.output_file_id,
        error_file_id=batch.error_file_id,
        created_at=batch.created_at,
        in_progress_at=batch.in_progress_at,
        expires_at=batch.ends_by,
        finalizing_at=batch.finalizing_at,
        completed_at=batch.completed_at,
        failed_at=batch.failed_at,
        expired_at=batch.expired_at,
        cancelling_at=batch.cancelling_at,
        cancelled_at=batch.cancelled_at,
        request_counts=Counts(batch.total, batch.completed, batch.failed),
        usage=_raw(batch.usage),
        metadata=_raw(batch.metadata),
    )


def faults_list(faults: list[Fault]) -> bytes:
    """`errors` of a batch whose file cannot be used."""
    return _encode({"object": "list", "data": faults})


def answered_line(batch_id: str, result: LineResult) -> bytes:
    """A line of an output file or an error file, with its end."""
    name = f"batch_req_{batch_id.rpartition('_')[2][:24]}{result.number:06d}"
    answer = result.answer
    response = None if answer is None else _Response(answer.status, answer.request_id, on_one_line(answer.body))
    error = None if answer is not None else _Error(*UNASKED[result.outcome])
    return _encode(_Answered(name, result.custom_id, response, error)) + b"\n"


def on_one_line(body: bytes) -> Raw:
    """The JSON without line ends: an answer may be laid out for people's eyes. What is no JSON becomes a text of it."""
    try:
        _look(body)
    except UNDECODABLE:
        return Raw(_encode(body.decode("utf-8", "replace")))
    return Raw(msgspec.json.format(body, indent=-1) if b"\n" in body else body)


def _raw(value: bytes | None) -> Raw:
    return _NULL if value is None else Raw(value)
