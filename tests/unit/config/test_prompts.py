from typing import Any

import pytest

from tests.unit.config.conftest import Given, Refused

TEMPLATE: dict[str, Any] = {
    "instructions": "Write as {{author}} would.",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "In {{language}}, please."}]}],
    "temperature": 0.5,
    "max_output_tokens": 100,
    "parallel_tool_calls": False,
}
WRITTEN = """\
prompts:
  house-style:
    version: 3
    template:
      instructions: Write as {{author}} would.
      input:
        - {role: user, content: [{type: input_text, text: "In {{language}}, please."}]}
      temperature: 0.5
      max_output_tokens: 100
      parallel_tool_calls: false
"""


def test_a_template_is_read_with_the_types_that_were_written(given: Given) -> None:
    prompt = given(WRITTEN).settings.prompts["house-style"]
    assert prompt.version == 3
    assert prompt.template == TEMPLATE


def test_a_template_can_be_said_by_a_variable_and_hold_references(given: Given) -> None:
    said = '{a: {template: {instructions: "Hi {{you}}", temperature: 0.5, parallel_tool_calls: false}}}'
    template = given(ANTIPHON_PROMPTS=said).settings.prompts["a"].template
    assert template == {"instructions": "Hi {{you}}", "temperature": 0.5, "parallel_tool_calls": False}

    file = "prompts: {a: {template: {model: '${MODEL}', temperature: '${HEAT}'}}}"
    template = given(file, MODEL="demo/echo", HEAT="0.25").settings.prompts["a"].template
    assert template == {"model": "demo/echo", "temperature": 0.25}


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{stream: true}", "`prompts.a.template`: A template cannot hold 'stream'."),
        ("{temperature: hot}", "`prompts.a.template`: "),
        ("{input: [{role: '${NOBODY}'}]}", "NOBODY"),
        ("{input: [{role: user, role: user}]}", "`role` is here twice"),
        ('{instructions: "\\ud800"}', "`prompts.a.template`: it holds characters that are no text"),
        ("say hello", "`prompts.a.template`: expected a mapping"),
    ],
)
def test_what_no_template_can_hold_is_told_with_its_place(refused: Refused, template: str, told: str) -> None:
    (line,) = refused(f"prompts:\n  a: {{template: {template}}}")
    assert line.startswith("antiphon.yaml:2:")
    assert told in line
