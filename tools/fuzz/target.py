"""What a decoder under test looks like, and how one input is put to it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from msgspec import Struct

T = TypeVar("T")

SECONDS_PER_INPUT: Final = 2.0
"""No input of a fuzzer's size may take longer: it would hold the event loop, and with it everybody else."""


class Target(Struct, frozen=True):
    """One decoder. `run` takes any bytes; `allowed` is all that it may raise; `seeds` are inputs to begin from.

    `dictionary` holds words that chance alone would not find.
    """

    name: str
    run: Callable[[bytes], object]
    allowed: tuple[type[BaseException], ...]
    seeds: Callable[[], Iterable[bytes]]
    dictionary: tuple[str, ...] = ()


class SlowError(Exception):
    """An input took longer than any may."""


class LawError(AssertionError):
    """Two ways to the same answer came to different ones."""


def attempt(target: Target, data: bytes, seconds: float = SECONDS_PER_INPUT) -> None:
    """Puts one input to the decoder. Raises what the decoder may not raise, or SlowError."""
    began = time.thread_time()
    with suppress(*target.allowed):
        target.run(data)
    took = time.thread_time() - began
    if took > seconds:
        raise SlowError(f"{target.name} took {took:.1f} s for {len(data)} bytes")


def done(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        result: T = stopped.value
        return result
    coroutine.close()
    raise LawError("the decoder waits for something that never comes")


def split(data: bytes) -> tuple[int, bytes]:
    """A number from the first byte, which says how the rest is to be cut or read."""
    return (data[0], data[1:]) if data else (0, b"")


def pieces(data: bytes, choice: int) -> list[bytes]:
    """The data in one piece, or cut into such as a network might make of it."""
    size = (0, 1, 2, 3, 7, 64, 1000, 4096)[choice % 8]
    if not size or len(data) > size * 2000:
        return [data]
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


def same(readings: Sequence[object], what: str) -> None:
    """Fails where two readings differ."""
    one, other = readings
    if one != other:
        raise LawError(f"{what} differ: {one!r:.300} and {other!r:.300}")


def chosen(first: int, seeds: Iterable[bytes]) -> Iterator[bytes]:
    """Seeds for a target that reads a choice from the first byte."""
    for number, seed in zip(itertools.count(first), seeds, strict=False):
        yield bytes([number % 256]) + seed


def long_runs(size: int) -> Iterator[bytes]:
    """So many bytes of the same few: what takes more than its share of time shows here."""
    units: Sequence[bytes] = (
        *(bytes([code]) for code in (0, 9, 10, 13, 32, 34, 36, 37, 38, 44, 45, 46, 47, 48, 58, 59, 61, 64, 91, 92)),
        *(b"{", b"}", b"]", b"a", b"\xff", b"\xc3\xa9", b"\r\n", b"\n\n", b'"a",', b'{"a":', b"[[", b"data: x\n"),
        *(b"data: {}\n\n", b"a=b&", b"--x\r\n", b"\x1b[A", b"${", b"{{a}}", b'\\"', b"\\u0000", b"*a ", b"&a "),
    )
    for unit in units:
        yield unit * (size // len(unit))
