"""Ollama's own chat for tests: targets, and how its requests and answers are made and read."""

import json
from collections.abc import Iterable
from typing import Any

from antiphon.dialects.ollama_upstream import OllamaUpstream
from antiphon.protocols import Built, Target, Turn, UpstreamReply
from antiphon.quirks import Quirks
from tests.chat_streams import Heard, a_turn, heard_by
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import turn_of

Body = dict[str, Any]

OLLAMA = OllamaUpstream(SEALER)
QUIRKS = Quirks(efforts=("none", "low", "medium", "high"))


async def _nobody(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("translating must not send anything")


def a_target(quirks: Quirks | None = None, *, model: str = "llama3.1") -> Target:
    return Target(
        name=f"ollama/{model}",
        provider="ollama",
        model=model,
        dialect=OLLAMA,
        post=_nobody,
        quirks=quirks or QUIRKS,
    )


def built(body: Body, target: Target | None = None, **more: Any) -> Built:
    return OLLAMA.build(turn_of(body, **more), target or a_target())


def ollama(body: Body, target: Target | None = None, **more: Any) -> Body:
    """The body that Ollama gets, for a request that it can be asked without loss."""
    result = built(body, target, **more)
    assert result.warnings == ()
    return json.loads(result.body)


def heard(data: bytes | Iterable[bytes], turn: Turn | None = None, target: Target | None = None) -> Heard:
    return heard_by(OLLAMA.reader(turn or a_turn(), target or a_target()), data)


def answered(data: bytes, turn: Turn | None = None, target: Target | None = None) -> Any:
    """The response object of an answer that came whole."""
    return json.loads(OLLAMA.whole(turn or a_turn(), target or a_target(), data).body)


def line(content: str = "", *, done: bool = False, message: Body | None = None, **more: Any) -> bytes:
    """One line of a stream, as Ollama writes it."""
    said = {"role": "assistant", "content": content} | (message or {})
    body: Body = {"model": "llama3.1", "created_at": "2026-11-21T00:00:00Z", "message": said, "done": done}
    return json.dumps(body | more, ensure_ascii=False).encode() + b"\n"


def last(content: str = "", reason: str = "stop", **more: Any) -> bytes:
    return line(content, done=True, done_reason=reason, prompt_eval_count=9, eval_count=5, **more)
