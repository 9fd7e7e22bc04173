"""What connections remember of their chains so that a client may go on from an answer that is stored nowhere.

Law: only what the store does not give is held here. A chain is the id of its last response that the store knows with
all its ancestors, and the links after it; so deletion and expiry mean the same over a WebSocket as elsewhere.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.gateway.history import context_of
from antiphon.protocols import Ancestor, Responses, Turn
from antiphon.wire.conversations import whole_view
from antiphon.wire.events import Outcome

_encode: Final = msgspec.json.Encoder().encode
_LINK_BYTES: Final = 512
"""What a link takes beside its contents."""

_SHARES: Final = 4
"""The part of the memory that one connection may fill is one of so many."""


class Link(Struct, frozen=True):
    """One turn; `stored` where the store has it too, but not every one of its ancestors."""

    ancestor: Ancestor
    stored: bool

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.ancestor.input) + len(self.ancestor.body) + _LINK_BYTES


class Chain(Struct, frozen=True):
    """A response that can be gone on from: `links`, oldest first, come after `root`, which the store knows."""

    id: str
    tenant: str
    root: str | None
    links: tuple[Link, ...]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return _LINK_BYTES + sum(link.size for link in self.links)

    def followed_by(self, turn: Turn, outcome: Outcome) -> Chain:
        """The chain with one more turn at its end."""
        stored = turn.request.stored
        if stored and not self.links:
            return Chain(turn.id, turn.caller.tenant, turn.id, ())
        view = None
        if turn.request.conversation is not None and turn.conversation is not None and self.root is None:
            view = whole_view(turn.conversation)  # what a turn that is stored nowhere read goes on being read
        own = Ancestor(turn.id, turn.conversation, outcome.status, _encode(turn.own), context_of(outcome.body), view)
        return Chain(turn.id, turn.caller.tenant, self.root, (*self.links, Link(own, stored)))

    async def ancestors(self, responses: Responses) -> list[Ancestor] | None:
        """The whole chain, root first; None when a part of it that was stored is gone."""
        found: list[Ancestor] = []
        if self.root is not None:
            found = await responses.lineage(self.tenant, self.root) or []
            if not found:
                return None
        for link in self.links:
            if link.stored and await responses.get(self.tenant, link.ancestor.id) is None:
                return None
            found.append(link.ancestor)
        return found


class ChainMemory:
    """The chains of every connection of this process, the longest unused ones forgotten when they grow too large."""

    def __init__(self, limit_bytes: int) -> None:
        """`limit_bytes` for all connections; each may hold a quarter of it."""
        self._limit = limit_bytes
        self.share = limit_bytes // _SHARES
        self._connections = itertools.count()
        self._chains: OrderedDict[tuple[int, str | None], Chain] = OrderedDict()
        self.size = 0

    def connected(self) -> Chains:
        """The memory of one more connection."""
        return Chains(self, next(self._connections))

    def get(self, place: tuple[int, str | None]) -> Chain | None:
        """What is held at a connection's lane, which counts as used."""
        chain = self._chains.get(place)
        if chain is not None:
            self._chains.move_to_end(place)
        return chain

    def size_of(self, place: tuple[int, str | None]) -> int:
        """How many bytes are held at a place."""
        chain = self._chains.get(place)
        return 0 if chain is None else chain.size

    def put(self, place: tuple[int, str | None], chain: Chain) -> None:
        """Holds a chain in place of another, and makes room for it."""
        self.drop(place)
        self._chains[place] = chain
        self.size += chain.size
        while self.size > self._limit:
            self.drop(next(iter(self._chains)))

    def drop(self, place: tuple[int, str | None]) -> None:
        """Forgets what is held at a place, if anything is."""
        chain = self._chains.pop(place, None)
        if chain is not None:
            self.size -= chain.size


class Chains:
    """One connection's part: the newest response of each of its lanes."""

    def __init__(self, memory: ChainMemory, connection: int) -> None:
        """`connection` is nobody else's number."""
        self._memory = memory
        self._connection = connection
        self._ids: dict[str | None, str] = {}

    def find(self, tenant: str, response_id: str) -> Chain | None:
        """The chain that ends in this response, whichever lane it belongs to."""
        for lane, newest in self._ids.items():
            if newest == response_id:
                chain = self._memory.get((self._connection, lane))
                if chain is not None and chain.tenant == tenant:
                    return chain
        return None

    def keep(self, lane: str | None, chain: Chain) -> None:
        """The lane's newest response. Others of the connection are forgotten, the oldest first, to make room."""
        self.evict(lane, self._ids.get(lane, ""))
        room = self._memory.share - chain.size
        for other, size in [(each, self._memory.size_of((self._connection, each))) for each in reversed(self._ids)]:
            room -= size
            if room < 0:
                self.evict(other, self._ids[other])
        if chain.size <= self._memory.share:
            self._ids[lane] = chain.id
            self._memory.put((self._connection, lane), chain)

    def evict(self, lane: str | None, response_id: str) -> None:
        """Forgets this response if it is the lane's newest: another lane that holds it keeps it."""
        if self._ids.get(lane) == response_id:
            del self._ids[lane]
            self._memory.drop((self._connection, lane))

    def close(self) -> None:
        """Forgets everything: the connection is gone."""
        for lane in self._ids:
            self._memory.drop((self._connection, lane))
        self._ids.clear()


class Ancestry:
    """Resolves the chain that one turn goes on from, and remembers where the turn leads."""

    def __init__(self, chains: Chains, responses: Responses) -> None:
        """Nothing has been resolved."""
        self._chains = chains
        self._responses = responses
        self._parent: Chain | None = None

    async def __call__(self, tenant: str, response_id: str) -> list[Ancestor] | None:
        """As `Responses.lineage`, but for what the connection remembers."""
        self._parent = self._chains.find(tenant, response_id)
        if self._parent is None:
            self._parent = Chain(response_id, tenant, response_id, ())
        return await self._parent.ancestors(self._responses)

    def lead(self, lane: str | None, turn: Turn, outcome: Outcome) -> None:
        """The turn has ended well: it is the newest of its lane."""
        parent = self._parent or Chain("", turn.caller.tenant, None, ())
        self._chains.keep(lane, parent.followed_by(turn, outcome))
