"""JSON schemas in the subset that older versions of Google's API take."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.gemini_schemas import plain_schema

NODE = {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}, "label": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "plain"),
    [
        ({"type": "string", "format": "uri", "$schema": "x"}, {"type": "STRING"}),
        ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
        ({"type": ["integer", "null"], "minimum": 1}, {"type": "INTEGER", "nullable": True, "minimum": 1}),
        ({"type": ["integer", "string"]}, {"anyOf": [{"type": "INTEGER"}, {"type": "STRING"}]}),
        ({"const": 3}, {"type": "STRING", "enum": ["3"]}),
        ({"enum": ["a", "b"]}, {"type": "STRING", "enum": ["a", "b"]}),
        ({"type": "array"}, {"type": "ARRAY", "items": {"type": "STRING"}}),
        ({"type": "array", "items": {"type": "number"}}, {"type": "ARRAY", "items": {"type": "NUMBER"}}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]},
        ),
        (
            {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"description": "D"}]},
            {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "description": "D"},
        ),
        (
            {"properties": {"a": {"$ref": "#/$defs/x~1y", "description": "D"}}, "$defs": {"x/y": {"type": "string"}}},
            {"type": "OBJECT", "properties": {"a": {"type": "STRING", "description": "D"}}},
        ),
        (
            {"type": "object", "properties": {"a": {}}, "required": ["a", "b"], "additionalProperties": False},
            {"type": "OBJECT", "properties": {"a": {}}, "required": ["a"]},
        ),
        ({"$ref": "#/nowhere"}, {"type": "OBJECT"}),
    ],
)
def test_a_schema_in_the_subset(schema: dict[str, Any], plain: dict[str, Any]) -> None:
    assert plain_schema(schema) == plain


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    plain = plain_schema({"$ref": "#/$defs/node", "$defs": {"node": NODE}})
    assert plain["properties"] == {"child": {"type": "OBJECT"}, "label": {"type": "STRING"}}


def test_a_schema_that_grows_without_end_is_cut_off() -> None:
    levels = {str(n): {"properties": {each: {"$ref": f"#/$defs/{n + 1}"} for each in "abc"}} for n in range(24)}
    assert len(json.dumps(plain_schema({"$ref": "#/$defs/0", "$defs": levels}))) < 1_000_000


names = st.sampled_from(
    ["type", "properties", "items", "anyOf", "allOf", "enum", "const", "$ref", "required", "format"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["string", "null", "#", "#/properties", "a"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=settings().max_examples // 3)
@given(st.dictionaries(names, values, max_size=4))
def test_whatever_a_client_calls_a_schema_is_read(schema: dict[str, Any]) -> None:
    json.dumps(plain_schema(schema))
