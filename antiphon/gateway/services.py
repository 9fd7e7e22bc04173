"""Embeddings, rankings and moderations: one request, one whole answer, from the first target that gives it.

Nothing is stored. Where a request is several bodies, what was answered is not asked again when another body fails and
the same target is tried once more; another target begins anew, for vectors of two models have nothing in common.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest, UpstreamError
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, request_id, retry_after
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Post, Router, Target
from antiphon.service_protocols import (
    MODERATION_RULES,
    Answer,
    Asked,
    At,
    Plan,
    Service,
    ServiceDialect,
    ServiceDialects,
    Told,
)
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import is_item

_AT_ONCE: Final = 8
_COUNT_HEADER: Final = b"x-amzn-bedrock-input-token-count"
_CALLED: Final[Mapping[Service, str]] = {
    "embeddings": "embeddings",
    "rerank": "rankings",
    "moderations": "moderations",
}


class _Head(Struct, frozen=True):
    model: str | None = None
    provider: str | dict[str, object] | None = None


_head: Final = msgspec.json.Decoder(_Head).decode


@dataclass(slots=True, kw_only=True)
class Errand:
    """One request for an endpoint beside answers, on its way: what the log is told of it."""

    service: Service
    model: str
    target: Target | None = None
    attempts: int = 0
    upstream_request_id: str | None = None
    warnings: tuple[str, ...] = ()


def asked_for(service: Service, body: bytes, id: str, default: str = "", *, v2: bool = False) -> Asked:
    """The request of this name; `default` is the model that is meant where none is named. Raises BadRequest."""
    try:
        head, members = _head(body), split_object(body)
    except UNDECODABLE as error:
        raise told(error) from None
    provider = head.provider
    if not is_item(provider):
        members.pop("provider", None)
    wanted = provider if isinstance(provider, str) else None
    return Asked(service=service, id=id, model=head.model or default, members=members, provider=wanted, v2=v2)


class Services:
    """Asks providers."""

    def __init__(
        self, router: Router, dialects: ServiceDialects, retries: RetryPolicy, random: Callable[[], float]
    ) -> None:
        """`random` gives numbers from 0 to 1."""
        self._router = router
        self._dialects = dialects
        self._retries = retries
        self._random = random

    async def answer(self, asked: Asked, errand: Errand) -> Told:
        """The answer; `errand` is told on the way how it comes to be. Raises AntiphonError."""
        found = await self._router.targets(asked.model, asked.provider)
        targets = [target for target in found if asked.service in target.services]
        if not targets:
            raise _has_none(asked.service, found[0])
        given: dict[tuple[str, int], Answer] = {}

        async def attempt(target: Target) -> Told:
            served = target.services[asked.service]
            dialect = self._dialects[asked.service, served.dialect]
            plan = dialect.plan(asked, At(target.provider, target.model, served.batch))
            errand.target, errand.warnings = target, plan.warnings
            errand.attempts += 1
            errand.upstream_request_id = None
            answers = await _Visit(target, served.post, dialect, errand, given).all_of(plan)
            try:
                return plan.tell(answers)
            except UpstreamError:
                given.clear()  # one of the answers is none: all are asked for again
                raise

        return await ask(targets, attempt, self._retries, self._random, lambda: False)


class _Visit:
    """All that one target is asked in one attempt. `given` holds its answers by their number, earlier ones too."""

    def __init__(
        self,
        target: Target,
        post: Post,
        dialect: ServiceDialect,
        errand: Errand,
        given: dict[tuple[str, int], Answer],
    ) -> None:
        self._target = target
        self._post = post
        self._dialect = dialect
        self._errand = errand
        self._given = given

    async def all_of(self, plan: Plan) -> list[Answer]:
        """The answers in the order of the plan. Raises the first UpstreamError, once none is being waited for."""
        name, given = self._target.name, self._given
        left = ((number, body) for number, body in enumerate(plan.bodies) if (name, number) not in given)
        failures: list[UpstreamError] = []
        if len(plan.bodies) == 1:
            await self._work(left, failures)
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_AT_ONCE, len(plan.bodies))):
                    group.create_task(self._work(left, failures))
        if failures:
            raise failures[0]
        return [given[name, number] for number in range(len(plan.bodies))]

    async def _work(self, left: Iterator[tuple[int, bytes]], failures: list[UpstreamError]) -> None:
        for number, body in left:
            try:
                self._given[self._target.name, number] = await self._exchange(body)
            except UpstreamError as error:
                failures.append(error)
            if failures:
                return

    async def _exchange(self, body: bytes) -> Answer:
        reply = await self._post(body, streamed=False)
        whole = False
        try:
            self._errand.upstream_request_id = request_id(reply) or self._errand.upstream_request_id
            if not 200 <= reply.status < 300:  # noqa: PLR2004 - the range of HTTP's success
                refused = await reply.read(MAX_REFUSAL_BYTES)
                raise self._dialect.refusal(reply.status, refused, retry_after(reply))
            answer = Answer(await reply.read(MAX_ANSWER_BYTES), _count(reply.header(_COUNT_HEADER)))
            whole = True
            return answer
        finally:
            reply.release(linger=whole)


def _count(said: bytes | None) -> int | None:
    return int(said) if said is not None and said.isdigit() else None


def _has_none(service: Service, target: Target) -> BadRequest:
    hint = f" '{MODERATION_RULES}' is a list of patterns that is always there." if service == "moderations" else ""
    message = f"The model '{target.name}' cannot be asked for {_CALLED[service]}: {target.provider} has none.{hint}"
    return BadRequest(message, param="model", code="unsupported_value")
