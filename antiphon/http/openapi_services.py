"""`paths` of the endpoints beside answers: a page of their own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import answer
from antiphon.http.openapi_paths import Operation

Json = dict[str, Any]

RETRIEVAL: Final = "Embeddings, rankings, moderations"
SERVICE_TAG: Final = {"name": RETRIEVAL, "description": "One request, one whole answer. Nothing of it is kept."}

_ERRORS: Final = (400, 401, 403, 404, 409, 413, 415, 429, 500, 502, 503, 504)
_TOLD: Final = {
    "antiphon-target": "Target",
    "antiphon-attempts": "Attempts",
    "antiphon-upstream-request-id": "UpstreamRequestId",
    "antiphon-warnings": "Warnings",
}
_MODEL: Final[Json] = {"type": "string", "description": "`provider/model`, a bare name, or an alias."}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0}
_USAGE: Final[Json] = {
    "type": "object",
    "properties": {"prompt_tokens": _COUNT, "total_tokens": _COUNT},
    "description": "0 where the provider counts nothing.",
}
_VECTOR: Final[Json] = {
    "type": "object",
    "properties": {
        "object": {"const": "embedding"},
        "index": _COUNT,
        "embedding": {"oneOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]},
    },
    "required": ["object", "index", "embedding"],
}
_EMBEDDING: Final[Json] = {
    "type": "object",
    "required": ["model", "input"],
    "properties": {
        "model": _MODEL,
        "input": {
            "description": 'A text, several, or token numbers; pictures as `{"image": "data:…"}`.',
            "oneOf": [{"type": "string"}, {"type": "array", "minItems": 1}],
        },
        "dimensions": {"type": ["integer", "null"], "minimum": 1},
        "encoding_format": {"enum": ["float", "base64", None]},
        "user": {"type": ["string", "null"]},
        "input_type": {"type": ["string", "null"], "description": "What the vectors are for: `query`, `document`, …"},
        "truncate": {
            "type": ["string", "boolean", "null"],
            "description": "What inputs lose that are too long: `NONE`, `START`, `END`.",
        },
    },
}
_EMBEDDINGS: Final[Json] = {
    "type": "object",
    "properties": {
        "object": {"const": "list"},
        "data": {"type": "array", "items": _VECTOR},
        "model": {"type": "string"},
        "usage": _USAGE,
    },
    "required": ["object", "data", "model", "usage"],
}
_RESULTS: Final[Json] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"index": _COUNT, "relevance_score": {"type": "number"}},
        "required": ["index", "relevance_score"],
    },
}
_RANKING: Final[Json] = {
    "type": "object",
    "required": ["model", "query", "documents"],
    "properties": {
        "model": _MODEL,
        "query": {"type": ["string", "object"]},
        "documents": {"type": "array", "items": {"type": ["string", "object"]}, "minItems": 1},
        "top_n": {"type": ["integer", "null"], "minimum": 1, "description": "How many results, in Cohere's word."},
        "top_k": {"type": ["integer", "null"], "minimum": 1, "description": "The same in Voyage's."},
        "return_documents": {"type": ["boolean", "null"]},
    },
}
_RANKED: Final[Json] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "model": {"type": "string"},
        "results": _RESULTS,
        "data": _RESULTS,
        "usage": {"type": "object"},
        "meta": {"type": "object"},
    },
}
_MODERATION: Final[Json] = {
    "type": "object",
    "required": ["input"],
    "properties": {
        "model": _MODEL | {"description": "`moderations.model` of the configuration when absent."},
        "input": {"oneOf": [{"type": "string"}, {"type": "array", "minItems": 1}]},
    },
}
_MODERATED: Final[Json] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "model": {"type": "string"}, "results": {"type": "array"}},
    "required": ["id", "model", "results"],
}


def _body(schema: Json, example: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _answer(description: str, schema: Json) -> Mapping[str, Json]:
    return {"200": answer(description, {"application/json": {"schema": schema}}, _TOLD)}


_RANK: Final[Json] = {"query": "What is the capital of France?", "documents": ["Paris.", "London."], "top_n": 1}

SERVICE_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/embeddings"): Operation(
        id="createEmbeddings",
        tag=RETRIEVAL,
        summary="Create embeddings",
        description=(
            "Passed on to a provider that speaks OpenAI's format, and its answer byte for byte back; translated for"
            " every other. More inputs than a provider takes at once are asked for in several requests."
        ),
        body=_body(_EMBEDDING, {"model": "openai/text-embedding-3-small", "input": ["Hello."], "dimensions": 256}),
        answers=_answer("A vector for each input, in their order.", _EMBEDDINGS),
        errors=_ERRORS,
        relays=True,
    ),
    ("post", "/v1/rerank"): Operation(
        id="rerank",
        tag=RETRIEVAL,
        summary="Rank documents",
        description=(
            "By how much they have to do with a query, in the words of Cohere or Jina (`top_n`), or of Voyage"
            " (`top_k`), whose answers have `data` in place of `results`."
        ),
        body=_body(_RANKING, {"model": "cohere/rerank-v3.5", **_RANK}),
        answers=_answer("The best documents, the best first.", _RANKED),
        errors=_ERRORS,
        relays=True,
    ),
    ("post", "/v2/rerank"): Operation(
        id="rerankV2",
        tag=RETRIEVAL,
        summary="Rank documents for Cohere",
        description="The same, where Cohere's newer clients look for it.",
        body=_body(_RANKING, {"model": "voyage/rerank-2.5", **_RANK}),
        answers=_answer("The best documents, the best first.", _RANKED),
        errors=_ERRORS,
        relays=True,
    ),
    ("post", "/v1/moderations"): Operation(
        id="createModeration",
        tag=RETRIEVAL,
        summary="Judge texts",
        description=(
            "In OpenAI's categories, whoever judges; a provider's own stand beside, in `provider_categories`. The model"
            " `local/moderation-rules` is a list of patterns of the gateway's own, and no classifier: it is used only"
            " where it is named."
        ),
        body=_body(_MODERATION, {"model": "openai/omni-moderation-latest", "input": "Hello."}),
        answers=_answer("One result for each text.", _MODERATED),
        errors=_ERRORS,
        relays=True,
    ),
}
