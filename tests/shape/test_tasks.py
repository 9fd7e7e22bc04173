import ast
import re
from pathlib import Path

import pytest

from tests.shape.repository import ROOT, python_files, tree_of

# Ruff bans these by name in the package; this sees the loop's own methods too, and the tests.
OWNERLESS = ("create_task", "ensure_future", "gather", "wait_for")
CALLED = re.compile(rf"(?:asyncio|loop\w*(?:\(\))?)\.(?:{'|'.join(OWNERLESS)})")


def ownerless(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=function):
            return CALLED.search(ast.unparse(function)) is not None
        case ast.ImportFrom(module="asyncio", names=names):
            return any(alias.name in OWNERLESS for alias in names)
        case _:
            return False


@pytest.mark.parametrize("path", python_files("antiphon", "tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_task_has_an_owner(path: Path) -> None:
    source = path.read_text("utf-8")
    if not any(name in source for name in OWNERLESS):
        return
    assert not [ast.unparse(node) for node in ast.walk(tree_of(path)) if ownerless(node)]
