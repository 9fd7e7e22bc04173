"""The outbox in a real SQLite file: atomic with what it tells of, and swept like everything else."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import StoreFailed
from antiphon.notices import Notice, Subscription
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.outbox import DELIVERED_SECONDS, WAITING_SECONDS, SqlOutbox
from antiphon.store.responses import SqlResponses
from antiphon.store.statements import Connection
from antiphon.store.sweeper import Sweeper
from antiphon.store.work import Work
from tests.contracts.outbox import DONE, LEASE, SUBSCRIPTIONS, Make, Office, OutboxContract
from tests.contracts.responses_store import MINE, NOW, HandClock, turn

URL = "sqlite:///{}"


def deaf(receiver: str) -> None:
    """Does not mind being woken."""


@dataclass(frozen=True, slots=True)
class SqlOffice:
    database: SqlDatabase
    outbox: SqlOutbox

    async def announce(self, tenant: str, response_id: str, event_type: str) -> bool:
        announcement = self.outbox.announce(tenant, response_id, event_type, NOW)
        if announcement is None:
            return False
        await self.database.write(announcement)
        return True


class TestSqliteOutbox(OutboxContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        @asynccontextmanager
        async def made(clock: Clock, subscriptions: Sequence[Subscription]) -> AsyncGenerator[Sequence[Office]]:
            url = URL.format(tmp_path / "store.db")
            async with SqlDatabase.open(url) as one, SqlDatabase.open(url) as other:
                yield [SqlOffice(each, SqlOutbox(each, clock, subscriptions, deaf)) for each in (one, other)]

        return made


class Ending:
    """What ends an answer, as a store does it: its own statements, then the announcement's."""

    def __init__(self, announcement: Work[None], *, fails: bool) -> None:
        self._announcement = announcement
        self._fails = fails

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        self._announcement.perform(connection)
        connection.execute("SELECT nothing" if self._fails else "SELECT 1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def database(path: Path) -> AsyncGenerator[SqlDatabase]:
    async with SqlDatabase.open(URL.format(path)) as database:
        yield database


def announcement(outbox: SqlOutbox, response_id: str) -> Work[None]:
    made = outbox.announce(MINE, response_id, DONE, NOW)
    assert made is not None
    return made


@pytest.mark.parametrize("fails", [False, True])
async def test_a_notice_exists_if_and_only_if_the_answer_has_ended(database: SqlDatabase, *, fails: bool) -> None:
    clock = HandClock()
    outbox = SqlOutbox(database, clock, SUBSCRIPTIONS, deaf)
    ending = database.write(Ending(announcement(outbox, "resp_1"), fails=fails))
    neighbour = database.write(Ending(announcement(outbox, "resp_2"), fails=False))
    if fails:
        with pytest.raises(StoreFailed):
            await ending
    await neighbour
    claimed = {notice.response_id for notice in await outbox.claim("we_all", 8, LEASE)}
    assert claimed == ({"resp_2"} if fails else {"resp_1", "resp_2"})


async def test_whoever_is_woken_finds_what_it_was_woken_for(database: SqlDatabase) -> None:
    woken: asyncio.Queue[str] = asyncio.Queue()
    outbox = SqlOutbox(database, HandClock(), SUBSCRIPTIONS, woken.put_nowait)
    for number in range(20):
        ending = database.write(Ending(announcement(outbox, f"resp_{number}"), fails=False))
        assert {await woken.get(), await woken.get()} == {"we_all", "we_mine"}
        (notice,) = await outbox.claim("we_all", 8, LEASE)
        assert notice.response_id == f"resp_{number}"
        assert ending.done()


async def test_what_is_over_and_what_was_given_up_is_swept(path: Path, database: SqlDatabase) -> None:
    clock = HandClock()
    outbox = SqlOutbox(database, clock, SUBSCRIPTIONS[:1], deaf)
    sweeper = Sweeper(database, clock, 60.0)
    for name in ("resp_arrived", "resp_dead", "resp_waiting"):
        await database.write(announcement(outbox, name))
    for notice in await outbox.claim("we_all", 8, LEASE):
        if notice.response_id == "resp_arrived":
            await outbox.delivered(notice)
        if notice.response_id == "resp_dead":
            await outbox.bury(notice)

    def left() -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            return {name for (name,) in connection.execute("SELECT response_id FROM webhook_notices")}

    assert await sweeper.sweep() == 0
    clock.now = float(NOW + DELIVERED_SECONDS)
    assert await sweeper.sweep() == 1
    assert left() == {"resp_dead", "resp_waiting"}
    clock.now = float(NOW + WAITING_SECONDS)
    await SqlResponses(database, clock).save(turn("unrelated"))
    assert await sweeper.sweep() == 2
    assert left() == set()


async def test_what_waits_is_found_by_the_index(path: Path, database: SqlDatabase) -> None:
    await database.ping()
    with closing(sqlite3.connect(path)) as connection:
        asked = "SELECT min(due_at) FROM webhook_notices WHERE receiver = :receiver AND state = 'waiting'"
        plan = connection.execute(f"EXPLAIN QUERY PLAN {asked}", {"receiver": "we_all"}).fetchall()
    assert "USING INDEX ix_webhook_notices_receiver" in plan[0][3]


class Model:
    """The outbox as a table that a person would keep."""

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[int, int, int]] = {}  # response: order, tries, due
        self.seen: set[str] = set()

    def announce(self, response_id: str, now: int) -> None:
        if response_id not in self.seen:
            self.waiting[response_id] = (now, 0, now)
            self.seen.add(response_id)

    def claim(self, limit: int, now: int) -> set[tuple[str, int]]:
        due = sorted((due, name) for name, (_, _, due) in self.waiting.items() if due <= now)
        if len(due) > limit and due[limit - 1][0] == due[limit][0]:
            due = []  # any of those that are equally due may come: the caller claims them all
        claimed: set[tuple[str, int]] = set()
        for _, name in due[:limit]:
            order, tries, _ = self.waiting[name]
            self.waiting[name] = (order, tries + 1, now + LEASE)
            claimed.add((name, tries + 1))
        return claimed


Step = tuple[str, int]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("announce"), st.integers(0, 5)),
        st.tuples(st.just("claim"), st.just(99)),
        st.tuples(st.sampled_from(["delivered", "bury", "postpone"]), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 2 * LEASE)),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(steps=steps)
def test_any_order_of_things_comes_out_as_on_paper(steps: list[Step]) -> None:
    asyncio.run(followed(steps))


async def followed(steps: list[Step]) -> None:
    clock, model, held = HandClock(), Model(), list[Notice]()
    async with SqlDatabase.open("sqlite://") as database:
        outbox = SqlOutbox(database, clock, SUBSCRIPTIONS[:1], deaf)
        for what, number in steps:
            now = int(clock.now)
            if what == "announce":
                await database.write(announcement(outbox, f"resp_{number}"))
                model.announce(f"resp_{number}", now)
            elif what == "wait":
                clock.now += number
            elif what == "claim":
                claimed = await outbox.claim("we_all", number, LEASE)
                assert {(n.response_id, n.tries) for n in claimed} == model.claim(number, now)
                held += claimed
            elif held:
                await settled(outbox, model, held.pop(number % len(held)), what, now)
        due = [due for _, _, due in model.waiting.values()]
        assert await outbox.due_at("we_all") == (min(due) if due else None)


async def settled(outbox: SqlOutbox, model: Model, notice: Notice, what: str, now: int) -> None:
    ways: dict[str, Callable[[], object]] = {
        "delivered": lambda: model.waiting.pop(notice.response_id),
        "bury": lambda: model.waiting.pop(notice.response_id),
        "postpone": lambda: model.waiting.update({notice.response_id: (0, notice.tries, now + 7)}),
    }
    if notice.response_id in model.waiting and model.waiting[notice.response_id][1] == notice.tries:
        ways[what]()
    if what == "postpone":
        await outbox.postpone(notice, now + 7)
    else:
        await (outbox.delivered(notice) if what == "delivered" else outbox.bury(notice))
