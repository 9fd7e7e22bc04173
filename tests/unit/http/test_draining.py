"""Which signals begin the end of a process, and which are nobody's business."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from antiphon.http.draining import Draining

Handling = Callable[[int, FrameType | None], object] | signal.Handlers


@pytest.fixture
def handling() -> Iterator[Callable[[Handling], None]]:
    """Says who handles SIGTERM, until the test is over."""
    before = signal.getsignal(signal.SIGTERM)

    def handle(handler: Handling) -> None:
        signal.signal(signal.SIGTERM, handler)

    yield handle
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("nobody", [signal.SIG_DFL, signal.SIG_IGN])
async def test_a_signal_that_nobody_handles_stays_as_it_is(
    handling: Callable[[Handling], None], nobody: signal.Handlers
) -> None:
    handling(nobody)
    with Draining().by_signals(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is nobody
    assert signal.getsignal(signal.SIGTERM) is nobody


async def test_whoever_handles_a_signal_is_told_after_all_others(handling: Callable[[Handling], None]) -> None:
    told: list[str] = []
    over = asyncio.Event()

    def handled(_number: int, _stack: FrameType | None) -> None:
        told.append("handler")
        over.set()

    handling(handled)
    draining = Draining()
    stop, end = (lambda: told.append("stop")), (lambda: told.append("end"))
    with draining.joining(stop, end, 60), draining.by_signals(lambda: told.append("unready")):
        signal.raise_signal(signal.SIGTERM)
        await over.wait()
    assert told == ["unready", "stop", "handler"]
    assert signal.getsignal(signal.SIGTERM) is handled
