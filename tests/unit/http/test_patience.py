"""A connection that is kept between requests, as the one that watches all of them sees it."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from typing_extensions import override

from antiphon.errors import AntiphonError
from antiphon.http.patience import Arriving, Part, Patience

IDLE = 75.0


class Clock:
    """An event loop that has nothing but timers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., None], *arguments: Any) -> object:
        self.timers.append((self.now + delay, lambda: callback(*arguments)))
        return object()

    def until(self, moment: float) -> None:
        while self.timers and min(due for due, _ in self.timers) <= moment:
            self.timers.sort(key=lambda timer: timer[0])
            self.now, callback = self.timers.pop(0)
            callback()
        self.now = moment


class Kept(Arriving):
    """A connection that owes what it says it does."""

    def __init__(self, owed: tuple[Part, object] | None) -> None:
        self.received = 0
        self.owed = owed
        self.ends: list[AntiphonError | None] = []

    @override
    def arriving(self) -> tuple[Part, object] | None:
        return self.owed

    @override
    def give_up(self, error: AntiphonError | None) -> None:
        self.ends.append(error)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience() -> Patience:
    return Patience(head_seconds=10.0, stall_seconds=30.0, idle_seconds=IDLE, at_once=2)


def test_a_connection_that_is_kept_for_nothing_is_closed_without_a_word(clock: Clock, patience: Patience) -> None:
    connection = Kept(("rest", object()))
    patience.begin(connection, clock.loop)
    clock.until(IDLE)
    assert connection.ends == []
    clock.until(IDLE + 10)
    assert connection.ends[0] is None


def test_every_request_begins_the_time_anew(clock: Clock, patience: Patience) -> None:
    connection = Kept(("rest", object()))
    patience.begin(connection, clock.loop)
    for moment in (50.0, 100.0, 150.0, 200.0):
        clock.until(moment)
        connection.owed = ("rest", object())
    assert connection.ends == []
    clock.until(200 + IDLE + 10)
    assert connection.ends


def test_while_an_answer_is_on_the_way_nothing_is_owed(clock: Clock, patience: Patience) -> None:
    connection = Kept(("rest", object()))
    patience.begin(connection, clock.loop)
    clock.until(50)
    connection.owed = None
    clock.until(1000)
    assert connection.ends == []
    patience.end(connection)
    clock.until(2000)
    assert clock.timers == []


def test_a_head_that_is_owed_is_asked_for_sooner_and_told_of(clock: Clock, patience: Patience) -> None:
    connection = Kept(("head", object()))
    patience.begin(connection, clock.loop)
    clock.until(20)
    assert connection.ends[0] is not None
    assert connection.ends[0].status == 408


def test_who_is_one_too_many_is_told_so_at_once(clock: Clock, patience: Patience) -> None:
    connections = [Kept(None) for _ in range(3)]
    for connection in connections:
        patience.begin(connection, clock.loop)
    assert [len(connection.ends) for connection in connections] == [0, 0, 1]
    assert connections[2].ends[0] is not None
    assert connections[2].ends[0].status == 503
