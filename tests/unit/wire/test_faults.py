from collections.abc import Callable

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.prompts import checked_template
from antiphon.wire.requests import parse_request


@pytest.mark.parametrize(
    ("parse", "body", "param", "message"),
    [
        (parse_request, b"", None, "We could not parse the JSON body of your request: it is empty, or ends too early."),
        (parse_request, b'{"a"', None, "We could not parse the JSON body of your request: it is empty, or ends too"),
        (parse_request, b"[]", None, "Invalid type for the JSON body: expected an object, but got an array instead."),
        (parse_request, b'{"input":5}', "input", "Invalid type for 'input': expected "),
        (checked_template, b'"text"', "template", "Invalid type for 'template': expected an object."),
        (checked_template, b'{"top_p":2}', "template.top_p", "Invalid "),
    ],
)
def test_what_is_wrong_is_named(parse: Callable[[bytes], object], body: bytes, param: str | None, message: str) -> None:
    with pytest.raises(BadRequest, match=r"^") as refused:
        parse(body)
    assert refused.value.param == param
    assert refused.value.message.startswith(message)
