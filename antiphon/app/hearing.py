"""What a process hears from others, and who of it is told."""

from __future__ import annotations

import asyncio

from antiphon.bus import Bus, Word
from antiphon.gateway.bells import Bells
from antiphon.gateway.elsewhere import Elsewhere
from antiphon.gateway.live import LiveAnswers
from antiphon.protocols import Responses


def listen(bus: Bus | None, bells: Bells, live: LiveAnswers, responses: Responses, tasks: asyncio.TaskGroup) -> None:
    """From now on, where there is a bus."""
    if bus is None:
        return
    elsewhere = Elsewhere(bus, live, responses, tasks)
    live.elsewhere = elsewhere.find

    def hear(word: Word) -> None:
        bells.hear(word)
        elsewhere.hear(word)

    def missed() -> None:
        bells.missed()
        elsewhere.missed()

    bus.listen(hear, missed)
