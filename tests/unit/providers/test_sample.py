import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.sample import sample

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "$ref", "anyOf", "allOf", "items", "properties", "required", "enum", "minItems"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string"}, "demo"),
        ({"type": "string", "minLength": 6}, "demo.."),
        ({"type": "string", "maxLength": 2}, "de"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "integer"}, 0),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "integer", "minimum": 5, "multipleOf": 4}, 8),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "number", "exclusiveMaximum": -1}, -2),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 0),
        ({"enum": ["celsius", "fahrenheit"]}, "celsius"),
        ({"const": None}, None),
        ({"type": "string", "default": "x"}, "x"),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
        ({"type": "array", "prefixItems": [{"type": "null"}, {"type": "integer"}], "minItems": 2}, [None, 0]),
        ({"type": "object"}, {}),
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}, {"a": "demo"}),
        ({"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"a": 0}),
        ({"type": "object", "required": ["free"]}, {"free": "demo"}),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 0),
        ({"oneOf": [{"type": "boolean"}, {"type": "string"}]}, False),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
                ]
            },
            {"a": 0, "b": False},
        ),
        ({"$ref": "#/$defs/T", "$defs": {"T": {"type": "integer", "minimum": 1}}}, 1),
        (
            {
                "type": "object",
                "properties": {"t": {"$ref": "#/definitions/a~1b"}},
                "required": ["t"],
                "definitions": {"a/b": {"enum": [7]}},
            },
            {"t": 7},
        ),
        ({}, "demo"),
        (True, "demo"),
        (None, "demo"),
    ],
)
def test_the_least_that_a_schema_allows(schema: Any, wanted: Any) -> None:
    assert sample(schema) == wanted


def test_whole_numbers_are_written_as_such() -> None:
    assert json.dumps(sample({"type": "integer", "minimum": 2.0})) == "2"
    assert json.dumps(sample({"type": "number"})) == "0"


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/missing"},
        {"type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"]},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
        {"type": "array", "minItems": 10**9, "items": {"type": "string"}},
        {"type": "array", "minItems": 64, "items": {"$ref": "#"}},
        {"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]},
        {"type": "string", "minLength": 10**12},
    ],
)
def test_a_schema_without_end_ends(schema: Any) -> None:
    assert len(json.dumps(sample(schema))) < 100_000


@given(anything)
def test_nonsense_is_no_error(schema: Any) -> None:
    json.dumps(sample(schema))
