"""A gateway that is killed at the commit of an answer whose question says when: "die before" it, or "die after" it.

    python -m tests.integration.dying_process < SETTINGS_AS_JSON

"After" is when the commit is done, and the end of the answer has not left.
"""

from __future__ import annotations

import os
import signal
import sys

import msgspec

from antiphon.protocols import StoredTurn
from antiphon.server import run_server
from antiphon.settings import Settings
from antiphon.store.responses import SqlResponses

_save = SqlResponses.save


def _die_if_told(turn: StoredTurn, when: bytes) -> None:
    if b"die " + when in turn.input:
        os.kill(os.getpid(), signal.SIGKILL)


async def _saved_and_killed(self: SqlResponses, turn: StoredTurn) -> None:
    _die_if_told(turn, b"before")
    await _save(self, turn)
    _die_if_told(turn, b"after")


if __name__ == "__main__":
    SqlResponses.save = _saved_and_killed
    run_server(msgspec.json.decode(sys.stdin.buffer.read(), type=Settings))
