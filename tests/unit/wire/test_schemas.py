"""What is said to break a schema breaks it: jsonschema, another's implementation, is asked too."""

import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.wire.schemas import violation

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "friends": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2},
        "kind": {"enum": ["cat", "dog"]},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def is_valid(schema: Any, value: Any) -> bool:
    another: Any = jsonschema.Draft202012Validator(schema)
    return bool(another.is_valid(value))


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"name": "Tom", "age": 3, "friends": [{"name": "Kit"}], "kind": "cat"}, None),
        ({"name": "Tom", "age": None}, None),
        ({"age": 3}, "$ lacks 'name'"),
        ({"name": ""}, "$.name is shorter than 1"),
        ({"name": "Tom", "age": "3"}, "$.age is not of the type integer or null"),
        ({"name": "Tom", "age": True}, "$.age is not of the type integer or null"),
        ({"name": "Tom", "age": -1}, "$.age is less than 0"),
        ({"name": "Tom", "colour": "red"}, "$.colour must not be there"),
        ({"name": "Tom", "friends": [{"name": 3}]}, "$.friends[0].name is not of the type string"),
        ({"name": "Tom", "friends": [{"name": "a"}] * 3}, "$.friends is longer than 2"),
        ({"name": "Tom", "kind": "cow"}, '$.kind is not one of ["cat","dog"]'),
        ([], "$ is not of the type object"),
    ],
)
def test_the_first_fault_is_told_with_its_place(value: Any, fault: str | None) -> None:
    assert violation(PERSON, value) == fault
    assert is_valid(PERSON, value) == (fault is None)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^a"}, "b"),
        ({"format": "date"}, "soon"),
        ({"type": "mystery"}, 1),
        ({"$ref": "https://example.com/schema"}, 1),
        ({"$ref": "#/$defs/nobody"}, 1),
        ({"$ref": "#"}, 1),
        ({"required": "name", "properties": [], "enum": 3, "minimum": "x", "anyOf": {}}, {}),
    ],
)
def test_what_is_not_looked_at_is_right(schema: Any, value: Any) -> None:
    assert violation(schema, value) is None


def test_a_schema_that_multiplies_is_given_up() -> None:
    schema: Any = {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}] * 9}}, "anyOf": [{"$ref": "#/$defs/a"}] * 9}
    deep: Any = {"$defs": {"n": {"anyOf": [{"items": {"$ref": "#/$defs/n"}}] * 30}}, "$ref": "#/$defs/n"}
    value: Any = 1
    for _ in range(40):
        value = [value]
    begun = time.process_time()
    assert violation(schema, 1) is None
    assert violation(deep, value) is None
    assert time.process_time() - begun < 2


LEAVES = st.sampled_from([None, True, False, 0, 1, 2.0, 2.5, "", "a", "ab"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)


def objects(inner: Any) -> Any:
    members = st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"]),
            "enum": st.lists(LEAVES, min_size=1, max_size=3),
            "const": LEAVES,
            "minimum": st.integers(0, 2),
            "exclusiveMaximum": st.integers(0, 2),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "minProperties": st.integers(0, 2),
            "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
            "properties": members,
            "additionalProperties": inner,
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    )


@given(schema=objects(st.recursive(st.booleans(), objects, max_leaves=6)), value=VALUES)
@settings(max_examples=120, deadline=None)
def test_another_implementation_says_the_same(schema: Any, value: Any) -> None:
    assert (violation(schema, value) is None) == is_valid(schema, value)
