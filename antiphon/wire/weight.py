"""How much a request is about to take, guessed from its bytes whatever its format is."""

from __future__ import annotations

import re
from typing import Final

MOST_OUTPUT: Final = 1000
"""Tokens: clients name far more than they get."""

BLOB_TOKENS: Final = 1000
"""A picture or a document that stands in a request as base64."""

_BYTES_PER_TOKEN: Final = 4
_BLOB: Final = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{2000,}={0,2}")
_OUTPUT: Final = re.compile(
    rb'"(?:max_output_tokens|max_completion_tokens|max_tokens|max_tokens_to_sample|maxOutputTokens)"\s*:\s*(\d{1,9})'
)


def weight_of(body: bytes) -> int:
    """Tokens, read and written: what is said in four letters, and what it names as the most of the answer."""
    blobs = [len(found) for found in _BLOB.findall(body)] if len(body) > MOST_OUTPUT else []
    said = _OUTPUT.search(body)
    output = 0 if said is None else min(int(said[1]), MOST_OUTPUT)
    return (len(body) - sum(blobs)) // _BYTES_PER_TOKEN + len(blobs) * BLOB_TOKENS + output
