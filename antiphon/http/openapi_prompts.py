"""`paths` of prompts: a page of their own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import json_answer, schema
from antiphon.http.openapi_paths import STORED_ERRORS, Operation, in_path, query

Json = dict[str, Any]

PROMPTS: Final = "Prompts"
PROMPT_TAG: Final = {"name": PROMPTS, "description": "Templates that requests name instead of repeating them."}

_PROMPT_ID: Final = in_path("id", "The prompt's id.")

_TEMPLATE: Final[Json] = {
    "model": "demo/echo",
    "instructions": "You speak to {{name}}.",
    "input": [{"role": "user", "content": "Say hello in {{language}}."}],
}


def _template_body(name: str, example: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema(name), "example": example}}}


PROMPT_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
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
            query("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
            query("after", "The id of the last prompt of the page before.", {"type": "string"}),
        ),
        answers={"200": json_answer("One page.", "PromptList")},
        errors=(400, 401, 500, 503),
    ),
    ("get", "/v1/prompts/{id}"): Operation(
        id="retrievePrompt",
        tag=PROMPTS,
        summary="Retrieve a prompt",
        parameters=(_PROMPT_ID, query("version", "Which version; the newest when absent.", {"type": "string"})),
        answers={"200": json_answer("The prompt.", "Prompt")},
        errors=STORED_ERRORS,
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
        errors=STORED_ERRORS,
    ),
}
