"""`/openapi.json` held against the gateway by schemathesis (https://schemathesis.readthedocs.io, 4.32, read 2026-11).

    python -m tools.fuzz.document [--examples 40] [--seed 1] [further options of schemathesis]

Every operation is asked for what the document says it takes, and for what it says it does not; every answer is held
against what the document says is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.integration.harness import ROOT
from tools.fuzz.gateway import fuzzed, key_of

LEFT_OUT: Final = (
    # No schema can say which models, files and answers there are, so that a legal request may well be refused.
    "positive_data_acceptance",
    # What is not known is passed on or passed over: that is how clients outlive servers. What is known is checked.
    "negative_data_rejection",
    # Each path answers 405 for methods that it does not have; under CORS and on pass-through, more are answered.
    "unsupported_method",
)
"""Checks that are not made, and why."""

_PHASES: Final = "examples,coverage,fuzzing,stateful"


async def check(examples: int, seed: int, more: list[str]) -> int:
    """The exit status of schemathesis, 1 where the gateway's log shows a fault."""
    folder = Path(tempfile.mkdtemp(prefix="antiphon-fuzz-"))
    async with fuzzed(folder, faulty=False) as gateway:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"http://127.0.0.1:{gateway.port}/openapi.json",
            f"--header=Authorization: Bearer {key_of(0)}",
            f"--exclude-checks={','.join(LEFT_OUT)}",
            f"--max-examples={examples}",
            f"--seed={seed}",
            f"--phases={_PHASES}",
            "--warnings=off",
            "--request-timeout=20",
            *more,
            cwd=folder,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "tools.fuzz.document_hooks", "PYTHONPATH": str(ROOT)},
        )
        status = await process.wait()
        for line in gateway.faults():
            print(line.get("message"), line.get("traceback", ""))
            status = status or 1
    return status


def main() -> None:
    """Ends with status 1 where document and gateway differ."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--examples", type=int, default=40)
    told.add_argument("--seed", type=int, default=1)
    said, more = told.parse_known_args()
    sys.exit(asyncio.run(check(said.examples, said.seed, more)))


if __name__ == "__main__":
    main()
