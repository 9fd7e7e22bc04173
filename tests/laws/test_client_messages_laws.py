"""Answers told to Anthropic's clients, however their items come mixed and however their events come cut."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.client_messages_answer import MessagesTeller
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.client_messages_whole import messages_whole
from antiphon.wire.events import Event
from antiphon.wire.synthesis import synthesised
from tests.unit.dialects.test_client_messages_answer import joined

TOLD = MessagesTold("resp_abc", "fast")
WORDS = st.text(max_size=5)
SEALS = st.sampled_from([None, "ant1.x"])

Item = dict[str, Any]


def message(parts: list[str]) -> Item:
    content: list[Item] = [{"type": "output_text", "text": part, "annotations": []} for part in parts]
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": content}


def call(value: int) -> Item:
    return {"type": "function_call", "id": "f", "call_id": "c", "name": "look", "arguments": json.dumps({"a": value})}


def thought(parts: list[str], seal: str | None) -> Item:
    summary = [{"type": "summary_text", "text": part} for part in parts]
    sealed = {"encrypted_content": seal} if seal else {}
    return {"type": "reasoning", "id": "r", "summary": summary, **sealed}


def search(query: str) -> Item:
    action = {"type": "search", "query": query, "sources": [{"url": "https://a.org"}]}
    return {"type": "web_search_call", "id": "w", "status": "completed", "action": action}


ITEMS = st.one_of(
    st.lists(WORDS, max_size=3).map(message),
    st.integers().map(call),
    st.builds(thought, st.lists(WORDS.filter(bool), max_size=3), SEALS),
    WORDS.map(search),
)


def mixed(events: list[Event], data: st.DataObject) -> list[Event]:
    """The events in another order that is legal: each item's in their own, and items begun in theirs."""
    waiting: defaultdict[int, list[Event]] = defaultdict(list)
    begin, *middle, end = events
    for event in middle:
        place = json.loads(event.data).get("output_index")
        if place is not None:
            waiting[place].append(event)
    told = [begin]
    begun = 0
    while waiting:
        places = [place for place in waiting if place < begun or place == begun]
        place = data.draw(st.sampled_from(places))
        begun = max(begun, place + 1)
        told.append(waiting[place].pop(0))
        if not waiting[place]:
            del waiting[place]
    return [*told, end]


@settings(max_examples=60)
@given(items=st.lists(ITEMS, max_size=4), data=st.data())
def test_items_that_come_mixed_are_told_in_their_order(items: list[Item], data: st.DataObject) -> None:
    body = json.dumps({"status": "completed", "output": items}).encode()
    events = mixed(synthesised(body), data)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))
    teller = MessagesTeller(TOLD)
    pieces = [events[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    frames = b"".join(teller.frames(piece) for piece in pieces)
    assert joined(frames) == json.loads(messages_whole(body, TOLD))
