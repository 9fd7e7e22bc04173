"""Tools, choices among them, and the form of the answer, as Converse is told of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.dialects.converse_schemas import is_enforceable
from antiphon.errors import BadRequest
from antiphon.wire.requests import Item
from tests.unit.dialects.chat_turns import call, function, output, user
from tests.unit.dialects.converse_turns import CLAUDE, LLAMA, NOVA, Body, built, lossy, said

NOVA_2 = "us.amazon.nova-2-lite-v1:0"
SONNET_3_7 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
OPUS_5 = "global.anthropic.claude-opus-5"
MISTRAL = "mistral.mistral-large-2407-v1:0"

CLOSED: Body = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]} | {
    "additionalProperties": False
}
ASK: list[Item] = [user("a")]


def tools(body: Body) -> list[Body]:
    return body["toolConfig"]["tools"]


def test_a_function() -> None:
    tool = function("f", description="Does f.", parameters=CLOSED, strict=True)
    (spec,) = tools(said({"input": ASK, "tools": [tool]}))
    assert spec == {
        "toolSpec": {"name": "f", "description": "Does f.", "inputSchema": {"json": CLOSED}, "strict": True}
    }


def test_a_function_without_parameters_has_an_object() -> None:
    (spec,) = tools(said({"input": ASK, "tools": [function("f", parameters={"properties": {}})]}))
    assert spec["toolSpec"]["inputSchema"]["json"]["type"] == "object"


@pytest.mark.parametrize(
    ("model", "schema"), [(CLAUDE, CLOSED | {"additionalProperties": True}), (NOVA, CLOSED), (OPUS_5, CLOSED)]
)
def test_calls_that_nobody_holds_to_their_schema_are_told(model: str, schema: Body) -> None:
    body, (warning,) = lossy({"input": ASK, "tools": [function("f", parameters=schema, strict=True)]}, model)
    assert "strict" not in tools(body)[0]["toolSpec"]
    assert "'f'" in warning


def test_tools_that_were_called_are_named_though_they_are_not_offered() -> None:
    items = [*ASK, call("c1", "old"), output("c1")]
    (spec,) = tools(said({"input": items}))
    assert spec["toolSpec"]["name"] == "old"
    both = tools(said({"input": items, "tools": [function("new")]}))
    assert [each["toolSpec"]["name"] for each in both] == ["new", "old"]


@pytest.mark.parametrize(
    ("model", "choice", "expected"),
    [
        (CLAUDE, "auto", None),
        (CLAUDE, "required", {"any": {}}),
        (CLAUDE, {"type": "function", "name": "f"}, {"tool": {"name": "f"}}),
        (CLAUDE, {"type": "custom", "name": "c"}, {"tool": {"name": "c"}}),
        (MISTRAL, "required", {"any": {}}),
        (MISTRAL, {"type": "function", "name": "f"}, {"any": {}}),
    ],
)
def test_what_must_be_called(model: str, choice: Any, expected: Body | None) -> None:
    body = said({"input": ASK, "tools": [function("f"), {"type": "custom", "name": "c"}], "tool_choice": choice}, model)
    assert body["toolConfig"].get("toolChoice") == expected
    if model == MISTRAL and isinstance(choice, dict):
        assert [each["toolSpec"]["name"] for each in tools(body)] == ["f"]


@pytest.mark.parametrize("model", [LLAMA, "us.anthropic.claude-fable-5-1", "cohere.command-r-v1:0"])
def test_models_that_cannot_be_made_to_call(model: str) -> None:
    body, (warning,) = lossy({"input": ASK, "tools": [function("f")], "tool_choice": "required"}, model)
    assert "toolChoice" not in body["toolConfig"]
    assert "cannot be made to call" in warning


def test_no_tool_may_be_called() -> None:
    body = said({"input": ASK, "tools": [function("f")], "tool_choice": "none"})
    assert "toolConfig" not in body


def test_only_the_allowed_tools_are_sent() -> None:
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}
    body = said({"input": ASK, "tools": [function("f"), function("g")], "tool_choice": choice})
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "g"}}


def test_the_web_search_of_a_model_that_has_one() -> None:
    assert tools(said({"input": ASK, "tools": [{"type": "web_search"}]}, NOVA_2)) == [
        {"systemTool": {"name": "nova_grounding"}}
    ]
    body, warnings = lossy({"input": ASK, "tools": [{"type": "web_search", "filters": {}}]}, NOVA_2)
    assert tools(body)
    assert "'filters'" in warnings[0]
    body, warnings = lossy(
        {"input": ASK, "tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}}, NOVA_2
    )
    assert "toolChoice" not in body["toolConfig"]
    assert "search the web" in warnings[0]
    body, warnings = lossy({"input": ASK, "tools": [{"type": "web_search"}]}, CLAUDE)
    assert "toolConfig" not in body
    assert "web_search" in warnings[0]


def form(schema: Body = CLOSED, **more: Any) -> Body:
    return {"text": {"format": {"type": "json_schema", "name": "answer", "schema": schema} | more}}


def test_a_form_that_bedrock_holds_the_model_to() -> None:
    body = said({"input": ASK, **form(description="An answer.")})
    text = body["outputConfig"]["textFormat"]
    assert text["type"] == "json_schema"
    schema = text["structure"]["jsonSchema"]
    assert (schema["name"], schema["description"]) == ("answer", "An answer.")
    assert json.loads(schema["schema"]) == CLOSED
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("model", "schema"), [(NOVA, CLOSED), (OPUS_5, CLOSED), (CLAUDE, {"type": "object", "properties": {}})]
)
def test_a_form_that_a_call_brings_about(model: str, schema: Body) -> None:
    body = said({"input": ASK, **form(schema)}, model)
    (spec,) = tools(body)
    assert spec["toolSpec"]["name"] == "answer_in_json"
    assert spec["toolSpec"]["inputSchema"]["json"] == schema
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "answer_in_json"}}
    assert "outputConfig" not in body


def test_the_client_s_tools_may_be_called_instead() -> None:
    body = said({"input": ASK, "tools": [function("f")], **form()}, NOVA)
    assert [each["toolSpec"]["name"] for each in tools(body)] == ["f", "answer_in_json"]
    assert body["toolConfig"]["toolChoice"] == {"any": {}}


def test_the_form_s_own_call_is_made_where_no_other_may_be() -> None:
    body = said({"input": ASK, "tools": [function("f")], "tool_choice": "none", **form()}, NOVA)
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "answer_in_json"}}
    body = said({"input": ASK, **form()}, MISTRAL)
    assert body["toolConfig"]["toolChoice"] == {"any": {}}


@pytest.mark.parametrize(
    ("model", "more"),
    [
        (LLAMA, form()),
        (NOVA, form() | {"tools": [function("f")], "tool_choice": "required"}),
        (SONNET_3_7, form() | {"reasoning": {"effort": "low"}}),
        (CLAUDE, {"text": {"format": {"type": "json_object"}}}),
    ],
)
def test_a_form_in_words_is_told(model: str, more: Body) -> None:
    body, (warning,) = lossy({"input": ASK, "instructions": "Be brief.", **more}, model)
    assert "only reads it" in warning
    assert body["system"][0] == {"text": "Be brief."}
    assert body["system"][1]["text"].startswith("Answer with nothing but one JSON object")
    assert all(each["toolSpec"]["name"] == "f" for each in body.get("toolConfig", {}).get("tools", []))


@pytest.mark.parametrize("lacking", ["name", "schema"])
def test_a_form_lacks_what_it_needs(lacking: str) -> None:
    text = form()["text"]["format"]
    del text[lacking]
    with pytest.raises(BadRequest) as error:
        built({"input": ASK, "text": {"format": text}})
    assert error.value.param == f"text.format.{lacking}"


def test_a_tool_is_not_demanded_of_a_model_that_thinks_within_a_budget() -> None:
    asked = {"input": ASK, "tools": [function("f")], "tool_choice": "required", "reasoning": {"effort": "low"}}
    body, (warning,) = lossy(asked, SONNET_3_7)
    assert "toolChoice" not in body["toolConfig"]
    assert "while it reasons" in warning
    body = said(asked, "us.anthropic.claude-opus-4-6-v1")
    assert body["toolConfig"]["toolChoice"] == {"any": {}}


RECURSIVE = {"$defs": {"node": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}}}
DEEP = {"$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}}}
MANY: Body = {"properties": {f"p{index}": {"type": "string"} for index in range(25)}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        (CLOSED, True),
        (CLOSED | {"$defs": {"x": {"type": "string"}}}, True),
        ({"type": "array", "items": CLOSED, "minItems": 1}, True),
        ({"type": "object"}, False),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"type": "integer", "minimum": 1}, False),
        ({"type": "array", "items": True, "maxItems": 3}, False),
        ({"type": "array", "minItems": 2}, False),
        ({"$ref": "#"}, False),
        (CLOSED | RECURSIVE, False),
        (CLOSED | DEEP, False),
        (CLOSED | {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/nowhere"}}}, True),
        (MANY, False),
        (MANY | {"required": [f"p{index}" for index in range(9)]}, True),
        ({"anyOf": [{"type": ["string", "null"]}] * 15}, True),
        ({"anyOf": [{"type": ["string", "null"]}] * 16}, False),
    ],
)
def test_schemas_that_bedrock_can_hold_a_model_to(schema: Body, fits: bool) -> None:  # noqa: FBT001 - a column
    assert is_enforceable(schema) == fits
