"""`paths` of chat completions, kept ones too, and of the API before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import answer
from antiphon.http.openapi_paths import CREATE_ERRORS, STORED_ERRORS, Operation, in_path, query

Json = dict[str, Any]

CHAT: Final = "Chat completions"
CHAT_TAG: Final = {"name": CHAT, "description": "The API of OpenAI's before Responses, for every model."}

_LIMIT: Final = query("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})
_ORDER: Final = query("order", "By time.", {"type": "string", "enum": ["asc", "desc"], "default": "asc"})
_ID: Final = in_path("id", "The completion's id, as its client was told.")
_TOLD: Final = {"antiphon-target": "Target"}
_NAME: Final[Json] = {"type": "string", "description": "`provider/model`, a bare name, or an alias."}
_COUNT: Final[Json] = {"type": ["integer", "null"], "minimum": 1}
_FLAG: Final[Json] = {"type": ["boolean", "null"]}
_METADATA: Final[Json] = {"type": ["object", "null"], "additionalProperties": {"type": "string"}}
_ASKED: Final[Json] = {
    "type": "object",
    "description": "A request of chat completions.",
    "properties": {
        "model": _NAME,
        "messages": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "stream": _FLAG,
        "n": _COUNT | {"maximum": 128, "description": "Asked for one by one where the provider gives one at a time."},
        "store": _FLAG | {"description": "Whether the gateway keeps the completion."},
        "metadata": _METADATA,
    },
    "required": ["messages"],
}
_EXAMPLE: Final[Json] = {"model": "demo/echo", "messages": [{"role": "user", "content": "Say hello."}]}
_COMPLETING: Final[Json] = {
    "type": "object",
    "description": "A request of legacy completions.",
    "properties": {
        "model": _NAME,
        "prompt": {"oneOf": [{"type": "string"}, {"type": "array", "minItems": 1}]},
        "suffix": {"type": ["string", "null"]},
        "echo": _FLAG,
        "n": _COUNT | {"maximum": 128},
        "best_of": _COUNT,
        "max_tokens": {"type": ["integer", "null"]},
        "stream": _FLAG,
    },
    "required": ["model", "prompt"],
}
_COMPLETION: Final[Json] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "object": {"type": "string"}, "choices": {"type": "array"}},
    "required": ["object", "choices"],
}
_LIST: Final[Json] = {
    "type": "object",
    "properties": {
        "object": {"const": "list"},
        "data": {"type": "array", "items": {"type": "object"}},
        "first_id": {"type": ["string", "null"]},
        "last_id": {"type": ["string", "null"]},
        "has_more": {"type": "boolean"},
    },
    "required": ["object", "data", "has_more"],
}
_DELETED: Final[Json] = {
    "type": "object",
    "properties": {
        "object": {"const": "chat.completion.deleted"},
        "id": {"type": "string"},
        "deleted": {"const": True},
    },
}


def _body(schema: Json, example: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _answered(description: str) -> Mapping[str, Json]:
    told = {"application/json": {"schema": _COMPLETION}, "text/event-stream": {"schema": {"type": "string"}}}
    return {"200": answer(description, told, _TOLD)}


def _whole(description: str, schema: Json) -> Mapping[str, Json]:
    return {"200": answer(description, {"application/json": {"schema": schema}}, {})}


CHAT_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/chat/completions"): Operation(
        id="createChatCompletion",
        tag=CHAT,
        summary="Create a chat completion",
        description=(
            "Passed on byte for byte to a provider whose own API this is, and its answer back; only the model's name is"
            " put in place. For every other provider request and answer are translated. With `store: true` the gateway"
            " keeps the completion before the last of it leaves, and no provider is asked to."
        ),
        body=_body(_ASKED, _EXAMPLE),
        answers=_answered("The completion, or its chunks."),
        errors=CREATE_ERRORS,
        relays=True,
    ),
    ("get", "/v1/chat/completions"): Operation(
        id="listChatCompletions",
        tag=CHAT,
        summary="List chat completions",
        description="Those that were kept (`store: true`). `metadata[name]=value` asks for those with a pair.",
        parameters=(
            query("model", "Only those of this model, as it was asked for or as it answered.", {"type": "string"}),
            query("after", "The id of the one before the first of the page.", {"type": "string"}),
            _LIMIT,
            _ORDER,
        ),
        answers=_whole("One page.", _LIST),
        errors=STORED_ERRORS,
    ),
    ("get", "/v1/chat/completions/{id}"): Operation(
        id="getChatCompletion",
        tag=CHAT,
        summary="Retrieve a chat completion",
        parameters=(_ID,),
        answers=_whole("The completion, with what was asked.", _COMPLETION),
        errors=STORED_ERRORS,
    ),
    ("post", "/v1/chat/completions/{id}"): Operation(
        id="updateChatCompletion",
        tag=CHAT,
        summary="Update a chat completion",
        description="Puts other pairs in the place of its metadata.",
        parameters=(_ID,),
        body=_body(
            {"type": "object", "properties": {"metadata": _METADATA}, "required": ["metadata"]},
            {"metadata": {"topic": "demo"}},
        ),
        answers=_whole("The completion as it is now.", _COMPLETION),
        errors=(*STORED_ERRORS, 413, 415),
    ),
    ("delete", "/v1/chat/completions/{id}"): Operation(
        id="deleteChatCompletion",
        tag=CHAT,
        summary="Delete a chat completion",
        parameters=(_ID,),
        answers=_whole("It is gone.", _DELETED),
        errors=STORED_ERRORS,
    ),
    ("get", "/v1/chat/completions/{id}/messages"): Operation(
        id="getChatCompletionMessages",
        tag=CHAT,
        summary="List the messages of a chat completion",
        description="Those of the request.",
        parameters=(_ID, query("after", "The id of the message before the page.", {"type": "string"}), _LIMIT, _ORDER),
        answers=_whole("One page.", _LIST),
        errors=STORED_ERRORS,
    ),
    ("post", "/v1/completions"): Operation(
        id="createCompletion",
        tag=CHAT,
        summary="Create a completion",
        description=(
            "The API before chat. Passed on as it is to a provider that has it for the model; else each prompt is asked"
            " as a user's message. Nothing is stored."
        ),
        body=_body(_COMPLETING, {"model": "demo/echo", "prompt": "Say hello."}),
        answers=_answered("The completion, or its chunks."),
        errors=CREATE_ERRORS,
        relays=True,
    ),
}
