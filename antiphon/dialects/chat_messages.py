"""The context of a turn as chat messages: calls gathered, outputs right behind them, reasoning where it is taken back.

Law: after an assistant message with calls stand the outputs of exactly these calls, in the order of the calls, since
providers refuse anything else.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from msgspec import Struct, field

from antiphon.dialects.chat_keepsakes import Recalled, recalled
from antiphon.dialects.chat_parts import ChatPart, PartWriter
from antiphon.dialects.grouped import ELSEWHERE, output_of
from antiphon.dialects.losses import Losses
from antiphon.dialects.steps import Answered, Called, Said, Step, Thought
from antiphon.dialects.tools import Offer
from antiphon.protocols import Target
from antiphon.wire.requests import Item

ChatMessage = dict[str, Any]

_LONGEST_CALL_ID: Final = 40
"""Several OpenAI-compatible APIs refuse longer ids of calls; ours may come from a provider with longer ones."""

_THEIRS: Final = ("assistant", "tool")

_UNSIGNED: Final = {"google": {"thought_signature": "skip_thought_signature_validator"}}
"""Google's own word for a call that came from elsewhere (https://ai.google.dev/gemini-api/docs/thought-signatures)."""


class _Memory(Struct, frozen=True):
    """Reasoning that is to be given back: in words, or in what the provider itself once sent."""

    id: str
    content: str
    summary: str
    recalled: Recalled | None

    @classmethod
    def of(cls, thought: Thought) -> _Memory:
        """What a step brings back."""
        inside = None if thought.envelope is None else recalled(thought.envelope)
        return cls(thought.id, (inside.text if inside else "") or thought.content, thought.summary, inside)


class _Assistant(Struct):
    """An assistant message while items may still add to it."""

    texts: list[str] = field(default_factory=list[str])
    refusals: list[str] = field(default_factory=list[str])
    calls: list[Called] = field(default_factory=list[Called])
    thoughts: list[_Memory] = field(default_factory=list[_Memory])


class MessageWriter:
    """Writes steps in their order; `messages` is what they come to once `finish` was called."""

    __slots__ = (
        "_losses",
        "_must_sign",
        "_offer",
        "_open",
        "_parts",
        "_quirks",
        "_signatures",
        "_thoughts",
        "messages",
    )

    def __init__(self, target: Target, offer: Offer, losses: Losses) -> None:
        """`offer` names the tools that calls are of."""
        self._quirks = target.quirks
        pattern = target.quirks.signed_calls
        self._must_sign = bool(pattern) and re.search(pattern, target.model) is not None
        self._signatures: dict[str, Item] = {}
        self._offer = offer
        self._losses = losses
        self._parts = PartWriter(target, losses)
        self._open: _Assistant | None = None
        self._thoughts: list[_Memory] = []
        self.messages: list[ChatMessage] = []

    def system(self, text: str) -> None:
        """Adds a system message."""
        self.messages.append({"role": "system", "content": text})

    def write(self, steps: list[Step]) -> None:
        """Adds all steps."""
        for step in steps:
            match step:
                case Said(role="assistant"):
                    self._answer(step)
                case Said():
                    self._say(step)
                case Thought():
                    self._think(_Memory.of(step))
                case Called():
                    self._current().calls.append(step)
                case Answered():
                    self._gather()
                    self._flush()
        self._gather()
        self._flush()
        self._forget()
        self._end()

    def _end(self) -> None:
        """Some providers go on only from what is theirs to go on from."""
        if not self.messages:
            return
        last = self.messages[-1]
        if last["role"] == "system" and not self._quirks.system_anywhere:
            self._not_as_system()
            last["role"] = "user"
        elif last["role"] == "assistant" and self._quirks.prefix_last:
            last["prefix"] = True

    def _think(self, thought: _Memory) -> None:
        inside = thought.recalled
        if inside is not None:
            self._signatures |= inside.signatures
        style = self._quirks.reasoning_replay
        if style != "none" or (inside is not None and inside.extra is not None):
            self._thoughts.append(thought)

    def _gather(self) -> None:
        """What a provider sealed after the words that it belongs to goes with them."""
        if self._open is not None:
            self._open.thoughts += [thought for thought in self._thoughts if thought.recalled is not None]
            self._thoughts = [thought for thought in self._thoughts if thought.recalled is None]

    def _current(self) -> _Assistant:
        """The open assistant message, with the reasoning that led up to here."""
        if self._open is None:
            self._open = _Assistant()
        if self._thoughts:
            self._open.thoughts += self._thoughts
            self._thoughts = []
        return self._open

    def _answer(self, said: Said) -> None:
        """Text after calls that nobody has answered yet belongs to their message; text after text is another one."""
        text, refusal = self._parts.assistant(said.content, said.place)
        if not text and not refusal:
            return
        if self._open is not None and not self._open.calls:
            self._flush()
        current = self._current()
        if text:
            current.texts.append(text)
        if refusal:
            current.refusals.append(refusal)

    def _say(self, said: Said) -> None:
        self._gather()
        self._flush()
        self._forget()
        if said.role == "user":
            self._user(self._parts.user(said.content, said.place))
            return
        text = self._parts.system(said.content, said.place)
        if self.messages and self.messages[-1]["role"] in _THEIRS and not self._quirks.system_anywhere:
            self._not_as_system()
            self._user(text)
            return
        self.messages.append({"role": said.role if self._quirks.developer_role else "system", "content": text})

    def _not_as_system(self) -> None:
        self._losses.report("item.message.system", "input")

    def _user(self, content: str | list[ChatPart]) -> None:
        if not self._quirks.user_after_tool and self.messages and self.messages[-1]["role"] == "tool":
            self.messages.append({"role": "assistant", "content": "OK"})
        self.messages.append({"role": "user", "content": content})

    def _forget(self) -> None:
        """Reasoning that nothing followed has no message to stand in."""
        for thought in self._thoughts:
            self._losses.report("item.reasoning.dangling", "input", id=thought.id)
        self._thoughts = []

    def _flush(self) -> None:
        if self._open is None:
            return
        said, self._open = self._open, None
        content = "\n\n".join(said.texts)
        refusal = "\n".join(said.refusals)
        if refusal and "refusal" in self._quirks.refused_fields:
            content, refusal = f"{content}\n\n{refusal}" if content else refusal, ""
        message: ChatMessage = {"role": "assistant", "content": content or None}
        if refusal:
            message["refusal"] = refusal
        if said.thoughts or (said.calls and self._quirks.reasoning_with_calls):
            self._remember(message, said.thoughts)
        if said.calls:
            message["tool_calls"] = [self._call(call) for call in said.calls]
            if self._must_sign and not any("extra_content" in call for call in message["tool_calls"]):
                message["tool_calls"][0]["extra_content"] = _UNSIGNED
        self.messages.append(message)
        if said.calls:
            self._outputs(said.calls)

    def _remember(self, message: ChatMessage, thoughts: list[_Memory]) -> None:
        """Puts reasoning where the provider, whose own it is, wants it back."""
        for thought in thoughts:
            if thought.recalled is not None and thought.recalled.extra is not None:
                message["extra_content"] = thought.recalled.extra
        style = self._quirks.reasoning_replay
        text = "\n\n".join(filter(None, (thought.content or thought.summary for thought in thoughts)))
        if style == "reasoning_details":
            if details := [detail for thought in thoughts for detail in _details_of(thought)]:
                message["reasoning_details"] = details
        elif style == "thinking":
            if text:
                parts: list[ChatPart] = [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]
                if message["content"]:
                    parts.append({"type": "text", "text": message["content"]})
                message["content"] = parts
        elif style != "none" and (text or self._quirks.reasoning_with_calls):
            message[style] = text

    def _call(self, call: Called) -> ChatMessage:
        name = self._offer.name_of(call.tool)
        if call.words is not None and self._quirks.custom_tools:
            custom = {"name": name, "input": call.words}
            return {"id": self._id(call.id), "type": "custom", "custom": custom}
        function = {"name": name, "arguments": call.arguments}
        message: ChatMessage = {"id": self._id(call.id), "type": "function", "function": function}
        if (extra := self._signatures.get(call.id)) is not None:
            message["extra_content"] = extra
        return message

    def _outputs(self, calls: list[Called]) -> None:
        """One tool message for each call, then one user message for all that tool messages cannot hold."""
        behind: list[ChatPart] = []
        for call in calls:
            text, others = self._parts.tool(output_of(call), call.place)
            content = text or (ELSEWHERE if others else "")
            self.messages.append({"role": "tool", "tool_call_id": self._id(call.id), "content": content})
            if others:
                behind.append({"type": "text", "text": f"Output of the tool call {self._id(call.id)}:"})
                behind += others
        if behind:
            self._user(behind)

    def _id(self, call_id: str) -> str:
        """The id as the provider takes it, the same for a call and its output."""
        digits = self._quirks.call_id_digits
        if digits == 0:
            fits = len(call_id) <= _LONGEST_CALL_ID
        else:
            fits = len(call_id) == digits and call_id.isascii() and call_id.isalnum()
        if fits:
            return call_id
        return hashlib.sha256(call_id.encode()).hexdigest()[: digits or _LONGEST_CALL_ID]


def _details_of(thought: _Memory) -> list[ChatPart]:
    """Reasoning in OpenRouter's shape (https://openrouter.ai/docs/use-cases/reasoning-tokens, 2026-11).

    What the provider once sent goes back unchanged, signatures and all.
    """
    if thought.recalled is not None and thought.recalled.details:
        return thought.recalled.details
    if thought.content:
        return [{"type": "reasoning.text", "text": thought.content}]
    if thought.summary:
        return [{"type": "reasoning.summary", "summary": thought.summary}]
    return []
