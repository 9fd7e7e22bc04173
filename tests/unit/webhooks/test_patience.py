from hypothesis import given
from hypothesis import strategies as st

from antiphon.webhooks.patience import PAUSES, TRIES, pause_after

DAY = 86_400


def test_the_first_failure_is_mended_in_seconds_and_the_last_hope_is_three_days_later() -> None:
    assert pause_after(1, 0.5) == 5
    assert 3 * DAY < sum(PAUSES) < 4 * DAY
    assert list(PAUSES) == sorted(PAUSES)


@given(tries=st.integers(1, TRIES - 1), chance=st.floats(0, 1))
def test_a_pause_is_about_what_it_is_meant_to_be(tries: int, chance: float) -> None:
    pause = pause_after(tries, chance)
    assert pause is not None
    assert abs(pause - PAUSES[tries - 1]) <= PAUSES[tries - 1] * 0.1 + 0.5


def test_what_failed_together_does_not_come_together() -> None:
    assert pause_after(3, 0.0) != pause_after(3, 1.0)


@given(tries=st.integers(TRIES, 1_000), chance=st.floats(0, 1))
def test_after_the_last_try_there_is_none(tries: int, chance: float) -> None:
    assert pause_after(tries, chance) is None
