"""The context of a turn as Converse's messages: roles that alternate, results right behind their calls.

Law: the first message is a user's, no two neighbours have one role, and behind a message with calls stand the results
of exactly these calls, before anything else, since Bedrock refuses anything else.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

from antiphon.dialects.converse_keepsakes import recalled
from antiphon.dialects.converse_models import Traits
from antiphon.dialects.converse_parts import Block, PartWriter, is_textual, kind_of
from antiphon.dialects.grouped import output_of
from antiphon.dialects.losses import Losses
from antiphon.dialects.steps import Answered, Called, Said, Step, Thought
from antiphon.dialects.tools import Offer
from antiphon.wire.requests import is_item

Message = dict[str, Any]

_ELSEWHERE: Final = "The output is in what follows."
_EMPTY: Final = "The tool gave no output."
_BETWEEN: Final = "."
"""What an assistant says between messages of a user that may not be one; AWS joins them otherwise."""

_BEFORE: Final = "."
"""What a user says before an assistant who speaks first, or where nobody but the system speaks."""

_ORDERS: Final = ("system", "developer")

_ABOUT: Final = "See the attached documents."
"""Bedrock takes no documents without a word about them."""

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DOTTED_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_LONGEST_ID: Final = 64


class MessageWriter:
    """Writes steps in their order; `system` and `messages` are what they come to."""

    __slots__ = (
        "_answer",
        "_calls",
        "_losses",
        "_offer",
        "_parts",
        "_thoughts",
        "_traits",
        "called",
        "messages",
        "system",
    )

    def __init__(self, traits: Traits, offer: Offer, losses: Losses) -> None:
        """`offer` names the tools that calls are of; `called` are the names that were called."""
        self._traits = traits
        self._offer = offer
        self._losses = losses
        self._parts = PartWriter(losses)
        self._answer: list[Block] = []
        self._thoughts: list[Thought] = []
        self._calls: list[Called] = []
        self.called: dict[str, None] = {}
        self.system: list[Block] = []
        self.messages: list[Message] = []

    def instruct(self, text: str) -> None:
        """Adds to what the owner of the conversation says, before all else."""
        if not text.strip():
            return
        if self._traits.system:
            self.system.append({"text": text})
        else:
            self._user([_told(text)])

    def write(self, steps: list[Step]) -> None:
        """Adds all steps."""
        for step in steps:
            match step:
                case Thought():
                    self._think(step)
                case Said(role="assistant"):
                    self._speak(self._parts.words(step.content, step.place, "assistant"))
                case Said(role="user"):
                    self._close()
                    self._user(self._parts.blocks(step.content, step.place))
                case Said():
                    self._order(step)
                case Called():
                    self._calls.append(step)
                case Answered():
                    self._close()
        self._close()
        if not self.messages and self.system and any(isinstance(step, Said) and step.role in _ORDERS for step in steps):
            self.messages.append({"role": "user", "content": [{"text": _BEFORE}]})

    def _think(self, thought: Thought) -> None:
        """What the model has sealed goes back to it. Text that follows calls stands before them, and so does this."""
        if thought.envelope is not None:
            self._thoughts.append(thought)
            self._answer += recalled(thought.envelope)

    def _speak(self, blocks: list[Block]) -> None:
        self._answer += [block for block in blocks if "cachePoint" not in block]

    def _order(self, said: Said) -> None:
        """System text: in its own place while nothing else was said, later where it stands."""
        blocks = self._parts.words(said.content, said.place, "system")
        if self._traits.system and not self.messages and not self._answer and not self._calls:
            self.system += blocks
            return
        self._close()
        self._user([block if "cachePoint" in block else _told(block["text"]) for block in blocks])

    def _close(self) -> None:
        """Ends the assistant's message, and gives the results of its calls."""
        answer, calls, thoughts = self._answer, self._calls, self._thoughts
        self._answer, self._calls, self._thoughts = [], [], []
        if not calls and all("reasoningContent" in block for block in answer):
            for thought in thoughts:
                self._losses.report("item.reasoning.dangling", "input", id=thought.id)
            return
        if not self.messages:
            self.messages.append({"role": "user", "content": [{"text": _BEFORE}]})
        content = answer + [self._call(call) for call in calls]
        self._add("assistant", content)
        if calls:
            self._results(calls)

    def _call(self, call: Called) -> Block:
        name = self._offer.name_of(call.tool)
        self.called[name] = None
        return {"toolUse": {"toolUseId": self._id(call.id), "name": name, "input": _input(call.arguments)}}

    def _results(self, calls: list[Called]) -> None:
        """The results of all calls in one message, then what the model does not take inside a result."""
        behind: list[Block] = []
        results: list[Block] = []
        for call in calls:
            output = output_of(call, marked=self._traits.status)
            blocks = [block for block in self._parts.blocks(output, call.place) if "cachePoint" not in block]
            inside = [block for block in blocks if self._fits(block)]
            outside = [block for block in blocks if not self._fits(block)]
            result: Block = {"toolUseId": self._id(call.id)}
            result["content"] = inside or [{"text": _ELSEWHERE if outside else _EMPTY}]
            if call.failed and self._traits.status:
                result["status"] = "error"
            results.append({"toolResult": result})
            if outside:
                behind += [{"text": f"Output of the tool call {self._id(call.id)}:"}, *outside]
        self.messages.append({"role": "user", "content": results})
        if behind:
            self._user(behind)

    def _fits(self, block: Block) -> bool:
        """Whether the model takes this inside a tool's result."""
        kind = kind_of(block)
        if kind == "document" and not self._traits.binary_inside and not is_textual(block):
            return False
        return kind == "text" or kind in self._traits.inside

    def _user(self, blocks: list[Block]) -> None:
        """What is no tool's result, in the message that is open or in the next one."""
        if not blocks:
            return
        if any("document" in block for block in blocks) and not any("text" in block for block in blocks):
            blocks = [*blocks, {"text": _ABOUT}]
        last = self.messages[-1] if self.messages else None
        if last is not None and last["role"] == "user" and not self._stands_beside(last["content"], blocks):
            self.messages.append({"role": "assistant", "content": [{"text": _BETWEEN}]})
        self._add("user", blocks)

    def _stands_beside(self, content: list[Block], blocks: list[Block]) -> bool:
        """Results are first in their message, if it has any: of a long one no more is looked at."""
        if "toolResult" not in content[0]:
            return True
        return {kind_of(block) for block in blocks} - {"cachePoint"} <= self._traits.beside

    def _add(self, role: str, content: list[Block]) -> None:
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"] += content
        else:
            self.messages.append({"role": role, "content": content})

    def _id(self, call_id: str) -> str:
        """The id as the model takes it, the same for a call and its result."""
        digits = self._traits.digits
        if digits:
            fits = len(call_id) == digits and call_id.isascii() and call_id.isalnum()
        else:
            fits = (_DOTTED_ID if self._traits.dotted else _PLAIN_ID).fullmatch(call_id) is not None
        return call_id if fits else hashlib.sha256(call_id.encode()).hexdigest()[: digits or _LONGEST_ID]


def _told(text: str) -> Block:
    """System text where only a user can speak."""
    return {"text": f"<system>\n{text}\n</system>"}


def _input(arguments: str) -> dict[str, Any]:
    """Arguments as the object that Bedrock takes; a model's words that are no object are told as they are."""
    try:
        value: object = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        value = arguments
    return value if is_item(value) else {"arguments": value}
