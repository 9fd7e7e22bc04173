"""An answer of Converse that came whole, told as if it had come in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from antiphon.dialects.converse_answer import ConverseAnswer
from antiphon.dialects.converse_shapes import (
    NULL,
    Answer,
    Block,
    BlockDelta,
    BlockStart,
    Citations,
    Delta,
    Metadata,
    Reasoning,
    ReasoningDelta,
    Start,
    Stop,
    ToolUse,
    ToolUseDelta,
    decoder,
    read,
)
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome

_answer: Final = decoder(Answer)
_text: Final = msgspec.json.Decoder(str).decode


def whole(turn: Turn, target: Target, body: bytes, sealer: Sealer) -> Outcome:
    """The outcome of an answer that was not streamed. Raises UpstreamBroke when `body` is no answer."""
    said = read(_answer, body)
    answer = ConverseAnswer(turn, target, sealer, silent=True)
    answer.writer.open()
    for index, block in enumerate(said.output.message.content):
        if block.tool_use is not None or block.image is not None:
            answer.start(BlockStart(index, Start(block.tool_use, block.image)))
        for delta in _deltas(block):
            answer.delta(BlockDelta(index, delta))
        answer.stop(index)
    answer.end(Stop(said.stop_reason, said.additional_model_response_fields))
    answer.note(Metadata(said.usage, said.service_tier))
    return answer.finish()


def _deltas(block: Block) -> Iterator[Delta]:
    if block.text is not None:
        yield Delta(text=block.text)
    if block.tool_use is not None:
        yield Delta(tool_use=ToolUseDelta(_input(block.tool_use)))
    if block.reasoning_content is not None:
        yield from (Delta(reasoning_content=piece) for piece in _thoughts(block.reasoning_content))
    if block.citations_content is not None:
        yield from _cited(block.citations_content)
    if block.image is not None:
        yield Delta(image=block.image)


def _thoughts(reasoning: Reasoning) -> Iterator[ReasoningDelta]:
    if reasoning.reasoning_text is not None:
        yield ReasoningDelta(text=reasoning.reasoning_text.text)
        yield ReasoningDelta(signature=reasoning.reasoning_text.signature)
    if reasoning.redacted_content is not None:
        yield ReasoningDelta(redacted_content=reasoning.redacted_content)


def _cited(cited: Citations) -> Iterator[Delta]:
    yield from (Delta(text=part.text) for part in cited.content or () if part.text)
    yield from (Delta(citation=citation) for citation in cited.citations or ())


def _input(call: ToolUse) -> str:
    """The input as text: JSON, or what a model gave in place of an object."""
    if call.input == NULL:
        return ""
    raw = bytes(call.input)
    try:
        return _text(raw) if raw.startswith(b'"') else raw.decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return raw.decode(errors="replace")
