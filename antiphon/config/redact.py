"""The settings as they may be shown: everything but what opens a door.

Law: what a field is marked secret for in `settings.py` is nowhere in the result. What is not set is left out, too: a
provider may have some thirty settings, and mostly has two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml
from msgspec.inspect import CollectionType, DictType, StructType, Type

from antiphon.config.shape import SETTINGS, mark, members, plain
from antiphon.settings import Settings

HIDDEN: Final = "<secret>"


def redacted(settings: Settings) -> str:
    """The settings as YAML."""
    data = _shown(msgspec.to_builtins(settings), SETTINGS)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)


def secrets_of(settings: Settings) -> list[str]:
    """Everything that is set and marked secret."""
    return list(_secrets(msgspec.to_builtins(settings), SETTINGS))


def redacted_address(address: str) -> str:
    """The address without user, password and query, or less of it where these cannot be told apart."""
    scheme, found, rest = address.partition("://")
    shown, asked, query = rest.partition("?")
    if not found or ("@" in query and not rest.startswith("/")):
        return f"{scheme}://{HIDDEN}" if found else HIDDEN
    if "@" in shown and not rest.startswith("/"):
        shown = f"{HIDDEN}@{shown.rpartition('@')[2]}"
    return f"{scheme}://{shown}{f'?{HIDDEN}' if asked else ''}"


def _shown(value: Any, kind: Type) -> object:  # noqa: ANN401 - what to_builtins makes of a Struct
    match plain(kind):
        case StructType() as struct:
            fields = members(struct)
            said = {name: inner for name, inner in value.items() if inner is not None and inner != {}}
            return {name: _shown(inner, fields[name].type) for name, inner in said.items()}
        case DictType() as mapping:
            return {name: _shown(inner, mapping.value_type) for name, inner in value.items()}
        case CollectionType() as many:
            return [_shown(inner, many.item_type) for inner in value]
        case _ if mark(kind, "secret"):
            return HIDDEN
        case _:
            return redacted_address(value) if mark(kind, "address") else value


def _secrets(value: Any, kind: Type) -> Iterator[str]:  # noqa: ANN401 - as in _shown
    match plain(kind):
        case StructType() as struct:
            fields = members(struct)
            for name, inner in value.items():
                if inner is not None:
                    yield from _secrets(inner, fields[name].type)
        case DictType() as mapping:
            for inner in value.values():
                yield from _secrets(inner, mapping.value_type)
        case CollectionType() as many:
            for inner in value:
                yield from _secrets(inner, many.item_type)
        case _ if mark(kind, "secret") and isinstance(value, str):
            yield value
        case _:
            pass
