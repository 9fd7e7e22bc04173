import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shape.repository import ROOT, python_files, tree_of

MAX_LINES = 400
MAX_STATEMENTS = 40
MAX_PUBLIC_METHODS = 13

OURS = [path for path in python_files("antiphon", "tests") if "migrations" not in path.parts]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in it line by line, at any depth. Expressions are most of a tree, and hold nothing of that kind."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for each in getattr(node, field, ()):
            yield each
            yield from inside(each)


def statements(function: Function) -> int:
    """Statements in the body at any depth, nested functions included: a closure is no way around the limit.

    None are counted where the lines could not hold too many: the linter allows one a line.
    """
    if (function.end_lineno or 0) - function.lineno < MAX_STATEMENTS:
        return 0
    return sum(isinstance(node, ast.stmt) for node in inside(function))


def public_methods(node: ast.ClassDef) -> int:
    return sum(isinstance(member, Function) and not member.name.startswith("_") for member in node.body)


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_a_function_and_a_class_can_be_read_at_once(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES
    nodes = list(inside(tree_of(path)))
    assert not [node.name for node in nodes if isinstance(node, Function) and statements(node) > MAX_STATEMENTS]
    assert not [
        node.name for node in nodes if isinstance(node, ast.ClassDef) and public_methods(node) > MAX_PUBLIC_METHODS
    ]
