"""The seams that every turn meets, on one page: what the layers promise each other.

`gateway`, `dialects`, `providers`, `store`, `observe` never import each other: they meet here; `app` introduces them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from msgspec import Struct

from antiphon.conversation_protocols import Alongside, ConversationHold, ConversationView
from antiphon.errors import UpstreamError
from antiphon.quirks import Quirks
from antiphon.service_protocols import Served, Service
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.ids import NewId
from antiphon.wire.money import Price
from antiphon.wire.requests import Item, Request
from antiphon.wire.responses import Transformation

Media = Literal["image", "file", "video"]
Format = Literal["chat", "messages", "completions", "gemini"]
"""A format that clients speak, and some providers too: what is said in it may be passed on as it is."""

Sink = Callable[[Chunk], Awaitable[None]]
"""Takes a chunk on its way to the client. Awaiting it is the back-pressure."""


# What only some can is looked up by its name: whether they are instances of a protocol would take 300 byte codes.


def direct_of(sink: Sink) -> Callable[[bytes], bool] | None:
    """How a sink is given bytes without waiting for it, where it has such a way, `direct`; else None.

    It says whether it took the bytes of events before the terminal one; if not, the sink is to be awaited.
    """
    return getattr(sink, "direct", None)


Clock = Callable[[], float]
"""Unix time in seconds."""


# --- a turn -----------------------------------------------------------------------------------------------------------


class Caller(Struct, frozen=True):
    """Who is asking. Everything a tenant stores is visible to that tenant alone."""

    tenant: str
    key_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An answer that has begun already, in another task or process.

    `told` are its first frames, as everybody has seen them; `save` keeps its end. `provider` is named until one is
    asked. A call to a provider may take `seconds`, whatever its own limit is.
    """

    told: Sequence[bytes]
    provider: str
    save: Callable[[StoredTurn], Awaitable[None]]
    seconds: float


class Turn(Struct, kw_only=True):
    """One request on its way to its answer.

    `history` is what the chain's ancestors said, oldest first; `input` the items that this turn adds, each with an id;
    `origins`, by item id, the provider that each reasoning item of the history came from. `begun` is set for an answer
    in the background, `hold` while the turn has a conversation to itself; `fence` keeps the turn from being kept where
    it must not be. `kept`, where set, is what `input` was before the gateway changed it, `lent` its files by providers'
    names; `compacts` asks for a compaction alone. The last six tell how the answer came to be; `output_at` is a time.
    """

    id: str
    created_at: int
    caller: Caller
    request: Request
    input: list[Item]
    new_id: NewId
    clock: Clock
    begun: Begun | None = None
    history: list[Item] = []
    origins: dict[str, str] = {}
    conversation: str | None = None
    hold: ConversationHold | None = None
    fence: Alongside | None = None
    strict: bool = False
    kept: list[Item] | None = None
    lent: dict[str, str] | None = None
    compacts: bool = False
    notes: tuple[str, ...] = ()
    target: Target | None = None
    warnings: tuple[str, ...] = ()
    transformations: tuple[Transformation, ...] = ()
    attempts: int = 0
    upstream_request_id: str | None = None
    output_at: float | None = None

    @property
    def context(self) -> list[Item]:
        """Everything the model is to read, oldest first."""
        return self.history + self.input

    @property
    def own(self) -> list[Item]:
        """What the turn adds to its chain and its conversation, whatever of it the model is to read."""
        return self.input if self.kept is None else self.kept


# --- providers --------------------------------------------------------------------------------------------------------


class UpstreamReply(Protocol):
    """A provider's answer, its body still on the way."""

    status: int

    def header(self, *names: bytes) -> bytes | None:
        """The value of the first of these headers that says something; the names are in lower case."""
        ...

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamBroke when it is cut short or larger than `limit` bytes."""
        ...

    async def chunk(self, wait: float | None = None) -> bytes | None:
        """All bytes that have arrived, ``b""`` at the end, None when `wait` seconds brought none."""
        ...

    async def pump(self, consume: Callable[[bytes], bool]) -> None:
        """Gives `consume`, which must not raise, what arrives as it arrives, until it returns False.

        May return at any time, or at once: `chunk` tells how things stand.
        """
        ...

    def release(self, *, linger: bool = False) -> None:
        """Keeps the connection for the next request if the body was read to its end, else closes it at once.

        With `linger` an end that is about to come is waited for, in the background and not for long.
        """
        ...


class Post(Protocol):
    """Sends one body to a provider's endpoint, signed. Raises ConnectFailed or UpstreamTimeout."""

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        """The provider's reply as soon as its status and headers are known, whatever the status.

        `seconds`, where given, is how long the whole answer may take in place of the usual. `headers` are whole lines
        that this request needs beside those of every request.
        """
        ...


class Built(Struct, frozen=True):
    """A request in a provider's format, and what could not be said in it: a sentence per loss, reasoning by item.

    `headers` are those that only this request needs, each a whole line. `streamed` says how the provider is to answer,
    where that is not how the client wants it. `schema` is what the answer's text must conform to, where the provider
    does not see to that.
    """

    body: bytes
    warnings: tuple[str, ...] = ()
    transformations: tuple[Transformation, ...] = ()
    headers: bytes = b""
    streamed: bool | None = None
    schema: Item | None = None


class Reader(Protocol):
    """Turns one provider's stream into events. Pure; one per answer."""

    outcome: Outcome | None
    """Set by the read that brings the terminal event; nothing is read after it."""

    failure: UpstreamError | None
    """Set by a read that brings output and then the provider's failure; nothing is read after it."""

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. Raises UpstreamError for a failure with no output before it."""
        ...

    def quick(self, data: bytes, number: int) -> bytes | None:
        """The frame of the one event, of this number, that `data` stands for where it is as plain as most are.

        Then it counts as fed; None says that nothing has happened and `feed` is to be asked. Never raises.
        """
        ...

    def close(self) -> Chunk:
        """The last events, at the end of the body. Raises UpstreamBroke if the answer was cut short."""
        ...


def resumption_of(reader: Reader) -> Built | None:
    """What to ask for an answer to go on, at the end of a stream that its provider has interrupted; else None.

    Readers of providers that do so have it as `resumption`. The answer goes on with the same events; its first bytes,
    fed, clear this.
    """
    return getattr(reader, "resumption", None)


class Counting(Protocol):
    """How a provider is asked for the number of tokens of a request."""

    def body(self, built: bytes, target: Target) -> bytes:
        """What to send, made of the body that would be sent to the target for an answer."""
        ...

    def tokens(self, answer: bytes) -> int | None:
        """The input tokens that the answer tells of; None when it is no such answer. Never raises."""
        ...


class UpstreamDialect(Protocol):
    """One format that providers speak, towards them and back. Pure."""

    name: str

    @property
    def counting(self) -> Counting | None:
        """How tokens are counted in this format, where it has a way to ask for that."""
        ...

    def build(self, turn: Turn, target: Target) -> Built:
        """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
        ...

    def reader(self, turn: Turn, target: Target) -> Reader:
        """A fresh reader for a streamed answer."""
        ...

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        """A whole answer. Raises UpstreamBroke when `body` is no answer."""
        ...

    def unreachable(self, target: Target) -> frozenset[Media]:
        """What the target cannot be given by address: it takes bytes, and the gateway is to fetch them."""
        ...

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """The error that a reply with a status of 400 or more stands for, free of secrets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One model at one provider under one credential. `name` is public: ``provider/model``.

    `relays` send what a client says in a format of its own, for those that the provider takes as they are; `post_count`
    and `post_compact`, where it counts tokens and compacts in the Responses format itself, ask for that. `deployment`
    tells one place where the provider keeps its secrets from another: what one of them has sealed, another cannot open.
    `output_limit` is how many tokens the model can answer with, `context_window` how many it takes in all, and `price`
    what they cost; None where nobody has told. `services` are the endpoints beside answers that it has for the model.
    """

    name: str
    provider: str
    model: str
    dialect: UpstreamDialect
    post: Post
    relays: Mapping[Format, Post] = field(default_factory=dict[Format, Post])
    post_count: Post | None = None
    post_compact: Post | None = None
    quirks: Quirks = Quirks()
    deployment: str = ""
    output_limit: int | None = None
    context_window: int | None = None
    price: Price | None = None
    services: Mapping[Service, Served[Post]] = field(default_factory=dict[Service, Served[Post]])


class Router(Protocol):
    """Decides who may answer. A decision, not an action."""

    async def targets(self, model: str, provider: str | None) -> Sequence[Target]:
        """Best first. Raises BadRequest with near matches when nobody has the model."""
        ...


class Windows(Protocol):
    """What is known of the sizes of models."""

    async def context_window(self, target: str) -> int | None:
        """How many tokens a target, by its public name, takes in all; None where nobody has told."""
        ...


# --- sealing ----------------------------------------------------------------------------------------------------------


class Sealer(Protocol):
    """Makes what a client is to carry opaque to it, and to every other tenant."""

    def seal(self, tenant: str, payload: bytes) -> str:
        """A blob that only `open` for the same tenant can read: ``ant1.`` and base64url."""
        ...

    def open(self, tenant: str, text: str) -> bytes:
        """The payload. Raises BadRequest `invalid_encrypted_content` for anything but this tenant's whole blob."""
        ...


Pseudonym = Callable[[str, str], str]
"""What a provider is told in place of a tenant's own word: tenant and word in, at most 64 characters out."""


# --- stores -----------------------------------------------------------------------------------------------------------


class StoredTurn(Struct, frozen=True, kw_only=True):
    """A finished turn as it is kept. `input` holds only the items that this turn added, as a JSON array.

    `parent_id` is what it goes on from: a response, or a conversation as it was (`wire.conversations.view_of`).
    `frames` are the Server-Sent Events frames exactly as the client saw them, None for an answer not streamed. `along`
    is done in the transaction that keeps the turn.
    """

    id: str
    tenant: str
    parent_id: str | None
    conversation_id: str | None
    created_at: int
    expires_at: int | None
    status: str
    model: str
    provider: str
    upstream_id: str | None
    input: bytes
    body: bytes
    frames: Sequence[bytes] | None = None
    along: Alongside | None = None


class StoredResponse(Struct, frozen=True, kw_only=True):
    """A kept response, read back. `parent_id` as in `StoredTurn`."""

    id: str
    parent_id: str | None
    conversation_id: str | None
    status: str
    provider: str
    input: bytes
    body: bytes
    streamed: bool


class Ancestor(Struct, frozen=True):
    """One link of a chain: what it added (`input`) and its response object, both as JSON.

    `view` is set in a root that was answered in a conversation: that conversation as it was.
    """

    id: str
    conversation_id: str | None
    status: str
    input: bytes
    body: bytes
    view: ConversationView | None = None


Ancestry = Callable[[str, str], Awaitable[list[Ancestor] | None]]
"""As `Responses.lineage`, of which it may know more: a WebSocket remembers what is stored nowhere."""


class Responses(Protocol):
    """Kept responses. Every look-up is by tenant: a foreign id is an unknown id."""

    async def save(self, turn: StoredTurn) -> None:
        """Returns once the turn is safe on disk. Raises StoreFailed."""
        ...

    async def get(self, tenant: str, response_id: str) -> StoredResponse | None:
        """The response, or None when it is unknown, deleted, expired or foreign."""
        ...

    async def frames(self, tenant: str, response_id: str) -> list[bytes] | None:
        """The frames of a streamed answer in order, None when there is no record of a stream."""
        ...

    async def lineage(self, tenant: str, response_id: str) -> list[Ancestor] | None:
        """The chain that ends in this response, root first; None when it, or any ancestor, is gone."""
        ...

    async def delete(self, tenant: str, response_id: str) -> bool:
        """Removes the response with everything only it owns. False when there is none that has ended."""
        ...
