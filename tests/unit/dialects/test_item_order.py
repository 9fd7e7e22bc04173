"""Events of items that never begin, which no provider should send: whatever else comes is told all the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.wire.events import Event
from tests.unit.http.test_telling_streams import TELLERS

ADDED, DELTA, DONE = "response.output_item.added", "response.output_text.delta", "response.output_item.done"
KINDS = (ADDED, DELTA, DONE, "response.refusal.delta", "response.reasoning_summary_text.delta")


def event(kind: str, place: int, **members: Any) -> Event:
    item: dict[str, Any] = {
        "type": "message",
        "id": f"m{place}",
        "role": "assistant",
        "status": "completed",
        "content": [],
    }
    members = {"item": item} if kind in (ADDED, DONE) else {"delta": f"<{place}>", **members}
    return Event(kind, -1, msgspec.json.encode({"type": kind, "output_index": place, "content_index": 0, **members}))


@pytest.mark.parametrize("dialect", TELLERS)
def test_what_has_not_begun_holds_nobody_up(dialect: str) -> None:
    teller = TELLERS[dialect]()
    told = teller.frames([event(DELTA, 0), event(ADDED, 1), event(DELTA, 1), event(DELTA, 2), event(DONE, 1)])
    told += teller.frames([event(ADDED, 3), event(DELTA, 3), event(DONE, 3)])
    assert b"<1>" in told
    assert b"<3>" in told


@pytest.mark.parametrize("dialect", TELLERS)
@given(said=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), max_size=12))
def test_no_order_of_events_keeps_anybody_waiting(dialect: str, said: list[tuple[str, int]]) -> None:
    teller = TELLERS[dialect]()
    told = b"".join([teller.frames([event(kind, place)]) for kind, place in said])
    assert isinstance(told, bytes)
