"""What was written, before anyone knows whether it is right: values with the place where each one stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from antiphon.errors import ConfigError

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its origin: ``file:line:column``, a variable, or an option of the command line.

    `text` marks what came from outside the file: it takes whatever type is wanted, and no message shows it.
    `broken` marks what a problem has been reported for already.
    """

    value: Scalar | dict[str, Node] | list[Node]
    origin: str
    named_at: str = ""
    text: bool = False
    broken: bool = False


@dataclass(slots=True)
class Problems:
    """Collects everything that is wrong, so that one run tells it all."""

    found: list[str] = field(default_factory=list[str])

    def add(self, origin: str, message: str) -> None:
        self.found.append(f"{origin}: {message}" if origin else message)

    def settle(self) -> None:
        """Raises ConfigError, one line per problem, if there is any."""
        if self.found:
            raise self.error()

    def error(self) -> ConfigError:
        return ConfigError("\n".join(dict.fromkeys(self.found)))


def placed(tree: Node, path: Sequence[str], node: Node) -> Node:
    """The tree with `node` at `path`, mappings made where there is nothing; a value that is in the way stays."""
    if not path:
        return replace(node, named_at=tree.named_at or node.origin)
    if not isinstance(tree.value, dict | None):
        return tree
    members = tree.value or {}
    below = members.get(path[0]) or Node({}, node.origin, node.origin)
    return replace(tree, value=members | {path[0]: placed(below, path[1:], node)}, broken=False)


def found_at(tree: Node, path: Sequence[str]) -> Node | None:
    """What stands at `path`, if anything does."""
    node: Node | None = tree
    for name in path:
        node = node.value.get(name) if node is not None and isinstance(node.value, dict) else None
    return node


def members_at(tree: Node, *path: str) -> dict[str, Node]:
    """The members of the mapping at `path`; none when it is no mapping."""
    node = found_at(tree, path)
    return node.value if node is not None and isinstance(node.value, dict) else {}


def dotted(path: Sequence[str]) -> str:
    """The path as people write it."""
    return ".".join(path).replace(".[", "[")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question with the nearest known name, or nothing when none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
