"""A gateway whose wall clock is so many seconds wrong as the file says that ANTIPHON_TEST_CLOCK names.

    ANTIPHON_TEST_CLOCK=FILE python -m tests.integration.jumping_process < SETTINGS_AS_JSON

The monotonic clock stays as it is, as it does when somebody sets the wall clock.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_file = Path(os.environ["ANTIPHON_TEST_CLOCK"])
_time, _time_ns = time.time, time.time_ns


def _wrong_by() -> int:
    return int(_file.read_text() or 0)


time.time = lambda: _time() + _wrong_by()
time.time_ns = lambda: _time_ns() + _wrong_by() * 1_000_000_000

if __name__ == "__main__":
    import msgspec

    from antiphon.server import run_server
    from antiphon.settings import Settings

    run_server(msgspec.json.decode(sys.stdin.buffer.read(), type=Settings))
