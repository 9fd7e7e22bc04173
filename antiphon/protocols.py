"""Every seam on one page: what the layers promise each other.

`gateway`, `dialects`, `providers`, `store` and `observe` never import each other; they meet here, and `app.py`
introduces them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from antiphon.errors import UpstreamError
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.ids import NewId
from antiphon.wire.requests import Item, Request

Sink = Callable[[Chunk], Awaitable[None]]
"""Takes a chunk on its way to the client. Awaiting it is the back-pressure."""


@runtime_checkable
class DirectSink(Protocol):
    """A sink that can also be given bytes without waiting for it."""

    def offer(self, data: bytes) -> bool:
        """Whether the bytes of a chunk without a terminal event were taken; if not, the sink is to be awaited."""
        ...


Clock = Callable[[], float]
"""Unix time in seconds."""


# --- a turn -----------------------------------------------------------------------------------------------------------


class Caller(Struct, frozen=True):
    """Who is asking. Everything a tenant stores is visible to that tenant alone."""

    tenant: str
    key_name: str


@dataclass(slots=True, kw_only=True)
class Turn:
    """One request on its way to its answer.

    `history` is what the ancestors of the chain said, oldest first; `input` the items that this turn adds, each with
    an id. `origins` names, by item id, the provider that each reasoning item of the history came from. The last three
    tell how the answer came, or is coming, to be.
    """

    id: str
    created_at: int
    caller: Caller
    request: Request
    input: list[Item]
    new_id: NewId
    clock: Clock
    history: list[Item] = field(default_factory=list[Item])
    origins: dict[str, str] = field(default_factory=dict[str, str])
    conversation: str | None = None
    strict: bool = False
    target: Target | None = None
    warnings: tuple[str, ...] = ()
    attempts: int = 0

    @property
    def context(self) -> list[Item]:
        """Everything the model is to read, oldest first."""
        return self.history + self.input


# --- providers --------------------------------------------------------------------------------------------------------

MaxTokensField = Literal["max_completion_tokens", "max_tokens"]
EffortStyle = Literal["reasoning_effort", "reasoning.effort", "thinking.type", "none"]
ReasoningReplay = Literal["reasoning_content", "reasoning", "reasoning_details", "thinking", "none"]
FileStyle = Literal["file", "file_or_url", "document_url"]


class Quirks(Struct, frozen=True, kw_only=True):
    """How a provider departs from the format it speaks. The defaults describe OpenAI itself."""

    # chat completions
    developer_role: bool = True
    max_tokens_field: MaxTokensField = "max_completion_tokens"
    stream_usage: bool = True
    effort_style: EffortStyle = "reasoning_effort"
    efforts: tuple[str, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    reasoning_replay: ReasoningReplay = "none"
    reasoning_with_calls: bool = False  # calls are replayed with a reasoning field, be it empty
    think_tags: bool = False
    json_schema: bool = True
    strict_functions: bool = True
    tool_choice_required: str = "required"  # its own word for it; "auto" where no call can be demanded
    tool_choice_named: bool = True
    allowed_tools: bool = False
    custom_tools: bool = False
    parallel_tool_calls: bool = True
    image_input: bool = True
    file_input: bool = True
    file_style: FileStyle = "file"
    audio_input: bool = True
    video_input: bool = False
    user_after_tool: bool = True  # a user may speak right after a tool
    call_id_digits: int = 0  # ids of calls are exactly so many letters and digits
    reasoning_outside_completion: bool = False
    refused_fields: frozenset[str] = frozenset()
    temperature_max: float = 2.0
    # responses
    stores: bool = True
    encrypted_reasoning_models: str = ""
    chat_only_models: str = ""


class UpstreamReply(Protocol):
    """A provider's answer, its body still on the way."""

    status: int

    def header(self, name: bytes) -> bytes | None:
        """The value of a header by its lower-case name."""
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

    async def __call__(self, body: bytes, *, streamed: bool) -> UpstreamReply:
        """The provider's reply as soon as its status and headers are known, whatever the status."""
        ...


class Built(Struct, frozen=True):
    """A request in a provider's format, and what could not be said in it (one sentence per loss)."""

    body: bytes
    warnings: tuple[str, ...] = ()


class Reader(Protocol):
    """Turns one provider's stream into events. Pure; one per answer."""

    outcome: Outcome | None
    """Set by the read that brings the terminal event; nothing is read after it."""

    failure: UpstreamError | None
    """Set by a read that brings output and then the provider's failure; nothing is read after it."""

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. Raises UpstreamError for a failure with no output before it."""
        ...

    def relays(self, data: bytes, number: int) -> bool:
        """Whether `data` is one event, of this number, that goes on as it is; then it counts as fed. Never raises."""
        ...

    def close(self) -> Chunk:
        """The last events, at the end of the body. Raises UpstreamBroke if the answer was cut short."""
        ...


class UpstreamDialect(Protocol):
    """One format that providers speak, towards them and back. Pure."""

    name: str

    def build(self, turn: Turn, target: Target) -> Built:
        """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
        ...

    def reader(self, turn: Turn, target: Target) -> Reader:
        """A fresh reader for a streamed answer."""
        ...

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        """A whole answer. Raises UpstreamBroke when `body` is no answer."""
        ...

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """The error that a reply with a status of 400 or more stands for, free of secrets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One model at one provider under one credential. `name` is public: ``provider/model``.

    `post_chat`, where the provider takes chat completions as they are, sends those.
    """

    name: str
    provider: str
    model: str
    dialect: UpstreamDialect
    post: Post
    post_chat: Post | None = None
    quirks: Quirks = Quirks()


class Router(Protocol):
    """Decides who may answer. A decision, not an action."""

    async def targets(self, model: str, provider: str | None) -> Sequence[Target]:
        """Best first. Raises BadRequest with near matches when nobody has the model."""
        ...


# --- stores -----------------------------------------------------------------------------------------------------------


class StoredTurn(Struct, frozen=True, kw_only=True):
    """A finished turn as it is kept. `input` holds only the items that this turn added, as a JSON array.

    `frames` are the Server-Sent Events frames exactly as the client saw them, None for an answer not streamed.
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


class StoredResponse(Struct, frozen=True, kw_only=True):
    """A kept response, read back."""

    id: str
    parent_id: str | None
    conversation_id: str | None
    status: str
    provider: str
    input: bytes
    body: bytes
    streamed: bool


class Ancestor(Struct, frozen=True):
    """One link of a chain: what it added (`input`) and its response object, both as JSON."""

    id: str
    conversation_id: str | None
    status: str
    input: bytes
    body: bytes


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
        """Removes the response with everything only it owns. False when there is none."""
        ...


# --- observability ----------------------------------------------------------------------------------------------------


class RequestRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told of a request once it is over: facts about it, never what was said in it."""

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    key: str | None = None
    tenant: str | None = None
    response_id: str | None = None
    model: str | None = None
    target: str | None = None
    stream: bool = False
    attempts: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    error_code: str | None = None


Record = Callable[[RequestRecord], None]
"""Told of every request. Must be quick: it runs before the connection's next request is read."""
