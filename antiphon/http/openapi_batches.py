"""`paths` of batches: a page of their own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import answer
from antiphon.http.openapi_messages import FAILED
from antiphon.http.openapi_paths import STORED_ERRORS, Operation, in_path, query
from antiphon.wire.batch_states import NEXT

Json = dict[str, Any]

BATCHES: Final = "Batches"
BATCH_TAG: Final = {
    "name": BATCHES,
    "description": "Many requests at once, on any model, answered when there is time for them.",
}

_ERRORS: Final = (400, 401, 413, 415, 429, 500, 503)
_TEXT: Final[Json] = {"type": "string"}
_MAYBE: Final[Json] = {"type": ["string", "null"]}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0}
_MOMENT: Final[Json] = {"type": ["integer", "null"], "description": "Unix time in seconds."}
_OBJECT: Final[Json] = {"type": ["object", "null"]}


def _whole(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _body(schema: Json, example: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _answered(sentence: str, schema: Json) -> Mapping[str, Json]:
    return {"200": answer(sentence, {"application/json": {"schema": schema}})}


_BATCH: Final = _whole(
    {
        "id": _TEXT,
        "object": {"const": "batch"},
        "endpoint": _TEXT,
        "model": {**_MAYBE, "description": "The model of all requests, null where they name several."},
        "errors": {**_OBJECT, "description": "What is wrong with the input file: `data` has a fault for each line."},
        "input_file_id": _MAYBE,
        "completion_window": _TEXT,
        "status": {"enum": list(NEXT)},
        "output_file_id": {**_MAYBE, "description": "A line for each request that was answered."},
        "error_file_id": {**_MAYBE, "description": "A line for each of the others."},
        "created_at": {"type": "integer"},
        "expires_at": {"type": "integer"},
        **{f"{status}_at": _MOMENT for status in NEXT if status != "validating"},
        "request_counts": _whole({"total": _COUNT, "completed": _COUNT, "failed": _COUNT}),
        "usage": {**_OBJECT, "description": "The tokens of all requests together, once it has ended."},
        "metadata": _OBJECT,
    }
)
_MESSAGE_BATCH: Final = _whole(
    {
        "id": _TEXT,
        "type": {"const": "message_batch"},
        "processing_status": {"enum": ["in_progress", "canceling", "ended"]},
        "request_counts": _whole(
            dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), _COUNT),
        ),
        "created_at": _TEXT,
        "expires_at": _TEXT,
        **dict.fromkeys(("ended_at", "archived_at", "cancel_initiated_at", "results_url"), _MAYBE),
    }
)


def _list(element: Json, **more: Json) -> Json:
    page = {"data": {"type": "array", "items": element}, "has_more": {"type": "boolean"}}
    return _whole({**more, **page, "first_id": _MAYBE, "last_id": _MAYBE})


_NEW_BATCH: Final[Json] = {
    "type": "object",
    "properties": {
        "input_file_id": {**_TEXT, "description": "A file that was uploaded with the purpose `batch`."},
        "endpoint": {**_TEXT, "description": "What its lines are requests for, such as `/v1/responses`."},
        "completion_window": {**_TEXT, "default": "24h", "description": "`24h`, or other minutes, hours or days."},
        "metadata": _OBJECT,
        "output_expires_after": {**_OBJECT, "description": "When the files of its answers are to go."},
    },
    "required": ["input_file_id", "endpoint"],
}
_NEW_MESSAGES: Final[Json] = {
    "type": "object",
    "properties": {
        "requests": {
            "type": "array",
            "minItems": 1,
            "items": _whole({"custom_id": {**_TEXT, "maxLength": 64}, "params": {"type": "object"}}),
        }
    },
    "required": ["requests"],
}
_PARAMS: Final[Json] = {"model": "demo/echo", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello."}]}
_DELETED: Final = _whole({"id": _TEXT, "type": {"const": "message_batch_deleted"}})
_ID: Final = in_path("id", "The batch's id.")


def _limit(most: int) -> Json:
    return query("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": most, "default": 20})


BATCH_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/batches"): Operation(
        id="createBatch",
        tag=BATCHES,
        summary="Create a batch",
        description=(
            "The input file has a line for each request: `custom_id`, `method`, `url` and `body`. A provider that has"
            " batches itself answers them where all go to it; else the gateway's own workers do."
        ),
        body=_body(_NEW_BATCH, {"input_file_id": "file-…", "endpoint": "/v1/responses", "completion_window": "24h"}),
        answers=_answered("The batch, whose file is read next.", _BATCH),
        errors=_ERRORS,
    ),
    ("get", "/v1/batches"): Operation(
        id="listBatches",
        tag=BATCHES,
        summary="List batches",
        parameters=(_limit(100), query("after", "The id of the last batch of the page before.", _TEXT)),
        answers=_answered("One page, the newest first.", _list(_BATCH, object={"const": "list"})),
        errors=(400, 401, 500, 503),
    ),
    ("get", "/v1/batches/{id}"): Operation(
        id="retrieveBatch",
        tag=BATCHES,
        summary="Retrieve a batch",
        parameters=(_ID,),
        answers=_answered("The batch as it stands.", _BATCH),
        errors=STORED_ERRORS,
    ),
    ("post", "/v1/batches/{id}/cancel"): Operation(
        id="cancelBatch",
        tag=BATCHES,
        summary="Cancel a batch",
        description="What was answered by then is in its files.",
        parameters=(_ID,),
        answers=_answered("The batch, which ends soon.", _BATCH),
        errors=(400, 401, 404, 409, 500, 503),
    ),
    ("post", "/v1/messages/batches"): Operation(
        id="createMessageBatch",
        tag=BATCHES,
        summary="Create a batch of messages",
        description="`anthropic-beta` holds for every request of it.",
        body=_body(_NEW_MESSAGES, {"requests": [{"custom_id": "first", "params": _PARAMS}]}),
        answers=_answered("The batch.", _MESSAGE_BATCH),
        failures=FAILED,
    ),
    ("get", "/v1/messages/batches"): Operation(
        id="listMessageBatches",
        tag=BATCHES,
        summary="List batches of messages",
        parameters=(
            _limit(1000),
            query("after_id", "The id of the last batch of the page before.", _TEXT),
            query("before_id", "The id of the first batch of the page behind.", _TEXT),
        ),
        answers=_answered("One page, the newest first.", _list(_MESSAGE_BATCH)),
        failures=FAILED,
    ),
    ("get", "/v1/messages/batches/{id}"): Operation(
        id="retrieveMessageBatch",
        tag=BATCHES,
        summary="Retrieve a batch of messages",
        parameters=(_ID,),
        answers=_answered("The batch as it stands.", _MESSAGE_BATCH),
        failures=FAILED,
    ),
    ("delete", "/v1/messages/batches/{id}"): Operation(
        id="deleteMessageBatch",
        tag=BATCHES,
        summary="Delete a batch of messages",
        description="Only one that has ended.",
        parameters=(_ID,),
        answers=_answered("It is gone.", _DELETED),
        failures=FAILED,
    ),
    ("post", "/v1/messages/batches/{id}/cancel"): Operation(
        id="cancelMessageBatch",
        tag=BATCHES,
        summary="Cancel a batch of messages",
        parameters=(_ID,),
        answers=_answered("The batch, which ends soon.", _MESSAGE_BATCH),
        failures=FAILED,
    ),
    ("get", "/v1/messages/batches/{id}/results"): Operation(
        id="messageBatchResults",
        tag=BATCHES,
        summary="Fetch the results of a batch of messages",
        description="One JSON object a line, in the order of the requests, once the batch has ended.",
        parameters=(_ID,),
        answers={"200": answer("The results.", {"application/x-jsonl": {"schema": _TEXT}})},
        failures=FAILED,
    ),
}
