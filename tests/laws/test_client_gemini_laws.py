"""Answers told to Google's clients, however their items come mixed and however their events come cut."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_framing import ArrayFraming
from antiphon.dialects.client_gemini_request import asked_by_gemini
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.errors import BadRequest
from antiphon.wire.synthesis import synthesised
from tests.laws.test_client_messages_laws import ITEMS, Item, mixed
from tests.unit.dialects.test_client_gemini_answer import TOLD, events_in, told_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PARTS = st.dictionaries(
    st.sampled_from(["text", "functionCall", "functionResponse", "inlineData", "file_data", "thoughtSignature", "x"]),
    JSON | st.fixed_dictionaries({"name": JSON, "response": JSON, "mimeType": JSON, "data": JSON}),
    max_size=2,
)
CONTENTS = st.fixed_dictionaries({"role": st.sampled_from(["user", "model", None, 1]), "parts": st.lists(PARTS) | JSON})
REQUESTS = st.dictionaries(
    st.sampled_from(["systemInstruction", "tools", "tool_config", "generationConfig", "safetySettings", "provider"]),
    JSON
    | st.lists(st.dictionaries(st.sampled_from(["functionDeclarations", "googleSearch", "mcpServers"]), JSON))
    | st.dictionaries(
        st.sampled_from(["temperature", "maxOutputTokens", "thinkingConfig", "responseSchema", "responseModalities"]),
        JSON,
    ),
    max_size=4,
)


@settings(max_examples=60)
@given(items=st.lists(ITEMS, max_size=4), data=st.data())
def test_items_that_come_mixed_are_told_in_their_order(items: list[Item], data: st.DataObject) -> None:
    body = json.dumps({"status": "completed", "output": items}).encode()
    events = mixed(synthesised(body), data)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))
    one, other = GeminiTeller(TOLD, sse=True), GeminiTeller(TOLD, sse=False)
    pieces = [events[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    chunks = events_in(b"".join(one.frames(piece) for piece in pieces))
    assert told_in(chunks) == told_in([json.loads(gemini_whole(body, TOLD))])
    array = b"".join(other.frames(piece) for piece in pieces)
    assert json.loads(array) == chunks
    framing, bytes_so_far = ArrayFraming(), b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks)
    cut = data.draw(st.integers(0, len(bytes_so_far)))
    framed = framing.feed(bytes_so_far[:cut]) + framing.feed(bytes_so_far[cut:]) + framing.close()
    assert json.loads(framed) == chunks


@settings(max_examples=60)
@given(contents=st.lists(CONTENTS, max_size=3) | JSON, more=REQUESTS)
def test_whatever_is_asked_is_read_or_refused(contents: object, more: Item) -> None:
    try:
        asked = asked_by_gemini(json.dumps({"contents": contents} | more).encode(), "m", streamed=False)
    except BadRequest:
        return
    assert asked.request.model == "m"
    assert asked.request.store is False
