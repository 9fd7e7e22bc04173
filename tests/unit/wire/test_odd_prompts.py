"""Templates whose parts are of no kind at all, as fuzzing found them."""

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.prompts import checked_template, rendered, variables_of
from antiphon.wire.requests import PromptRef, parse_request

REQUEST = parse_request(b'{"model":"p/m"}')


@pytest.mark.parametrize("kind", ["[]", "{}", "5", "null", '[["input_text"]]'])
def test_a_part_of_any_type_is_no_text(kind: str) -> None:
    part = f'{{"type":{kind},"text":"{{{{a}}}}"}}'
    template = checked_template(f'{{"input":[{{"role":"user","content":[{part}]}}]}}'.encode())
    assert variables_of(template) == []
    rendered(REQUEST, PromptRef("pmpt_1", None, {}), template, 1)


def test_a_value_of_any_type_is_told_to_be_none() -> None:
    with pytest.raises(BadRequest):
        rendered(REQUEST, PromptRef("pmpt_1", None, {"a": {"type": ["input_text"]}}), b'{"input":"{{a}}"}', 1)
