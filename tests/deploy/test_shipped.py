"""What is shipped: pinned, told, licensed, and asked after."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.tools import ran, tool
from tests.shape.repository import ROOT
from tools.audit import LOCK, Findings, findings, told
from tools.licences import TAKEN_ALL_THE_SAME, is_permissive, licence_of, objections
from tools.sbom import bill, pins

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = sorted(PROJECT["project"]["optional-dependencies"])
LOCKS = [extra for extra in EXTRAS if (ROOT / "constraints" / f"{extra}.txt").exists()]


def versions(lock: str) -> dict[str, str]:
    return {pin.name: pin.version for pin in pins(lock)}


@pytest.mark.parametrize("lock", ["runtime", *LOCKS])
def test_the_image_holds_what_is_tested(lock: str) -> None:
    shipped = versions("container")
    assert versions(lock).items() <= shipped.items() <= versions("dev").items()


@pytest.mark.parametrize("lock", ["container", "deploy"])
def test_every_pin_has_its_hashes(lock: str) -> None:
    assert all(pin.hashes for pin in pins(lock))
    assert "://" not in (ROOT / "constraints" / f"{lock}.txt").read_text()


def test_the_tools_are_locked() -> None:
    asked = {re.split(r"[^a-z-]", line)[0] for line in PROJECT["dependency-groups"]["deploy"]}
    assert asked <= versions("deploy").keys()


def test_every_licence_is_one_that_we_take() -> None:
    assert objections([pin.name for pin in pins("container")]) == []


def test_nothing_is_taken_all_the_same_that_need_not_be() -> None:
    shipped = versions("container")
    for name, (licence, reason) in TAKEN_ALL_THE_SAME.items():
        assert name in shipped
        assert reason
        assert licence_of(name) == licence
        assert not is_permissive(licence)


def test_an_expression_is_permissive_if_one_of_its_ways_is() -> None:
    assert is_permissive("GPL-3.0-only OR (MIT AND BSD-3-Clause)")
    assert not is_permissive("MIT AND LGPL-3.0-only")


def test_the_bill_names_everything_with_licence_hashes_and_who_asks_for_it() -> None:
    document = bill()
    components = {each["name"]: each for each in document["components"]}
    assert components.keys() == versions("container").keys()
    for each in components.values():
        assert each["licenses"][0]["expression"]
        assert each["externalReferences"][0]["hashes"]
    needed = {each["name"] for each in components.values() if each["scope"] == "required"}
    assert needed == versions("runtime").keys()
    edges = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    ourselves = document["metadata"]["component"]["bom-ref"]
    asked = {each["purl"] for each in components.values() if "sqlalchemy" in each["name"]}
    assert asked <= set(edges[ourselves])
    reached = {ourselves}
    waiting = [ourselves]
    while waiting:
        fresh = set(edges[waiting.pop()]) - reached
        reached |= fresh
        waiting += fresh
    assert reached == edges.keys()


def test_the_same_pins_give_the_same_bill() -> None:
    assert bill() == bill()
    assert bill("1.0")["serialNumber"] != bill("2.0")["serialNumber"]


def test_the_bill_is_of_its_standard(tmp_path: Path) -> None:
    file = tmp_path / "bill.json"
    file.write_text(json.dumps(bill()))
    python = tool("pip-audit").parent / "python"
    program = (
        "import sys\n"
        "from cyclonedx.schema import SchemaVersion\n"
        "from cyclonedx.validation.json import JsonStrictValidator\n"
        "print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))\n"
    )
    assert ran(python, "-c", program, file).strip() == "None"


REPORT: dict[str, Any] = {
    "dependencies": [
        {"name": "one", "version": "1", "vulns": []},
        {"name": "two", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]},
        {"name": "three", "skip_reason": "Dependency not found"},
    ]
}


def test_an_audit_tells_weaknesses_and_what_it_did_not_audit() -> None:
    found = told("somewhere", 3, REPORT)
    assert found.weaknesses == ("  two 2: PYSEC-1, mended in 2.1",)
    assert found.lines[0] == "somewhere: 2 of 3 audited; 1 NOT AUDITED, since it does not know them."


def test_an_audit_without_its_source_says_so() -> None:
    (line,) = Findings("somewhere", 3, 0, ()).lines
    assert "NOT AUDITED" in line


def test_a_source_that_cannot_be_reached_is_no_weakness(tmp_path: Path) -> None:
    broken = tmp_path / "pip-audit"
    broken.write_text("#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    broken.chmod(0o755)
    assert findings(str(broken), "pypi") == Findings("pypi", len(pins(LOCK)), 0, ())
