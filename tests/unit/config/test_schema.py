from typing import Any

from msgspec.inspect import DictType, StructType

from antiphon.config.docs import page
from antiphon.config.schema import schema
from antiphon.config.shape import SETTINGS, leaves, members, plain
from antiphon.providers.table import TABLE
from tests.shape.repository import ROOT


def section(name: str) -> dict[str, Any]:
    definitions: Any = schema()["$defs"]
    return definitions[name]


def test_the_schema_knows_every_setting_and_nothing_else() -> None:
    assert isinstance(SETTINGS, StructType)
    told: Any = schema()
    assert set(told["properties"]) == set(members(SETTINGS))
    for field in members(SETTINGS).values():
        kind = plain(field.type)
        inner = plain(kind.value_type) if isinstance(kind, DictType) else kind
        if isinstance(inner, StructType):
            assert set(section(inner.cls.__name__)["properties"]) == set(members(inner))
    assert told["additionalProperties"] is False
    assert all(each.get("additionalProperties") is False for name, each in told["$defs"].items() if name != "Reference")


def test_the_schema_tells_bounds_descriptions_and_defaults() -> None:
    port = section("ServerSettings")["properties"]["port"]
    assert port["description"].endswith(".")
    assert port["default"] == 8080
    assert {"type": "integer", "minimum": 0, "maximum": 65535} in port["anyOf"]


def test_a_reference_may_stand_for_any_value_but_not_for_a_section() -> None:
    reference = {"$ref": "#/$defs/Reference"}
    provider = section("ProviderSettings")["properties"]
    for name in ("base_url", "api_key", "enabled", "dialect", "models"):
        assert reference in provider[name]["anyOf"], name
    assert reference in provider["headers"]["additionalProperties"]["anyOf"]
    assert reference in section("ModelSettings")["properties"]["targets"]["anyOf"][0]["items"]["anyOf"]
    assert provider["quirks"]["$ref"] == "#/$defs/Quirks"
    told: Any = schema()
    assert told["properties"]["server"]["$ref"] == "#/$defs/ServerSettings"


def test_the_page_tells_every_setting_and_every_provider() -> None:
    text = page()
    for path, _ in leaves(SETTINGS):
        assert f"`{'.'.join(name for name in path if name != '[]')}" in text
    for row in TABLE.values():
        for variable in (*row.key_variables, *row.url_variables):
            assert f"`{variable}`" in text


def test_the_page_in_the_repository_is_the_one_that_is_made_now() -> None:
    kept = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert kept == page(), "run `make docs`"


def test_no_line_of_the_page_ends_in_blanks() -> None:
    assert not [line for line in page().splitlines() if line != line.rstrip()]
