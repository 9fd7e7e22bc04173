"""Cohere's chat for tests: targets, and how its requests and answers are made and read."""

import json
from collections.abc import Iterable
from typing import Any

from antiphon.dialects.cohere_upstream import CohereUpstream
from antiphon.protocols import Built, Target, Turn, UpstreamReply
from antiphon.quirks import Quirks
from tests.chat_streams import Heard, a_turn, heard_by
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import turn_of

Body = dict[str, Any]

COHERE = CohereUpstream(SEALER)


async def _nobody(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("translating must not send anything")


def a_target(quirks: Quirks | None = None, *, model: str = "command-r7b-12-2024", limit: int | None = None) -> Target:
    return Target(
        name=f"cohere/{model}",
        provider="cohere",
        model=model,
        dialect=COHERE,
        post=_nobody,
        quirks=quirks or Quirks(),
        output_limit=limit,
    )


def built(body: Body, target: Target | None = None, **more: Any) -> Built:
    return COHERE.build(turn_of(body, **more), target or a_target())


def cohere(body: Body, target: Target | None = None, **more: Any) -> Body:
    """The body that Cohere gets, for a request that it can be asked without loss."""
    result = built(body, target, **more)
    assert result.warnings == ()
    return json.loads(result.body)


def heard(data: bytes | Iterable[bytes], turn: Turn | None = None, target: Target | None = None) -> Heard:
    return heard_by(COHERE.reader(turn or a_turn(), target or a_target()), data)


def answered(data: bytes, turn: Turn | None = None, target: Target | None = None) -> Any:
    """The response object of an answer that came whole."""
    return json.loads(COHERE.whole(turn or a_turn(), target or a_target(), data).body)


def event(kind: str, index: int | None = None, message: Body | None = None, **more: Any) -> bytes:
    """One event of a stream, as Cohere writes it."""
    said: Body = {"type": kind}
    if index is not None:
        said["index"] = index
    if message is not None:
        said["delta"] = {"message": message}
    data = json.dumps(said | more, separators=(",", ":"), ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def start(id: str = "m-1") -> bytes:
    return event("message-start", message={"role": "assistant", "content": []}, id=id)


def end(reason: str = "COMPLETE", **more: Any) -> bytes:
    return event("message-end", delta={"finish_reason": reason} | more)
