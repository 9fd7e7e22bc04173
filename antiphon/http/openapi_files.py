"""`paths` of files and uploads: a page of their own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import answer
from antiphon.http.openapi_paths import Operation, in_path, query
from antiphon.wire.files import LONGEST_ANTHROPIC_SECONDS, LONGEST_SECONDS, PURPOSES, SHORTEST_SECONDS

Json = dict[str, Any]

FILES: Final = "Files"
FILE_TAG: Final = {
    "name": FILES,
    "description": (
        "Kept by the gateway for you alone, and read by every model: name one by `file_id`. Clients that send"
        " `anthropic-version`, or call below `/anthropic`, are shown files in Anthropic's words."
    ),
}

_READ: Final = (401, 404, 500, 503)
_TEXT: Final[Json] = {"type": "string"}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0}
_LIMIT: Final[Json] = {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10_000}
_PURPOSE: Final[Json] = {"type": "string", "enum": list(PURPOSES)}
_ID: Final = in_path("id", "The file's id.")
_UPLOAD_ID: Final = in_path("id", "The upload's id.")
_VERSION: Final[Json] = {
    "name": "anthropic-version",
    "in": "header",
    "description": "Sent by Anthropic's clients, who are answered in their own shape.",
    "schema": _TEXT,
}
_FILE: Final[Json] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": _TEXT,
        "object": {"const": "file"},
        "bytes": _COUNT,
        "created_at": {"type": ["integer", "string"]},
        "expires_at": {"type": ["integer", "string", "null"]},
        "filename": _TEXT,
        "purpose": _TEXT,
        "status": _TEXT,
        "status_details": {"type": ["string", "null"]},
        "type": {"const": "file"},
        "mime_type": _TEXT,
        "size_bytes": _COUNT,
        "downloadable": {"type": "boolean"},
    },
}
_LIST: Final[Json] = {
    "type": "object",
    "required": ["data", "has_more"],
    "properties": {
        "object": {"const": "list"},
        "data": {"type": "array", "items": _FILE},
        "has_more": {"type": "boolean"},
        "first_id": {"type": ["string", "null"]},
        "last_id": {"type": ["string", "null"]},
        "next_page": {"type": ["string", "null"]},
    },
}
_GONE: Final[Json] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": _TEXT, "object": {"const": "file"}, "deleted": {"const": True}, "type": _TEXT},
}
_UPLOAD: Final[Json] = {
    "type": "object",
    "required": ["id", "object", "status"],
    "properties": {
        "id": _TEXT,
        "object": {"const": "upload"},
        "bytes": _COUNT,
        "created_at": _COUNT,
        "expires_at": _COUNT,
        "filename": _TEXT,
        "purpose": _TEXT,
        "mime_type": _TEXT,
        "status": {"enum": ["pending", "completed", "cancelled"]},
        "file": {"oneOf": [_FILE, {"type": "null"}]},
    },
}
_PART: Final[Json] = {
    "type": "object",
    "required": ["id", "object"],
    "properties": {"id": _TEXT, "object": {"const": "upload.part"}, "created_at": _COUNT, "upload_id": _TEXT},
}
_EXPIRES: Final[Json] = {
    "type": ["object", "null"],
    "required": ["anchor", "seconds"],
    "properties": {
        "anchor": {"const": "created_at"},
        "seconds": {"type": "integer", "minimum": SHORTEST_SECONDS, "maximum": LONGEST_SECONDS},
    },
}


def _form(required: list[str], properties: Json) -> Json:
    schema = {"type": "object", "required": required, "properties": properties}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _body(required: list[str], properties: Json, example: Json) -> Json:
    schema = {"type": "object", "required": required, "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _told(description: str, schema: Json) -> Mapping[str, Json]:
    return {"200": answer(description, {"application/json": {"schema": schema}})}


FILE_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/files"): Operation(
        id="createFile",
        tag=FILES,
        summary="Upload a file",
        description=(
            "A form with one file, of up to `files.max_bytes`. It is there once it has come whole, and lasts until it"
            " is deleted or ends by `expires_after`; one for a batch lasts 30 days. Anthropic's clients need no"
            " `purpose`, and have `expires_in_seconds`."
        ),
        parameters=(_VERSION,),
        body=_form(
            ["file"],
            {
                "file": {"type": "string", "format": "binary"},
                "purpose": _PURPOSE,
                "expires_after[anchor]": {"const": "created_at"},
                "expires_after[seconds]": {
                    "type": "integer",
                    "minimum": SHORTEST_SECONDS,
                    "maximum": LONGEST_SECONDS,
                },
                "expires_in_seconds": {
                    "type": "integer",
                    "minimum": SHORTEST_SECONDS,
                    "maximum": LONGEST_ANTHROPIC_SECONDS,
                },
            },
        ),
        answers=_told("The file.", _FILE),
        errors=(400, 401, 413, 415, 500, 503),
        shared=True,
    ),
    ("get", "/v1/files"): Operation(
        id="listFiles",
        tag=FILES,
        summary="List files",
        parameters=(
            _VERSION,
            query("limit", "How many at most; 1000, and 20 if absent, in Anthropic's shape.", _LIMIT),
            query("order", "By age.", {"type": "string", "enum": ["asc", "desc"], "default": "desc"}),
            query("after", "The file before the page.", _TEXT),
            query("purpose", "Only files of this purpose.", _TEXT),
            query("after_id", "The file before the page, in Anthropic's shape.", _TEXT),
            query("before_id", "The file behind the page, in Anthropic's shape.", _TEXT),
            query("page", "The `next_page` of the page before, in Anthropic's shape.", _TEXT),
            query("ids", "Up to 100 files, in Anthropic's shape.", _TEXT),
        ),
        answers=_told("One page.", _LIST),
        errors=(400, 401, 500, 503),
        shared=True,
    ),
    ("get", "/v1/files/{id}"): Operation(
        id="retrieveFile",
        tag=FILES,
        summary="Retrieve a file",
        parameters=(_ID, _VERSION),
        answers=_told("What is known of it.", _FILE),
        errors=_READ,
        shared=True,
    ),
    ("delete", "/v1/files/{id}"): Operation(
        id="deleteFile",
        tag=FILES,
        summary="Delete a file",
        description="At once here; providers that were given it are told to remove it, soon after.",
        parameters=(_ID, _VERSION),
        answers=_told("It is gone.", _GONE),
        errors=_READ,
        shared=True,
    ),
    ("get", "/v1/files/{id}/content"): Operation(
        id="downloadFile",
        tag=FILES,
        summary="Read the content of a file",
        description="As it came, with its type and name; `range` asks for a part of it.",
        parameters=(
            _ID,
            {"name": "range", "in": "header", "description": "One range: `bytes=0-99`.", "schema": _TEXT},
        ),
        answers={
            "200": answer("All of it.", {"*/*": {}}, {"etag": "ETag"}),
            "206": answer("The part that was asked for.", {"*/*": {}}, {"etag": "ETag"}),
        },
        errors=(401, 404, 416, 500, 503),
        shared=True,
    ),
    ("post", "/v1/uploads"): Operation(
        id="createUpload",
        tag=FILES,
        summary="Begin an upload",
        description="A file that comes in parts, within `files.upload_seconds`.",
        body=_body(
            ["filename", "purpose", "bytes", "mime_type"],
            {
                "filename": _TEXT,
                "purpose": _PURPOSE,
                "bytes": _COUNT,
                "mime_type": _TEXT,
                "expires_after": _EXPIRES,
            },
            {"filename": "book.txt", "purpose": "user_data", "bytes": 1_000_000, "mime_type": "text/plain"},
        ),
        answers=_told("The upload.", _UPLOAD),
        errors=(400, 401, 413, 415, 500, 503),
    ),
    ("post", "/v1/uploads/{id}/parts"): Operation(
        id="addUploadPart",
        tag=FILES,
        summary="Add a part to an upload",
        description="A form with the part in `data`, of up to 64 MiB. Parts may come at the same time, in any order.",
        parameters=(_UPLOAD_ID,),
        body=_form(["data"], {"data": {"type": "string", "format": "binary"}}),
        answers=_told("The part.", _PART),
        errors=(400, 401, 404, 413, 415, 500, 503),
    ),
    ("post", "/v1/uploads/{id}/complete"): Operation(
        id="completeUpload",
        tag=FILES,
        summary="Complete an upload",
        description="Makes the parts one file, in the order in which they are named. Asked again, it answers the same.",
        parameters=(_UPLOAD_ID,),
        body=_body(
            ["part_ids"],
            {"part_ids": {"type": "array", "items": _TEXT, "minItems": 1}, "md5": {"type": ["string", "null"]}},
            {"part_ids": ["part_1", "part_2"]},
        ),
        answers=_told("The upload, with its file.", _UPLOAD),
        errors=(400, 401, 404, 413, 415, 500, 503),
    ),
    ("post", "/v1/uploads/{id}/cancel"): Operation(
        id="cancelUpload",
        tag=FILES,
        summary="Cancel an upload",
        description="Its parts are removed.",
        parameters=(_UPLOAD_ID,),
        answers=_told("The upload.", _UPLOAD),
        errors=(400, 401, 404, 500, 503),
    ),
}
