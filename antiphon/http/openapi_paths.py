"""`paths`: what can be asked of each route, and every answer it may give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from msgspec import Struct

from antiphon.http.openapi_answers import (
    ANSWERED,
    CACHED,
    COUNTED,
    POLLED,
    answer,
    json_answer,
    refused,
    refused_in_any_words,
    schema,
)
from antiphon.http.openapi_models import ANTHROPIC_VERSION, MODEL_BY_TONGUE, MODELS_BY_TONGUE
from antiphon.http.queries import Page
from antiphon.wire.requests import Include

Json = dict[str, Any]

CREATE_ERRORS: Final = (400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503, 504)
STORED_ERRORS: Final = (400, 401, 404, 500, 503)
_PAGE: Final = Page()

RESPONSES: Final = "Responses"
MODELS: Final = "Models"
GATEWAY: Final = "Gateway"
TAGS: Final = (
    {"name": RESPONSES, "description": "Answers: made, kept, fetched, replayed, gone on from."},
    {"name": MODELS, "description": "What can be asked."},
)
GATEWAY_TAG: Final = {"name": GATEWAY, "description": "The gateway itself. No key is needed here."}


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path. `answers` are its successes by status, `errors` the statuses that it may fail with.

    `failures` are answers to failures, by status, where these have another shape. `shared`: clients of several vendors
    ask for it, and each is told of failures in its own vendor's words.
    """

    id: str
    tag: str
    summary: str
    description: str = ""
    parameters: tuple[Json, ...] = ()
    body: Json | None = None
    answers: Mapping[str, Json] = {}
    errors: tuple[int, ...] = ()
    failures: Mapping[str, Json] = {}
    relays: bool = False
    shared: bool = False

    def described(self) -> Json:
        """The operation as OpenAPI's operation object."""
        told = refused_in_any_words if self.shared else refused
        failures = {str(status): told(status) for status in self.errors} | dict(self.failures)
        if self.relays:
            failures["default"] = refused(None)
        members: Json = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "parameters": list(self.parameters),
            "requestBody": self.body,
            "responses": {**self.answers, **failures},
        }
        described = {name: value for name, value in members.items() if value}
        return described if self.tag != GATEWAY else described | {"security": []}


def query(name: str, description: str, kind: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": kind}


def in_path(name: str, description: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


_INCLUDABLE: Final = {"type": "array", "items": {"type": "string", "enum": list(get_args(Include))}}
_INCLUDE: Final = (
    query("include", "Parts of an answer that are left out unless they are asked for.", _INCLUDABLE),
    query("include[]", "The same, as some clients spell a list.", _INCLUDABLE),
)
_RESPONSE_ID: Final = in_path("id", "The response's id.")

_PAGE_OF_MODELS: Final[tuple[Json, ...]] = (
    ANTHROPIC_VERSION,
    query("limit", "How many at most, in Anthropic's shape.", {"type": "integer", "minimum": 1}),
    query("after_id", "The model before the page, in Anthropic's shape.", {"type": "string"}),
    query("before_id", "The model behind the page, in Anthropic's shape.", {"type": "string"}),
    query("client_version", "Codex's: whatever it says, the list has Codex's shape, and a tag.", {"type": "string"}),
)

_IDEMPOTENCY_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names the request: sent again under the same key, it is answered as it was, or is being, answered.",
    "schema": {"type": "string", "maxLength": 255},
}

_STREAM_EXAMPLE: Final = (
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,'
    '"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello","logprobs":[],"obfuscation":"q0Z"}\n\n'
)
_RESPONSE: Final[Json] = {
    "application/json": {"schema": schema("Response")},
    "text/event-stream": {"schema": schema("StreamEvent"), "example": _STREAM_EXAMPLE},
}
_REQUESTS: Final[Json] = {
    "text": {"summary": "A question", "value": {"model": "demo/echo", "input": "Say hello."}},
    "stream": {"summary": "As a stream", "value": {"model": "demo/echo", "input": "Say hello.", "stream": True}},
    "chain": {
        "summary": "The next turn",
        "value": {"model": "demo/echo", "previous_response_id": "resp_…", "input": "And again?"},
    },
    "background": {
        "summary": "In the background",
        "value": {"model": "demo/echo", "input": "Say hello.", "background": True},
    },
    "tool": {
        "summary": "With a function",
        "value": {
            "model": "demo/echo",
            "input": "What is the weather in Oslo?",
            "tools": [
                {
                    "type": "function",
                    "name": "weather",
                    "description": "The weather in a city.",
                    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
                }
            ],
        },
    },
    "json": {
        "summary": "Structured output",
        "value": {
            "model": "demo/echo",
            "input": "Name three rivers.",
            "text": {
                "format": {
                    "type": "json_schema",
                    "name": "rivers",
                    "strict": True,
                    "schema": {
                        "type": "object",
                        "properties": {"rivers": {"type": "array", "items": {"type": "string"}}},
                        "required": ["rivers"],
                        "additionalProperties": False,
                    },
                }
            },
        },
    },
}

_SHORT: Final[Json] = {
    "history": {
        "summary": "A conversation",
        "value": {
            "model": "demo/echo",
            "instructions": "Keep every number.",
            "input": [
                {"role": "user", "content": "My flight is LH 401."},
                {"role": "assistant", "content": "Noted."},
            ],
        },
    },
}

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/responses"): Operation(
        id="createResponse",
        tag=RESPONSES,
        summary="Create a response",
        description=(
            "Answers `input`, whole or, with `stream: true`, as events. Once the last byte has arrived the response is"
            " stored, unless `store` is false. With `background: true` it is stored as `queued` and answered later.\n\n"
            "Failures before the first output are errors with a status; later ones"
            " are the events `error` and `response.failed`. Bodies may be compressed (`content-encoding: zstd`,"
            " `gzip` or `deflate`)."
        ),
        parameters=(_IDEMPOTENCY_KEY,),
        body={"required": True, "content": {"application/json": {"schema": schema("Request"), "examples": _REQUESTS}}},
        answers={"200": answer("The answer, or its events.", _RESPONSE, ANSWERED | POLLED)},
        errors=CREATE_ERRORS,
        relays=True,
    ),
    ("post", "/v1/responses/input_tokens"): Operation(
        id="countInputTokens",
        tag=RESPONSES,
        summary="Count input tokens",
        description=(
            "How many tokens a request would be, without making it. The provider counts where it offers to, else the"
            " gateway; the header `antiphon-token-count` tells which. Nothing is stored."
        ),
        body={"required": True, "content": {"application/json": {"schema": schema("Request"), "examples": _SHORT}}},
        answers={"200": answer("The count.", {"application/json": {"schema": schema("InputTokens")}}, COUNTED)},
        errors=CREATE_ERRORS,
    ),
    ("post", "/v1/responses/compact"): Operation(
        id="compactResponse",
        tag=RESPONSES,
        summary="Compact a conversation",
        description=(
            "Makes a conversation short: the user's messages, word for word, and one `compaction` item for all else."
            " Send `output`, as it is, as the beginning of the next `input`, to whatever model. Nothing is stored."
        ),
        body={"required": True, "content": {"application/json": {"schema": schema("Request"), "examples": _SHORT}}},
        answers={"200": json_answer("The short conversation.", "Compaction")},
        errors=CREATE_ERRORS,
        relays=True,
    ),
    ("get", "/v1/responses"): Operation(
        id="openWebSocket",
        tag=GATEWAY,
        summary="WebSocket",
        description=(
            "With `Upgrade: websocket` and a key, many answers over one connection. Each message is one JSON object."
            ' The client sends `{"type": "response.create", …}` with the members of a create request; it gets the'
            " events of the answer, as a stream has them. `previous_response_id` may name the newest answer of this"
            " connection though `store` is false. `generate: false` prepares a turn without asking the model."
            " `stream_id` names a lane of its own: lanes run side by side, and every event repeats the name. Browsers"
            " may send the key as the subprotocol `openai-insecure-api-key.KEY`; a wrong one is a 401.\n\nResponses"
            " are not listed, so without an upgrade, or where WebSockets are switched off, the status sends clients to"
            " plain HTTP."
        ),
        errors=(426,),
    ),
    ("get", "/v1/responses/{id}"): Operation(
        id="retrieveResponse",
        tag=RESPONSES,
        summary="Retrieve or replay a response",
        description=(
            "The response as it was answered, or as far as it has come. With `stream=true` its events, from any of them"
            " on; one that is still being made is followed to its end, and one that was not streamed is told as events."
        ),
        parameters=(
            _RESPONSE_ID,
            query("stream", "Whether to send events.", {"type": "boolean", "default": False}),
            query(
                "starting_after",
                "The last event that you have; the next one comes first.",
                {"type": "integer", "minimum": 0},
            ),
            query(
                "include_obfuscation",
                "Whether replayed deltas keep the padding that hides their length.",
                {"type": "boolean", "default": True},
            ),
            query("provider", "Find it only if this provider made it.", {"type": "string"}),
            *_INCLUDE,
        ),
        answers={"200": answer("The response, or its events.", _RESPONSE, POLLED)},
        errors=STORED_ERRORS,
    ),
    ("delete", "/v1/responses/{id}"): Operation(
        id="deleteResponse",
        tag=RESPONSES,
        summary="Delete a response",
        description="What went on from it can no longer be gone on from.",
        parameters=(_RESPONSE_ID,),
        answers={"200": json_answer("It is gone.", "DeletedResponse")},
        errors=(400, 401, 404, 500, 503),
    ),
    ("post", "/v1/responses/{id}/cancel"): Operation(
        id="cancelResponse",
        tag=RESPONSES,
        summary="Cancel a response",
        description="Ends an answer in the background, and keeps the items that were finished. Again is no error.",
        parameters=(_RESPONSE_ID,),
        answers={"200": json_answer("The response as it is then.", "Response")},
        errors=STORED_ERRORS,
    ),
    ("get", "/v1/responses/{id}/input_items"): Operation(
        id="listInputItems",
        tag=RESPONSES,
        summary="List input items",
        description="Every item that was in its context as input, those of earlier turns among them.",
        parameters=(
            _RESPONSE_ID,
            query(
                "limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 100, "default": _PAGE.limit}
            ),
            query(
                "order", "`desc`: newest first.", {"type": "string", "enum": ["asc", "desc"], "default": _PAGE.order}
            ),
            query("after", "The item's id before the page, in the order asked for.", {"type": "string"}),
            query("before", "The item's id behind the page, in the order asked for.", {"type": "string"}),
            *_INCLUDE,
        ),
        answers={"200": json_answer("One page.", "ItemList")},
        errors=STORED_ERRORS,
    ),
    ("get", "/v1/models"): Operation(
        id="listModels",
        tag=MODELS,
        summary="List models",
        description=(
            "Every model of every provider that answers, with what is known of it. With `anthropic-version` the answer"
            " has Anthropic's shape, and so have errors; with `client_version` it has Codex's."
        ),
        parameters=_PAGE_OF_MODELS,
        answers={"200": answer("The models.", MODELS_BY_TONGUE)},
        errors=(400, 401, 500, 503),
        shared=True,
    ),
    ("get", "/v1/models/{id}"): Operation(
        id="retrieveModel",
        tag=MODELS,
        summary="Retrieve a model",
        description="By its id, whose slashes may stand as they are.",
        parameters=(in_path("id", "`provider/model`."), ANTHROPIC_VERSION),
        answers={"200": answer("The model.", MODEL_BY_TONGUE)},
        errors=(401, 404, 500, 503),
        shared=True,
    ),
    ("get", "/"): Operation(
        id="land",
        tag=GATEWAY,
        summary="Landing",
        description="JSON, or a page for browsers (`accept: text/html`).",
        answers={
            "200": answer(
                "What answers here.",
                {"application/json": {"schema": schema("Landing")}, "text/html": {"schema": {"type": "string"}}},
            )
        },
    ),
    ("get", "/health"): Operation(
        id="health",
        tag=GATEWAY,
        summary="Health",
        description="Whether the process is up.",
        answers={"200": json_answer("It is.", "Health")},
    ),
    ("get", "/health/ready"): Operation(
        id="ready",
        tag=GATEWAY,
        summary="Readiness",
        description=(
            "Whether requests may come: `unavailable` where a part fails that they need, or the process is stopping;"
            " `degraded` where they can be served, and something is amiss."
        ),
        answers={"200": json_answer("They may.", "Readiness"), "503": json_answer("They may not.", "Readiness")},
    ),
    ("get", "/openapi.json"): Operation(
        id="openapi",
        tag=GATEWAY,
        summary="OpenAPI document",
        answers={"200": answer("An OpenAPI document.", {"application/json": {"schema": {"type": "object"}}}, CACHED)},
    ),
    ("get", "/docs"): Operation(
        id="docs",
        tag=GATEWAY,
        summary="Documentation page",
        answers={"200": answer("A page.", {"text/html": {"schema": {"type": "string"}}}, CACHED)},
    ),
    ("get", "/docs/{asset}"): Operation(
        id="docsAsset",
        tag=GATEWAY,
        summary="Documentation assets",
        parameters=(in_path("asset", "The file's name."),),
        answers={"200": answer("The file.", {"*/*": {}}, CACHED)},
        errors=(404,),
    ),
}
