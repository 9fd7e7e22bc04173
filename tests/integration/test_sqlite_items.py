"""Items of kept responses, found by looking: how many, and with how much work."""

from collections.abc import AsyncGenerator

import pytest
from msgspec import structs

from antiphon.store import items
from antiphon.store.database import SqlDatabase
from antiphon.store.items import SqlItems
from antiphon.store.responses import SqlResponses
from tests.contracts.responses_store import MINE, THEIRS, HandClock, turn

MANY = 20


@pytest.fixture
async def found() -> AsyncGenerator[SqlItems]:
    async with SqlDatabase.open("sqlite://") as database:
        responses = SqlResponses(database, HandClock())
        odd = b'[{"id":{"not":"text"},"type":"message"},{"id":"msg_0","content":"q"}]'
        await responses.save(structs.replace(turn("00"), input=odd))
        for number in range(1, MANY):
            await responses.save(turn(f"{number:02}"))
        yield SqlItems(database, HandClock())


async def test_many_are_found_at_once_beside_items_without_an_id_that_is_text(found: SqlItems) -> None:
    wanted = ["msg_0", *(f"msg_{number:02}" for number in range(1, MANY))]
    assert set(await found.find(MINE, wanted)) == set(wanted)
    assert (await found.find(MINE, ["msg_0", "msg_9"])).keys() == {"msg_0"}
    assert not await found.find(THEIRS, wanted)


async def test_what_is_looked_through_for_one_request_has_a_limit(
    found: SqlItems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "MOST_STEPS", 2 * MANY)
    made_at_other_times = [f"msg_{number:012x}{0:036x}" for number in range(0xF000, 0xF000 + MANY)]
    assert "msg_0" in await found.find(MINE, ["msg_0"])
    assert not await found.find(MINE, [*made_at_other_times, "msg_0"])
