"""The seam of pictures and sounds: `/v1/images/*` and `/v1/audio/*`.

As in `service_protocols` a dialect is pure: a request and a target give a plan. What differs is that requests bring
files, that answers need not be JSON, and that some come in pieces which clients want as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from msgspec import Struct
from typing_extensions import Buffer

from antiphon.downloads import Downloaded
from antiphon.errors import AntiphonError, UpstreamError
from antiphon.protocols import Post
from antiphon.service_protocols import Asked, At, MediaService
from antiphon.wire.counts import Counts


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form. `data` may be a view of a file on disk, so it is read where it is needed and kept by nobody.

    `media_type` is the client's word, "" where it gave none.
    """

    field: str
    filename: str
    media_type: str
    data: Buffer


class MediaAsked(Asked, frozen=True, kw_only=True):
    """One request. `members` are those of the JSON body, or the fields of a form as JSON strings and lists of them.

    `fields` and `files` are the form as it came, in its order, without what is said to the gateway alone; `fields` is
    None for a JSON body. `brought` has what was found at the addresses that the dialect wanted to be fetched. `created`
    is the time, in Unix seconds.
    """

    service: MediaService
    created: int
    fields: tuple[tuple[str, str], ...] | None = None
    files: tuple[Upload, ...] = ()
    brought: Mapping[str, Downloaded] = {}


class Sent(Struct, frozen=True):
    """One request to a provider. `headers` are whole lines; `tail` is what comes behind the address of the endpoint."""

    body: bytes
    headers: bytes = b""
    tail: str = ""


class Reply(Struct, frozen=True):
    """What a provider answered. `media_type` has no parameters and is in lower case."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Made:
    """What the client gets. `counts` are the tokens that the provider told of.

    `addresses`, where there are any, are to be fetched first; `finish` then makes what the client gets of what was
    found there. It raises UpstreamBroke for what cannot be used.
    """

    body: bytes
    media_type: str = "application/json"
    counts: Counts | None = None
    addresses: Sequence[str] = ()
    finish: Callable[[Mapping[str, Downloaded]], Made] | None = None


class Passing(Protocol):
    """Turns the pieces of one answer into those that the client wants. Pure; one per answer."""

    media_type: str
    """What the client is told it gets."""

    counts: Counts | None
    """The tokens that the provider has told of so far."""

    def feed(self, data: bytes) -> bytes:
        """What these bytes become, perhaps nothing yet. Raises UpstreamError."""
        ...

    def close(self) -> bytes:
        """The end. Raises UpstreamBroke for an answer that was cut short."""
        ...

    def broken(self, error: AntiphonError) -> bytes:
        """What tells the client of a failure in the middle; nothing where only a broken connection can."""
        ...


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """The requests to send, and what becomes of the answers, given in the same order.

    `passing` is asked, with its media type, for what passes on an answer in pieces, of the one request there then is;
    it says None for an answer that is better told whole. `tell` raises UpstreamBroke for what is no answer.
    """

    sent: Sequence[Sent]
    tell: Callable[[Sequence[Reply]], Made]
    warnings: tuple[str, ...] = ()
    passing: Callable[[str], Passing | None] | None = None
    streamed: bool = False


class MediaDialect(Protocol):
    """One format in which pictures or sounds can be asked for. Pure."""

    def addresses(self, asked: MediaAsked, at: At) -> Sequence[str]:
        """What the gateway has to fetch before there can be a plan, since the provider takes bytes alone."""
        ...

    def plan(self, asked: MediaAsked, at: At) -> MediaPlan:
        """What to send. Raises BadRequest for a request that is none, or that cannot be said there."""
        ...

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """The error that a reply with a status of 400 or more stands for, free of secrets."""
        ...


MediaDialects = Mapping[tuple[MediaService, str], MediaDialect]
"""Every dialect by what it is for and its name in the table of providers."""


@runtime_checkable
class Extensible(Protocol):
    """A way to an endpoint whose address goes on in each request: with the name of a voice, or with a query."""

    def behind(self, tail: str) -> Post:
        """The way to the address with `tail` behind it, which is quoted already."""
        ...
