"""The types of the settings as values that can be walked: fields, bounds, and what people call them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import NODEFAULT
from msgspec.inspect import (
    BoolType,
    CollectionType,
    DictType,
    Field,
    FloatType,
    IntType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from antiphon.provider_settings import ProviderSettings
from antiphon.quirks import Quirks
from antiphon.settings import Settings

SETTINGS: Final = type_info(Settings)
_QUIRKS: Final = UnionType((type_info(Quirks), NoneType()))


def plain(kind: Type) -> Type:
    """The type without its description, and without null if it may be that."""
    while True:
        match kind:
            case Metadata():
                kind = kind.type
            case UnionType():
                kind = next(each for each in kind.types if not isinstance(each, NoneType))
            case _:
                return kind


def is_nullable(kind: Type) -> bool:
    """Whether null is a value of the type."""
    match kind:
        case Metadata():
            return is_nullable(kind.type)
        case UnionType():
            return any(isinstance(each, NoneType) for each in kind.types)
        case _:
            return False


def mark(kind: Type, name: str) -> object:
    """What the settings say of a value beyond its type: `secret`, `expected` or `description`; else None."""
    match kind:
        case Metadata():
            marks = msgspec.structs.asdict(kind)
            return _found(marks["extra"], name) or _found(marks["extra_json_schema"], name) or mark(kind.type, name)
        case UnionType():
            return next((found for each in kind.types if (found := mark(each, name))), None)
        case _:
            return None


def _found(marks: dict[str, object] | None, name: str) -> object:
    return None if marks is None else marks.get(name)


def members(kind: StructType) -> dict[str, Field]:
    """The fields by name. A provider's quirks are those that exist, not just any mapping."""
    fields = {field.encode_name: field for field in kind.fields}
    if kind.cls is ProviderSettings:
        quirks = fields["quirks"]
        described = msgspec.structs.replace(quirks.type, type=_QUIRKS) if isinstance(quirks.type, Metadata) else _QUIRKS
        fields["quirks"] = msgspec.structs.replace(quirks, type=described)
    return fields


def default(field: Field) -> object:
    """What holds when nothing is said; NODEFAULT when something must be."""
    return field.default_factory() if field.default_factory is not NODEFAULT else field.default


def leaves(kind: Type, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Every field that is no section itself, with its path; ``NAME`` and ``[]`` stand for any name and any place."""
    match plain(kind):
        case StructType() as struct:
            for name, field in members(struct).items():
                below = list(leaves(field.type, (*path, name)))
                yield from below or [((*path, name), field)]
        case DictType() as mapping:
            yield from leaves(mapping.value_type, (*path, "NAME"))
        case CollectionType() as many:
            yield from leaves(many.item_type, (*path, "[]"))
        case _:
            return


def called(kind: Type) -> str:
    """What is wanted, in words, with its bounds."""
    if said := mark(kind, "expected"):
        return str(said)
    match plain(kind):
        case BoolType():
            return "true or false"
        case IntType() as number:
            return "an integer" + _bounds(number)
        case FloatType() as number:
            return "a number" + _bounds(number)
        case LiteralType() as literal:
            return "one of " + ", ".join(f"`{value}`" for value in literal.values)
        case StrType():
            return "a text"
        case CollectionType():
            return "a list"
        case _:
            return "a mapping of names to values"


def _bounds(number: IntType | FloatType) -> str:
    words = {" above": number.gt, " from": number.ge, " up to": number.le}
    return "".join(f"{word} {bound}" for word, bound in words.items() if bound is not None)
