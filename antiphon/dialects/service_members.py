"""What the dialects of embeddings, rankings and moderations share: reading requests, telling what is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from antiphon.errors import UpstreamBroke
from antiphon.service_protocols import Answer, Asked, At
from antiphon.wire.faults import UNDECODABLE, told

_Kind = TypeVar("_Kind")

_NOTHING: Final = (b"null", b"")
encode: Final = msgspec.json.Encoder().encode


def read(asked: Asked, kind: type[_Kind]) -> _Kind:
    """The request as `kind`. Raises BadRequest naming the member that is not legal."""
    try:
        return msgspec.json.decode(encode(given(asked)), type=kind)
    except UNDECODABLE as error:
        raise told(error, kind) from None


def given(asked: Asked) -> dict[str, Raw]:
    """The members that say something: `null` means the default everywhere."""
    return {name: value for name, value in asked.members.items() if bytes(value) not in _NOTHING}


def unsaid(asked: Asked, at: At, taken: Collection[str]) -> tuple[str, ...]:
    """A sentence for each member that is not among those that are `taken`."""
    lost = sorted(given(asked).keys() - {"model", *taken})
    return tuple(f"{at.provider} has no such parameter, so '{name}' was left out." for name in lost)


def understood(answer: Answer, at: At, kind: type[_Kind]) -> _Kind:
    """The answer as `kind`. Raises UpstreamBroke."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except UNDECODABLE:
        raise broken(at) from None


def broken(at: At) -> UpstreamBroke:
    """The error for an answer that cannot be read."""
    return UpstreamBroke(f"{at.provider} answered with something that is no answer to this request.")


def portions(inputs: Sequence[_Kind], batch: int | None) -> list[Sequence[_Kind]]:
    """The inputs in their order, so many at a time; at least one portion."""
    size = batch or max(1, len(inputs))
    return [inputs[start : start + size] for start in range(0, max(1, len(inputs)), size)]


def total(counts: Collection[int | None]) -> int | None:
    """The sum; None where any part is unknown."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def filled(members: Mapping[str, Any]) -> bytes:
    """A body of the members that are set."""
    return encode({name: value for name, value in members.items() if value is not None})
