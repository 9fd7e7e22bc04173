"""Lanes against a model of them: order inside a lane, lanes side by side, limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import BadRequest, RateLimited
from antiphon.http.lanes import Lanes, Limits

LANE = st.sampled_from([None, "a", "b", "c"])
STEP = st.one_of(st.tuples(st.just("add"), LANE), st.tuples(st.just("end"), st.integers(0, 9)))


@given(st.lists(STEP, max_size=60), st.integers(1, 3))
def test_every_request_runs_once_in_the_order_of_its_lane_and_within_the_limit(
    steps: list[tuple[str, object]], limit: int
) -> None:
    lanes: Lanes[int] = Lanes(Limits(running=limit))
    sent: dict[object, list[int]] = {}
    begun: dict[object, list[int]] = {}
    running: list[str | None] = []

    def begin() -> None:
        for lane, work in lanes.begin():
            begun.setdefault(lane, []).append(work)
            running.append(lane)

    for number, (what, which) in enumerate(steps):
        if what == "add":
            assert which is None or isinstance(which, str)
            lanes.add(which, number, 1)
            sent.setdefault(which, []).append(number)
        elif running:
            assert isinstance(which, int)
            lanes.end(running.pop(which % len(running)))
        begin()
        assert lanes.running == len(running) <= limit
        assert len(set(running)) == len(running)
        waiting = [lane for lane in sent if len(sent[lane]) > len(begun.get(lane, []))]
        assert len(running) == limit or all(lane in running for lane in waiting), "nobody waits without need"
    while running:
        lanes.end(running.pop(0))
        begin()
    assert begun == sent


def test_whoever_came_first_begins_first_whatever_its_lane() -> None:
    lanes: Lanes[int] = Lanes(Limits(running=1))
    for number, lane in enumerate(["b", "a", None, "b"]):
        lanes.add(lane, number, 1)
    order: list[int] = []
    while begun := lanes.begin():
        ((lane, work),) = begun
        order.append(work)
        lanes.end(lane)
    assert order == [0, 1, 2, 3]


def test_names_are_limited_for_the_whole_connection_and_the_nameless_lane_is_none() -> None:
    lanes: Lanes[int] = Lanes(Limits(names=2))
    for lane in ("a", None, "b", "a"):
        lanes.add(lane, 0, 1)
    lanes.begin()
    lanes.end("a")
    with pytest.raises(BadRequest) as refused:
        lanes.add("c", 0, 1)
    assert refused.value.code == "websocket_stream_limit_reached"
    assert refused.value.message.endswith("(2). Reuse an existing stream_id or open a new WebSocket connection.")


def test_what_waits_is_bounded_and_one_may_always_wait() -> None:
    lanes: Lanes[int] = Lanes(Limits(waiting_bytes=100_000))
    lanes.add(None, 0, 1)
    assert lanes.begin() == [(None, 0)]
    lanes.add(None, 1, 1_000_000)
    with pytest.raises(RateLimited):
        lanes.add(None, 2, 1)
    assert lanes.give_up() == [(None, 1)]
    lanes.add(None, 3, 1)
    lanes.add(None, 4, 1)
    lanes.add(None, 5, 1)
    with pytest.raises(RateLimited):
        lanes.add(None, 6, 1)
