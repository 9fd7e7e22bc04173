"""One answer of the Messages API, whole or in pieces, told to a ResponseWriter.

Law: an answer that comes whole has the outcome that it would have if it were streamed.

Thoughts and what the provider's own tools did are sealed in reasoning items as they came; what there is to see of them
is told besides. Items about such tools stand behind the seal with their calls.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, Final

import msgspec

from antiphon.dialects.answering import writer_for
from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_keepsakes import Growing
from antiphon.dialects.chat_shapes import Function, ToolCall, objects
from antiphon.dialects.messages_computer import OWN_CALLS
from antiphon.dialects.messages_hosted import CALLS, is_result, told
from antiphon.dialects.messages_keepsakes import Keepsakes
from antiphon.dialects.messages_notes import noted
from antiphon.dialects.messages_shapes import Delta, Message, clean
from antiphon.dialects.messages_usage import Tally
from antiphon.dialects.sealed import Enclosing
from antiphon.dialects.tools import tool_names
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.requests import Item, is_item

_LENGTH: Final = "max_output_tokens"
_CUT: Final = ("max_tokens", "model_context_window_exceeded")
_DECLINED: Final = "The model declined to answer."

_encode: Final = msgspec.json.Encoder().encode
_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class _Block:
    """A block that is being said. `key` names its call; `citations` are what the text rests on."""

    __slots__ = ("citations", "key", "length", "members", "said", "signature", "type")

    def __init__(self, members: Item) -> None:
        self.members = members
        self.type = str(members.get("type"))
        self.said = Growing()
        self.length = 0
        self.signature = _text(members.get("signature"))
        self.citations: list[Item] = objects(members.get("citations"))
        self.key = 0

    def say(self, piece: str) -> None:
        self.said.add(piece)
        self.length += len(piece)

    def input(self) -> Item:
        """The arguments of its call."""
        try:
            return _object(self.said.text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            given: Any = self.members.get("input")
            return given if is_item(given) else {}

    def whole(self) -> Item | None:
        """The block as it would have come in one piece; None where it is nothing to come back."""
        match self.type:
            case "text":
                cited = {"citations": self.citations} if self.citations else {}
                return {"type": "text", "text": self.said.text, **cited} if self.length else None
            case "thinking":
                signed = {"signature": self.signature} if self.signature else {}
                return {"type": "thinking", "thinking": self.said.text, **signed}
            case "tool_use" | "server_tool_use" | "mcp_tool_use":
                return self.members | {"input": self.input()}
            case "compaction" if self.length:
                return self.members | {"content": self.said.text}
            case _:
                return self.members


class MessageAnswer:
    """Takes what a provider says of one answer, in its order."""

    def __init__(
        self,
        turn: Turn,
        target: Target,
        sealer: Sealer,
        hosts: Collection[str],
        answer_tool: str | None,
        *,
        silent: bool,
    ) -> None:
        """`hosts` are the tools that the provider runs; a call of `answer_tool` is what the model has to say.

        `silent`: nobody reads events.
        """
        kept = self._kept = Keepsakes(Enclosing(turn, target, sealer, "anthropic"), hides=turn.request.hides_seals)
        self.writer: Final = writer_for(turn, target, kept, silent=silent)
        self.blocks: list[Item] = []
        self._tally = Tally()
        self._answer_tool = answer_tool
        names = tool_names(turn, target, hosts)
        self._calls = Calls(self.writer, names, turn.new_id, _unsigned, OWN_CALLS)
        self._begun = 0
        self._open: dict[int, _Block] = {}
        self._speaking: _Block | None = None
        self._asked: dict[str, Item] = {}
        self._results: list[Item] = []
        self._spoke = False
        self._mused = ""
        self._container: Item | None = None

    @property
    def speaking(self) -> bool:
        """Whether text that comes is said as it comes."""
        return self._speaking is not None

    def said_on(self, text: str, number: int) -> bytes | None:
        """The frame, of this number, of an event that brought nothing but more text; None where that takes more."""
        block = self._speaking
        frame = None if block is None else self.writer.said_on(text, number)
        if frame is not None and block is not None:
            block.say(text)
        return frame

    def start(self, message: Message) -> None:
        """A message begins: the first of the answer, or another one after a pause. Some of it may be there already."""
        self._open.clear()
        self._speaking = None
        self._tally.begin(message.usage)
        if message.id and self.writer.upstream_id is None:
            self.writer.upstream_id = message.id
        self.writer.open()
        blocks = objects(message.content)
        for index, block in enumerate(blocks):
            self.begin(index, block)
            self.stop(index, cut=message.stop_reason == "max_tokens" and index == len(blocks) - 1)
        self.note(None, Delta(container=message.container, stop_sequence=message.stop_sequence))

    def begin(self, index: int, given: Item) -> None:
        """A block begins, or is there whole."""
        members = clean(given)
        block = self._open[index] = _Block(members)
        kind = block.type
        self._speaking = block if kind == "text" else None
        if kind not in CALLS and not is_result(kind):
            self._tell()
        if self._calls.open:
            self._calls.settle()
        if kind == "text":
            self._speak(block, _text(members.get("text")))
        elif kind == "thinking":
            self._think(block, _text(members.get("thinking")))
        elif kind == "tool_use":
            self._call(block)

    def grow(self, index: int, delta: Delta) -> None:
        """More of a block."""
        block = self._open.get(index)
        if block is None:
            return
        if delta.text is not None and block.type == "text":
            self._speak(block, delta.text)
        elif delta.partial_json is not None:
            self._argue(block, delta.partial_json)
        elif delta.thinking is not None and block.type == "thinking":
            self._think(block, delta.thinking)
        elif delta.signature is not None:
            block.signature += delta.signature
        elif delta.citation is not None:
            block.citations.append(clean(delta.citation))
        elif delta.content is not None:
            block.say(delta.content)

    def stop(self, index: int, *, cut: bool = False) -> None:
        """A block is complete; a `cut` one has come whole and is not."""
        block = self._open.pop(index, None)
        if block is None:
            return
        if block is self._speaking:
            self._speaking = None
        whole = block.whole()
        if whole is not None:
            self.blocks.append(whole)
        if block.type == "text":
            if block.citations:
                self.writer.annotate(partial(noted, block.citations, block.length))
        elif block.type == "tool_use":
            self._complete(block, cut=cut)
        elif whole is not None and (block.type != "thinking" or block.signature):
            self._keep(block.type, whole)

    def note(self, usage: Item | None, delta: Delta | None) -> None:
        """What stands beside the content."""
        if usage:
            self._tally.update(usage)
        if delta is not None and delta.container:
            self._container = delta.container
        if delta is not None and delta.stop_sequence:
            self.writer.stop_sequence = delta.stop_sequence

    def finish(self, stop: str | None, details: Item | None) -> Outcome:
        """Writes the end; `stop` is why the provider ended."""
        self._tell()
        incomplete = _LENGTH if stop in (*_CUT, "pause_turn") else None
        if stop == "refusal":
            if self._spoke:
                incomplete = "content_filter"
            else:
                self._calls.settle()
                self.writer.refusal(_text((details or {}).get("explanation")) or _DECLINED)
        self._calls.close()
        if self._container is not None and incomplete is None:
            self._keep("container", {"type": "container"} | self._container)
        self.writer.usage = self._tally.usage()
        self.writer.service_tier = self._tally.tier
        return self.writer.finish(incomplete)

    def _speak(self, block: _Block, text: str) -> None:
        if text:
            block.say(text)
            self._spoke = True
            self._mused = ""
            self.writer.text(text)

    def _think(self, block: _Block, thought: str) -> None:
        """What Anthropic signs is a summary of the thoughts; who does not sign tells the thoughts themselves."""
        if not thought:
            return
        voice = "summary" if "signature" in block.members or block.signature else "reasoning"
        say = self.writer.summary if voice == "summary" else self.writer.reasoning
        if not block.length and self._mused == voice:
            say("\n\n")
        block.say(thought)
        self._mused = voice
        say(thought)

    def _call(self, block: _Block) -> None:
        self._mused = ""
        self._begun += 1
        block.key = self._begun
        name = _text(block.members.get("name"))
        if name != self._answer_tool:
            self._calls.add(ToolCall(block.key, _text(block.members.get("id")), Function(name)))

    def _argue(self, block: _Block, piece: str) -> None:
        if not piece:
            return
        block.say(piece)
        if block.key and block.members.get("name") == self._answer_tool:
            self._spoke = True
            self.writer.text(piece)
        elif block.key:
            self._calls.add(ToolCall(block.key, function=Function(arguments=piece)))

    def _complete(self, block: _Block, *, cut: bool) -> None:
        """A call whose arguments came whole, or not at all. Those of one that was cut are not to be taken for whole."""
        if not block.length:
            said = _encode(block.input()).decode()
            self._argue(block, said.removesuffix("}") if cut else said)
        self._calls.settle()

    def _keep(self, kind: str, block: Item) -> None:
        self._calls.settle()
        self._kept.add(block)
        self.writer.reasoning("", sealed=True)
        if kind in CALLS:
            self._asked[str(block.get("id"))] = block
        elif is_result(kind):
            item = told(self._asked.get(str(block.get("tool_use_id"))), block)
            if item is not None:
                self._results.append(item)

    def _tell(self) -> None:
        """Items about tools that have done their work; they close the seal that their calls are in."""
        for item in self._results:
            self._mused = ""
            self.writer.item(item)
        self._results.clear()


def _unsigned(extra: Item, call_id: str) -> None:
    """Nothing that Anthropic signs is on a call."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
