"""Asks whether anything that is shipped has a known weakness or a licence that we do not take: ``make audit``.

Advisories are asked for by pip-audit. Where their source cannot be reached that is said, and it is no failure, unless
`--strict` asks for one: CI must not depend on somebody else's server.

usage: python -m tools.audit PIP-AUDIT [--strict]
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tools.licences import objections
from tools.sbom import ROOT, pins

LOCK = "container"
_SECONDS = 120
_SOURCES = ("pypi", "osv")


@dataclass(frozen=True)
class Findings:
    """What one source of advisories knew."""

    source: str
    asked: int
    answered: int
    weaknesses: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """What a person reads of it."""
        if not self.answered:
            return [f"{self.source}: NOT AUDITED: its advisories cannot be reached from here."]
        missing = self.asked - self.answered
        doubt = f"; {missing} NOT AUDITED, since it does not know them" if missing else ""
        return [f"{self.source}: {self.answered} of {self.asked} audited{doubt}.", *self.weaknesses]


def findings(program: str, source: str) -> Findings:
    """Asks one source. Whatever keeps it from answering means that nothing was audited."""
    command = [
        program,
        "--disable-pip",
        "--no-deps",
        "--progress-spinner=off",
        "--format=json",
        "--timeout=10",
        f"--vulnerability-service={source}",
        f"--requirement={ROOT / 'constraints' / f'{LOCK}.txt'}",
    ]
    asked = len(pins(LOCK))
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
        return told(source, asked, json.loads(done.stdout))
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return Findings(source, asked, 0, ())


def told(source: str, asked: int, report: dict[str, Any]) -> Findings:
    """What pip-audit's report says."""
    answered = [each for each in report["dependencies"] if "skip_reason" not in each]
    weaknesses = [
        f"  {each['name']} {each['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'none yet'}"
        for each in answered
        for known in each["vulns"]
    ]
    return Findings(source, asked, len(answered), tuple(weaknesses))


def main() -> None:
    """Prints what was found. Status 1 for a weakness, a licence, or with `--strict` for what was not audited."""
    program, *options = sys.argv[1:]
    lines = objections([pin.name for pin in pins(LOCK)])
    print("\n".join(lines) or f"licences: all {len(pins(LOCK))} are taken.")
    is_bad = bool(lines)
    for source in _SOURCES:
        found = findings(program, source)
        print("\n".join(found.lines))
        is_bad |= bool(found.weaknesses)
        if found.answered:
            is_bad |= found.answered < found.asked and "--strict" in options
            break
    else:
        is_bad |= "--strict" in options
    sys.exit(is_bad)


if __name__ == "__main__":
    main()
