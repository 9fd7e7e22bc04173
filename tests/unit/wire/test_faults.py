from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from antiphon.dialects.losses import decoded
from antiphon.dialects.parts import Part
from antiphon.dialects.steps import Role
from antiphon.errors import BadRequest
from antiphon.wire.prompts import checked_template
from antiphon.wire.requests import parse_request


class Said(msgspec.Struct):
    role: Role
    content: str | list[Part] = ""


@pytest.mark.parametrize(
    ("parse", "body", "param", "message"),
    [
        (parse_request, b"", None, "We could not parse the JSON body of your request: it is empty, ends too early"),
        (parse_request, b'{"a"', None, "We could not parse the JSON body of your request: it is empty, ends too early"),
        (
            parse_request,
            b'{"input":"\\ud83d"}',
            None,
            "We could not parse the JSON body of your request: it is empty, ",
        ),
        (parse_request, b"[]", None, "Invalid type for the JSON body: expected an object, but got an array instead."),
        (parse_request, b'{"input":5}', "input", "Invalid type for 'input': expected "),
        (parse_request, b'{"truncation":"x"}', "truncation", "Invalid value: 'x'. Supported values are: 'auto' and '"),
        (parse_request, b'{"reasoning":{"effort":"x"}}', "reasoning.effort", "Invalid value: 'x'. Supported values"),
        (parse_request, b'{"include":["x"]}', "include[0]", "Invalid value: 'x'. Supported values are: "),
        (
            parse_request,
            b'{"context_management":[{"type":"x"}]}',
            "context_management[0].type",
            "Invalid value: 'x'. The only supported value is 'compaction'.",
        ),
        (
            parse_request,
            b'{"metadata":{"a":5}}',
            "metadata",
            "Invalid type for a value in 'metadata': expected a string, but got an integer instead.",
        ),
        (parse_request, b'{"metadata":{"a":"%513d"}}' % 1, "metadata", "Invalid value in 'metadata': string too long."),
        (parse_request, b'{"metadata":{"%65d":""}}' % 1, "metadata", "Invalid name in 'metadata': string too long."),
        (
            partial(decoded, kind=Said, place="input[3]"),
            {"role": "x"},
            "input[3].role",
            "Invalid value: 'x'. Supported",
        ),
        (
            partial(decoded, kind=Said, place="input[3]"),
            {"role": "user", "content": [{"type": "x"}]},
            "input[3].content[0].type",
            "Invalid value: 'x'. Supported values are: 'input_text', ",
        ),
        (checked_template, b'"text"', "template", "Invalid type for 'template': expected an object."),
        (checked_template, b'{"top_p":2}', "template.top_p", "Invalid "),
    ],
)
def test_what_is_wrong_is_named(
    parse: Callable[[object], object], body: object, param: str | None, message: str
) -> None:
    with pytest.raises(BadRequest, match=r"^") as refused:
        parse(body)
    assert refused.value.param == param
    assert refused.value.message.startswith(message)
