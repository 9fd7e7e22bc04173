"""Embeddings, rankings and moderations: one request, one whole answer, from the first target that gives it.

Nothing is stored. Where a request is several bodies, what was answered is not asked again when another body fails and
the same target is tried once more; another target begins anew, for vectors of two models have nothing in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest, UpstreamError
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, request_id, retry_after
from antiphon.gateway.errands import Errand
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.portions import all_of
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Router, Target, UpstreamReply
from antiphon.service_protocols import (
    MODERATION_RULES,
    Answer,
    Asked,
    At,
    Service,
    ServiceDialects,
    Told,
)
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import is_item

_COUNT_HEADER: Final = b"x-amzn-bedrock-input-token-count"
_CALLED: Final[Mapping[Service, str]] = {
    "embeddings": "embeddings",
    "rerank": "rankings",
    "moderations": "moderations",
    "images/generations": "pictures",
    "images/edits": "edits of pictures",
    "images/variations": "variations of pictures",
    "audio/speech": "speech",
    "audio/transcriptions": "transcriptions",
    "audio/translations": "translations of speech",
}


class _Head(Struct, frozen=True):
    model: str | None = None
    provider: str | dict[str, object] | None = None


_head: Final = msgspec.json.Decoder(_Head).decode


def asked_for(service: Service, body: bytes, id: str, default: str = "", *, v2: bool = False) -> Asked:
    """The request of this name; `default` is the model that is meant where none is named. Raises BadRequest."""
    try:
        if not body.isascii():
            body.decode()  # what nobody here reads is passed on, and has to be text too
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
        self,
        router: Router,
        dialects: ServiceDialects,
        retries: RetryPolicy,
        random: Callable[[], float],
        live: LiveAnswers,
    ) -> None:
        """`random` gives numbers from 0 to 1. What runs ends when the `live` answers do."""
        self._router = router
        self._dialects = dialects
        self._retries = retries
        self._random = random
        self._live = live

    async def answer(self, asked: Asked, errand: Errand) -> Told:
        """The answer; `errand` is told on the way how it comes to be. Raises AntiphonError."""
        targets = await able(self._router, asked)
        given: dict[str, dict[int, Answer]] = {}

        async def attempt(target: Target) -> Told:
            served = target.services[asked.service]
            dialect = self._dialects[asked.service, served.dialect]
            plan = dialect.plan(asked, At(target.provider, target.model, served.batch))
            errand.begin(target, plan.warnings)

            async def exchange(number: int) -> Answer:
                reply = await served.post(plan.bodies[number], streamed=False)
                whole = False
                try:
                    await checked(reply, dialect, errand)
                    answer = Answer(await reply.read(MAX_ANSWER_BYTES), _count(reply.header(_COUNT_HEADER)))
                    whole = True
                    return answer
                finally:
                    reply.release(linger=whole)

            answers = await all_of(len(plan.bodies), exchange, given.setdefault(target.name, {}))
            try:
                return plan.tell(answers)
            except UpstreamError:
                given.clear()  # one of the answers is none: all are asked for again
                raise

        return await self._live.beside(ask(targets, attempt, self._retries, self._random, lambda: False))


def _count(said: bytes | None) -> int | None:
    return int(said) if said is not None and said.isdigit() else None


async def able(router: Router, asked: Asked) -> list[Target]:
    """Who has what is asked for, the best first. Raises BadRequest where nobody has."""
    found = await router.targets(asked.model, asked.provider)
    targets = [target for target in found if asked.service in target.services]
    if not targets:
        raise _has_none(asked.service, found[0])
    return targets


class Refusing(Protocol):
    """Who can tell what a refusal means."""

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As a dialect's."""
        ...


async def checked(reply: UpstreamReply, dialect: Refusing, errand: Errand) -> None:
    """Notes what the provider calls the request. Raises UpstreamError where it refuses it."""
    errand.upstream_request_id = request_id(reply) or errand.upstream_request_id
    if not 200 <= reply.status < 300:  # noqa: PLR2004 - the range of HTTP's success
        raise dialect.refusal(reply.status, await reply.read(MAX_REFUSAL_BYTES), retry_after(reply))


def _has_none(service: Service, target: Target) -> BadRequest:
    hint = f" '{MODERATION_RULES}' is a list of patterns that is always there." if service == "moderations" else ""
    message = f"The model '{target.name}' cannot be asked for {_CALLED[service]}: {target.provider} has none.{hint}"
    return BadRequest(message, param="model", code="unsupported_value")
