"""Whatever a template and its values say: values are put in as they are, and nothing else changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import BadRequest
from antiphon.wire.prompts import checked_template, rendered, variables_of
from antiphon.wire.requests import PromptRef, Request, parse_request

NAMES = ("a", "b", "long_name", "x.y-1")
IMAGE = {"type": "input_image", "image_url": "https://e.org/{{a}}.png"}

# Text that is no placeholder by itself, and names of variables: a template is a row of both.
plain = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=12)
named = st.sampled_from(NAMES)
rows = st.lists(st.one_of(plain.map(lambda text: ("text", text)), named.map(lambda name: ("name", name))), max_size=8)
values = st.fixed_dictionaries(
    {name: st.one_of(plain, st.sampled_from(["{{a}}", "{{b}}{{a}}", "{", "}}", "{{ long_name }}"])) for name in NAMES}
)
Row = list[tuple[str, str]]


def said(row: Row, fill: dict[str, str] | None = None, blank: str = "") -> str:
    """The row as a template writes it, or with its variables filled in."""
    return "".join(
        text if kind == "text" else ("{{" + blank + text + blank + "}}" if fill is None else fill[text])
        for kind, text in row
    )


def request(body: dict[str, Any], variables: dict[str, Any]) -> tuple[Request, PromptRef]:
    parsed = parse_request(json.dumps(body | {"prompt": {"id": "p", "variables": variables}}).encode())
    assert parsed.prompt is not None
    return parsed, parsed.prompt


def render(template: dict[str, Any], body: dict[str, Any], variables: dict[str, Any], version: int = 3) -> Request:
    parsed, prompt = request(body, variables)
    return rendered(parsed, prompt, checked_template(json.dumps(template).encode()), version)


@given(rows, rows, rows, values, st.sampled_from(["", " ", "\t"]))
def test_values_are_put_in_as_they_are(begin: Row, middle: Row, end: Row, fill: dict[str, str], blank: str) -> None:
    template = {
        "instructions": said(begin, blank=blank),
        "input": [
            {"role": "user", "content": said(middle, blank=blank)},
            {"role": "assistant", "content": [{"type": "output_text", "text": said(end, blank=blank)}]},
        ],
    }
    made = render(template, {}, fill)
    assert made.instructions == said(begin, fill)
    assert isinstance(made.input, list)
    assert made.input[0]["content"] == said(middle, fill)
    assert made.input[1]["content"][0]["text"] == said(end, fill)
    assert parse_request(made.body) == made
    mentioned = {text for row in (begin, middle, end) for kind, text in row if kind == "name"}
    assert set(variables_of(json.dumps(template).encode())) == mentioned


@given(rows, values)
def test_a_variable_that_is_missing_is_named(row: Row, fill: dict[str, str]) -> None:
    mentioned = [text for kind, text in row if kind == "name"]
    for name in mentioned[:1]:
        with pytest.raises(BadRequest) as refused:
            render({"instructions": said(row)}, {}, {key: value for key, value in fill.items() if key != name})
        assert refused.value.param == f"prompt.variables.{name}"
        assert refused.value.code == "missing_required_parameter"


@given(rows, rows, values)
def test_a_part_splits_the_text_around_it(before: Row, after: Row, fill: dict[str, str]) -> None:
    text = f"{said(before)}{{{{img}}}}{said(after)}"
    made = render({"input": [{"role": "user", "content": text}]}, {"input": "Now."}, fill | {"img": IMAGE})
    assert isinstance(made.input, list)
    expected = [{"type": "input_text", "text": piece} for piece in (said(before, fill), said(after, fill))]
    parts = [expected[0], IMAGE, expected[1]]
    assert made.input[0]["content"] == [part for part in parts if part.get("text") != ""]
    assert made.input[1] == {"type": "message", "role": "user", "content": "Now."}


def test_what_the_request_says_wins() -> None:
    template: dict[str, Any] = {
        "model": "t",
        "instructions": "{{missing}}",
        "temperature": 0.5,
        "top_p": 0.1,
        "tools": [],
    }
    made = render(template, {"instructions": "mine", "temperature": 1.5, "top_p": None, "metadata": {"a": "b"}}, {})
    assert (made.model, made.instructions, made.temperature, made.top_p) == ("t", "mine", 1.5, 0.1)
    assert made.metadata == {"a": "b"}
    assert made.prompt == PromptRef("p", "3", {})


@pytest.mark.parametrize("value", [{"type": "input_audio"}, {"type": "input_text"}, {"type": "input_text", "text": 5}])
def test_a_value_is_text_or_a_part(value: Any) -> None:
    with pytest.raises(BadRequest) as refused:
        render({"input": "{{a}}"}, {}, {"a": value})
    assert (refused.value.param, refused.value.code) == ("prompt.variables.a", "invalid_type")


def test_a_part_cannot_stand_in_instructions() -> None:
    with pytest.raises(BadRequest) as refused:
        render({"instructions": "{{a}}"}, {}, {"a": IMAGE})
    assert refused.value.message == "The variable 'a' stands where only text can: give it a string."


@pytest.mark.parametrize(
    ("template", "param", "code"),
    [
        ({"stream": True}, "template.stream", "unknown_parameter"),
        ({"metadata": {}}, "template.metadata", "unknown_parameter"),
        ({"temperature": 3}, "template.temperature", "decimal_above_max_value"),
        ({"input": [5]}, "template.input[0]", "invalid_type"),
    ],
)
def test_a_template_says_what_a_request_may(template: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        checked_template(json.dumps(template).encode())
    assert (refused.value.param, refused.value.code) == (param, code)


def test_little_that_makes_much_is_refused_before_it_is_made() -> None:
    template = {"input": [{"role": "user", "content": "{{a}}" * 2_000} for _ in range(3)]}
    long: Any = "x" * 2_000
    for value in (long, {"type": "input_image", "image_url": long}):
        with pytest.raises(BadRequest) as refused:
            render(template, {}, {"a": value})
        assert (refused.value.param, refused.value.code) == ("prompt.variables", "invalid_value")
    render(template, {}, {"a": "x"})
