"""`paths` of Google's API: contents, counts, embeddings, models. Errors have the shape that its clients expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import ANSWERED, COUNTED, GOOGLES_FAILURE, answer
from antiphon.http.openapi_paths import Operation, in_path, query

Json = dict[str, Any]

GEMINI: Final = "Gemini"
GEMINI_TAG: Final = {
    "name": GEMINI,
    "description": (
        "Google's API, for every model. The same methods answer under `/v1`, `/v1beta1`, `/gemini`, and where Vertex AI"
        " has them: `/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:…`."
    ),
}

_TEXT: Final = {"type": "string"}
_FAILED: Final[Json] = {
    f"{hundreds}XX": answer(words, {"application/json": {"schema": GOOGLES_FAILURE}})
    for hundreds, words in (
        ("4", "The request cannot be served as it is."),
        ("5", "A provider, or the gateway, failed."),
    )
}
_MODEL: Final = in_path("model", "`provider/model`, a bare name, or an alias; slashes may be percent-encoded.")
_ALT: Final = query(
    "alt", "`sse` for events; without it the answer is one array.", {"type": "string", "enum": ["sse", "json"]}
)
_PUBLISHER: Final = in_path("publisher", "`google`, which stands for nobody, or the name of a provider.")
_PAGES: Final = (
    query("pageSize", "How many models at most.", {"type": "integer", "minimum": 1}),
    query("pageToken", "`nextPageToken` of the page before.", _TEXT),
)
_CONTENTS: Final[Json] = {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}
_CONTENT: Final[Json] = {"content": {"parts": [{"text": "Hello."}]}, "outputDimensionality": 256}
_OBJECT: Final[Json] = {"type": "object"}


def _asked(words: str, required: str, example: Json) -> Json:
    shape = {"type": "array", "items": _OBJECT} if required.endswith("s") else _OBJECT
    schema = {"type": "object", "description": words, "properties": {required: shape}, "required": [required]}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _told(words: str, **properties: Json) -> Mapping[str, Json]:
    content = {"application/json": {"schema": {"type": "object", "properties": properties}}}
    return {"200": answer(words, content, ANSWERED)}


def _listed(name: str) -> Json:
    return {name: {"type": "array", "items": _OBJECT}}


_GENERATE: Final = (
    "Passed on to a provider that speaks Google's API itself, and its answer byte for byte back. For every other"
    " provider request and answer are translated. Nothing is stored."
)
_METHOD: Final = "/v1beta/models/{model}"

GEMINI_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", f"{_METHOD}:generateContent"): Operation(
        id="generateContent",
        tag=GEMINI,
        summary="Generate content",
        description=_GENERATE,
        parameters=(_MODEL,),
        body=_asked("A request of generateContent.", "contents", _CONTENTS),
        answers=_told("The candidates.", **_listed("candidates")),
        failures=_FAILED,
    ),
    ("post", f"{_METHOD}:streamGenerateContent"): Operation(
        id="streamGenerateContent",
        tag=GEMINI,
        summary="Stream content",
        description=_GENERATE,
        parameters=(_MODEL, _ALT),
        body=_asked("A request of generateContent.", "contents", _CONTENTS),
        answers={
            "200": answer(
                "Chunks, each a part of the candidate.",
                {
                    "text/event-stream": {"schema": _TEXT},
                    "application/json": {"schema": {"type": "array", "items": _OBJECT}},
                },
                ANSWERED,
            )
        },
        failures=_FAILED,
    ),
    ("post", f"{_METHOD}:countTokens"): Operation(
        id="countContentTokens",
        tag=GEMINI,
        summary="Count the tokens of contents",
        description=(
            "How many tokens a request would be: `contents`, or a whole one as `generateContentRequest`. The provider"
            " counts where it offers to, else the gateway; the header `antiphon-token-count` tells which."
        ),
        parameters=(_MODEL,),
        body={"required": True, "content": {"application/json": {"schema": _OBJECT, "example": _CONTENTS}}},
        answers={
            "200": answer(
                "The count.",
                {
                    "application/json": {
                        "schema": {"type": "object", "properties": {"totalTokens": {"type": "integer"}}}
                    }
                },
                COUNTED,
            )
        },
        failures=_FAILED,
    ),
    ("post", f"{_METHOD}:embedContent"): Operation(
        id="embedContent",
        tag=GEMINI,
        summary="Embed a content",
        description="By every provider that has embeddings, as `/v1/embeddings`.",
        parameters=(_MODEL,),
        body=_asked("A content to embed.", "content", _CONTENT),
        answers=_told("Its vector.", embedding=_OBJECT),
        failures=_FAILED,
    ),
    ("post", f"{_METHOD}:batchEmbedContents"): Operation(
        id="batchEmbedContents",
        tag=GEMINI,
        summary="Embed contents",
        description="Several requests of embedContent in one.",
        parameters=(_MODEL,),
        body=_asked("Contents to embed.", "requests", {"requests": [_CONTENT]}),
        answers=_told("A vector for each content, in their order.", **_listed("embeddings")),
        failures=_FAILED,
    ),
    ("post", f"{_METHOD}:predict"): Operation(
        id="predictEmbeddings",
        tag=GEMINI,
        summary="Embed texts for Vertex AI",
        description="As Vertex AI's clients ask for the vectors of texts. Nothing else is predicted here.",
        parameters=(_MODEL,),
        body=_asked("Texts to embed.", "instances", {"instances": [{"content": "Hello."}]}),
        answers=_told("A vector for each text, in their order.", **_listed("predictions")),
        failures=_FAILED,
    ),
    ("get", "/v1beta/models"): Operation(
        id="listGeminiModels",
        tag=GEMINI,
        summary="List models for Gemini",
        parameters=_PAGES,
        answers=_told("Every model on offer.", **_listed("models"), nextPageToken=_TEXT),
        failures=_FAILED,
    ),
    ("get", "/v1beta/models/{id}"): Operation(
        id="retrieveGeminiModel",
        tag=GEMINI,
        summary="Retrieve a model for Gemini",
        parameters=(in_path("id", "The model's name, without `models/`."),),
        answers=_told("The model.", name=_TEXT),
        failures=_FAILED,
    ),
    ("get", "/v1beta1/publishers/{publisher}/models"): Operation(
        id="listPublisherModels",
        tag=GEMINI,
        summary="List models for Vertex AI",
        parameters=(_PUBLISHER, *_PAGES),
        answers=_told("Every model on offer.", **_listed("publisherModels"), nextPageToken=_TEXT),
        failures=_FAILED,
    ),
    ("get", "/v1beta1/publishers/{publisher}/models/{id}"): Operation(
        id="retrievePublisherModel",
        tag=GEMINI,
        summary="Retrieve a model for Vertex AI",
        parameters=(_PUBLISHER, in_path("id", "The model's name.")),
        answers=_told("The model.", name=_TEXT),
        failures=_FAILED,
    ),
}
