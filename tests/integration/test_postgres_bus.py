"""The bus by LISTEN and NOTIFY: words of any size, in order, to everybody else or to one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.bus import Bus, Word
from antiphon.store.database import SqlDatabase
from antiphon.store.postgres.bus import Parts, payloads
from tests.contracts.bus import BusContract, Make, ears
from tests.integration.harness import until
from tests.integration.test_postgres_faults import kill_all

MOST_BYTES = 8_000


class TestByPostgres(BusContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> Make:
        return lambda: bus_of(postgres_url)


@asynccontextmanager
async def bus_of(url: str) -> AsyncGenerator[Bus]:
    async with SqlDatabase.open(url) as database:
        assert database.bus is not None
        yield database.bus


async def test_who_was_cut_off_hears_again_and_knows_that_it_missed_something(postgres_url: str) -> None:
    async with ears(lambda: bus_of(postgres_url), 2) as (one, two):
        kill_all(postgres_url)
        await until(lambda: (one.missed, two.missed) == (2, 2), "both listen again")
        one.bus.say(Word("job"))
        await until(lambda: two.heard, "a word comes")
        assert two.heard == [Word("job")]


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=4)


def whole(texts: Sequence[str], keep: Callable[[int], bool]) -> list[bytes | None]:
    parts = Parts()
    said = [payload for text in texts for payload in payloads("antiphon_1", (text * 1_500).encode())]
    assert all(len(payload.encode()) < MOST_BYTES for payload in said)
    return [parts.add(payload, but="antiphon_2") for place, payload in enumerate(said) if keep(place)]


@settings(max_examples=50)
@given(TEXTS)
def test_texts_come_out_as_they_went_in(texts: list[str]) -> None:
    found = [text for text in whole(texts, lambda _: True) if text is not None]
    assert found == [(text * 1_500).encode() for text in texts if text]


@settings(max_examples=50)
@given(TEXTS, st.integers(0, 20))
def test_a_lost_piece_loses_its_text_and_no_other(texts: list[str], lost: int) -> None:
    sent = {(text * 1_500).encode() for text in texts}
    assert {text for text in whole(texts, lambda place: place != lost) if text is not None} <= sent


@pytest.mark.parametrize(
    "payload", ["", "x", "antiphon_1", "antiphon_1 one 1 x", "antiphon_1 2 2 x", "antiphon_2 1 1 own"]
)
def test_what_is_no_piece_is_nobodys(payload: str) -> None:
    assert Parts().add(payload, but="antiphon_2") is None
