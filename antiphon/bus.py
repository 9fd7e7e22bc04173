"""How the processes that share one database tell each other things at once: what is only ever a hint or a live copy.

Law: nothing durable goes this way. A word that is lost costs time, and whoever waits for one looks again before long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, Protocol, runtime_checkable

from msgspec import Struct

EVERYBODY: Final = ""


class Word(Struct, frozen=True, array_like=True):
    """What one process tells others.

    `more`: there is more of the answer `about`. `cancelled`: it was cancelled. `job`: an answer waits for a worker.
    `batch`: there is something to do for a batch, or less than there was. `awaited`: whoever gives the answer `about`
    shall say `more` when it has ended.

    `follow`: whoever gives the answer `about` to `tenant` shall send the events above `number` as `told` to `reply`,
    naming `ask`. `told`: `data` is the next frames, `number` counts from 0, nothing being the end of it. `left`: the
    one who asked is gone.
    """

    kind: Literal["more", "cancelled", "job", "batch", "awaited", "follow", "told", "left"]
    about: str = ""
    tenant: str = ""
    provider: str = ""
    number: int = 0
    ask: str = ""
    reply: str = ""
    data: str = ""


class Bus(Protocol):
    """One process's, bound to its event loop. Words arrive in the order in which their sender said them, or not."""

    @property
    def name(self) -> str:
        """What others call this process."""
        ...

    def say(self, word: Word, to: str = EVERYBODY) -> None:
        """Never waits and never fails. Everybody is everybody else."""
        ...

    def listen(self, hear: Callable[[Word], None], missed: Callable[[], None]) -> None:
        """From now on `hear` gets every word, and `missed` is called after a time in which some may have been lost."""
        ...


@runtime_checkable
class Troubled(Protocol):
    """A bus that knows how it is."""

    @property
    def trouble(self) -> str | None:
        """Why words do not arrive at the moment, for anybody to read; None where they do."""
        ...


@runtime_checkable
class Local(Protocol):
    """A bus that knows who is there, as one that stays on a machine can: what nobody hears need not be waited for."""

    @property
    def alone(self) -> bool:
        """Whether nobody else listens."""
        ...
