import json
import tomllib
from typing import Any

import jsonschema
import pytest
import yaml

from antiphon import __version__
from antiphon.settings import ServerSettings
from tests.deploy.charts import CASES, CHART
from tests.shape.repository import ROOT
from tools.chart_page import PAGE, defaults, described, page

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text("utf-8"))


def faults(values: dict[str, Any]) -> list[str]:
    validator: Any = jsonschema.Draft7Validator(SCHEMA)
    return [str(error) for error in validator.iter_errors(values)]


def test_the_page_is_made_from_the_values() -> None:
    assert PAGE.read_text("utf-8") == page(), "`make docs` has not been run"


def test_every_comment_is_of_a_value() -> None:
    assert described().keys() == {path for path, _ in defaults(VALUES, described())}


def test_the_schema_is_one_and_takes_the_defaults() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert faults(VALUES) == []


@pytest.mark.parametrize("case", CASES)
def test_the_schema_takes_what_is_rendered(case: str) -> None:
    assert faults(CASES[case]) == []


def described_by(schema: dict[str, Any], above: str = "") -> set[str]:
    found: set[str] = set()
    for name, inner in schema.get("properties", {}).items():
        found |= described_by(inner, f"{above}{name}.") or {f"{above}{name}"}
    return found


def test_the_schema_knows_every_value_and_no_other() -> None:
    ends = {path for path, _ in defaults(VALUES, described())}
    assert described_by(SCHEMA) - {"global"} == ends


def test_every_value_is_used() -> None:
    templates = "".join(path.read_text("utf-8") for path in sorted((CHART / "templates").rglob("*.*")))
    # `with` looks into a section, and the rest is read as it is.
    unused = [path for path in described() if f".Values.{path}" not in templates]
    assert not unused


def test_defaults_are_those_of_the_gateway() -> None:
    assert VALUES["shutdownSeconds"] == ServerSettings().shutdown_seconds
    assert VALUES["workers"] == ServerSettings().workers


def test_the_chart_is_of_this_release() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert chart["appVersion"] == __version__
    assert chart["version"] == __version__
    assert chart["description"] == project["description"]
