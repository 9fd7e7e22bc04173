"""Batches as Anthropic's clients see them: https://docs.anthropic.com/en/api/creating-message-batches, read 2026-11."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from antiphon.errors import BadRequest
from antiphon.wire.batch_input import check_request
from antiphon.wire.batch_states import ENDED
from antiphon.wire.batch_values import Batch, LineResult, NewLine
from antiphon.wire.batches import on_one_line
from antiphon.wire.faults import UNDECODABLE, told

ENDPOINT: Final = "/v1/messages"
WINDOW_SECONDS: Final = 86_400
RESULTS_SECONDS: Final = 29 * 86_400
"""So long after its birth the results of a batch can be had."""

_encode: Final = msgspec.json.Encoder().encode
_WHEN: Final = "%Y-%m-%dT%H:%M:%SZ"


class _Request(Struct, frozen=True):
    custom_id: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    params: Raw


class NewMessageBatch(Struct, frozen=True):
    """The body of `POST /v1/messages/batches`."""

    requests: Annotated[list[_Request], Meta(min_length=1)]


class RequestCounts(Struct, frozen=True, kw_only=True):
    """Every request is one of these; they leave `processing` together, when the batch ends."""

    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class MessageBatchObject(Struct, frozen=True, kw_only=True):
    """A batch. Times are as in RFC 3339."""

    id: str
    type: Literal["message_batch"] = "message_batch"
    processing_status: Literal["in_progress", "canceling", "ended"]
    request_counts: RequestCounts
    ended_at: str | None
    created_at: str
    expires_at: str
    archived_at: str | None
    cancel_initiated_at: str | None
    results_url: str | None


class _Failure(Struct, frozen=True):
    type: str
    message: str


class _Error(Struct, frozen=True):
    error: _Failure
    type: Literal["error"] = "error"


_new: Final = msgspec.json.Decoder(NewMessageBatch).decode
_error: Final = msgspec.json.Decoder(_Error).decode


def parse_message_batch(body: bytes, most: int) -> tuple[list[NewLine], str | None]:
    """The requests, and the model of them all, None where there are several. Raises BadRequest."""
    try:
        requests = _new(body).requests
    except UNDECODABLE as error:
        raise told(error) from None
    if len(requests) > most:
        message = f"A batch may have {most} requests at most; these are {len(requests)}."
        raise BadRequest(message, param="requests", code="too_many_requests")
    models: set[str | None] = set()
    seen: set[str] = set()
    lines: list[NewLine] = []
    for number, request in enumerate(requests, 1):
        place = f"requests.{number - 1}"
        if request.custom_id in seen:
            message = f"The custom_id '{request.custom_id}' stands twice; each must be its own."
            raise BadRequest(message, param=f"{place}.custom_id", code="duplicate_custom_id")
        seen.add(request.custom_id)
        params = bytes(request.params)
        try:
            models.add(check_request(params))
        except BadRequest as error:
            said = (error.param or "").removeprefix("body.")
            message = error.message.replace("'body.", "'")
            raise BadRequest(message, param=f"{place}.params.{said}".rstrip("."), code=error.code) from None
        lines.append(NewLine(number, request.custom_id, params))
    return lines, next(iter(models)) if len(models) == 1 else None


def shown_message_batch(batch: Batch, now: float) -> MessageBatchObject:
    """The batch as the API has it. The address of its results has no host: clients put their base URL before it."""
    over = batch.status in ENDED
    archived = batch.created_at + RESULTS_SECONDS
    gone = over and archived <= now
    return MessageBatchObject(
        id=batch.id,
        processing_status="ended" if over else "canceling" if batch.status == "cancelling" else "in_progress",
        request_counts=_counts(batch) if over else RequestCounts(processing=batch.total),
        ended_at=_when(batch.ended_at),
        created_at=_moment(batch.created_at),
        expires_at=_moment(batch.ends_by),
        archived_at=_moment(archived) if gone else None,
        cancel_initiated_at=_when(batch.cancelling_at),
        results_url=f"/v1/messages/batches/{batch.id}/results" if over and not gone else None,
    )


def result_line(result: LineResult) -> bytes:
    """A line of the results, with its end."""
    answer = result.answer
    told_: dict[str, object] = {"type": result.outcome}
    if answer is not None and result.outcome == "succeeded":
        told_["message"] = on_one_line(answer.body)
    elif answer is not None:
        told_["error"] = {**msgspec.to_builtins(_failure(answer.body)), "request_id": answer.request_id}
    return _encode({"custom_id": result.custom_id, "result": told_}) + b"\n"


def _failure(body: bytes) -> _Error:
    try:
        return _error(body)
    except UNDECODABLE:
        return _Error(_Failure("api_error", "The request failed."))


def _counts(batch: Batch) -> RequestCounts:
    return RequestCounts(
        succeeded=batch.completed, errored=batch.failed, canceled=batch.canceled, expired=batch.expired
    )


def _when(moment: int | None) -> str | None:
    return None if moment is None else _moment(moment)


def _moment(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(_WHEN)
