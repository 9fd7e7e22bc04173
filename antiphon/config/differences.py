"""What differs between two settings, as it may be shown: secrets only tell that they have changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.inspect import CollectionType, DictType, StructType, Type

from antiphon.config.redact import HIDDEN, redacted_address
from antiphon.config.shape import SETTINGS, mark, members, plain
from antiphon.settings import Settings

_ABSENT: Final = object()
_LONGEST: Final = 120


class Difference(Struct, frozen=True):
    """One setting by its dotted name, before and after; what is secret is hidden, what is not there is None."""

    name: str
    before: str | None
    after: str | None

    def line(self) -> str:
        """As a person reads it."""
        if self.before is None:
            return f"+ {self.name}: {self.after}"
        if self.after is None:
            return f"- {self.name}: {self.before}"
        return f"~ {self.name}: {self.before} -> {self.after}"


def differences(before: Settings, after: Settings) -> list[Difference]:
    """Every setting that is not the same, in the order of the settings."""
    return list(_between(msgspec.to_builtins(before), msgspec.to_builtins(after), SETTINGS, ""))


def _between(before: Any, after: Any, kind: Type, name: str) -> Iterator[Difference]:  # noqa: ANN401 - what to_builtins makes
    if before == after:
        return
    for inner, old, new, type_ in _members(before, after, kind, name):
        if type_ is not None:
            yield from _between(old, new, type_, inner)
        else:
            yield Difference(inner, _shown(old, kind), _shown(new, kind))


def _members(before: Any, after: Any, kind: Type, name: str) -> Iterator[tuple[str, Any, Any, Type | None]]:  # noqa: ANN401 - as above
    """The parts of two values of one type; the values themselves, without a type, where they have no parts."""
    match plain(kind):
        case StructType() as struct if _parts(before, after, dict):
            fields = members(struct)
            for each in fields:
                yield _dotted(name, each), _part(before, each), _part(after, each), fields[each].type
        case DictType() as mapping if _parts(before, after, dict):
            for each in dict.fromkeys([*(_some(before)), *(_some(after))]):
                yield _dotted(name, each), _part(before, each), _part(after, each), mapping.value_type
        case CollectionType() as many if _parts(before, after, list):
            old, new = _some(before), _some(after)
            for place in range(max(len(old), len(new))):
                inner = f"{name}[{place}]"
                yield inner, _place(old, place), _place(new, place), many.item_type
        case _:
            yield name, before, after, None


def _parts(before: object, after: object, kind: type) -> bool:
    """Whether both are containers, or one is and the other is not there."""
    found = [value for value in (before, after) if value is not None and value is not _ABSENT]
    return bool(found) and all(isinstance(value, kind) for value in found)


def _some(value: Any) -> Any:  # noqa: ANN401 - as above
    return () if value is None or value is _ABSENT else value


def _part(value: Any, name: str) -> object:  # noqa: ANN401 - as above
    return _ABSENT if value is None or value is _ABSENT else value.get(name, _ABSENT)


def _place(value: Any, place: int) -> object:  # noqa: ANN401 - as above
    return value[place] if place < len(value) else _ABSENT


def _dotted(name: str, member: str) -> str:
    return f"{name}.{member}" if name else member


def _shown(value: object, kind: Type) -> str | None:
    if value is _ABSENT or value is None:
        return None
    if mark(kind, "secret"):
        return HIDDEN
    text = redacted_address(str(value)) if mark(kind, "address") else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
