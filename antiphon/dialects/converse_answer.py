"""One answer of Converse, whole or in pieces, told to a ResponseWriter.

Law: an answer that comes whole has the outcome that it would have if it were streamed.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from antiphon.dialects.answering import writer_for
from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_shapes import Function, ToolCall
from antiphon.dialects.converse_keepsakes import Keepsakes
from antiphon.dialects.converse_models import traits_of
from antiphon.dialects.converse_notes import cited, picture, searched, stopped_by, usage_of
from antiphon.dialects.converse_shapes import BlockDelta, BlockStart, Metadata, ReasoningDelta, Stop, ToolUse
from antiphon.dialects.converse_tools import ANSWER_TOOL, form_of, hosts_of, seen_by_tools
from antiphon.dialects.losses import Losses
from antiphon.dialects.sealed import Enclosing
from antiphon.dialects.tool_names import ToolNames
from antiphon.dialects.tools import offer
from antiphon.errors import UpstreamBroke
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.requests import Item

_LENGTH: Final = "max_output_tokens"
_FILTER: Final = "content_filter"
_INCOMPLETE: Final = {
    "max_tokens": _LENGTH,
    "model_context_window_exceeded": _LENGTH,
    "guardrail_intervened": _FILTER,
    "content_filtered": _FILTER,
    "refusal": _FILTER,
}
_FAILED: Final = ("malformed_model_output", "malformed_tool_use")
_STOPPED: Final = "stop_sequence"
_RUN_BY_BEDROCK: Final = "server_tool_use"


class ConverseAnswer:
    """Takes what a model says of one answer, in its order."""

    __slots__ = (
        "_answers",
        "_bare",
        "_calls",
        "_citations",
        "_form",
        "_held",
        "_incomplete",
        "_kept",
        "_picture",
        "_said",
        "_searches",
        "_stops",
        "_tells",
        "_unwraps",
        "ended",
        "noted",
        "writer",
    )

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, *, silent: bool = False) -> None:
        """`silent`: the answer comes whole, nobody reads events. `ended` and `noted` tell how far it has come."""
        traits, seen = traits_of(target.model), seen_by_tools(target)
        tools = offer(turn, seen, Losses(strict=False), hosts_of(traits))
        kept = self._kept = Keepsakes(Enclosing(turn, seen, sealer, "converse"), hides=turn.request.hides_seals)
        self.writer: Final = writer_for(turn, target, kept, silent=silent)
        self.ended = False
        self.noted = False
        # Bedrock has no word for "none", and is told of all tools that were ever called.
        names = ToolNames(tools.names.known, _callable(tools.names), tools.names.parallel)
        self._calls = Calls(self.writer, names, turn.new_id, _unsigned)
        self._tells = traits.tells
        # Text is held back as long as the answer may still come as the call that was asked for.
        self._unwraps = form_of(turn.request, traits, tools).way == "tool"
        self._held: list[str] | None = [] if self._unwraps else None
        self._answers: list[int] = []
        self._bare: int | None = None
        self._searches: dict[int, list[str]] = {}
        self._citations: list[Item] = []
        self._picture: tuple[str, list[str]] | None = None
        self._said = 0
        self._stops = turn.request.stop or ()
        self._incomplete: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether text that comes is said as it comes."""
        return self._held is None and not self._answers and not self._calls.open and self._bare is None

    def said_on(self, text: str, number: int) -> bytes | None:
        """The frame, of this number, of a delta that brought nothing but more text; None where that takes more."""
        frame = self.writer.said_on(text, number) if self.speaks else None
        if frame is not None:
            self._said += len(text)
        return frame

    def start(self, piece: BlockStart) -> None:
        """A block begins. Those of text and reasoning do so with their first piece."""
        self._fill()
        call, image = piece.start.tool_use, piece.start.image
        if call is not None:
            self._call(piece.content_block_index, call)
        elif image is not None:
            self._picture = (image.format or "png", [])

    def delta(self, piece: BlockDelta) -> None:
        """A piece of a block."""
        delta = piece.delta
        if delta.text is not None:
            if self.speaks:
                self._said += len(delta.text)
                self.writer.text(delta.text)
            else:
                self._speak(delta.text)
        elif delta.tool_use is not None:
            self._argue(piece.content_block_index, delta.tool_use.input)
        elif delta.reasoning_content is not None:
            self._think(delta.reasoning_content)
        elif delta.citation is not None:
            self._citations.append(delta.citation)
        elif delta.image is not None and delta.image.source is not None and self._picture is not None:
            self._picture[1].append(delta.image.source.bytes or "")

    def stop(self, index: int) -> None:
        """A block ends."""
        self._kept.settle()
        if self._citations:
            self.writer.annotate(partial(cited, tuple(self._citations), self._said))
            self._citations.clear()
        self._said = 0
        if self._picture is not None:
            form, pieces = self._picture
            self._picture = None
            self.writer.item(picture(form, pieces))
        if index in self._searches:
            self.writer.item(searched("".join(self._searches.pop(index))))
        if self._calls.open:
            self._calls.settle()

    def end(self, stop: Stop) -> None:
        """The model says why it ends. Raises UpstreamBroke for a failure."""
        reason = stop.stop_reason
        if reason in _FAILED:
            raise UpstreamBroke(f"The provider ended its answer with '{reason}'.")
        self.ended = True
        self._incomplete = _INCOMPLETE.get(reason)
        if reason == _STOPPED:
            self.writer.stop_sequence = stopped_by(stop.additional_model_response_fields, self._stops)
        if self._incomplete is None:
            self._fill()

    def note(self, metadata: Metadata) -> None:
        """What stands beside the answer. Raises UpstreamBroke for counts that are none."""
        self.noted = True
        self.writer.usage = usage_of(metadata.usage)
        if metadata.service_tier is not None and metadata.service_tier.type:
            self.writer.service_tier = metadata.service_tier.type

    def finish(self) -> Outcome:
        """Writes the end."""
        self._kept.settle()
        self._release()
        self._calls.close()
        return self.writer.finish(self._incomplete)

    def _call(self, index: int, call: ToolUse) -> None:
        if call.type == _RUN_BY_BEDROCK:
            self._searches[index] = []
        elif self._unwraps and call.name == ANSWER_TOOL:
            self._held = None
            self._answers.append(index)
        else:
            self._release()
            self._bare = index
            self._calls.add(ToolCall(index, call.tool_use_id or None, Function(call.name)))

    def _argue(self, index: int, text: str) -> None:
        """More of a call's input."""
        if index in self._searches:
            self._searches[index].append(text)
        elif index in self._answers:
            if index == self._answers[0]:
                self.writer.text(text)
        elif text:
            self._bare = None
            self._calls.add(ToolCall(index, function=Function(arguments=text)))

    def _fill(self) -> None:
        """A call without input that something follows was not cut: it has none."""
        if self._bare is not None:
            index, self._bare = self._bare, None
            self._calls.add(ToolCall(index, function=Function(arguments="{}")))
            self._calls.settle()

    def _speak(self, text: str) -> None:
        """Text that has to wait, that is beside the answer, or that follows a call."""
        if self._held is not None:
            self._held.append(text)
        elif text and not self._answers:
            self._fill()
            self._calls.settle()
            self._said += len(text)
            self.writer.text(text)

    def _release(self) -> None:
        """The answer does not come as a call: what was held is said."""
        held, self._held = self._held, None
        if held:
            self.writer.text("".join(held))

    def _think(self, piece: ReasoningDelta) -> None:
        self._fill()
        if piece.text:
            self._kept.say(piece.text)
            if self._tells:
                self.writer.summary(piece.text)
            else:
                self.writer.reasoning(piece.text)
        if piece.signature:
            self._kept.sign(piece.signature)
            self.writer.reasoning("", sealed=True)
        if piece.redacted_content:
            self._kept.seal(piece.redacted_content)
            self.writer.reasoning("", sealed=True)


def _unsigned(_extra: Item, _call_id: str) -> None:
    """Converse signs no calls."""


def _callable(names: ToolNames) -> frozenset[str]:
    """Those that may be called: of what is offered now, what is allowed."""
    return frozenset(names.known) if names.allowed is None else names.allowed
