"""However many calls an answer has, and however it is cut: one stays, and stream and snapshot agree about it."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.dialects.one_call import OneCallReader, with_one_call
from antiphon.protocols import Reader
from antiphon.wire.counts import Counts
from antiphon.wire.events import TERMINAL, Chunk, Event, Outcome, render
from antiphon.wire.synthesis import synthesised
from tests.grammar import check_stream

KINDS = st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call", "web_search_call"])
USAGE = {
    "input_tokens": 1,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 3,
}
CALLS = ("function_call", "custom_tool_call")


def item(kind: str, number: int) -> dict[str, Any]:
    place: dict[str, Any] = {"id": f"it_{number}", "type": kind}
    match kind:
        case "message":
            part: dict[str, Any] = {"type": "output_text", "text": f"text {number}", "annotations": [], "logprobs": []}
            return place | {"role": "assistant", "status": "completed", "content": [part]}
        case "reasoning":
            return place | {"summary": [{"type": "summary_text", "text": f"thought {number}"}]}
        case "function_call":
            return place | {"status": "completed", "call_id": f"c{number}", "name": "f", "arguments": "{}"}
        case "custom_tool_call":
            return place | {"call_id": f"c{number}", "name": "f", "input": "raw"}
        case _:
            return place | {"status": "completed", "action": {"type": "search", "query": "q"}}


def body_of(kinds: list[str]) -> bytes:
    output = [item(kind, number) for number, kind in enumerate(kinds)]
    response = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "output": output}
    return json.dumps(
        response | {"error": None, "incomplete_details": None, "completed_at": 2, "usage": USAGE}
    ).encode()


class CutReader(Reader):
    """Gives the events of an answer, so many at a time, with bytes as an upstream would have sent them."""

    def __init__(self, body: bytes, sizes: list[int]) -> None:
        self.outcome = None
        self.failure = None
        self._body = body
        self._left = list(synthesised(body))
        self._sizes = sizes

    def chunks(self) -> Iterator[None]:
        while self._left:
            yield None

    @override
    def feed(self, data: bytes) -> Chunk:
        size = self._sizes.pop(0) if self._sizes else 3
        events, self._left = tuple(self._left[:size]), self._left[size:]
        if not self._left:
            self.outcome = Outcome("completed", self._body, "up_1", Counts(input=1, output=2))
        return Chunk(events, render(Chunk(events)))

    @override
    def quick(self, data: bytes, number: int) -> bytes | None:
        return data

    @override
    def close(self) -> Chunk:
        return self.feed(b"")


@given(st.lists(KINDS, max_size=7), st.lists(st.integers(1, 9), max_size=20))
def test_one_call_stays(kinds: list[str], sizes: list[int]) -> None:
    body = body_of(kinds)
    inner = CutReader(body, sizes)
    reader = OneCallReader(inner)
    chunks: list[Chunk] = [reader.feed(b"x") for _ in inner.chunks()]
    events: list[Event] = [event for chunk in chunks for event in chunk.events]
    assert [event.number for event in events] == list(range(len(events)))
    check_stream(events)

    first = next((number for number, kind in enumerate(kinds) if kind in CALLS), None)
    left = [f"it_{number}" for number, kind in enumerate(kinds) if kind not in CALLS or number == first]
    assert reader.outcome is not None
    outputs = (
        json.loads(reader.outcome.body)["output"],
        json.loads(events[-1].data)["response"]["output"],
        [json.loads(event.data)["item"] for event in events if event.type == "response.output_item.done"],
    )
    assert all([each["id"] for each in output] == left for output in outputs)
    assert json.loads(with_one_call(Outcome("completed", body)).body) == json.loads(reader.outcome.body)
    assert (reader.outcome.counts, reader.outcome.upstream_id) == (Counts(input=1, output=2), "up_1")

    spare = sum(kind in CALLS for kind in kinds) > 1
    assert (reader.quick(b"x", 0) is not None) is (len(left) == len(kinds))
    if not spare:
        assert all(chunk.verbatim == render(Chunk(chunk.events)) for chunk in chunks)
        assert reader.outcome.body is body
    assert events[-1].type in TERMINAL
