"""`paths`: what can be asked of each route, and every answer it may give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from msgspec import Struct

from antiphon.http.openapi_answers import ANSWERED, CACHED, POLLED, answer, json_answer, refused, schema
from antiphon.http.queries import Page
from antiphon.wire.requests import Include

Json = dict[str, Any]

_CREATE_ERRORS: Final = (400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503, 504)
_STORED_ERRORS: Final = (400, 401, 404, 500, 503)
_PAGE: Final = Page()

RESPONSES: Final = "Responses"
PROMPTS: Final = "Prompts"
MODELS: Final = "Models"
GATEWAY: Final = "Gateway"
TAGS: Final = (
    {"name": RESPONSES, "description": "Answers: made, kept, fetched, replayed, gone on from."},
    {"name": PROMPTS, "description": "Templates that requests name instead of repeating them."},
    {"name": MODELS, "description": "What can be asked."},
    {"name": GATEWAY, "description": "The gateway itself. No key is needed here."},
)


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path. `answers` are its successes by status, `errors` the statuses that it may fail with."""

    id: str
    tag: str
    summary: str
    description: str = ""
    parameters: tuple[Json, ...] = ()
    body: Json | None = None
    answers: Mapping[str, Json] = {}
    errors: tuple[int, ...] = ()
    relays: bool = False

    def described(self) -> Json:
        """The operation as OpenAPI's operation object."""
        failures = {str(status): refused(status) for status in self.errors}
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


def _query(name: str, description: str, kind: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": kind}


def _in_path(name: str, description: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


_INCLUDABLE: Final = {"type": "array", "items": {"type": "string", "enum": list(get_args(Include))}}
_INCLUDE: Final = (
    _query("include", "Parts of an answer that are left out unless they are asked for.", _INCLUDABLE),
    _query("include[]", "The same, as some clients spell a list.", _INCLUDABLE),
)
_RESPONSE_ID: Final = _in_path("id", "The response's id.")

_IDEMPOTENCY_KEY: Final[Json] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names the request: sent again under the same key, it is answered as it was, or is being, answered.",
    "schema": {"type": "string", "maxLength": 255},
}
_PROMPT_ID: Final = _in_path("id", "The prompt's id.")

_STREAM_EXAMPLE: Final = (
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,'
    '"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello","logprobs":[],"obfuscation":"q0Z"}\n\n'
)
_RESPONSE: Final[Json] = {
    "application/json": {"schema": schema("Response")},
    "text/event-stream": {"schema": schema("StreamEvent"), "example": _STREAM_EXAMPLE},
}
_CHAT: Final[Json] = {
    "type": "object",
    "description": "A chat completions request; the provider says what it may hold.",
    "properties": {"model": {"type": "string"}, "stream": {"type": ["boolean", "null"]}},
    "required": ["model"],
}
_CHAT_ANSWER: Final[Json] = {
    "application/json": {"schema": {"type": "object"}},
    "text/event-stream": {"schema": {"type": "string"}},
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

_TEMPLATE: Final[Json] = {
    "model": "demo/echo",
    "instructions": "You speak to {{name}}.",
    "input": [{"role": "user", "content": "Say hello in {{language}}."}],
}


def _template_body(name: str, example: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema(name), "example": example}}}


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/responses"): Operation(
        id="createResponse",
        tag=RESPONSES,
        summary="Create a response",
        description=(
            "Answers `input`, whole or, with `stream: true`, as events. Once the last byte has arrived the response is"
            " stored, unless `store` is false. With `background: true` it is stored as `queued` and answered later.\n\n"
            "Failures before the first output are errors with a status; later ones"
            " are the events `error` and `response.failed`. Bodies may be compressed (`content-encoding: gzip` or"
            " `deflate`)."
        ),
        parameters=(_IDEMPOTENCY_KEY,),
        body={"required": True, "content": {"application/json": {"schema": schema("Request"), "examples": _REQUESTS}}},
        answers={"200": answer("The answer, or its events.", _RESPONSE, ANSWERED | POLLED)},
        errors=_CREATE_ERRORS,
        relays=True,
    ),
    ("post", "/v1/chat/completions"): Operation(
        id="createChatCompletion",
        tag=RESPONSES,
        summary="Relay a chat completion",
        description=(
            "Passed on byte for byte to a provider that speaks chat completions itself, and its answer back; only the"
            " model's name is put in place. Nothing is stored."
        ),
        body={"required": True, "content": {"application/json": {"schema": _CHAT}}},
        answers={
            "200": answer("The provider's own answer, or its stream.", _CHAT_ANSWER, {"antiphon-target": "Target"})
        },
        errors=_CREATE_ERRORS,
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
            _query("stream", "Whether to send events.", {"type": "boolean", "default": False}),
            _query(
                "starting_after",
                "The last event that you have; the next one comes first.",
                {"type": "integer", "minimum": 0},
            ),
            _query(
                "include_obfuscation",
                "Whether replayed deltas keep the padding that hides their length.",
                {"type": "boolean", "default": True},
            ),
            _query("provider", "Find it only if this provider made it.", {"type": "string"}),
            *_INCLUDE,
        ),
        answers={"200": answer("The response, or its events.", _RESPONSE, POLLED)},
        errors=_STORED_ERRORS,
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
        errors=_STORED_ERRORS,
    ),
    ("get", "/v1/responses/{id}/input_items"): Operation(
        id="listInputItems",
        tag=RESPONSES,
        summary="List input items",
        description="Every item that was in its context as input, those of earlier turns among them.",
        parameters=(
            _RESPONSE_ID,
            _query(
                "limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 100, "default": _PAGE.limit}
            ),
            _query(
                "order", "`desc`: newest first.", {"type": "string", "enum": ["asc", "desc"], "default": _PAGE.order}
            ),
            _query("after", "The item's id before the page, in the order asked for.", {"type": "string"}),
            _query("before", "The item's id behind the page, in the order asked for.", {"type": "string"}),
            *_INCLUDE,
        ),
        answers={"200": json_answer("One page.", "ItemList")},
        errors=_STORED_ERRORS,
    ),
    ("post", "/v1/prompts"): Operation(
        id="createPrompt",
        tag=PROMPTS,
        summary="Create a prompt",
        description=(
            "Keeps a template: members of a create request, with `{{variables}}` in `instructions` and in the texts of"
            " `input`. A request names it in `prompt`."
        ),
        body=_template_body("NewPrompt", {"id": "greeting", "template": _TEMPLATE}),
        answers={"200": json_answer("Its first version.", "Prompt")},
        errors=(400, 401, 409, 413, 415, 500, 503),
    ),
    ("get", "/v1/prompts"): Operation(
        id="listPrompts",
        tag=PROMPTS,
        summary="List prompts",
        description="Your own and those of the configuration, each in its newest version, in the order of their ids.",
        parameters=(
            _query("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
            _query("after", "The id of the last prompt of the page before.", {"type": "string"}),
        ),
        answers={"200": json_answer("One page.", "PromptList")},
        errors=(400, 401, 500, 503),
    ),
    ("get", "/v1/prompts/{id}"): Operation(
        id="retrievePrompt",
        tag=PROMPTS,
        summary="Retrieve a prompt",
        parameters=(_PROMPT_ID, _query("version", "Which version; the newest when absent.", {"type": "string"})),
        answers={"200": json_answer("The prompt.", "Prompt")},
        errors=_STORED_ERRORS,
    ),
    ("post", "/v1/prompts/{id}/versions"): Operation(
        id="addPromptVersion",
        tag=PROMPTS,
        summary="Add a version of a prompt",
        description="Requests that name no version use it from now on. Earlier versions never change.",
        parameters=(_PROMPT_ID,),
        body=_template_body("NewVersion", {"template": _TEMPLATE}),
        answers={"200": json_answer("The new version.", "Prompt")},
        errors=(400, 401, 404, 413, 415, 500, 503),
    ),
    ("delete", "/v1/prompts/{id}"): Operation(
        id="deletePrompt",
        tag=PROMPTS,
        summary="Delete a prompt",
        description="With all its versions. Answers that were made with it stay as they are.",
        parameters=(_PROMPT_ID,),
        answers={"200": json_answer("It is gone.", "DeletedPrompt")},
        errors=_STORED_ERRORS,
    ),
    ("get", "/v1/models"): Operation(
        id="listModels",
        tag=MODELS,
        summary="List models",
        description="Every model of every provider that answers, with what is known of it.",
        answers={"200": json_answer("The models.", "ModelList")},
        errors=(401, 500, 503),
    ),
    ("get", "/v1/models/{id}"): Operation(
        id="retrieveModel",
        tag=MODELS,
        summary="Retrieve a model",
        description="By its id, whose slashes may stand as they are.",
        parameters=(_in_path("id", "`provider/model`."),),
        answers={"200": json_answer("The model.", "Model")},
        errors=(401, 404, 500, 503),
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
        description="Whether every part that a request needs works.",
        answers={"200": json_answer("It can.", "Readiness"), "503": json_answer("It cannot.", "Readiness")},
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
        parameters=(_in_path("asset", "The file's name."),),
        answers={"200": answer("The file.", {"*/*": {}}, CACHED)},
        errors=(404,),
    ),
}
