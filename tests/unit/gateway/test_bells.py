"""Who is told of what, by the bells of two processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from antiphon.bus import EVERYBODY, Word
from antiphon.gateway.bells import Bells


class Wire:
    """A bus whose words come to the other end at once, and are remembered."""

    name = "one"

    def __init__(self) -> None:
        self.said: list[Word] = []
        self.hear: Callable[[Word], None] = lambda _: None

    def say(self, word: Word, to: str = EVERYBODY) -> None:
        self.said.append(word)
        self.hear(word)

    def listen(self, hear: Callable[[Word], None], missed: Callable[[], None]) -> None:
        """The test connects them."""


@pytest.fixture
def wires() -> tuple[Wire, Wire]:
    return Wire(), Wire()


def joined(wires: tuple[Wire, Wire]) -> tuple[Bells, Bells]:
    one, other = (Bells(wire) for wire in wires)
    wires[0].hear, wires[1].hear = other.hear, one.hear
    return one, other


def test_the_end_of_an_answer_is_told_only_where_somebody_waits_for_it(wires: tuple[Wire, Wire]) -> None:
    one, other = joined(wires)
    with one.giving("resp_1"):
        pass
    assert wires[0].said == []
    with other.listening("resp_2") as bell:
        with one.giving("resp_2"):
            other.wait_for("resp_2")
            assert not bell.is_set()
        assert bell.is_set()
    assert wires[0].said == [Word("more", "resp_2")]


def test_nobody_rings_for_an_answer_that_is_not_theirs(wires: tuple[Wire, Wire]) -> None:
    one, other = joined(wires)
    with one.giving("resp_1"):
        other.wait_for("resp_of_somebody_else")
    assert wires[0].said == []


def test_batches_are_heard_of_here_and_elsewhere_and_when_something_was_missed(wires: tuple[Wire, Wire]) -> None:
    nudged: list[str] = []
    one, other = joined(wires)
    with (
        one.works_on_batches(lambda: nudged.append("one")),
        other.works_on_batches(lambda: nudged.append("other")),
    ):
        one.call_for_batches()
        assert nudged == ["one", "other"]
        other.missed()
        assert nudged == ["one", "other", "other"]
    one.call_for_batches()
    assert nudged == ["one", "other", "other"]


def test_who_is_told_looks_six_times_in_a_lease() -> None:
    assert Bells(Wire()).look_seconds(1.0, 30.0) == 5.0
    assert Bells(Wire()).look_seconds(20.0, 30.0) == 20.0
    assert Bells(None).look_seconds(1.0, 30.0) == 1.0
