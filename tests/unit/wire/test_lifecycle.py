"""What is told of an answer in the background before, while and instead of being answered."""

import json

import pytest

from antiphon.wire.assembly import events_of
from antiphon.wire.events import frame, renumbered
from antiphon.wire.lifecycle import begun, cancelled, count_of, has_output, is_background, queued, says_begun, so_far
from antiphon.wire.requests import Item, parse_request
from antiphon.wire.responses import encoded, opened
from antiphon.wire.synthesis import synthesised
from tests.grammar import check_stream

REQUEST = parse_request(b'{"model":"m","background":true,"service_tier":null}')
OPENING = opened(REQUEST, id="resp_1", created_at=1, provider="p", conversation="conv_1")
BODY, OPENED = queued(OPENING)
ITEMS: list[Item] = [
    {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
    {
        "id": "msg_1",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}],
    },
    {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"},
]
WHOLE = json.loads(BODY) | {"status": "completed", "output": ITEMS}
SAID = synthesised(json.dumps(WHOLE).encode())[2:-1]
STREAM = [*OPENED, begun(OPENING, 2), *(frame(renumbered(event, 3 + place)) for place, event in enumerate(SAID))]


def test_it_is_queued_before_it_is_begun() -> None:
    told = [json.loads(event.data) for event in events_of(b"".join(STREAM[:3]))]
    assert [event["type"] for event in told] == ["response.created", "response.queued", "response.in_progress"]
    assert [event["response"]["status"] for event in told] == ["queued", "queued", "in_progress"]
    assert told[0]["response"] == told[1]["response"] == json.loads(BODY)
    assert is_background(BODY)
    assert not is_background(
        encoded(opened(parse_request(b"{}"), id="r", created_at=1, provider="", conversation=None))
    )


def test_an_opening_is_no_output_however_it_is_joined() -> None:
    assert not has_output(STREAM[:3])
    assert not has_output([b"".join(STREAM[:3])])
    assert has_output([b"".join(STREAM[:4])])
    assert not says_begun([b"".join(OPENED)])
    assert says_begun([b"".join(STREAM[:3])])
    assert count_of(b"".join(STREAM)) == len(STREAM)


@pytest.mark.parametrize("length", range(2, len(STREAM) + 1))
@pytest.mark.parametrize("clears", [False, True])
def test_a_cancel_at_any_point_ends_a_legal_stream(length: int, *, clears: bool) -> None:
    seen = STREAM[:length]
    body, frames = cancelled(BODY, seen, clears_output=clears)
    assert b"".join(frames).startswith(b"".join(seen))
    told = events_of(b"".join(frames))
    check_stream(told)
    ended = json.loads(body)
    assert json.loads(told[-1].data)["response"] == ended
    assert (ended["status"], ended["error"], ended["completed_at"]) == ("cancelled", None, None)
    assert ended["service_tier"] == "default"
    assert ended["usage"]["total_tokens"] == 0
    finished = json.loads(so_far(BODY, "in_progress", seen))["output"]
    assert ended["output"] == ([] if clears else finished)
    assert finished == ITEMS[: len(finished)]
