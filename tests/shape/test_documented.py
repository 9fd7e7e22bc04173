"""The code is asked what it has, and the pages under docs/ must say it: documentation cannot fall behind."""

import ast
import re
from collections.abc import Iterator

import msgspec

from antiphon.settings import Settings
from tests.shape.repository import ROOT, documentation, python_files, tree_of

ROUTES = ROOT / "antiphon" / "http" / "routes.py"


def settings_of(kind: msgspec.inspect.Type, path: str) -> Iterator[str]:
    """The dotted name of every setting at or below a type; `*` stands for a name that the user chooses."""
    match kind:
        case msgspec.inspect.Metadata(type=inner):
            yield from settings_of(inner, path)
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from settings_of(field.type, f"{path}.{field.encode_name}" if path else field.encode_name)
        case msgspec.inspect.DictType(value_type=inner):
            yield from settings_of(inner, f"{path}.*")
        case msgspec.inspect.ListType(item_type=inner) | msgspec.inspect.VarTupleType(item_type=inner):
            yield from settings_of(inner, path)
        case msgspec.inspect.UnionType(types=kinds) if any(
            isinstance(inner, msgspec.inspect.StructType) for inner in kinds
        ):
            for inner in kinds:
                if isinstance(inner, msgspec.inspect.StructType):
                    yield from settings_of(inner, path)
        case _:
            yield path


def error_codes() -> set[str]:
    """Codes that a class of ours carries or that a raise gives: `code = "…"` and `code="…"`."""
    codes: set[str] = set()
    for path in python_files("antiphon"):
        for node in ast.walk(tree_of(path)):
            match node:
                case (
                    ast.keyword(arg="code", value=ast.Constant(value=str(code)))
                    | ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code)))
                    | ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code)))
                ):
                    codes.add(code)
                case _:
                    pass
    return codes


def served_paths() -> set[str]:
    strings = (node.value for node in ast.walk(tree_of(ROUTES)) if isinstance(node, ast.Constant))
    return {value for value in strings if isinstance(value, str) and value.startswith("/")}


def without_parameter_names(text: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", text)


def test_every_setting_is_documented() -> None:
    pages = documentation()
    names = set(settings_of(msgspec.inspect.type_info(Settings), ""))
    assert names
    spelled = {name: re.escape(name).replace(r"\*", r"[^`\s]+") for name in names}
    assert not sorted(name for name, pattern in spelled.items() if not re.search(f"`{pattern}`", pages))


def test_every_error_code_is_documented() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    codes = error_codes()
    assert codes
    assert not sorted(code for code in codes if f"`{code}`" not in text)


def test_every_route_is_documented() -> None:
    pages = without_parameter_names(documentation())
    assert served_paths()
    assert not sorted(path for path in served_paths() if without_parameter_names(path) not in pages)
