"""What every implementation of `antiphon.bus.Bus` must do.

Subclass `BusContract` in a test module and give it a fixture `make`, which returns a `Make`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Generic, TypeVar

from antiphon.bus import Bus, Word
from tests.integration.harness import until

B = TypeVar("B", bound=Bus)
Make = Callable[[], AbstractAsyncContextManager[Bus]]
"""Opens the bus of one process; what is open at once hears each other."""


class Ear(Generic[B]):
    """What one process has heard."""

    def __init__(self, bus: B) -> None:
        self.bus = bus
        self.heard: list[Word] = []
        self.missed = 0
        bus.listen(self.heard.append, self._miss)

    def _miss(self) -> None:
        self.missed += 1


@asynccontextmanager
async def ears(
    make: Callable[[], AbstractAsyncContextManager[B]], count: int = 3, *, missed: int = 1
) -> AsyncGenerator[Sequence[Ear[B]]]:
    """Processes that listen: each has been told so often that it may have missed something."""
    async with AsyncExitStack() as stack:
        found = [Ear(await stack.enter_async_context(make())) for _ in range(count)]
        await until(lambda: all(ear.missed >= missed for ear in found), "everybody hears everybody")
        yield found


class BusContract:
    """A test class per implementation inherits these."""

    def ears(self, make: Make, count: int = 3) -> AbstractAsyncContextManager[Sequence[Ear[Bus]]]:
        """So many processes that hear each other."""
        return ears(make, count)

    async def test_everybody_else_hears_a_word_and_one_hears_what_is_for_it(self, make: Make) -> None:
        async with self.ears(make) as (one, two, three):
            words = [Word("more", f"resp_{number}") for number in range(500)]
            for word in words:
                one.bus.say(word)
            secret = Word("told", ask="a", data="ü\n\0" * 30_000)
            two.bus.say(secret, three.bus.name)
            two.bus.say(Word("job"))
            await until(lambda: len(two.heard) >= 500 and len(three.heard) >= 502, "all words have come")
            await until(lambda: one.heard, "the word has come here too")
            assert two.heard == words
            assert [word for word in three.heard if word.kind == "more"] == words
            assert [word for word in three.heard if word.kind != "more"] == [secret, Word("job")]
            assert one.heard == [Word("job")]

    async def test_every_member_of_a_word_arrives(self, make: Make) -> None:
        word = Word("follow", "resp_1", "tenant", "provider", 2**53, "ask", "reply", "data")
        async with self.ears(make, 2) as (one, two):
            one.bus.say(word)
            await until(lambda: two.heard, "it has come")
            assert two.heard == [word]

    async def test_a_word_for_who_is_gone_disturbs_nobody(self, make: Make) -> None:
        async with self.ears(make, 2) as (one, two):
            async with make() as late:
                gone = late.name
            one.bus.say(Word("told", ask="a"), gone)
            one.bus.say(Word("job"))
            await until(lambda: two.heard, "the next has come")
            assert two.heard == [Word("job")]

    async def test_what_is_said_before_listening_is_nobodys(self, make: Make) -> None:
        async with make() as silent, self.ears(make, 2) as (one, two):
            silent.say(Word("job"))
            one.bus.say(Word("more", "resp_1"))
            await until(lambda: two.heard, "a word has come")
            assert two.heard == [Word("more", "resp_1")]

    async def test_names_differ(self, make: Make) -> None:
        async with make() as one, make() as two:
            assert one.name
            assert one.name != two.name
