"""What a request is guessed to take."""

from __future__ import annotations

import time

import pytest

from antiphon.wire.weight import BLOB_TOKENS, MOST_OUTPUT, weight_of


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b"", 0),
        (b'{"input":"12345678"}', 5),
        (b'{"max_output_tokens":90}', 6 + 90),
        (b'{"max_tokens": 5}', 4 + 5),
        (b'{"max_completion_tokens":7}', 6 + 7),
        (b'{"generationConfig":{"maxOutputTokens":8}}', 10 + 8),
        (b'{"max_tokens":64000}', 5 + MOST_OUTPUT),
        (b'{"input":"say \\"max_tokens\\": 9"}', 8),
        (b'{"a":"' + b"A" * 100_000 + b'=="}', 2 + BLOB_TOKENS),
        (b'{"a":"' + b"A" * 3_000 + b'","b":"' + b"B" * 3_000 + b'"}', 3 + 2 * BLOB_TOKENS),
        (b"word " * 800, 1000),
    ],
)
def test_it_goes_by_length_by_what_is_enclosed_and_by_what_is_asked_for(body: bytes, tokens: int) -> None:
    assert abs(weight_of(body) - tokens) <= 1


def test_words_that_are_almost_a_blob_take_no_more_than_their_share() -> None:
    body = (b"a" * 1_999 + b" ") * 1_000
    begun = time.process_time()
    assert weight_of(body) == len(body) // 4
    assert time.process_time() - begun < 1
