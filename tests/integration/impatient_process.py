"""A gateway whose supervisor takes its processes for hung that do not answer within a fifth of a second.

    python -m tests.integration.impatient_process < SETTINGS_AS_JSON

To import what they need takes them longer.
"""

from __future__ import annotations

import sys
from functools import partialmethod

import uvicorn

_init = partialmethod(uvicorn.Config.__init__, timeout_worker_healthcheck=0.2)
uvicorn.Config.__init__ = _init  # pyright: ignore[reportAttributeAccessIssue] - it is called like the one before

if __name__ == "__main__":
    import msgspec

    from antiphon.server import run_server
    from antiphon.settings import Settings

    run_server(msgspec.json.decode(sys.stdin.buffer.read(), type=Settings))
