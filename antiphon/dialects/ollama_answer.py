"""One answer of Ollama's, whole or line by line, told to a ResponseWriter.

Law: an answer that comes whole has the outcome that it would have if it were streamed. It is one line that says all.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.answering import writer_for
from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_notes import logprobs_of
from antiphon.dialects.chat_shapes import NOTHING, NULL, Logprob, ToolCall, leniently
from antiphon.dialects.failures import failure_of
from antiphon.dialects.ollama_request import bound
from antiphon.dialects.sealed import Enclosing
from antiphon.dialects.thoughts import Words
from antiphon.dialects.tools import tool_names
from antiphon.errors import UpstreamBroke
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.usage import Usage, count, counted

_encode: Final = msgspec.json.Encoder().encode


class Message(Struct, frozen=True, gc=False):
    """What a line adds to the answer; calls and images come in one piece."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[ToolCall] | None = None
    images: list[str] | None = None


class Line(Struct, frozen=True, gc=False):
    """One line of a stream, or a whole answer. Durations are in nanoseconds.

    https://docs.ollama.com/api/chat, https://docs.ollama.com/api/errors (read 2026-11).
    """

    message: Message | None = None
    done: bool | None = None
    done_reason: str | None = None
    error: Raw = NULL
    logprobs: list[Logprob] | None = None
    total_duration: float | None = None
    load_duration: float | None = None
    prompt_eval_count: float | None = None
    prompt_eval_duration: float | None = None
    eval_count: float | None = None
    eval_duration: float | None = None


_COUNTERS: Final = tuple(name for name in Line.__struct_fields__ if name.endswith(("_duration", "_count")))

_line: Final = msgspec.json.Decoder(Line).decode


def whole(turn: Turn, target: Target, body: bytes, sealer: Sealer) -> Outcome:
    """The outcome of an answer that was not streamed.

    Raises UpstreamBroke when `body` is no answer, or the UpstreamError that it holds in place of one.
    """
    outcome = OllamaAnswer(turn, target, sealer, silent=True).take_in(body)
    if outcome is None:
        raise UpstreamBroke("The provider sent something that is not a chat answer.")
    return outcome


class OllamaAnswer:
    """Takes what Ollama says of one answer, in its order. Implements `stream_reader.Answer`."""

    __slots__ = ("_calls", "_kept", "_wants_logprobs", "writer")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, *, silent: bool = False) -> None:
        """`silent`: the answer comes whole, nobody reads events."""
        kept = self._kept = Words(Enclosing(turn, target, sealer, "ollama"), hides=turn.request.hides_seals)
        self.writer: Final = writer_for(turn, target, kept, silent=silent)
        self._calls = Calls(self.writer, tool_names(turn, bound(target)), turn.new_id)
        self._wants_logprobs = turn.request.includes("message.output_text.logprobs")

    def take_in(self, frame: bytes) -> Outcome | None:
        """A line. Raises the UpstreamError that it reports."""
        line = leniently(frame, _line, Line)
        if line is None:
            return None
        if line.error not in NOTHING:
            raise failure_of(frame)
        self.writer.open()
        if line.message is not None:
            self._take_message(line.message, line.logprobs)
        if not line.done:
            return None
        self._calls.close()
        self.writer.usage = _usage_of(line)
        return self.writer.finish("max_output_tokens" if line.done_reason == "length" else None)

    def _take_message(self, message: Message, logprobs: list[Logprob] | None) -> None:
        if message.thinking:
            self._settle()
            self._kept.say("thinking", message.thinking)
            self.writer.reasoning(message.thinking)
        if message.content:
            self._settle()
            self.writer.text(message.content, logprobs_of(logprobs or ()) if self._wants_logprobs else ())
        for image in message.images or ():
            self._settle()
            self.writer.item({"type": "image_generation_call", "result": image, "output_format": "png"})
        for call in message.tool_calls or ():
            self._calls.add(call, whole=True)

    def _settle(self) -> None:
        if self._calls.open:
            self._calls.settle()


def _usage_of(line: Line) -> Usage:
    counters = {name: value for name in _COUNTERS if (value := getattr(line, name)) is not None}
    whole_numbers = {name: count(value) for name, value in counters.items()}
    return counted(
        input_tokens=count(line.prompt_eval_count),
        output_tokens=count(line.eval_count),
        cached=0,
        cache_write=0,
        reasoning=0,
        raw=Raw(_encode(whole_numbers)),
    )
