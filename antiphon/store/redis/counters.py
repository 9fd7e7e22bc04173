"""Counters in Redis: each operation is one script, which Redis runs without anybody in between.

The arithmetic is that of `antiphon.counters`. All keys are in one slot of a cluster, so that a script may have several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from antiphon.counters import Change, Count, Place, Reservation, Want, Window, aged
from antiphon.errors import StoreFailed
from antiphon.protocols import Clock
from antiphon.store.redis.link import RETRY_SECONDS, Link, Script
from antiphon.store.redis.wire import Refused, Reply

_AGED: Final = """
local now = tonumber(ARGV[1])
local function aged(key, length)
  local found = redis.call('HMGET', key, 'n', 'r', 'b')
  local number = math.floor(now / length)
  local n, r, b = tonumber(found[1]), tonumber(found[2]), tonumber(found[3])
  if n == nil then return number, 0, 0 end
  if number == n or number == n - 1 then return n, r, b end
  if number == n + 1 then return number, 0, r end
  return number, 0, 0
end
local function keep(key, length, n, r, b)
  redis.call('HSET', key, 'n', string.format('%.0f', n), 'r', string.format('%.0f', r), 'b', string.format('%.0f', b))
  redis.call('PEXPIRE', key, length * 2 + 60000)
end
"""

_RESERVE: Final = Script(
    _AGED
    + """
local many = tonumber(ARGV[2])
local granted, placed, counts = 1, 1, {}
for w = 1, many do
  local length, sliding = tonumber(ARGV[w * 4 - 1]), tonumber(ARGV[w * 4])
  local amount, most = tonumber(ARGV[w * 4 + 1]), tonumber(ARGV[w * 4 + 2])
  local n, r, b = aged(KEYS[w], length)
  local left = 0
  if sliding == 1 then left = 1 - math.min(math.max(now / length - n, 0), 1) end
  if amount > 0 and r + b * left + amount > most then granted = 0 end
  counts[w] = {n, r, b, amount, length}
end
local place = KEYS[many + 1]
if place then
  local token, most = ARGV[many * 4 + 3], tonumber(ARGV[many * 4 + 4])
  redis.call('ZREMRANGEBYSCORE', place, '-inf', now)
  if redis.call('ZCARD', place) >= most and not redis.call('ZSCORE', place, token) then granted, placed = 0, 0 end
end
local told = {granted, placed}
for w, count in ipairs(counts) do
  if granted == 1 then
    count[2] = count[2] + count[4]
    keep(KEYS[w], count[5], count[1], count[2], count[3])
  end
  for part = 1, 3 do told[#told + 1] = count[part] end
end
if place and granted == 1 then
  local seconds = tonumber(ARGV[many * 4 + 5])
  redis.call('ZADD', place, now + seconds, ARGV[many * 4 + 3])
  redis.call('PEXPIRE', place, seconds)
end
return told
"""
)

_CHANGE: Final = Script(
    _AGED
    + """
local many = tonumber(ARGV[2])
for w = 1, many do
  local length, amount, number = tonumber(ARGV[w * 3]), tonumber(ARGV[w * 3 + 1]), tonumber(ARGV[w * 3 + 2])
  local n, r, b = aged(KEYS[w], length)
  if amount >= 0 or number == n then r = math.max(r + amount, 0)
  elseif number == n - 1 then b = math.max(b + amount, 0) end
  keep(KEYS[w], length, n, r, b)
end
if KEYS[many + 1] then redis.call('ZREM', KEYS[many + 1], ARGV[many * 3 + 3]) end
return 1
"""
)


class RedisCounters:
    """Implements `Counters`."""

    def __init__(self, link: Link, prefix: str, clock: Clock) -> None:
        """Whoever has the same `prefix` counts together."""
        self._link = link
        self._prefix = f"{{{prefix}}}:"
        self._clock = clock

    async def reserve(self, wants: Sequence[Want], place: Place | None = None) -> Reservation:
        now = self._clock()
        keys = [self._window(want.window) for want in wants]
        values = [b"%d" % int(now * 1000), b"%d" % len(wants)]
        for want in wants:
            window = want.window
            values += [b"%d" % part for part in (window.seconds * 1000, window.sliding, want.amount, want.most)]
        if place is not None:
            keys.append(self._place(place))
            values += [place.token.encode(), b"%d" % place.most, b"%d" % int(place.seconds * 1000)]
        granted, placed, *parts = _numbers(await self._link.run_script(_RESERVE, keys, values))
        counts = [Count(*parts[start : start + 3]) for start in range(0, len(parts), 3)]
        return Reservation(granted == 1, placed == 1, counts, now)

    async def change(self, changes: Sequence[Change], leaving: Place | None = None) -> None:
        keys = [self._window(change.window) for change in changes]
        values = [b"%d" % int(self._clock() * 1000), b"%d" % len(changes)]
        for change in changes:
            values += [b"%d" % part for part in (change.window.seconds * 1000, change.amount, change.number)]
        if leaving is not None:
            keys.append(self._place(leaving))
            values.append(leaving.token.encode())
        await self._link.run_script(_CHANGE, keys, values)

    async def read(self, windows: Sequence[Window]) -> Sequence[Count]:
        now = self._clock()
        counts: list[Count] = []
        for window in windows:
            found = _numbers(await self._ask(b"HMGET", self._window(window), b"n", b"r", b"b"))
            counts.append(aged(Count(*found) if found else None, window, now))
        return counts

    async def renew(self, places: Sequence[Place]) -> None:
        now = self._clock()
        for place in places:
            key, milliseconds = self._place(place), int(place.seconds * 1000)
            await self._ask(b"ZADD", key, b"%d" % int(now * 1000 + milliseconds), place.token.encode())
            await self._ask(b"PEXPIRE", key, b"%d" % milliseconds)

    async def _ask(self, *command: bytes) -> Reply:
        try:
            return await self._link.ask(*command)
        except Refused as refused:
            raise StoreFailed("Redis refuses what is asked of it.", retry_after=RETRY_SECONDS) from refused

    def _window(self, window: Window) -> bytes:
        return f"{self._prefix}count:{window.name}".encode()

    def _place(self, place: Place) -> bytes:
        return f"{self._prefix}places:{place.name}".encode()


def _numbers(reply: Reply) -> list[int]:
    """Of a list; none where one is missing."""
    match reply:
        case [*parts] if None not in parts:
            return [int(part) for part in parts if isinstance(part, int | bytes)]
        case _:
            return []
