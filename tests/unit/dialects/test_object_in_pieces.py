"""Arguments that come in pieces: when they are whole."""

import pytest

from antiphon.dialects.object_in_pieces import ObjectInPieces

WHOLE = ("{}", ' {"a": "}\\\\"} ', '{"a": {"b": "\\"}{"}, "c": [{}]}', '{"a": "\\\\\\"}"}', '{"\\ud83d\\ude00": 1}\n')
NEVER = ("", "1", "[]", "[{}]", "}{", "{}{}", "{x}", '{"a": 1}}', '"{}"')


@pytest.mark.parametrize("text", WHOLE)
def test_it_is_whole_at_its_end_and_not_before(text: str) -> None:
    end = len(text.rstrip())
    found = ObjectInPieces()
    assert [found.is_whole([*text[:size]]) for size in range(len(text) + 1)] == [
        size >= end for size in range(len(text) + 1)
    ]
    assert ObjectInPieces().is_whole([text])


@pytest.mark.parametrize("text", NEVER)
def test_what_is_no_object_never_is(text: str) -> None:
    found = ObjectInPieces()
    assert not ObjectInPieces().is_whole([text])
    for size in range(len(text)):
        found.is_whole([*text[:size]])
    assert not found.is_whole([*text])
    assert not found.is_whole([*text, " ", "x"])
