"""Which words may stand at a place of a request: what an error tells a client that wrote another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import inspect

_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[[^\]]*\]")


def legal_words(shape: object, path: str) -> list[str]:
    """The words that `shape` permits at a path such as ``.reasoning.effort``; none where it permits any."""
    kinds = list(_alternatives(inspect.type_info(shape)))
    for step in _STEP.finditer(path):
        kinds = [inner for kind in kinds for inner in _within(kind, step["name"])]
    found = [str(word) for kind in kinds if isinstance(kind, inspect.LiteralType) for word in kind.values]
    return list(dict.fromkeys(found))


def supported(words: Sequence[str]) -> str:
    """A sentence that lists the words, as the OpenAI API does; nothing where there are none."""
    quoted = [f"'{word}'" for word in words]
    match quoted:
        case []:
            return ""
        case [word]:
            return f" The only supported value is {word}."
        case [first, second]:
            return f" Supported values are: {first} and {second}."
        case _:
            return f" Supported values are: {', '.join(quoted[:-1])}, and {quoted[-1]}."


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        yield from _alternatives(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _alternatives(each)
    else:
        yield kind


def _within(kind: inspect.Type, name: str | None) -> Iterable[inspect.Type]:
    """What stands in a value of this kind: under a name, or, without one, in a list or under any name."""
    match kind:
        case inspect.StructType() if name is not None:
            if name == kind.tag_field:
                return [inspect.LiteralType((str(kind.tag),))]
            return [each for field in kind.fields if field.encode_name == name for each in _alternatives(field.type)]
        case inspect.ListType() if name is None:
            return _alternatives(kind.item_type)
        case inspect.DictType():
            return _alternatives(kind.value_type)
        case _:
            return []
