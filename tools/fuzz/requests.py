"""Fuzzed requests against a gateway in a process of its own: never a 500, never silence, nothing that stays behind.

    python -m tools.fuzz.requests [--count 100000] [--seed 1] [--database postgresql://...]
    python -m tools.fuzz.requests --replay FILE

Each stranger is a tenant with a source of chance of its own and sends one request after the other, so that a run comes
again with its seed. What a finding was sent is kept in FOLDER/findings, to be sent again with `--replay`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from pathlib import Path
from random import Random
from typing import Final

from msgspec import Struct

from tools.fuzz.asks import Asker, recorded_bodies
from tools.fuzz.gateway import STRANGERS, FuzzedGateway, Held, fuzzed, key_of
from tools.fuzz.mutation import Mutator
from tools.fuzz.raw import Speller
from tools.fuzz.sockets import conversation
from tools.fuzz.talking import Hang, Said, Talk, fault_of

_IDS: Final = re.compile(
    rb'"id":\s?"((resp|conv|msg|rs|fc|file|batch|msgbatch|upload|part|pmpt|chatcmpl)[_-][\w-]{1,80})"'
)
_REMEMBERED: Final = 20
_ODD: Final = 0.12
_SOCKETS: Final = 0.03
_MOST_FINDINGS: Final = 50
_HELD_SECONDS: Final = 4.0

MOST_GROWTH_BYTES: Final = 48 * 1024 * 1024
MOST_GROWTH_DESCRIPTORS: Final = 12
MOST_GROWTH_TASKS: Final = 4


class Finding(Struct, frozen=True):
    """What went wrong, and the bytes it went wrong with."""

    name: str
    what: str
    sent: bytes
    stranger: int


class Stranger:
    """One tenant's requests, one after the other."""

    def __init__(self, gateway: FuzzedGateway, number: int, seed: int) -> None:
        """The same number and seed make the same requests of the same answers."""
        chance = Random(f"{seed}-{number}")
        self.number = number
        self._number = 0
        self.statuses: Counter[int] = Counter()
        self.findings: list[Finding] = []
        self._chance = chance
        self._key = key_of(number)
        self._pool: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._asker = Asker(chance, self._pool)
        names = ("openai-responses", "openai-chat", "anthropic-messages", "gemini")
        self._mutator = Mutator(chance, [body for name in names for body in recorded_bodies(name)[:40]])
        self._speller = Speller(chance, self._mutator, self._key)
        self._talk = Talk(gateway.port)

    async def run(self, count: int) -> None:
        """Sends so many, and forgets nothing that it has been told."""
        for _ in range(count):
            self._number += 1
            await self._one(self._number)
            if len(self.findings) > _MOST_FINDINGS:
                return

    def leave(self) -> None:
        """Closes the connection, if there is one."""
        self._talk.leave()

    async def _one(self, number: int) -> None:
        how = self._chance.random()
        data = b""
        try:
            if how < _SOCKETS:
                data = conversation(self._chance, self._mutator, self._key)
                said = await self._talk.socket(data)
            elif how < _SOCKETS + _ODD:
                data = self._speller.odd(self._asker.ask())
                said = await self._talk.odd(data)
            else:
                data = self._speller.proper(self._asker.ask())
                said = await self._talk.proper(data)
        except Hang as hang:
            self._note(number, str(hang), data)
            return
        for each in said:
            self._hear(number, each, data)

    def _hear(self, number: int, said: Said, data: bytes) -> None:
        self.statuses[said.status] += 1
        for found in _IDS.finditer(said.body[:200_000]):
            self._pool[found[2].decode()].append(found[1].decode())
        fault = fault_of(said, data)
        if fault is not None:
            self._note(number, fault, data)

    def _note(self, number: int, what: str, data: bytes) -> None:
        self.findings.append(Finding(f"{self.number}-{number}", what, data, self.number))


async def _watch(gateway: FuzzedGateway, findings: list[Finding]) -> None:
    """Asks for the gateway's health all the time: what holds its event loop keeps everybody waiting."""
    while True:
        await asyncio.sleep(1.0)
        talk = Talk(gateway.port, _HELD_SECONDS)
        try:
            await talk.proper(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        except Hang:
            gateway.say_what_it_does()
            findings.append(Finding("held", f"nobody is answered for {_HELD_SECONDS:g} s: see {gateway.log}", b"", -1))
        finally:
            talk.leave()


async def fuzz(count: int, seed: int, folder: Path, database: str = "") -> bool:
    """Sends so many requests, says how it went, and whether all is well."""
    async with fuzzed(folder, database) as gateway:
        strangers = [Stranger(gateway, number, seed) for number in range(STRANGERS)]
        held_up: list[Finding] = []
        steps: list[Held] = []
        began = time.monotonic()
        for step in range(1, 6):
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(_watch(gateway, held_up))
                async with asyncio.TaskGroup() as asking:
                    for stranger in strangers:
                        asking.create_task(stranger.run(count // 5 // STRANGERS))
                watching.cancel()
            for stranger in strangers:
                stranger.leave()
            held = await _settled(gateway)
            steps.append(held)
            done = count // 5 // STRANGERS * STRANGERS * step
            print(
                f"{done:>7} requests in {time.monotonic() - began:.0f} s: {held.bytes / 2**20:.1f} MiB,"
                f" {held.descriptors} descriptors, {held.tasks} tasks, {held.objects} objects",
                flush=True,
            )
        statuses: Counter[int] = Counter()
        for stranger in strangers:
            statuses += stranger.statuses
        print(dict(sorted(statuses.items())))
        faults = gateway.faults()
    findings = held_up + [finding for stranger in strangers for finding in stranger.findings]
    _keep(findings, folder / "findings")
    for line in faults[:20]:
        print("logged:", line.get("message"), str(line.get("traceback", ""))[-400:])
    grown = _growth(steps[0], steps[-1])
    for each in grown:
        print("growth:", each)
    return not (findings or faults or grown)


async def _settled(gateway: FuzzedGateway) -> Held:
    """What is held once the work that requests left behind is done: background answers, batches, connections."""
    held = await gateway.held()
    for _ in range(20):
        await asyncio.sleep(0.25)
        before, held = held, await gateway.held()
        if held.tasks >= before.tasks and held.descriptors >= before.descriptors:
            break
    return held


def _growth(first: Held, last: Held) -> list[str]:
    """What grew by more than a cache that fills."""
    bounds = (
        ("bytes", last.bytes - first.bytes, MOST_GROWTH_BYTES),
        ("descriptors", last.descriptors - first.descriptors, MOST_GROWTH_DESCRIPTORS),
        ("tasks", last.tasks - first.tasks, MOST_GROWTH_TASKS),
    )
    return [f"{more} {what} more than after the first fifth" for what, more, most in bounds if more > most]


def _keep(findings: list[Finding], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told: Counter[str] = Counter()
    for finding in findings:
        kind = re.sub(r"[0-9a-f]{8,}|\d+", "#", finding.what)[:160]
        told[kind] += 1
        if told[kind] <= 3:
            (folder / f"{finding.name}.bin").write_bytes(finding.sent)
            print(f"finding {finding.name}: {finding.what[:600]}")
    for kind, count in told.most_common():
        print(f"{count} times: {kind}")


async def replay(data: bytes, folder: Path) -> bool:
    """Sends one finding again, and says what is answered."""
    async with fuzzed(folder) as gateway:
        talk = Talk(gateway.port)
        try:
            said = await talk.odd(data)
        except Hang as hang:
            print(hang)
            return False
        finally:
            talk.leave()
        for each in said:
            print(each.status, each.headers, each.body[:2000])
        for line in gateway.faults():
            print(line.get("message"), line.get("traceback"))
        return not [each for each in said if fault_of(each, data)] and not gateway.faults()


def main() -> None:
    """Ends with status 1 where there are findings."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--count", type=int, default=100_000)
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--folder", type=Path)
    told.add_argument("--database", default="")
    told.add_argument("--replay", type=Path)
    said = told.parse_args()
    folder: Path = said.folder or Path(tempfile.mkdtemp(prefix="antiphon-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"everything is kept in {folder}")
    work = (
        replay(said.replay.read_bytes(), folder) if said.replay else fuzz(said.count, said.seed, folder, said.database)
    )
    sys.exit(not asyncio.run(work))


if __name__ == "__main__":
    main()
