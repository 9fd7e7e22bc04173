"""Fakes of the seams, for tests of what stands between them."""

from __future__ import annotations

import asyncio
import itertools
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence

from typing_extensions import override

from antiphon.conversation_protocols import (
    Addition,
    Alongside,
    Conversations,
    ConversationTurns,
    Held,
    Holder,
    ItemPage,
    Page,
    StoredConversation,
    StoredItem,
    Verdict,
)
from antiphon.errors import BadRequest, UpstreamError
from antiphon.gateway.conversations import ConversationDesk
from antiphon.gateway.flow import Surroundings
from antiphon.gateway.leases import Leases
from antiphon.protocols import (
    Ancestor,
    Caller,
    Post,
    Responses,
    Router,
    Sealer,
    StoredResponse,
    StoredTurn,
    Target,
    UpstreamDialect,
    UpstreamReply,
)
from antiphon.quirks import Quirks
from antiphon.wire.assembly import events_of
from antiphon.wire.conversations import ConversationView
from antiphon.wire.events import Chunk, Event, frame, render

CALLER = Caller("tenant-a", "key-a")


def surroundings() -> Surroundings:
    """A clock that stands still, ids that count, no chance."""
    count = itertools.count(1)
    return Surroundings(clock=lambda: 1_700_000_000.5, new_id=lambda p: f"{p}_{next(count):048d}", random=lambda: 0.0)


class Step:
    """One thing that a scripted reply does when it is read."""

    def __init__(self, data: bytes = b"", *, error: UpstreamError | None = None, pause: bool = False) -> None:
        self.data = data
        self.error = error
        self.pause = pause


class ScriptedReply(UpstreamReply):
    """A reply that brings its steps one by one, then the end of the body; `pause` waits until it is released."""

    def __init__(self, steps: Iterable[Step], status: int, headers: dict[bytes, bytes]) -> None:
        self.status = status
        self.steps = list(steps)
        self.headers = headers
        self.released = False
        self.reached_pause = asyncio.Event()
        self.resume = asyncio.Event()

    @override
    def header(self, *names: bytes) -> bytes | None:
        return next((value for name in names if (value := self.headers.get(name))), None)

    @override
    async def read(self, limit: int) -> bytes:
        return b"".join([data async for data in self._all()])

    async def _all(self):  # noqa: ANN202 - an async generator of bytes
        while data := await self.chunk():
            yield data

    @override
    async def chunk(self, wait: float | None = None) -> bytes | None:
        if not self.steps:
            return b""
        step = self.steps.pop(0)
        if step.error is not None:
            raise step.error
        if step.pause:
            self.reached_pause.set()
            if wait is not None:
                self.steps.insert(0, Step(pause=True) if not self.resume.is_set() else Step(b""))
                return None
            await self.resume.wait()
            return await self.chunk(wait)
        return step.data

    @override
    async def pump(self, consume: Callable[[bytes], bool]) -> None:
        while self.steps and self.steps[0].data:
            if not consume(self.steps.pop(0).data):
                break

    @override
    def release(self, *, linger: bool = False) -> None:
        _ = linger
        self.released = True


class ScriptedProvider:
    """Answers one request after the other from a script: replies, or errors instead of one."""

    def __init__(self, *script: ScriptedReply | UpstreamError) -> None:
        self.script = list(script)
        self.bodies: list[bytes] = []

    async def post(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        _ = streamed, seconds
        self.bodies.append(body)
        reply = self.script.pop(0)
        if isinstance(reply, UpstreamError):
            raise reply
        return reply


def json_reply(body: bytes, status: int = 200, **headers: str) -> ScriptedReply:
    """A whole answer."""
    extra = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return ScriptedReply([Step(body)], status, {b"content-type": b"application/json", **extra})


def stream_reply(*steps: bytes | Step) -> ScriptedReply:
    """An event stream."""
    made = [step if isinstance(step, Step) else Step(step) for step in steps]
    return ScriptedReply(made, 200, {b"content-type": b"text/event-stream"})


class FixedRouter(Router):
    """Always the same targets."""

    def __init__(self, *targets: Target) -> None:
        self._targets = targets

    @override
    async def targets(self, model: str, provider: str | None) -> Sequence[Target]:
        if not model:
            raise BadRequest("Missing required parameter: 'model'.", param="model")
        return self._targets


def target(dialect: UpstreamDialect, post: Post, *, provider: str = "openai", quirks: Quirks | None = None) -> Target:
    """A target under a provider's name."""
    return Target(
        name=f"{provider}/model",
        provider=provider,
        model="model",
        dialect=dialect,
        post=post,
        quirks=quirks or Quirks(),
    )


class MemoryResponses(Responses):
    """Keeps responses in a dictionary; `broken` makes every save fail."""

    def __init__(self) -> None:
        self.turns: dict[str, StoredTurn] = {}
        self.broken: Exception | None = None
        self.before_save: Callable[[], None] = lambda: None

    @override
    async def save(self, turn: StoredTurn) -> None:
        self.before_save()
        if self.broken is not None:
            raise self.broken
        self.turns[turn.id] = turn

    @override
    async def get(self, tenant: str, response_id: str) -> StoredResponse | None:
        turn = self._mine(tenant, response_id)
        if turn is None:
            return None
        return StoredResponse(
            id=turn.id,
            parent_id=turn.parent_id,
            conversation_id=turn.conversation_id,
            status=turn.status,
            provider=turn.provider,
            input=turn.input,
            body=turn.body,
            streamed=turn.frames is not None,
        )

    @override
    async def frames(self, tenant: str, response_id: str) -> list[bytes] | None:
        turn = self._mine(tenant, response_id)
        if turn is None or turn.frames is None:
            return None
        return [frame(event) for event in events_of(b"".join(turn.frames))]

    @override
    async def lineage(self, tenant: str, response_id: str) -> list[Ancestor] | None:
        chain: list[Ancestor] = []
        identifier: str | None = response_id
        while identifier is not None:
            turn = self._mine(tenant, identifier)
            if turn is None:
                return None
            chain.insert(0, Ancestor(turn.id, turn.conversation_id, turn.status, turn.input, turn.body))
            identifier = turn.parent_id
        return chain

    @override
    async def delete(self, tenant: str, response_id: str) -> bool:
        found = self._mine(tenant, response_id) is not None
        if found:
            del self.turns[response_id]
        return found

    def _mine(self, tenant: str, response_id: str) -> StoredTurn | None:
        turn = self.turns.get(response_id)
        return turn if turn is not None and turn.tenant == tenant else None


class NoConversations(Conversations):
    """Has none."""

    @override
    async def create(self, tenant: str, conversation: StoredConversation, items: Sequence[StoredItem]) -> None: ...

    @override
    async def get(self, tenant: str, conversation_id: str) -> StoredConversation | None:
        return None

    @override
    async def update(self, tenant: str, conversation_id: str, metadata: bytes) -> StoredConversation | None:
        return None

    @override
    async def delete(self, tenant: str, conversation_id: str) -> bool:
        return False

    @override
    async def add(self, tenant: str, conversation_id: str, items: Sequence[StoredItem]) -> Addition:
        return Addition(Verdict.UNKNOWN)

    @override
    async def page(self, tenant: str, conversation_id: str, wanted: Page) -> ItemPage | None:
        return None

    @override
    async def item(self, tenant: str, conversation_id: str, item_id: str) -> StoredItem | None:
        return None

    @override
    async def remove(self, tenant: str, conversation_id: str, item_id: str) -> bool:
        return False


class NoEnding(Alongside):
    """Does nothing."""

    @override
    def prepare(self) -> None: ...

    @override
    def perform(self, connection: object) -> None: ...


class CountedTurns(ConversationTurns):
    """Remembers what was renewed."""

    def __init__(self) -> None:
        self.renewed: list[set[Holder]] = []
        self.broken: Exception | None = None

    @override
    async def hold(self, holder: Holder) -> Held:
        return Held(Verdict.UNKNOWN)

    @override
    async def renew(self, holders: Sequence[Holder]) -> None:
        self.renewed.append(set(holders))
        if self.broken is not None:
            raise self.broken

    @override
    async def release(self, holder: Holder) -> None: ...

    @override
    def lasting(self, holder: Holder) -> Alongside:
        return NoEnding()

    @override
    async def context(self, tenant: str, view: ConversationView) -> list[StoredItem]:
        return []

    @override
    def ending(self, holder: Holder, items: Sequence[StoredItem]) -> Alongside:
        return NoEnding()


def no_conversations(responses: Responses) -> ConversationDesk:
    """Finds none."""
    turns = CountedTurns()
    return ConversationDesk(NoConversations(), turns, responses, Leases(turns, asyncio.TaskGroup()))


class Collected:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.began = asyncio.Event()

    async def __call__(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.began.set()

    @property
    def wire(self) -> bytes:
        """Everything as it was sent."""
        return b"".join(render(chunk) for chunk in self.chunks)

    @property
    def events(self) -> list[Event]:
        return [event for chunk in self.chunks for event in chunk.events]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


class DirectCollected(Collected):
    """A sink that can be written to at once, but for every third time it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.offered = 0
        self.taken = 0

    def direct(self, data: bytes) -> bool:
        self.offered += 1
        if self.offered % 3 == 0:
            return False
        self.taken += 1
        self.chunks.append(Chunk(tuple(events_of(data)), data))
        return True


class PlainSealer(Sealer):
    """Seals that anybody could open, and that are the same every time."""

    @override
    def seal(self, tenant: str, payload: bytes) -> str:
        return "ant1." + urlsafe_b64encode(tenant.encode() + b"|" + payload).rstrip(b"=").decode()

    @override
    def open(self, tenant: str, text: str) -> bytes:
        letters = text.removeprefix("ant1.")
        try:
            owner, _, payload = urlsafe_b64decode(letters + "=" * (-len(letters) % 4)).partition(b"|")
        except ValueError:
            owner, payload = b"", b""
        if owner != tenant.encode():
            raise BadRequest("It could not be verified.", param="input", code="invalid_encrypted_content")
        return payload


SEALER = PlainSealer()


def pseudonym(tenant: str, value: str) -> str:
    """What providers are told in place of a tenant's own word."""
    return f"{value} of {tenant}"
