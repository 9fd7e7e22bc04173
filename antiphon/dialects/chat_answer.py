"""One answer of chat completions, whole or in pieces, told to a ResponseWriter.

Law: an answer that comes whole has the outcome that it would have if it were streamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from antiphon.dialects.answering import writer_for
from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_endings import incompleteness
from antiphon.dialects.chat_hosted import Executed
from antiphon.dialects.chat_keepsakes import Keepsakes, signed
from antiphon.dialects.chat_notes import cited, flattened, logprobs_of, picture, recognised, referred, sources_of
from antiphon.dialects.chat_shapes import (
    NOTHING,
    NULL,
    Choice,
    Completion,
    Delta,
    Logprobs,
    ToolCall,
    completion,
    objects,
)
from antiphon.dialects.chat_usage import usage_of
from antiphon.dialects.failures import failure_of
from antiphon.dialects.sealed import Enclosing
from antiphon.dialects.think import ThinkSplitter
from antiphon.dialects.tools import tool_names
from antiphon.dialects.writer import ResponseWriter
from antiphon.errors import UpstreamBroke
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode

_CITED: Final = b'"citation"'
"""What stands in the verdicts of a filter that has something to cite."""

_LEGACY: Final = -1
"""The index of the one call that an answer in the form from before tool calls may hold."""


def whole(turn: Turn, target: Target, body: bytes, sealer: Sealer) -> Outcome:
    """The outcome of an answer that was not streamed.

    Raises UpstreamBroke when `body` is no answer, or the UpstreamError that it holds in place of one.
    """
    said = completion(body)
    if said is None:
        raise _no_answer()
    answer = ChatAnswer(turn, target, sealer, silent=True)
    answer.take_in(said, body)
    if not any(choice.message for choice in said.choices or ()):
        raise _no_answer()
    return answer.finish()


class ChatAnswer:
    """Takes what a provider says of one answer, in its order."""

    __slots__ = (
        "_begun",
        "_calls",
        "_citations",
        "_executed",
        "_incomplete",
        "_kept",
        "_results",
        "_splitter",
        "_stops",
        "_target",
        "_usage",
        "_wants_logprobs",
        "_whole",
        "ended",
        "writer",
    )

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, *, silent: bool = False) -> None:
        """`silent`: the answer comes whole, nobody reads events."""
        kept = self._kept = Keepsakes(Enclosing(turn, target, sealer, "chat"), hides=turn.request.hides_seals)
        self.writer: Final = writer_for(turn, target, kept, silent=silent)
        self.ended = False
        self._target = target
        self._whole = silent
        self._begun = False
        sign = partial(_sign, kept, self.writer)  # a method would leave all of it to the collector
        self._calls = Calls(self.writer, tool_names(turn, target), turn.new_id, sign)
        self._executed = Executed(turn.request, target.provider)
        self._splitter = ThinkSplitter() if target.quirks.think_tags else None
        self._wants_logprobs = turn.request.includes("message.output_text.logprobs")
        self._incomplete: str | None = None
        self._stops = turn.request.stop or ()
        self._usage = NULL
        self._citations: Sequence[Any] = ()
        self._results: Sequence[Any] = ()

    @property
    def cut(self) -> bool:
        """Whether the answer, as far as it came, stops in the middle of a call."""
        return self._calls.cut

    @property
    def speaks(self) -> bool:
        """Whether text that comes is said as it comes."""
        return self._splitter is None and not self._calls.open

    def take_in(self, said: Completion, data: bytes) -> None:
        """A chunk, or a whole answer, and its bytes. Raises the UpstreamError that it reports."""
        if said.error not in NOTHING or said.object == "error":
            raise failure_of(data)
        if said.x_groq is not None and said.x_groq.error not in NOTHING:
            raise failure_of(b'{"error":%b}' % said.x_groq.error)
        if not self._begun:
            self._begun = True
            self.writer.open()
        self._note(said)
        for choice in said.choices or ():
            if not choice.index:
                self._take_choice(choice)
                return

    def finish(self) -> Outcome:
        """Writes the end."""
        self._settle()
        self._show(self._executed.rest())
        self._calls.close()
        if self._citations or self._results:
            self.writer.annotate(partial(cited, sources_of(self._citations, self._results)))
        if self._usage != NULL:
            outside = self._target.quirks.reasoning_outside_completion
            self.writer.usage = usage_of(self._usage, reasoning_outside=outside)
        return self.writer.finish(self._incomplete)

    def _note(self, said: Completion) -> None:
        """What stands beside the choices. The last word counts."""
        if said.id and self.writer.upstream_id is None:
            self.writer.upstream_id = said.id
        if said.usage != NULL:
            self._usage = said.usage
        elif said.x_groq is not None and said.x_groq.usage != NULL:
            self._usage = said.x_groq.usage
        if said.service_tier:
            self.writer.service_tier = said.service_tier
        if said.citations is not None:
            self._citations = said.citations
        if said.search_results is not None:
            self._results = said.search_results

    def _take_choice(self, choice: Choice) -> None:
        if choice.error not in NOTHING:
            raise failure_of(bytes(choice.error))
        delta = choice.message if self._whole else choice.delta
        if delta is not None:
            self._take_delta(delta, choice.logprobs)
        if _CITED in bytes(choice.content_filter_results):
            self.writer.annotate(partial(recognised, bytes(choice.content_filter_results)))
        if choice.finish_reason:
            self.ended = True
            self._incomplete = self._incomplete or incompleteness(choice.finish_reason)
            if choice.stop_reason in self._stops:
                self.writer.stop_sequence = choice.stop_reason

    def _take_delta(self, delta: Delta, logprobs: Logprobs | None) -> None:
        thinks = delta.reasoning_content or delta.reasoning or delta.reasoning_details
        if thinks:
            self._think(delta)
        if delta.extra_content is not None and (extra := signed(delta.extra_content)) is not None:
            self._settle()
            _sign(self._kept, self.writer, extra, None)
        if delta.executed_tools:
            self._show(self._executed.take(delta.executed_tools))
        content = delta.content
        if content:
            if isinstance(content, str) and self._splitter is None and logprobs is None and not self._calls.open:
                self.writer.text(content)  # the hot path of every stream
            else:
                self._take_content(content, logprobs)
        elif logprobs is not None and self._wants_logprobs and not thinks and not delta.tool_calls:
            self.writer.text("", logprobs_of(logprobs.content or ()))  # tokens that are no text by themselves
        if delta.refusal:
            self._refuse(delta.refusal)
        if delta.annotations or delta.audio is not None or delta.images:
            self._take_rarities(delta)
        if delta.tool_calls or delta.function_call is not None:
            self._take_calls(delta)

    def _think(self, delta: Delta) -> None:
        """Reasoning in whichever member a vendor puts it; some say the same thing in two."""
        details = delta.reasoning_details or ()
        said = delta.reasoning_content or delta.reasoning
        if details or said:
            self._settle()
        told = False
        for part in details:
            text, summary = _text(part.get("text")), _text(part.get("summary"))
            told = told or bool(text or summary)
            self._kept.detail(part, whole=self._whole)
            if text:
                self.writer.reasoning(text)
            elif summary:
                self.writer.summary(summary)
            else:
                self.writer.reasoning("", sealed=True)
        if said and not told:
            self._muse(said)

    def _muse(self, thought: str) -> None:
        """Words of thought that are nothing else."""
        if thought:
            self._kept.say(thought)
            self.writer.reasoning(thought)

    def _take_content(self, content: str | list[Any] | Item, logprobs: Logprobs | None) -> None:
        if not isinstance(content, list):
            self._speak(content if isinstance(content, str) else _encode(content).decode(), logprobs)
            return
        for part in objects(content):
            if part.get("type") == "thinking":
                for thought in _texts(part.get("thinking")):
                    self._settle()
                    self._muse(thought)
            elif part.get("type") == "reasoning":
                self._summarise(part)
            elif part.get("type") == "refusal":
                self._refuse(_text(part.get("refusal")))
            elif part.get("type") == "reference":
                self.writer.annotate(partial(referred, part.get("reference_ids")))
            else:
                self._speak(_text(part.get("text")), logprobs)
                logprobs = None

    def _summarise(self, part: Item) -> None:
        """Databricks tells it so (https://docs.databricks.com/machine-learning/model-serving/query-reason-models)."""
        for summary in filter(None, _texts(part.get("summary"))):
            self._settle()
            self.writer.summary(summary)

    def _speak(self, text: str, logprobs: Logprobs | None = None) -> None:
        thought = ""
        if self._splitter is not None:
            thought, text = self._splitter.feed(text)
        if (thought or text) and self._calls.open:
            self._calls.settle()
        self._muse(thought)
        likely = () if logprobs is None or not self._wants_logprobs else logprobs.content or ()
        self.writer.text(text, logprobs_of(likely))

    def _refuse(self, refusal: str) -> None:
        if refusal:
            self._settle()
            self.writer.refusal(refusal)

    def _take_rarities(self, delta: Delta) -> None:
        if delta.audio is not None and delta.audio.transcript:
            self._speak(delta.audio.transcript)
        if delta.annotations:
            self.writer.annotate(partial(flattened, delta.annotations))
        for image in delta.images or ():
            shown = picture(image)
            if isinstance(shown, str):
                self._speak(shown)
            elif shown is not None:
                self._settle()
                self.writer.item(shown)

    def _show(self, items: Iterable[Item]) -> None:
        for item in items:
            self._settle()
            self.writer.item(item)

    def _take_calls(self, delta: Delta) -> None:
        self._settle_text()
        for call in delta.tool_calls or ():
            self._calls.add(call, whole=self._whole)
        if delta.function_call is not None:
            self._calls.add(ToolCall(_LEGACY, function=delta.function_call), whole=self._whole)

    def _settle(self) -> None:
        """Something of another kind follows: what was held back of the text, or of calls, is said now."""
        self._settle_text()
        if self._calls.open:
            self._calls.settle()

    def _settle_text(self) -> None:
        if self._splitter is not None:
            thought, text = self._splitter.close()
            self._muse(thought)
            self.writer.text(text)


def _sign(kept: Keepsakes, writer: ResponseWriter, extra: Item, call_id: str | None) -> None:
    kept.sign(extra, call_id)
    writer.reasoning("", sealed=True)


def _no_answer() -> UpstreamBroke:
    return UpstreamBroke("The provider sent something that is not a chat completion.")


def _texts(parts: object) -> list[str]:
    """Mistral's thinking is a list of text parts, or plain text."""
    return [_text(part.get("text")) for part in objects(parts)] or [_text(parts)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
