"""What is one too many of anything in a request is refused, and the last that fits is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.requests import MAX_INPUT_ITEMS, MAX_TOOLS, parse_request

ITEM: Any = {"role": "user", "content": "x"}
MANY: dict[str, tuple[Any, int]] = {
    "input": (ITEM, MAX_INPUT_ITEMS),
    "tools": ({"type": "function", "name": "f"}, MAX_TOOLS),
    "include": ("reasoning.encrypted_content", 64),
    "stop": ("x", 64),
    "context_management": ({"type": "compaction"}, 16),
}


@pytest.mark.parametrize("field", MANY)
def test_a_list_may_be_so_long_and_no_longer(field: str) -> None:
    one, most = MANY[field]
    fitting = json.dumps({"model": "m", field: [one] * most}).encode()
    assert parse_request(fitting).body == fitting
    with pytest.raises(BadRequest) as caught:
        parse_request(json.dumps({"model": "m", field: [one] * (most + 1)}).encode())
    assert caught.value.param == field


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","input":' + b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"model":"m","temperature":1e' + b"9" * 100_000 + b"}",
        b'{"model":"m","max_output_tokens":' + b"9" * 100_000 + b"}",
        b'{"model":"m","input":"' + b"x" * 10_485_761 + b'"}',
        b'{"model":"m","metadata":{"' + b"k" * 65 + b'":"v"}}',
        b'{"model":"m","metadata":{"k":"' + b"v" * 513 + b'"}}',
        json.dumps({"model": "m", "metadata": {str(each): "" for each in range(17)}}).encode(),
        json.dumps({"model": "m", "user": "x", "safety_identifier": "x" * 129}).encode(),
    ],
    ids=["deep-list", "deep-object", "exponent", "digits", "text", "key", "value", "pairs", "identifier"],
)
def test_what_is_too_deep_too_long_or_too_large_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_request(body)
