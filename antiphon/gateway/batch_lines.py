"""The request of a line as a provider would get it, and the provider's answer as the client gets it.

Both are found out by running the very handler that serves such a request: once with a target that only takes note of
what it is sent, once with a target whose provider has answered already. So a batch is translated, checked, stored and
counted as its requests would be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final

from typing_extensions import override

from antiphon.batch_protocols import LineRequest, LineRunner
from antiphon.errors import Retry, UpstreamRefused
from antiphon.protocols import Post, Router, Target, UpstreamReply
from antiphon.service_protocols import Served
from antiphon.wire.batch_values import LineAnswer
from antiphon.wire.money import price_in

_switch: Final[ContextVar[_Switched | None]] = ContextVar("_switch", default=None)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a provider would have been sent: in which API, at which target, and how."""

    target: Target
    way: str
    body: bytes
    streamed: bool
    headers: bytes


class SwitchedRouter(Router):
    """The same targets, but while a line is being found out about."""

    def __init__(self, router: Router) -> None:
        """Asks `router`."""
        self._router = router

    @override
    async def targets(self, model: str, provider: str | None) -> Sequence[Target]:
        found = await self._router.targets(model, provider)
        switched = _switch.get()
        return found if switched is None else switched.among(found)


class LineReader:
    """Has the handlers run over lines, as the module says."""

    def __init__(self, run: LineRunner) -> None:
        """`run` asks a `SwitchedRouter` who answers."""
        self._run = run

    async def sent(self, request: LineRequest) -> Sent | None:
        """What the first target would be sent, None where the request never comes so far."""
        taken: list[Sent] = []
        with _switching(_Switched(lambda target, way, _post: _Taking(target, way, taken))):
            await self._run(request, logged=False)
        return taken[0] if len(taken) == 1 else None

    async def told(self, request: LineRequest, given: Given) -> LineAnswer:
        """What the client is answered, once the provider has answered so. What it asks for beyond is asked for now."""
        switched = _Switched(lambda _target, _way, post: _Answered(given, post), given.provider, given.tier)
        with _switching(switched):
            return await self._run(request)


@dataclass(slots=True)
class Given:
    """A provider's answer that is there. It is given once."""

    provider: str
    status: int
    body: bytes
    used: bool = False

    @property
    def tier(self) -> str:
        """The service tier that it was given in, if it is an answer."""
        return "batch" if 200 <= self.status < 300 else ""  # noqa: PLR2004 - the range of HTTP's success


@dataclass(frozen=True, slots=True)
class _Switched:
    """`tier` is the service tier that the targets answer in, where that is not the usual."""

    make: Callable[[Target, str, Post], Post]
    provider: str | None = None
    tier: str = ""

    def among(self, targets: Sequence[Target]) -> Sequence[Target]:
        if self.provider is None:
            return [self._changed(targets[0])]
        able = [self._changed(each) for each in targets if each.provider == self.provider]
        return able + [each for each in targets if each.provider != self.provider]

    def _changed(self, target: Target) -> Target:
        return replace(
            target,
            price=None if target.price is None else price_in(target.price, self.tier),
            post=self.make(target, target.dialect.name, target.post),
            relays={format: self.make(target, format, post) for format, post in target.relays.items()},
            services={
                service: Served(served.dialect, self.make(target, service, served.post), served.batch)
                for service, served in target.services.items()
            },
        )


@contextmanager
def _switching(switched: _Switched):  # noqa: ANN202 - a generator of nothing, as every context manager
    token = _switch.set(switched)
    try:
        yield
    finally:
        _switch.reset(token)


@dataclass(frozen=True, slots=True)
class _Taking:
    """Takes note of what is sent, and refuses it."""

    target: Target
    way: str
    taken: list[Sent]

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        self.taken.append(Sent(self.target, self.way, body, streamed, headers))
        raise UpstreamRefused("The request was only read.", status=500, retry=Retry.NEVER)


@dataclass(frozen=True, slots=True)
class _Answered:
    """Gives the answer that is there, and then asks the provider itself."""

    given: Given
    post: Post

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        if self.given.used:
            return await self.post(body, streamed=streamed, seconds=seconds, headers=headers)
        self.given.used = True
        return _Reply(self.given.status, self.given.body)


class _Reply:
    """Implements `protocols.UpstreamReply` for what was read before."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self._body = body

    def header(self, *names: bytes) -> bytes | None:
        return b"application/json" if b"content-type" in names else None

    async def read(self, limit: int) -> bytes:
        return self._body[:limit]

    async def chunk(self, wait: float | None = None) -> bytes | None:
        body, self._body = self._body, b""
        return body

    async def pump(self, consume: Callable[[bytes], bool]) -> None:
        """There is nothing that comes without being asked for."""

    def release(self, *, linger: bool = False) -> None:
        """There is nothing to let go of."""
