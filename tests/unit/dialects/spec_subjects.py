"""What there is in the Responses API, read from its published descriptions, which this repository does not hold."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_NEAR = [folder / "shared" / "spec" for folder in Path(__file__).resolve().parents]
SPEC = next((folder for folder in _NEAR if folder.exists()), _NEAR[0])
"""A folder beside the checkout, where somebody has put them."""

Schema = dict[str, Any]
Things = dict[str, set[str]]
"""The members of each thing, by its type."""


@cache
def components(name: str) -> Schema:
    return json.loads((SPEC / f"{name}.openapi.json").read_text())["components"]["schemas"]


class OpenAPI:
    """OpenAI's own description."""

    def __init__(self) -> None:
        self.schemas = components("openai-responses")

    def plain(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def properties(self, schema: Schema) -> Schema:
        schema = self.plain(schema)
        inherited = [self.properties(each) for each in schema.get("allOf", ())]
        return {name: each for group in (*inherited, schema.get("properties", {})) for name, each in group.items()}

    def variants(self, schema: Schema) -> Iterator[Schema]:
        schema = self.plain(schema)
        inner = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
        if not inner:
            yield schema
        for each in inner:
            yield from self.variants(each)

    def values(self, schema: Schema) -> list[str]:
        schema = self.plain(schema)
        found = list(schema.get("enum", ())) or [schema[key] for key in ("const",) if key in schema]
        for each in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
            found += self.values(each)
        return found

    def things(self, name: str) -> Things:
        """The members of each type of a union, or of a list of one."""
        union = self.plain(self.schemas[name])
        found: Things = {}
        for variant in self.variants(union.get("items", union)):
            members = self.properties(variant)
            for kind in self.values(members["type"]) if "type" in members else ():
                found.setdefault(kind, set()).update(members.keys() - {"type"})
        return found

    def members(self, name: str) -> set[str]:
        return set(self.properties(self.schemas[name]))


_ROW = re.compile(r"^\| [^|]*?`([a-z_./0-9]+)`[^|]*\| (.*) \|$")
_MEMBER = re.compile(r"^\**([a-z_]+)\**: ")


def appendix(section: str) -> Things:
    """The table of this number in appendix A of the specification."""
    text = (SPEC / "responses-api.md").read_text()
    _, _, body = text.partition(f"### {section} ")
    found: Things = {}
    for line in body.partition("\n### ")[0].replace("\\|", "/").splitlines():
        row = _ROW.match(line)
        if row is not None:
            for kind in row[1].split("/"):
                found.setdefault(kind, set()).update(_top_level(row[2]))
    return found


def _top_level(fields: str) -> Iterator[str]:
    depth, start = 0, 0
    pieces: list[str] = []
    for index, letter in enumerate(fields):
        depth += (letter in "({<[") - (letter in ")}>]")
        if letter == "," and depth == 0:
            pieces.append(fields[start:index])
            start = index + 1
    for piece in (*pieces, fields[start:]):
        found = _MEMBER.match(piece.strip())
        if found is not None:
            yield found[1]


def body_fields() -> set[str]:
    """The parameters of section 1.2 of the specification."""
    text = (SPEC / "responses-api.md").read_text()
    _, _, body = text.partition("## 1.2 ")
    rows = [line.split("|")[1] for line in body.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
