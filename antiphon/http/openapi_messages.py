"""`paths` of Anthropic's API: messages, and counting them. Errors have the shape that its clients expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import ANSWERED, ANTHROPICS_FAILURE, COUNTED, answer
from antiphon.http.openapi_paths import Operation

Json = dict[str, Any]

MESSAGES: Final = "Messages"
MESSAGES_TAG: Final = {"name": MESSAGES, "description": "Anthropic's API, for every model."}

_TEXT: Final = {"type": "string"}
FAILED: Final[Json] = {
    f"{hundreds}XX": answer(words, {"application/json": {"schema": ANTHROPICS_FAILURE}}, {"request-id": "RequestId"})
    for hundreds, words in (
        ("4", "The request cannot be served as it is."),
        ("5", "A provider, or the gateway, failed."),
    )
}


def _asked(*required: str) -> Json:
    schema = {
        "type": "object",
        "description": "A request of the Messages API.",
        "properties": {
            "model": {"type": "string"},
            "messages": {"type": "array", "items": {"type": "object"}},
            "max_tokens": {"type": "integer", "minimum": 1},
            "stream": {"type": ["boolean", "null"]},
        },
        "required": list(required),
    }
    example = {"model": "demo/echo", "max_tokens": 1024, "messages": [{"role": "user", "content": "Say hello."}]}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


_ANSWER: Final[Json] = {
    "application/json": {"schema": {"type": "object"}},
    "text/event-stream": {"schema": {"type": "string"}},
}
_COUNT: Final[Json] = {
    "application/json": {
        "schema": {"type": "object", "properties": {"input_tokens": {"type": "integer"}}, "required": ["input_tokens"]}
    }
}

MESSAGES_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/messages"): Operation(
        id="createMessage",
        tag=MESSAGES,
        summary="Create a message",
        description=(
            "Passed on byte for byte, with `anthropic-beta` and `anthropic-version`, to a provider that speaks the"
            " Messages API itself, and its answer back; only the model's name is put in place. For every other provider"
            " request and answer are translated. Nothing is stored."
        ),
        body=_asked("model", "max_tokens", "messages"),
        answers={"200": answer("The message, or its events.", _ANSWER, {"request-id": "RequestId", **ANSWERED})},
        failures=FAILED,
    ),
    ("post", "/v1/messages/count_tokens"): Operation(
        id="countMessageTokens",
        tag=MESSAGES,
        summary="Count the tokens of a message",
        description=(
            "How many tokens a request would be. The provider counts where it offers to, else the gateway; the header"
            " `antiphon-token-count` tells which."
        ),
        body=_asked("model", "messages"),
        answers={"200": answer("The count.", _COUNT, {"request-id": "RequestId", **COUNTED})},
        failures=FAILED,
    ),
}
