"""How many members a request may have."""

import json

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.requests import MAX_MEMBERS, parse_request


def test_members_that_nobody_knows_are_kept_up_to_a_number() -> None:
    body = {"model": "m"} | {f"member_{number}": number for number in range(1, MAX_MEMBERS)}
    assert len(parse_request(json.dumps(body).encode()).members()) == MAX_MEMBERS
    with pytest.raises(BadRequest, match="has 1025 members; at most 1024"):
        parse_request(json.dumps(body | {"one_more": 0}).encode()).members()
