"""Streams and answers of Responses providers that leave out what clients need."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import UpstreamError
from tests.grammar import check_stream
from tests.integration.provider import event, native_events, response
from tests.unit.dialects.test_responses_recordings import at, relayed, turn_for

TEXT = ["He", "llo"]


def changed(events: list[bytes], old: str, new: str) -> bytes:
    return b"".join(events).replace(old.encode(), new.encode())


def told(stream: bytes, cuts: list[int] | None = None) -> list[dict[str, Any]]:
    events = [event for chunk in relayed(stream, turn_for({"stream": True}), cuts) for event in chunk.events]
    check_stream(events, relayed=True)
    return [json.loads(event.data) for event in events]


NAMELESS = changed(native_events(*TEXT), '"id": "msg_up", ', "").replace(b'"item_id": "msg_up"', b'"item_id": null')


@given(st.lists(st.integers(0, len(NAMELESS)), max_size=5))
def test_an_item_without_an_id_has_one_in_every_event(cuts: list[int]) -> None:
    events = told(NAMELESS, cuts)
    final = events[-1]["response"]["output"][0]
    names = {event["item_id"] for event in events if "item_id" in event}
    names |= {event["item"]["id"] for event in events if "item" in event}
    assert names == {final["id"]}
    assert final["id"].startswith("msg_")


def test_an_item_that_is_renamed_on_its_way_keeps_the_id_that_it_was_announced_by() -> None:
    events = native_events(*TEXT)
    renamed = b"".join(events[:3]) + changed(events[3:], "msg_up", "msg_other")
    last = told(renamed)
    assert last[-1]["response"]["output"][0]["id"] == "msg_up"
    assert {event["item"]["id"] for event in last if "item" in event} == {"msg_up"}


@pytest.mark.parametrize("lacking", ["object", "created_at", "model", "usage"])
def test_a_response_that_lacks_a_member_has_it(lacking: str) -> None:
    lean = response("Hello")
    del lean[lacking]
    final = told(b"".join(native_events(*TEXT)[:-1]) + event("response.completed", 9, response=lean))[-1]["response"]
    assert final["object"] == "response"
    assert isinstance(final[lacking], dict if lacking == "usage" else (str, int))
    body = json.loads(at().dialect.whole(turn_for({}), at(), json.dumps(lean).encode()).body)
    assert body["object"] == "response"
    assert body.keys() == final.keys()


def test_a_completed_answer_tells_of_no_error_and_of_no_limit() -> None:
    odd = response("Hello", error={"code": "x", "message": "y"}, incomplete_details={"reason": "z"})
    body = json.loads(at().dialect.whole(turn_for({}), at(), json.dumps(odd).encode()).body)
    assert (body["status"], body["error"], body["incomplete_details"]) == ("completed", None, None)
    assert isinstance(body["completed_at"], int)


def test_an_incomplete_answer_tells_why_and_was_never_completed() -> None:
    odd = response("Hello") | {"status": "incomplete", "completed_at": 5}
    body = json.loads(at().dialect.whole(turn_for({}), at(), json.dumps(odd).encode()).body)
    assert (body["status"], body["completed_at"]) == ("incomplete", None)
    assert body["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize("place", [2, 8])
@pytest.mark.parametrize("later", [1, 3])
def test_an_item_is_told_once_however_often_its_provider_tells_it(place: int, later: int) -> None:
    events = native_events(*TEXT)
    at_most = min(place + later, len(events) - 1)
    twice = [*events[:at_most], events[place], *events[at_most:]]
    once = [{**event, "sequence_number": 0} for event in told(b"".join(events))]
    final = [{**event, "sequence_number": 0} for event in told(b"".join(twice))]
    assert [event["type"] for event in final] == [event["type"] for event in once]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_failure_under_the_name_of_a_completed_answer_is_a_failure(status: str) -> None:
    last = event("response.completed", 9, response=response("", status=status, error={"message": "It broke."}))
    reader = at().dialect.reader(turn_for({"stream": True}), at())
    reader.feed(b"".join(native_events(*TEXT)[:-1]) + last)
    assert reader.outcome is None
    with pytest.raises(UpstreamError, match="It broke"):
        reader.close()


def test_an_incomplete_answer_under_the_name_of_a_completed_one_is_incomplete() -> None:
    lean = response("Hello") | {"status": "incomplete"}
    final = told(b"".join(native_events(*TEXT)[:-1]) + event("response.completed", 9, response=lean))[-1]
    assert (final["type"], final["response"]["status"]) == ("response.incomplete", "incomplete")


def test_half_a_surrogate_pair_in_a_whole_answer_is_replaced() -> None:
    said = json.dumps(response("Hel\ud83dlo")).encode()
    body = json.loads(at().dialect.whole(turn_for({}), at(), said).body)
    assert body["output"][0]["content"][0]["text"] == "Hel\ufffdlo"
