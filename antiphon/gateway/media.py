"""Pictures and sounds: asked of the first target that gives them, and passed on in pieces where they come in pieces.

Nothing is stored. Of several requests that one picture album takes, those that were answered are not paid for again
when another fails; once the client has had a first byte, nobody else is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from antiphon.downloads import Downloaded
from antiphon.errors import AntiphonError, BadRequest, GatewayError, Retry, UpstreamError, UpstreamRefused
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import MAX_ANSWER_BYTES
from antiphon.gateway.errands import Errand
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.media_sources import Sources
from antiphon.gateway.portions import all_of
from antiphon.gateway.retries import RetryPolicy
from antiphon.gateway.services import able, checked
from antiphon.media_protocols import (
    Extensible,
    Made,
    MediaAsked,
    MediaDialect,
    MediaDialects,
    MediaPlan,
    Passing,
    Reply,
)
from antiphon.protocols import Post, Router, Target, UpstreamReply
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts


class MediaClient(Protocol):
    """Whoever asked."""

    async def answer(self, made: Made) -> None:
        """Takes a whole answer."""
        ...

    async def open(self, media_type: str) -> None:
        """Is told what comes, before the first bytes of it."""
        ...

    async def pass_on(self, data: bytes) -> None:
        """Takes the next bytes."""
        ...

    async def close(self) -> None:
        """Is told that this was all."""
        ...


class Media:
    """Asks providers."""

    def __init__(
        self,
        router: Router,
        dialects: MediaDialects,
        retries: RetryPolicy,
        random: Callable[[], float],
        sources: Callable[[str], Sources],
        live: LiveAnswers,
    ) -> None:
        """`random` gives numbers from 0 to 1, `sources` a tenant's. What runs ends when the `live` answers do."""
        self._router = router
        self._dialects = dialects
        self._retries = retries
        self._random = random
        self._sources = sources
        self._live = live

    async def serve(self, tenant: str, asked: MediaAsked, errand: Errand, client: MediaClient) -> Counts | None:
        """Answers the client; `errand` is told on the way how that comes to be. The tokens, where they are known.

        Raises AntiphonError. Where the answer had begun, the client has been told of it as far as its format has words
        for that: then the answer is closed, and otherwise it is not.
        """
        visit = _Visit(asked, errand, client, self._dialects, self._sources(tenant))
        targets = await able(self._router, asked)
        asking = ask(targets, visit.attempt, self._retries, self._random, lambda: visit.opened)
        try:
            return await self._live.beside(asking)
        except AntiphonError as error:
            await visit.break_off(error)
            raise


class _Visit:
    """One request. What was fetched and answered on the way is kept until it is over."""

    def __init__(
        self,
        asked: MediaAsked,
        errand: Errand,
        client: MediaClient,
        dialects: MediaDialects,
        sources: Sources,
    ) -> None:
        self.opened = False
        self._asked = asked
        self._errand = errand
        self._client = client
        self._dialects = dialects
        self._sources = sources
        self._given: dict[str, dict[int, Reply]] = {}
        self._passing: Passing | None = None

    async def attempt(self, target: Target) -> Counts | None:
        served = target.services[self._asked.service]
        dialect = self._dialects[self._asked.service, served.dialect]
        at = At(target.provider, target.model, served.batch)
        await self._bring(dialect.addresses(self._asked, at))
        plan = self._planned(dialect, at)
        self._errand.begin(target, plan.warnings)
        if plan.passing is not None:
            return await self._passed_on(plan, plan.passing, served.post, dialect)

        async def exchange(number: int) -> Reply:
            reply = await self._send(plan, number, served.post)
            whole = False
            try:
                await checked(reply, dialect, self._errand)
                told = Reply(await reply.read(MAX_ANSWER_BYTES), _media_type(reply))
                whole = True
                return told
            finally:
                reply.release(linger=whole)

        replies = await all_of(len(plan.sent), exchange, self._given.setdefault(target.name, {}))
        try:
            return await self._tell(plan, replies)
        except UpstreamError:
            self._given.clear()  # one of the answers is none: all are asked for again
            raise

    def _planned(self, dialect: MediaDialect, at: At) -> MediaPlan:
        """What cannot be said to this target may be what the next one takes: a mask, a format, a voice."""
        try:
            return dialect.plan(self._asked, at)
        except BadRequest as error:
            if error.code != "unsupported_value":
                raise
            raise UpstreamRefused(
                error.message,
                status=error.status,
                type=error.type,
                code=error.code,
                param=error.param,
                retry=Retry.ELSEWHERE,
            ) from None

    async def _send(self, plan: MediaPlan, number: int, post: Post) -> UpstreamReply:
        sent = plan.sent[number]
        way = _extended(post, sent.tail) if sent.tail else post
        return await way(sent.body, streamed=plan.streamed, headers=sent.headers)

    async def _tell(self, plan: MediaPlan, replies: Sequence[Reply]) -> Counts | None:
        made = plan.tell(replies)
        if made.finish is not None:
            made = made.finish(await self._fetched_answers(made.addresses))
        await self._client.answer(made)
        return made.counts

    async def _passed_on(
        self,
        plan: MediaPlan,
        passing_of: Callable[[str], Passing | None],
        post: Post,
        dialect: MediaDialect,
    ) -> Counts | None:
        reply = await self._send(plan, 0, post)
        whole = False
        try:
            await checked(reply, dialect, self._errand)
            media_type = _media_type(reply)
            passing = passing_of(media_type)
            if passing is None:
                body = await reply.read(MAX_ANSWER_BYTES)
                whole = True
                return await self._tell(plan, [Reply(body, media_type)])
            await self._pass_on(reply, passing)
            whole = True
            return passing.counts
        finally:
            reply.release(linger=whole)

    async def _pass_on(self, reply: UpstreamReply, passing: Passing) -> None:
        self._passing = passing
        while data := await reply.chunk():
            await self._give(passing.feed(data), passing)
        await self._give(passing.close(), passing)
        await self._client.close()

    async def break_off(self, error: AntiphonError) -> None:
        """Tells the client of an error in an answer that had begun, if its format has words for that."""
        if self.opened and self._passing is not None and (words := self._passing.broken(error)):
            await self._client.pass_on(words)
            await self._client.close()

    async def _give(self, data: bytes, passing: Passing) -> None:
        """Only what is something opens the answer, so that whoever fails before it can be replaced."""
        if not data:
            return
        if not self.opened:
            self.opened = self._errand.streamed = True
            await self._client.open(passing.media_type)
        await self._client.pass_on(data)

    async def _bring(self, addresses: Sequence[str]) -> None:
        """Fetches what the request names. Raises BadRequest and NotFound for what cannot be had."""
        wanted = [address for address in dict.fromkeys(addresses) if address not in self._asked.brought]
        if not wanted:
            return
        brought = await self._sources.named(wanted)
        self._asked = msgspec.structs.replace(self._asked, brought={**self._asked.brought, **brought})

    async def _fetched_answers(self, addresses: Sequence[str]) -> Mapping[str, Downloaded]:
        """What a provider has made, as far as it can be had; a warning tells of the rest."""
        found = await self._sources.fetched(addresses)
        lost = sorted({what for what in found.values() if isinstance(what, str)})
        self._errand.warnings += tuple(f"A picture could not be downloaded: {what}." for what in lost)
        return {address: what for address, what in found.items() if not isinstance(what, str)}


def _extended(post: Post, tail: str) -> Post:
    if not isinstance(post, Extensible):
        message = "The way to this endpoint cannot be extended."
        raise GatewayError(message)
    return post.behind(tail)


def _media_type(reply: UpstreamReply) -> str:
    said = (reply.header(b"content-type") or b"").decode("ascii", "replace")
    return said.partition(";")[0].strip().lower()
