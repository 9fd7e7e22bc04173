"""Counters in the database, for processes that share it and have no Redis.

Whoever counts locks the rows first, in the order of their names. Places are counted under the lock of a row of their
own, for of two that count at once neither would see the other's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from antiphon.counters import Change, Count, Place, Reservation, Want, Window, added, aged, changed, fits
from antiphon.protocols import Clock
from antiphon.store.counter_tables import counter_places, counters
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, text_of
from antiphon.store.work import Act

_KEPT_SECONDS: Final = 60
"""Beyond the time that it counts, for clocks that differ."""

_name: Final = counters.c.name == bindparam("called")
_look: Final = select(counters.c.number, counters.c.running, counters.c.before).where(_name)
_READ: Final = text_of(_look)
_LOCK: Final = text_of(_look.with_for_update())
_ADD: Final = text_of(insert(counters))
_SET: Final = text_of(
    update(counters)
    .where(_name)
    .values({each: bindparam(each) for each in ("number", "running", "before", "expires_at")})
)
_held: Final = counter_places.c.name == bindparam("called")
_mine: Final = counter_places.c.token == bindparam("holder")
_LAPSED: Final = text_of(delete(counter_places).where(_held, counter_places.c.leased_until <= bindparam("now")))
_PLACES: Final = text_of(select(func.count()).select_from(counter_places).where(_held))
_TAKE: Final = text_of(insert(counter_places))
_LEAVE: Final = text_of(delete(counter_places).where(_held, _mine))
_RENEW: Final = text_of(
    update(counter_places)
    .where(_held, _mine)
    .values(leased_until=bindparam("leased_until"), expires_at=bindparam("expires_at"))
)


class SqlCounters:
    """Implements `Counters`."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` says which piece of time runs."""
        self._database = database
        self._clock = clock

    async def reserve(self, wants: Sequence[Want], place: Place | None = None) -> Reservation:
        now = self._clock()

        def act(connection: Connection) -> Reservation:
            found = _locked(connection, [want.window for want in wants], place)
            counts = [aged(found.get(want.window.name), want.window, now) for want in wants]
            placed = place is None or _has_room(connection, place, now)
            granted = placed and all(fits(count, want, now) for count, want in zip(counts, wants, strict=True))
            if granted:
                counts = [added(count, want.amount) for count, want in zip(counts, wants, strict=True)]
                for count, want in zip(counts, wants, strict=True):
                    _keep(connection, want.window, count, is_new=want.window.name not in found)
                if place is not None:
                    connection.execute(_LEAVE, _place(place))
                    connection.execute(_TAKE, {"name": place.name, "token": place.token} | _until(place, now))
            return Reservation(granted, placed, counts, now)

        return await self._database.write(Act(act))

    async def change(self, changes: Sequence[Change], leaving: Place | None = None) -> None:
        now = self._clock()

        def act(connection: Connection) -> None:
            found = _locked(connection, [change.window for change in changes])
            for change in changes:
                window = change.window
                count = changed(aged(found.get(window.name), window, now), change)
                _keep(connection, window, count, is_new=window.name not in found)
            if leaving is not None:
                connection.execute(_LEAVE, _place(leaving))

        await self._database.write(Act(act))

    async def read(self, windows: Sequence[Window]) -> Sequence[Count]:
        now = self._clock()

        def act(connection: Connection) -> list[Count]:
            found = _found(connection, _READ, [window.name for window in windows])
            return [aged(found.get(window.name), window, now) for window in windows]

        return await self._database.read(Act(act))

    async def renew(self, places: Sequence[Place]) -> None:
        now = self._clock()

        def act(connection: Connection) -> None:
            connection.executemany(_RENEW, [_place(place) | _until(place, now) for place in places])

        await self._database.write(Act(act))


def _found(connection: Connection, statement: str, names: Sequence[str]) -> dict[str, Count]:
    found: dict[str, Count] = {}
    for name in names:
        row = connection.execute(statement, {"called": name}).fetchone()
        if row is not None:
            found[name] = Count(*row)
    return found


def _locked(connection: Connection, windows: Sequence[Window], place: Place | None = None) -> Mapping[str, Count]:
    names = sorted({window.name for window in windows} | ({_lock_of(place)} if place is not None else set()))
    found = _found(connection, _LOCK, names)
    if place is not None and _lock_of(place) not in found:
        far = {"number": 0, "running": 0, "before": 0, "expires_at": 2**53}
        connection.execute(_ADD, {"name": _lock_of(place)} | far)
    return found


def _lock_of(place: Place) -> str:
    return f"places:{place.name}"


def _has_room(connection: Connection, place: Place, now: float) -> bool:
    connection.execute(_LAPSED, {"called": place.name, "now": int(now * 1000)})
    held = connection.execute(_PLACES, {"called": place.name}).fetchone()
    return held[0] < place.most


def _keep(connection: Connection, window: Window, count: Count, *, is_new: bool) -> None:
    values = {
        "number": count.number,
        "running": count.running,
        "before": count.before,
        "expires_at": (count.number + 2) * window.seconds + _KEPT_SECONDS,
    }
    if is_new:
        connection.execute(_ADD, {"name": window.name} | values)
    else:
        connection.execute(_SET, {"called": window.name} | values)


def _place(place: Place) -> dict[str, str | int]:
    return {"called": place.name, "holder": place.token}


def _until(place: Place, now: float) -> dict[str, str | int]:
    until = now + place.seconds
    return {"leased_until": int(until * 1000), "expires_at": math.ceil(until)}
