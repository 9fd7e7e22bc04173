"""What clients send over a WebSocket, well-formed and not."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import BadRequest
from antiphon.wire.client_frames import (
    creation_of,
    members_of,
    parent_of,
    steering_refused,
    stream_id_of,
    type_of,
    with_stream_id,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("type", "stream_id", "response", "background", "generate", "previous_response_id", "input", "model", "stream")


def frame(**members: Any) -> Any:
    return members_of(json.dumps({"type": "response.create", **members}).encode())


@given(st.binary(max_size=50) | st.dictionaries(st.sampled_from(NAMES), JSON).map(json.dumps).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(data: bytes) -> None:
    with suppress(BadRequest):
        members = members_of(data)
        for look in (stream_id_of, type_of, parent_of, creation_of):
            with suppress(BadRequest):
                look(members)
        steering_refused(members, None)


@pytest.mark.parametrize("nested", [True, False])
def test_a_creation_is_the_body_of_an_http_request_streamed(*, nested: bool) -> None:
    body = {"model": "m", "input": "Hi", "stream": False, "stream_options": {"include_obfuscation": False}, "x": 1}
    members = frame(response=body, stream_id="a") if nested else frame(**body, stream_id="a", background=False)
    creation = creation_of(members)
    assert creation.generate
    assert creation.request.stream
    assert creation.request.obfuscated
    assert json.loads(creation.request.body) == {"model": "m", "input": "Hi", "stream": True, "x": 1}


@pytest.mark.parametrize(("said", "meant"), [(None, True), (True, True), (False, False)])
def test_generate_is_asked_for_and_never_passed_on(said: bool | None, *, meant: bool) -> None:  # noqa: FBT001 - JSON
    creation = creation_of(frame(model="m", generate=said, previous_response_id=None))
    assert creation.generate is meant
    assert b"generate" not in creation.request.body


@pytest.mark.parametrize("name", ["a", "A-Z_0.9", "x" * 256])
def test_a_stream_id_is_taken_and_put_on_events(name: str) -> None:
    assert stream_id_of(frame(stream_id=name)) == name
    assert json.loads(with_stream_id(b'{"type":"x","a":{}} ', name)) == {"type": "x", "a": {}, "stream_id": name}


@pytest.mark.parametrize("name", ["", "x" * 257, "a b", "ü", "a\n", 1, True, [], {}])
def test_a_stream_id_of_the_wrong_form_is_refused(name: object) -> None:
    with pytest.raises(BadRequest) as refused:
        stream_id_of(frame(stream_id=name))
    assert refused.value.code == "invalid_stream_id"


@pytest.mark.parametrize(
    ("members", "code", "param"),
    [
        ({"background": True}, "unsupported_parameter", "background"),
        ({"background": 1}, "invalid_type", "background"),
        ({"generate": "no"}, "invalid_type", "generate"),
        ({"response": [1]}, "invalid_type", None),
        ({"temperature": 3}, "decimal_above_max_value", "temperature"),
    ],
)
def test_a_creation_is_checked(members: dict[str, Any], code: str, param: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        creation_of(frame(**members))
    assert (refused.value.code, refused.value.param) == (code, param)


def test_steering_is_answered_with_what_it_brought() -> None:
    event = json.loads(steering_refused(frame(previous_response_id="resp_1", input=[{"a": 1}]), "lane"))
    assert event["type"] == "response.steer.failed"
    assert event["error"]["code"] == "steering_not_supported"
    assert event["steer"] == {"input": [{"a": 1}], "previous_response_id": "resp_1"}
    assert event["stream_id"] == "lane"


def test_nesting_without_end_is_refused() -> None:
    for deep in (b"[" * 100_000, b'{"type":' * 100_000, b'{"type":"x","a":' + b"[" * 100_000):
        with pytest.raises(BadRequest):
            members_of(deep)
