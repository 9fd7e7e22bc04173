"""Writes the bill of materials of what is shipped, in CycloneDX 1.6: ``make sbom``.

It holds what constraints/container.txt pins: each distribution with its version, the hashes of the files that may be
installed, its licence, and what asks for it. What the default install leaves out is marked optional. The same pins give
the same bytes.

usage: python -m tools.sbom [FILE]
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.version import __version__
from tools.licences import licence_of

ROOT = Path(__file__).resolve().parents[1]
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))? ?\\?$")
_NAMESPACE = uuid.UUID("5f1c6e4e-3a53-5f0e-9a8e-0d0c8f6f7a11")
_WINDOWS = "sys_platform == 'win32'"
_OURSELVES = "antiphon"


@dataclass(frozen=True)
class Pin:
    """One distribution of a lock. `asked_by` are the names of those that need it; `marker` says where it does."""

    name: str
    version: str
    marker: str | None
    hashes: tuple[str, ...]
    asked_by: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its name in the world (https://github.com/package-url/purl-spec)."""
        return f"pkg:pypi/{self.name}@{self.version}"


def pins(lock: str) -> list[Pin]:
    """What `constraints/LOCK.txt` pins, as uv writes it, but for what Windows alone needs: nothing is shipped there."""
    text = (ROOT / "constraints" / f"{lock}.txt").read_text("utf-8")
    everywhere = [_pin(entry.splitlines()) for entry in re.split(r"\n(?=[A-Za-z0-9])", text.strip())]
    return [pin for pin in everywhere if pin.marker != _WINDOWS]


def _pin(lines: list[str]) -> Pin:
    found = _PIN.match(lines[0])
    if found is None:
        raise SystemExit(f"not a pin: {lines[0]}")
    return Pin(
        name=re.sub(r"[-_.]+", "-", found["name"]).lower(),
        version=found["version"],
        marker=found["marker"],
        hashes=tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", "\n".join(lines))),
        asked_by=tuple(_asked_by(lines)),
    )


def _asked_by(lines: list[str]) -> Iterator[str]:
    """From the comment `# via`, on one line or on several."""
    for line in lines:
        said = re.match(r"    #(?: via)?\s+([a-z0-9][A-Za-z0-9._-]*)", line)
        if said is not None and said[1] != "via":
            yield said[1].lower()


def bill(version: str = __version__) -> dict[str, Any]:
    """The whole document."""
    needed = {pin.name for pin in pins("runtime")}
    everything = pins("container")
    ourselves = f"pkg:generic/{_OURSELVES}@{version}"
    refs = {pin.name: pin.purl for pin in everything} | {_OURSELVES: ourselves}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, version + ''.join(pin.purl for pin in everything))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ourselves,
                "name": _OURSELVES,
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
            },
        },
        "components": [_component(pin, needed) for pin in everything],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(refs[pin.name] for pin in everything if name in pin.asked_by)}
            for name, ref in sorted(refs.items())
        ],
    }


def _component(pin: Pin, needed: set[str]) -> dict[str, Any]:
    properties = [] if pin.marker is None else [{"name": "antiphon:marker", "value": pin.marker}]
    return {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        "scope": "required" if pin.name in needed else "optional",
        "licenses": [{"expression": licence_of(pin.name)}],
        "purl": pin.purl,
        "externalReferences": [
            {
                "type": "distribution",
                "url": pin.purl,
                "comment": "any one of these files",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.hashes],
            }
        ],
        **({"properties": properties} if properties else {}),
    }


def main() -> None:
    """Writes it to the file that is named, or to dist/."""
    named = sys.argv[1:]
    path = Path(named[0]) if named else ROOT / "dist" / f"antiphon-{__version__}.cdx.json"
    path.parent.mkdir(exist_ok=True)
    document = bill()
    path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    print(f"{path}: {len(document['components'])} distributions")


if __name__ == "__main__":
    main()
