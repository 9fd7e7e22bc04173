"""How members of Google's JSON are read: in camel case or with underscores, integers in three spellings.

https://protobuf.dev/programming-guides/json (read 2026-11): the names of fields are taken in both spellings, and an
integer may come as a string or as a decimal without a fraction. What clients name themselves is left as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

from antiphon.errors import BadRequest
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item, is_array, is_item

_UNDERSCORED: Final = re.compile(r"_([a-z])")


def camel(value: Item) -> Item:
    """The members by their names in camel case; what is inside them stays."""
    return {_UNDERSCORED.sub(lambda found: found[1].upper(), name): member for name, member in value.items()}


def objects(value: object, place: str) -> list[Item]:
    """A list of objects, or one object in its place. Raises BadRequest for anything else."""
    listed: Any = [value] if is_item(value) else value
    if is_array(listed):
        found = [each for each in listed if is_item(each)]
        if len(found) == len(listed):
            return [camel(each) for each in found]
    raise BadRequest(f"Invalid type for '{place}': expected an array of objects.", param=place, code="invalid_type")


def member(members: Item, name: str) -> Item:
    """The object that a member holds, empty where it is absent. Raises BadRequest for anything else."""
    value: Any = members.get(name)
    if value is None:
        return {}
    if not is_item(value):
        raise BadRequest(f"Invalid type for '{name}': expected an object.", param=name, code="invalid_type")
    return camel(value)


def text(members: Item, name: str, place: str) -> str:
    """A text that must be there. Raises BadRequest."""
    value: Any = members.get(name)
    if isinstance(value, str) and value:
        return value
    param = f"{place}.{name}"
    if value in (None, ""):
        raise missing(param)
    raise BadRequest(f"Invalid type for '{param}': expected a string.", param=param, code="invalid_type")


def integer(value: object) -> object:
    """An integer however it is spelled; whatever else comes is left for others to judge."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) < 20:  # noqa: PLR2004
        return int(value)
    return value
