"""What a run of fuzzed requests takes for a fault in the gateway's log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tools.fuzz.gateway import FuzzedGateway

REFUSED = {"level": "error", "event": "request", "status": 502, "error": "the provider cut its answer short"}
FAULT = {"level": "error", "event": "log", "message": "a request failed", "traceback": "Traceback …"}


def test_what_a_provider_does_is_no_fault_and_a_traceback_is_one(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(f"{json.dumps(line)}\n" for line in (REFUSED, FAULT)), "utf-8")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert FuzzedGateway(process, 0, tmp_path).faults() == [FAULT]
