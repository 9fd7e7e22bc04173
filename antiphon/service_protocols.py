"""The seam of the endpoints beside answers: embeddings, rankings, moderations. One request, one whole answer.

A dialect of theirs is pure, like all: it says what to send and what the replies mean. Where a provider takes less at
once than a client may send, there are several bodies for one request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

from msgspec import Raw, Struct

from antiphon.errors import UpstreamError

PostT = TypeVar("PostT")
MediaService = Literal[
    "images/generations",
    "images/edits",
    "images/variations",
    "audio/speech",
    "audio/transcriptions",
    "audio/translations",
]
"""What is made or read that is no text: see `media_protocols`."""

Service = Literal["embeddings", "rerank", "moderations"] | MediaService
"""An endpoint beside answers, by its path below ``/v1``."""

MODERATION_RULES: Final = "local/moderation-rules"
"""The one target that is no provider's: patterns of the gateway's own."""


class Asked(Struct, frozen=True, kw_only=True):
    """One request. `members` are those of its body, values untouched, without `provider` where the gateway reads it.

    `id` is the gateway's name for the request; `v2` tells that it came by the path of Cohere's second version, and
    `translated` that the client said it in other words: what a vendor has none for is left out, not passed on.
    """

    service: Service
    id: str
    model: str
    members: Mapping[str, Raw]
    provider: str | None = None
    v2: bool = False
    translated: bool = False


class At(Struct, frozen=True):
    """Who is asked. `batch` is how many inputs it takes at once, None where it takes as many as clients send."""

    provider: str
    model: str
    batch: int | None = None


class Served(Struct, Generic[PostT], frozen=True):
    """An endpoint that a target has: the name of its dialect, how it is asked, and `batch` as in `At`."""

    dialect: str
    post: PostT
    batch: int | None = None


class Answer(Struct, frozen=True):
    """What one body was answered with. `input_tokens` are those that a header tells of."""

    body: bytes
    input_tokens: int | None = None


class Told(Struct, frozen=True):
    """What the client gets, and the tokens that the provider counted, where it did."""

    body: bytes
    input_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The bodies to send, none where nobody need be asked; `tell` makes one answer of theirs, given in the same order.

    `tell` raises UpstreamBroke for what is no answer. `warnings` are sentences on what could not be said.
    """

    bodies: Sequence[bytes]
    tell: Callable[[Sequence[Answer]], Told]
    warnings: tuple[str, ...] = ()


class ServiceDialect(Protocol):
    """One format in which a service can be asked for. Pure."""

    def plan(self, asked: Asked, at: At) -> Plan:
        """What to send. Raises BadRequest for a request that is none, or that cannot be said there."""
        ...

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """The error that a reply with a status of 400 or more stands for, free of secrets."""
        ...


ServiceDialects = Mapping[tuple[Service, str], ServiceDialect]
"""Every dialect by what it is for and its name in the table of providers."""
