"""What models are listed as, by whose client asks."""

from __future__ import annotations

from typing import Final

from antiphon.http.openapi_answers import Json, schema

ANTHROPIC_VERSION: Final[Json] = {
    "name": "anthropic-version",
    "in": "header",
    "description": "Sent by Anthropic's clients, who are answered in their own shape.",
    "schema": {"type": "string"},
}

_ANTHROPIC_MODEL: Final[Json] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("type", "id", "display_name", "created_at")},
    "required": ["type", "id", "display_name", "created_at"],
}

MODELS_BY_TONGUE: Final[Json] = {
    "application/json": {
        "schema": {
            "anyOf": [
                schema("ModelList"),
                {
                    "type": "object",
                    "description": "As Anthropic's clients know it.",
                    "properties": {
                        "data": {"type": "array", "items": _ANTHROPIC_MODEL},
                        "has_more": {"type": "boolean"},
                        "first_id": {"type": ["string", "null"]},
                        "last_id": {"type": ["string", "null"]},
                    },
                    "required": ["data", "has_more", "first_id", "last_id"],
                },
                {
                    "type": "object",
                    "description": "As Codex knows it.",
                    "properties": {"models": {"type": "array", "items": {"type": "object"}}},
                    "required": ["models"],
                },
            ]
        }
    }
}

MODEL_BY_TONGUE: Final[Json] = {"application/json": {"schema": {"anyOf": [schema("Model"), _ANTHROPIC_MODEL]}}}
