"""Answers as OpenAPI describes them: headers, content, and every error status with the classes that it stands for."""

from __future__ import annotations

from typing import Any, Final

from antiphon.errors import (
    AntiphonError,
    BadRequest,
    BodyTooLarge,
    Conflict,
    ConnectFailed,
    ContentUnreadable,
    CredentialsFailed,
    Forbidden,
    GatewayError,
    NotFound,
    RangeNotSatisfiable,
    RateLimited,
    ShuttingDown,
    StoreFailed,
    Superseded,
    Unauthorized,
    UnsupportedMediaType,
    UpgradeRefused,
    UpstreamBroke,
    UpstreamTimeout,
)

Json = dict[str, Any]

DESCRIBED: Final[tuple[type[AntiphonError], ...]] = (
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    BodyTooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    UpgradeRefused,
    RateLimited,
    GatewayError,
    ContentUnreadable,
    ConnectFailed,
    UpstreamBroke,
    CredentialsFailed,
    StoreFailed,
    Superseded,
    ShuttingDown,
    UpstreamTimeout,
)
_RELAYED: Final = {
    403: ("The provider, or the owner of the gateway, does not allow this.", "permission_error", None),
    429: (
        "The provider asks for patience, a quota is used up, or too many of your answers wait: see `retry-after`.",
        "rate_limit_error",
        "rate_limit_exceeded",
    ),
}
"""What only a provider answers: sentence, `type`, `code`."""

ANTHROPICS_FAILURE: Final[Json] = {
    "type": "object",
    "description": "As Anthropic's clients know it.",
    "properties": {
        "type": {"const": "error"},
        "error": {
            "type": "object",
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
            "required": ["type", "message"],
        },
        "request_id": {"type": ["string", "null"]},
    },
    "required": ["type", "error"],
}
GOOGLES_FAILURE: Final[Json] = {
    "type": "object",
    "description": "As Google's clients know it.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["code", "message", "status"],
        }
    },
    "required": ["error"],
}

_WAITS: Final = frozenset({429, 503})

HEADERS: Final[Json] = {
    "RequestId": {"description": "The request's name in the gateway's log.", "schema": {"type": "string"}},
    "Target": {"description": "Who answered: `provider/model`.", "schema": {"type": "string"}},
    "Attempts": {
        "description": "How many attempts it took, when more than one.",
        "schema": {"type": "integer", "minimum": 2},
    },
    "UpstreamRequestId": {
        "description": "What the provider calls the request, where it says so: quote it when you ask its support.",
        "schema": {"type": "string"},
    },
    "Warnings": {
        "description": "What the provider could not be told, one sentence each, separated by ` | `.",
        "schema": {"type": "string"},
    },
    "PollAfter": {
        "description": "Milliseconds until it is worth asking again; only while the answer is not over.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "TokenCount": {
        "description": "Who counted: the provider, a vocabulary, or an estimate.",
        "schema": {"type": "string", "enum": ["native", "tokenizer", "estimate"]},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "ETag": {"description": "Send it back in `if-none-match`.", "schema": {"type": "string"}},
}
ANSWERED: Final = {
    "antiphon-target": "Target",
    "antiphon-attempts": "Attempts",
    "antiphon-upstream-request-id": "UpstreamRequestId",
    "antiphon-warnings": "Warnings",
}
POLLED: Final = {"openai-poll-after-ms": "PollAfter"}
COUNTED: Final = {"antiphon-token-count": "TokenCount", **ANSWERED}
CACHED: Final = {"etag": "ETag"}


def schema(name: str) -> Json:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(description: str, content: Json, headers: dict[str, str] | None = None) -> Json:
    """A response object; `headers` name components."""
    named = {"x-request-id": "RequestId", **(headers or {})}
    refs = {name: {"$ref": f"#/components/headers/{component}"} for name, component in named.items()}
    return {"description": description, "headers": refs, "content": content}


def json_answer(description: str, name: str, headers: dict[str, str] | None = None) -> Json:
    """A response object whose body is JSON of the named schema."""
    return answer(description, {"application/json": {"schema": schema(name)}}, headers)


def refused(status: int | None) -> Json:
    """A reference to what is told of an error status; None is any other."""
    return {"$ref": f"#/components/responses/{_name(status)}"}


def refused_in_any_words(status: int) -> Json:
    """The same on a path to which clients of several vendors come: each is told in its own vendor's words."""
    sentence = " ".join(_sentence(kind) for kind in _by_status()[status])
    return answer(
        sentence, {"application/json": {"schema": {"anyOf": [schema("Error"), ANTHROPICS_FAILURE, GOOGLES_FAILURE]}}}
    )


def error_answers() -> Json:
    """`components.responses`: one per error status, and one for any other that a provider may give."""
    told = {
        status: (" ".join(_sentence(kind) for kind in kinds), kinds[0].type, kinds[0].code)
        for status, kinds in _by_status().items()
    }
    answers = {_name(status): _error(status, *words) for status, words in sorted((told | _RELAYED).items())}
    other = "Any other refusal of a provider, under the provider's own status."
    return answers | {_name(None): json_answer(other, "Error")}


def _by_status() -> dict[int, list[type[AntiphonError]]]:
    kinds: dict[int, list[type[AntiphonError]]] = {}
    for kind in DESCRIBED:
        kinds.setdefault(kind.status, []).append(kind)
    return kinds


def _sentence(kind: type[AntiphonError]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _name(status: int | None) -> str:
    return "ErrorOther" if status is None else f"Error{status}"


def _error(status: int, sentence: str, kind: str, code: str | None) -> Json:
    described = json_answer(sentence, "Error", {"retry-after": "RetryAfter"} if status in _WAITS else None)
    example = {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
    described["content"]["application/json"]["example"] = example
    return described
