"""What a client may send, and what it is told when it may not."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import BadRequest
from antiphon.wire.requests import KNOWN_FIELDS, Request, parse_request

WRONG = [
    (b'{"temperature":3}', "temperature", "decimal_above_max_value"),
    (b'{"temperature":-1}', "temperature", "decimal_below_min_value"),
    (b'{"max_output_tokens":15}', "max_output_tokens", "integer_below_min_value"),
    (b'{"max_output_tokens":"many"}', "max_output_tokens", "invalid_type"),
    (b'{"model":1}', "model", "invalid_type"),
    (b'{"input":{"role":"user"}}', "input", "invalid_type"),
    (b'{"input":[{"role":"user"},1]}', "input[1]", "invalid_type"),
    (b'{"include":["everything"]}', "include[0]", "invalid_value"),
    (b'{"metadata":{"a":1}}', "metadata", "invalid_type"),
    (b'{"metadata":{' + b",".join(b'"%d":""' % n for n in range(17)) + b"}}", "metadata", "object_above_max_length"),
    (b'{"metadata":{"' + b"k" * 65 + b'":""}}', "metadata", "string_above_max_length"),
    (b'{"metadata":{"k":"' + b"v" * 513 + b'"}}', "metadata", "string_above_max_length"),
    (b'{"safety_identifier":"' + b"s" * 129 + b'"}', "safety_identifier", "string_above_max_length"),
    (b'{"max_tool_calls":0}', "max_tool_calls", "integer_below_min_value"),
    (b'{"top_p":1.5}', "top_p", "decimal_above_max_value"),
    (b'{"presence_penalty":-3}', "presence_penalty", "decimal_below_min_value"),
    (b'{"frequency_penalty":3}', "frequency_penalty", "decimal_above_max_value"),
    (b'{"input":"' + b"x" * 10_485_761 + b'"}', "input", "string_above_max_length"),
    (
        b'{"text":{"format":{"type":"json_schema","name":"' + b"n" * 65 + b'"}}}',
        "text.format.name",
        "string_above_max_length",
    ),
    (b'{"prompt":{"version":"1"}}', "prompt.id", "missing_required_parameter"),
    (b'{"prompt":{"id":"p","variables":{"a":5}}}', "prompt.variables", "invalid_type"),
    (b'{"reasoning":{"effort":"huge"}}', "reasoning.effort", "invalid_value"),
    (b'{"text":{"format":{"type":"yaml"}}}', "text.format.type", "invalid_value"),
    (b'{"top_logprobs":21}', "top_logprobs", "integer_above_max_value"),
    (b'{"max_output_tokens":9007199254740992}', "max_output_tokens", "integer_above_max_value"),
    (b'{"max_tool_calls":1%030d}' % 0, "max_tool_calls", "integer_above_max_value"),
    (b'{"seed":-9007199254740992}', "seed", "integer_below_min_value"),
    (b'{"instructions":["x"]}', "instructions", "invalid_type"),
    (b'{"prompt_cache_key":"' + b"k" * 200 + b'"}', "prompt_cache_key", "string_above_max_length"),
    (b"[]", None, "invalid_type"),
    (b"", None, "invalid_json"),
    (b"{", None, "invalid_json"),
    (b'{"a":"\xff"}', None, "invalid_json"),
    (b'{"input":"\\ud800"}', None, "invalid_json"),
    (b'{"a":' + b"[" * 100_000, None, "invalid_json"),
    (b'{"temperature":NaN}', "temperature", "invalid_json"),
]


def test_the_limits_themselves_are_legal() -> None:
    metadata = {f"{number:064}": "v" * 512 for number in range(16)}
    body = {"metadata": metadata, "safety_identifier": "s" * 128, "prompt_cache_key": "k" * 128, "max_tool_calls": 1}
    assert parse_request(msgspec.json.encode(body)).metadata == metadata


@pytest.mark.parametrize(
    ("body", "param", "code"), WRONG, ids=[body[:40].decode(errors="replace") for body, *_ in WRONG]
)
def test_a_wrong_value_is_named(body: bytes, param: str | None, code: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_request(body)
    assert caught.value.code == code
    assert caught.value.status == 400
    assert caught.value.message
    if code != "invalid_json":
        assert caught.value.param == param


def test_null_means_the_default_everywhere() -> None:
    body = msgspec.json.encode(dict.fromkeys(KNOWN_FIELDS))
    assert parse_request(body) == msgspec.structs.replace(parse_request(b"{}"), body=body)


def test_unknown_members_stay_in_the_body() -> None:
    request = parse_request(b'{"model":"m","vendor":{"x":1.50}}')
    assert bytes(request.members()["vendor"]) == b'{"x":1.50}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN_FIELDS)), JSON, max_size=6) | JSON)
def test_any_json_is_a_request_or_a_bad_request(value: object) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(parse_request(msgspec.json.encode(value)), Request)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_bad_request(data: bytes) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(parse_request(data), Request)
