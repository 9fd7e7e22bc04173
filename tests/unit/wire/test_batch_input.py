"""The input file of a batch: the same however it is cut, and every fault with its line."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.wire.batch_input import MOST_FAULTS, Fault, InputReader, Limits
from antiphon.wire.batch_values import NewLine

URL = "/v1/responses"


def line(custom_id: str = "a", **changes: Any) -> bytes:
    whole: dict[str, Any] = {"custom_id": custom_id, "method": "POST", "url": URL, "body": {"model": "m"}}
    return json.dumps({name: value for name, value in (whole | changes).items() if value is not None}).encode()


def read(*pieces: bytes, limits: Limits | None = None, needs_model: bool = True) -> tuple[list[NewLine], list[Fault]]:
    reader = InputReader(URL, limits or Limits(), needs_model=needs_model)
    found = [request for piece in pieces for request in reader.feed(piece)]
    return found + reader.finish(), reader.faults


def codes(*lines: bytes, limits: Limits | None = None) -> list[tuple[int | None, str]]:
    return [(fault.line, fault.code) for fault in read(b"\n".join(lines), limits=limits)[1]]


def test_requests_come_with_their_places_and_bodies_untouched() -> None:
    text = b"\xef\xbb\xbf" + line("a", body={"model": "m", "input": "é"}) + b"\r\n\n  " + line("b") + b"\n\n"
    requests, faults = read(text)
    assert faults == []
    assert [(each.number, each.custom_id) for each in requests] == [(1, "a"), (3, "b")]
    assert json.loads(requests[0].body) == {"model": "m", "input": "é"}


ODD = [b"", b"  ", b"{", b"null", b'"x"', b"\xff", line("x" * 600), line(url="/v1/other"), line(body=[])]
KINDS = st.one_of(st.sampled_from(ODD), st.integers(0, 3).map(lambda number: line(str(number))))


@settings(max_examples=60)
@given(st.lists(KINDS, max_size=12), st.lists(st.integers(0, 2000), max_size=6), st.sampled_from([b"\n", b"\r\n"]))
def test_the_same_however_it_is_cut(lines: list[bytes], cuts: list[int], end: bytes) -> None:
    text = end.join(lines)
    limits = Limits(lines=5, bytes=1800, line_bytes=700)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:stop] for start, stop in pairwise(places)]
    requests, faults = read(*pieces, limits=limits)
    whole_requests, whole_faults = read(text, limits=limits)
    if len(text) <= limits.bytes:  # else what came before the end depends on the pieces
        assert (requests, faults) == (whole_requests, whole_faults)
    assert bool(faults) == bool(whole_faults)
    assert len({request.custom_id for request in requests}) == len(requests)
    assert faults or requests


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"custom_id": None}, "missing_required_parameter"),
        ({"custom_id": ""}, "invalid_custom_id"),
        ({"custom_id": 7}, "invalid_type"),
        ({"method": "GET"}, "invalid_method"),
        ({"url": None}, "missing_required_parameter"),
        ({"url": "/v1/embeddings"}, "invalid_url"),
        ({"body": None}, "missing_required_parameter"),
        ({"body": {}}, "missing_required_parameter"),
        ({"body": {"model": 1}}, "invalid_type"),
        ({"body": {"model": "m", "stream": True}}, "invalid_value"),
        ({"body": {"model": "m", "background": True}}, "invalid_value"),
        ({"method": None, "url": URL + "/"}, None),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
def test_what_is_wrong_with_a_line(changes: Any, code: str | None) -> None:
    assert codes(line("first"), line(**({"custom_id": "a"} | changes))) == ([] if code is None else [(2, code)])


def test_what_is_wrong_with_a_file() -> None:
    assert codes(b"") == codes(b"") == [(None, "empty_file")]
    assert codes(b" ", b"") == [(None, "empty_file")]
    assert codes(b"{", b"nonsense", b'{"custom_id"') == [(number, "invalid_json_line") for number in (1, 2, 3)]
    assert codes(line("a"), line("b"), line("c"), limits=Limits(lines=2)) == [(3, "too_many_requests")]
    assert codes(line("a"), line("b"), limits=Limits(bytes=20)) == [(None, "file_too_large")]
    assert codes(line("a"), line("b" * 90), line("c"), limits=Limits(line_bytes=100)) == [(2, "line_too_long")]
    assert len(codes(*[b"{"] * 500)) == MOST_FAULTS


def test_the_model_is_told_where_all_name_the_same() -> None:
    for others, expected in (("m", "m"), ("n", None)):
        reader = InputReader(URL, Limits())
        reader.feed(line("a") + b"\n" + line("b", body={"model": others}) + b"\n")
        assert (reader.model, reader.count) == (expected, 2)


def test_no_model_is_needed_where_there_is_a_default() -> None:
    assert read(line(body={"input": "Hi"}), needs_model=False)[1] == []
