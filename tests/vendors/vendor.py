"""What the fakes of vendors have in common: each checks a request by its own vendor's rules, then answers it.

They are written from the vendors' documentation and know nothing of the code under test. A vendor remembers what it has
signed, and refuses every signature that it has not.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the model is to do in one answer.

    `calls` are names among the tools that it was offered, by place; `arguments` is what it calls them with, as JSON,
    where that is to be something else than usual. `ending` is the vendor's word for why the model stops, where that is
    not for want of anything to say.
    """

    thought: str = ""
    text: str = ""
    calls: tuple[int, ...] = ()
    arguments: str = ""
    ending: str = ""

    def arguments_of(self, place: int) -> Body:
        """What a call is made with."""
        return json.loads(self.arguments) if self.arguments else arguments_for(place)


class Refused(AssertionError):
    """The vendor would have answered 400."""


def need(holds: object, rule: str) -> None:
    """Refuses a request that breaks the rule."""
    if not holds:
        raise Refused(rule)


def need_name(name: Any, pattern: str) -> None:
    need(isinstance(name, str) and re.fullmatch(pattern, name), f"name {name!r} is not {pattern}")


def need_alternating(roles: list[str], first: str) -> None:
    """Two roles, in turn."""
    need(roles, "no messages")
    need(roles[0] == first, f"the first role is {roles[0]}")
    for one, other in itertools.pairwise(roles):
        need(one != other, f"two messages of role {one} in a row")


class Vendor(Protocol):
    """One provider that answers by plan."""

    name: str
    dialect: str
    model: str

    signed: dict[str, str]
    """What the vendor's models have signed, and what for; models of one vendor know each other's."""

    def take(self, body: Body) -> None:
        """Raises Refused for a request that the vendor would not take."""
        ...

    def whole(self, plan: Plan) -> bytes:
        """The answer in one piece, to the request that was taken last."""
        ...

    def stream(self, plan: Plan) -> bytes:
        """The same answer as a stream."""
        ...


def arguments_for(place: int) -> Body:
    """What calls are made with unless the plan says something else."""
    return {"city": f"Oslo {place}", "deep": {"n": [1, 2.5, None, "é"]}}


def sse(events: Iterable[Body], *, named: bool = False) -> bytes:
    """Server-Sent Events, with the name of each where the vendor gives it."""
    frames: list[str] = []
    for event in events:
        head = f"event: {event['type']}\n" if named else ""
        frames.append(f"{head}data: {json.dumps(event)}\n\n")
    return "".join(frames).encode()


def halves(text: str) -> list[str]:
    """The text in two pieces, neither empty where that can be."""
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]
