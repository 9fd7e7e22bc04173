"""Writes that are put off lose nothing, keep their order, and do not pile up."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.writes import MOST_BYTES, writes_of


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closing = False

    @override
    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        self.writes.append(bytes(data))

    @override
    def is_closing(self) -> bool:
        return self.closing


async def turn() -> None:
    await asyncio.sleep(0)


@given(said=st.lists(st.tuples(st.integers(0, 2), st.binary(min_size=1, max_size=9)), max_size=20))
async def test_every_transport_gets_its_bytes_in_one_write(said: list[tuple[int, bytes]]) -> None:
    wires = [Wire() for _ in range(3)]
    writes = writes_of(asyncio.get_running_loop())
    for number, data in said:
        writes.write(wires[number], data)
    assert not any(wire.writes for wire in wires)
    await turn()
    for number, wire in enumerate(wires):
        expected = b"".join(data for to, data in said if to == number)
        assert wire.writes == ([expected] if expected else [])


async def test_much_is_not_put_off() -> None:
    wire = Wire()
    writes = writes_of(asyncio.get_running_loop())
    writes.write(wire, b"a" * MOST_BYTES)
    assert not wire.writes
    writes.write(wire, b"b")
    assert wire.writes == [b"a" * MOST_BYTES, b"b"]
    writes.write(wire, b"c")
    await turn()
    assert wire.writes[2:] == [b"c"]


async def test_what_is_large_is_not_joined_and_keeps_its_place() -> None:
    wire = Wire()
    writes = writes_of(asyncio.get_running_loop())
    writes.write(wire, b"a")
    writes.write(wire, b"b" * (MOST_BYTES + 1))
    writes.write(wire, b"c")
    await turn()
    assert wire.writes == [b"a", b"b" * (MOST_BYTES + 1), b"c"]


async def test_nothing_is_written_to_what_was_closed_meanwhile() -> None:
    wire, other = Wire(), Wire()
    writes = writes_of(asyncio.get_running_loop())
    writes.write(wire, b"a")
    writes.write(other, b"b")
    wire.closing = True
    await turn()
    assert (wire.writes, other.writes) == ([], [b"b"])


async def test_a_flush_does_not_wait_and_leaves_nothing() -> None:
    wire = Wire()
    writes = writes_of(asyncio.get_running_loop())
    writes.write(wire, b"a")
    writes.flush()
    assert wire.writes == [b"a"]
    await turn()
    assert wire.writes == [b"a"]
