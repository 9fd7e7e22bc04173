"""One answer of Cohere's, whole or in events, told to a ResponseWriter.

Law: an answer that comes whole has the outcome that it would have if it were streamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec

from antiphon.dialects.answering import writer_for
from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_shapes import NULL, ToolCall
from antiphon.dialects.cohere_notes import noted, of_text, probabilities
from antiphon.dialects.cohere_shapes import Citation, Content, Event, Logprobs, Message, event_in, whole_in
from antiphon.dialects.cohere_tools import bound
from antiphon.dialects.cohere_usage import usage_of
from antiphon.dialects.failures import failure_of
from antiphon.dialects.sealed import Enclosing
from antiphon.dialects.thoughts import Words
from antiphon.dialects.tools import tool_names
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.requests import Item, is_array
from antiphon.wire.sse import Frame

_Part = TypeVar("_Part")

_INCOMPLETE: Final = {"MAX_TOKENS": "max_output_tokens", "ERROR_TOXIC": "content_filter"}
_FAILED: Final = {"ERROR": "error", "TIMEOUT": "timeout", "ERROR_LIMIT": "context_length_exceeded"}
"""Reasons of failures, and the codes that tell what kind of failure it is."""

_STOPPED: Final = "STOP_SEQUENCE"
_ENDS: Final = "message-end"
_TELLS: Final = frozenset(
    {"content-start", "content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta", "citation-start"}
)


def whole(turn: Turn, target: Target, body: bytes, sealer: Sealer) -> Outcome:
    """The outcome of an answer that was not streamed.

    Raises UpstreamBroke when `body` is no answer, or the UpstreamError that it holds in place of one.
    """
    said = whole_in(body)
    if said is None or said.message is None:
        raise UpstreamBroke("The provider sent something that is not a chat answer.")
    answer = CohereAnswer(turn, target, sealer, silent=True)
    answer.take_message(said.message, said.logprobs or ())
    answer.writer.upstream_id = said.id
    return answer.finish(said.finish_reason, said.usage, None)


class CohereAnswer:
    """Takes what Cohere says of one answer, in its order. Implements `stream_reader.Answer`."""

    __slots__ = ("_bases", "_begun", "_calls", "_kept", "_length", "_stops", "_wants_logprobs", "writer")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, *, silent: bool = False) -> None:
        """`silent`: the answer comes whole, nobody reads events."""
        kept = self._kept = Words(Enclosing(turn, target, sealer, "cohere"), hides=turn.request.hides_seals)
        self.writer: Final = writer_for(turn, target, kept, silent=silent)
        self._begun = False
        self._calls = Calls(self.writer, tool_names(turn, bound(target)), turn.new_id)
        self._wants_logprobs = turn.request.includes("message.output_text.logprobs")
        self._stops = turn.request.stop or ()
        self._length = 0
        self._bases: dict[int, int] = {}

    @property
    def speaks(self) -> bool:
        """Whether text that comes is said as it comes."""
        return not self._calls.open

    def said_on(self, text: str, number: int) -> bytes | None:
        """The frame, of this number, of an event that brought nothing but more text; None where that takes more."""
        frame = self.writer.said_on(text, number) if self.speaks else None
        if frame is not None:
            self._length += len(text)
        return frame

    def take_in(self, frame: Frame) -> Outcome | None:
        """An event. Raises the UpstreamError that it reports."""
        event = event_in(frame.data) if frame.data and frame.data != b"[DONE]" else None
        if event is None:
            return None
        if "error" in (frame.event, event.type) or (event.type is None and event.message):
            raise failure_of(frame.data)
        if not self._begun:
            self._begun = True
            self.writer.open()
        if event.id and self.writer.upstream_id is None:
            self.writer.upstream_id = event.id
        delta = event.delta
        if event.type == _ENDS:
            reason, usage, error = (delta.finish_reason, delta.usage, delta.error) if delta else (None, NULL, None)
            return self.finish(reason, usage, error)
        if event.type == "tool-call-end" and event.index is not None:
            self._calls.end(event.index)
        elif event.type in _TELLS and delta is not None and delta.message is not None:
            self._take_event(event, delta.message)
        return None

    def take_message(self, message: Message, logprobs: Sequence[Logprobs]) -> None:
        """A whole message."""
        self.writer.open()
        for index, content in enumerate(_contents(message)):
            self._take_content(index, content, logprobs if content.text else ())
        self._cite(_each(message.citations, Citation))
        self._plan(message.tool_plan)
        for index, call in enumerate(_each(message.tool_calls, ToolCall)):
            self._call(index, call)
            self._calls.end(index)

    def finish(self, reason: str | None, usage: msgspec.Raw, error: str | None) -> Outcome:
        """Writes the end. Raises the UpstreamError that the answer ended with."""
        if error or reason in _FAILED:
            raise _failure(reason, error)
        self._settle()
        self._calls.close()
        self.writer.usage = usage_of(usage)
        if reason == _STOPPED and len(self._stops) == 1:
            self.writer.stop_sequence = self._stops[0]  # of several, Cohere does not say which
        return self.writer.finish(_INCOMPLETE.get(reason or ""))

    def _take_event(self, event: Event, message: Message) -> None:
        for content in _contents(message):
            self._take_content(event.index or 0, content, () if event.logprobs is None else (event.logprobs,))
        self._plan(message.tool_plan)
        for call in _each(message.tool_calls, ToolCall):
            self._call(event.index or 0, call)
        self._cite(_each(message.citations, Citation))

    def _take_content(self, index: int, content: Content, logprobs: Iterable[Logprobs]) -> None:
        if content.thinking:
            self._think("thinking", content.thinking)
        if content.text:
            if self._calls.open:
                self._settle()
            if index not in self._bases:
                self._bases[index] = self._length
            self._length += len(content.text)
            likely: list[Item] = []
            if self._wants_logprobs:
                likely = [each for said in logprobs for each in probabilities(said)]
            self.writer.text(content.text, likely)

    def _plan(self, plan: str | None) -> None:
        """What the model means to do with its calls: reasoning, which Cohere wants back under a name of its own."""
        if plan:
            self._think("tool_plan", plan)

    def _think(self, member: str, words: str) -> None:
        self._settle()
        self._kept.say(member, words)
        self.writer.reasoning(words)
        self._length = 0
        self._bases.clear()

    def _call(self, index: int, call: ToolCall) -> None:
        self._calls.add(msgspec.structs.replace(call, index=index))
        self._length = 0

    def _cite(self, citations: list[Citation]) -> None:
        """Citations name their block; those of old models do not, which have one."""
        for citation in of_text(citations):
            first = next(iter(self._bases.values()), 0)
            base = first if citation.content_index is None else self._bases.get(citation.content_index, first)
            self.writer.annotate(partial(noted, (citation,), base))

    def _settle(self) -> None:
        if self._calls.open:
            self._calls.settle()


def _each(value: object, kind: type[_Part]) -> list[_Part]:
    """The entries of a list, or the one that stands there in place of a list."""
    found = value if is_array(value) else [value]
    return [each for each in found if isinstance(each, kind)]


def _contents(message: Message) -> list[Content]:
    """The blocks of content; text may stand there alone."""
    content = message.content
    return [Content(content)] if isinstance(content, str) else _each(content, Content)


def _failure(reason: str | None, error: str | None) -> UpstreamError:
    message = error or f"The provider ended its answer with '{reason}'."
    failure = {"message": message, "code": _FAILED.get(reason or "")}
    return failure_of(msgspec.json.encode({"error": failure}))
