"""The seam of the way to providers' own APIs: what is passed on as it is, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from antiphon.protocols import UpstreamReply
from antiphon.wire.counts import Counts

Line = tuple[bytes, bytes]
"""A header: its name in small letters, and its value."""


class Asked(Struct, frozen=True, kw_only=True):
    """One request without its body. `path` is where it goes at the provider, encoded as it came; so is `query`.

    `headers` are the client's, without what is meant for the gateway alone.
    """

    method: str
    path: str
    query: str
    headers: Sequence[Line]


class Reply(UpstreamReply, Protocol):
    """What the provider answers, its body still on the way, encoded as it came."""

    @property
    def headers(self) -> Sequence[Line]:
        """In the order they came in, repeated as they were; blanks may stand around values."""
        ...


class Upload(Protocol):
    """A request whose body is still coming. Whoever has one must `close` it, whatever happens."""

    async def push(self, piece: bytes) -> bool:
        """Sends on a piece as soon as the provider takes it. False when it reads no more of them."""
        ...

    async def end(self) -> None:
        """There is no more of the body."""
        ...

    async def reply(self) -> Reply:
        """The answer as soon as its head is there; the body may still be on its way. Raises UpstreamError."""
        ...

    def close(self) -> None:
        """Gives the request up, unless there was a reply: that is released by itself."""
        ...


class Passing(Protocol):
    """One provider's own API, under its own credential. No request leaves for any other host."""

    name: str

    @property
    def signs_bodies(self) -> bool:
        """Whether a body has to be there as a whole before it can be sent."""
        ...

    def place(self, path: str) -> str:
        """Where a client's path is at the provider, as its documentation writes it. Raises Forbidden."""
        ...

    def counterpart(self, address: str) -> str | None:
        """The path, with its query, of one of the provider's own addresses; None for an address elsewhere."""
        ...

    async def ask(self, asked: Asked, body: bytes, seconds: float) -> Reply:
        """Sends a request that is there as a whole. Raises UpstreamError, BadRequest for what no header can carry."""
        ...

    async def upload(self, asked: Asked, length: int | None, seconds: float) -> Upload:
        """Begins a request whose body follows, of so many bytes if that is known. Raises as `ask`."""
        ...

    def cost_nanos(self, model: str, counts: Counts) -> int | None:
        """What the model's list price makes of these tokens, in nano-dollars."""
        ...


@dataclass(slots=True)
class Passage:
    """A request that is passed on, for the log: to whom, and what could be recognised of the answer."""

    provider: str
    model: str | None = None
    streamed: bool = False
    upstream_request_id: str | None = None
