"""What may be left out of a context, and what never."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antiphon.wire.requests import Item
from antiphon.wire.trimming import groups_of, trimmed, unanswered


def turns() -> st.SearchStrategy[list[Item]]:
    """Conversations as models and clients make them: calls in parallel, reasoning before what it led to."""
    said = st.sampled_from(["user", "assistant", "developer"]).map(lambda role: [{"type": "message", "role": role}])
    thought = st.sampled_from(["assistant"]).map(
        lambda role: [{"type": "reasoning", "id": "rs"}, {"type": "message", "role": role}]
    )
    calls = st.integers(1, 3).map(_calls)
    return st.lists(said | thought | calls, max_size=12).map(lambda parts: _named([i for part in parts for i in part]))


def _calls(number: int) -> list[Item]:
    ids = list(range(number))
    made: list[Item] = [{"type": "function_call", "call_id": each} for each in ids]
    return [
        {"type": "reasoning"},
        *made,
        *({"type": "function_call_output", "call_id": each} for each in reversed(ids)),
    ]


def _named(items: list[Item]) -> list[Item]:
    """Call ids made unique over the conversation."""
    named: list[Item] = []
    round_ = 0
    for item in items:
        if item["type"] == "reasoning":
            round_ += 1
        named.append(item | {"call_id": f"{round_}.{item['call_id']}"} if "call_id" in item else item)
    return named


@given(turns())
def test_groups_are_the_context_cut_where_it_may_be(items: list[Item]) -> None:
    groups = groups_of(items)
    assert [place for group in groups for place in group] == list(range(len(items)))
    for group in groups:
        inside = [items[place] for place in group]
        assert inside[-1]["type"] != "reasoning" or group.stop == len(items)
        for item in inside:
            if "call_id" in item:
                assert sum(each.get("call_id") == item["call_id"] for each in inside) == 2


@given(turns(), st.integers(0, 40))
def test_what_is_left_fits_or_is_the_least_there_can_be(items: list[Item], room: int) -> None:
    start = trimmed(items, lambda dropped: len(items) - dropped <= room)
    left = items[start:]
    least = trimmed(items, lambda _: False)
    assert start <= least
    assert len(left) <= room or start == least
    calls = [item["call_id"] for item in left if item["type"] == "function_call"]
    outputs = [item["call_id"] for item in left if item["type"] == "function_call_output"]
    assert sorted(calls) == sorted(outputs), "no call without its output"
    asked = [place for place, item in enumerate(items) if item.get("role") in ("user", "developer")]
    if asked:
        assert start <= asked[-1], "the newest input stays"
    before = trimmed(items, lambda dropped: len(items) - dropped <= room + 1)
    assert before <= start, "more room never drops more"


@given(turns())
def test_nothing_is_dropped_from_what_fits(items: list[Item]) -> None:
    assert trimmed(items, lambda _: True) == 0


def test_an_approval_stays_with_its_request() -> None:
    items: list[Any] = [
        {"type": "mcp_approval_request", "id": "mcpr_1"},
        {"type": "message", "role": "assistant"},
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1"},
        {"type": "message", "role": "user"},
    ]
    assert groups_of(items) == [range(3), range(3, 4)]


def test_what_is_not_answered_is_the_last_words_or_the_last_outputs() -> None:
    user: Item = {"type": "message", "role": "user"}
    call: list[Item] = [{"type": "function_call", "call_id": "1"}, {"type": "function_call_output", "call_id": "1"}]
    for items, first in (([user, *call], 1), ([user, *call, user, user], 3), ([user], 0), ([user, user], 0)):
        groups = groups_of(items)
        assert groups[unanswered(items, groups)].start == first
