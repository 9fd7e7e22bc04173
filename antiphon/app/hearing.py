"""What a process hears from others, and who of it is told."""

from __future__ import annotations

from antiphon.app.parts import Parts
from antiphon.bus import Word
from antiphon.gateway.elsewhere import Elsewhere


def listen(parts: Parts) -> None:
    """From now on, where there is a bus."""
    bus, bells, live = parts.shared.bus, parts.bells, parts.gateway.live
    if bus is None:
        return
    elsewhere = Elsewhere(bus, live, parts.responses, parts.tasks)
    live.elsewhere = elsewhere.find

    def hear(word: Word) -> None:
        bells.hear(word)
        elsewhere.hear(word)

    def missed() -> None:
        bells.missed()
        elsewhere.missed()

    bus.listen(hear, missed)
