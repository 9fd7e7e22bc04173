"""A gateway of its own: `python -m tests.e2e.serving_process` serves the settings, as JSON, on its standard input."""

import sys

import msgspec

from antiphon.server import run_server
from antiphon.settings import Settings

if __name__ == "__main__":
    run_server(msgspec.json.decode(sys.stdin.buffer.read(), type=Settings))
