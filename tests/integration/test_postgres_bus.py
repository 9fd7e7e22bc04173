"""The bus by LISTEN and NOTIFY: words of any size, in order, to everybody else or to one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.bus import Bus, Word
from antiphon.store.database import SqlDatabase
from antiphon.store.postgres.bus import Parts, payloads
from tests.integration.harness import until
from tests.integration.test_postgres_faults import kill_all

MOST_BYTES = 8_000


class Ear:
    """What one process has heard."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[Word] = []
        self.missed = 0
        bus.listen(self.heard.append, self._miss)

    def _miss(self) -> None:
        self.missed += 1


@asynccontextmanager
async def ears(url: str, count: int = 3) -> AsyncGenerator[Sequence[Ear]]:
    async with AsyncExitStack() as stack:
        found: list[Ear] = []
        for _ in range(count):
            bus = (await stack.enter_async_context(SqlDatabase.open(url))).bus
            assert bus is not None
            found.append(Ear(bus))
        await until(lambda: all(ear.missed for ear in found), "everybody listens")
        yield found


async def test_everybody_else_hears_a_word_and_one_hears_what_is_for_it(postgres_url: str) -> None:
    async with ears(postgres_url) as (one, two, three):
        words = [Word("more", f"resp_{number}") for number in range(500)]
        for word in words:
            one.bus.say(word)
        secret = Word("told", ask="a", data="ü\n\0" * 30_000)
        two.bus.say(secret, three.bus.name)
        two.bus.say(Word("job"))
        await until(lambda: len(two.heard) >= 500 and len(three.heard) >= 502, "all words have come")
        assert two.heard == words
        assert [word for word in three.heard if word.kind == "more"] == words
        assert [word for word in three.heard if word.kind != "more"] == [secret, Word("job")]
        assert one.heard == [Word("job")]


async def test_who_was_cut_off_hears_again_and_knows_that_it_missed_something(postgres_url: str) -> None:
    async with ears(postgres_url, 2) as (one, two):
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
