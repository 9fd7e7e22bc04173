"""The context of a turn as messages: roles that alternate, calls with all their results, thoughts where they were.

Law: after a message with calls stands one of the user's that begins with the results of exactly these calls; what was
sealed goes back as it came, in its place (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview and
.../build-with-claude/thinking, read 2026-11).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from antiphon.dialects.grouped import output_of
from antiphon.dialects.losses import Losses
from antiphon.dialects.messages_computer import computer_input
from antiphon.dialects.messages_hosts import Host
from antiphon.dialects.messages_models import Traits
from antiphon.dialects.messages_parts import Block, BlockWriter
from antiphon.dialects.steps import Answered, Called, Said, Step, Thought
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item

_GO_ON: Final = "Go on."
_LEGAL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_THOUGHTS: Final = ("thinking", "redacted_thinking")

_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class TurnWriter:
    """Writes steps in their order; afterwards `system`, `messages` and `container` are what they come to."""

    def __init__(self, traits: Traits, host: Host, losses: Losses, name_of: Callable[[Called], str]) -> None:
        """`name_of` knows the provider's name for the tool that was called."""
        self.system: list[Block] = []
        self.messages: list[Block] = []
        self.container: Item | None = None
        self.parts = BlockWriter(host, losses)
        self._losses = losses
        self._name_of = name_of
        self._system_turns = traits.system_turns and host.whole
        self._answer: list[Block] = []
        self._calls: list[tuple[str, Called]] = []
        self._ids: set[str] = set()

    def write(self, steps: list[Step]) -> None:
        """Adds all steps. Raises BadRequest where nothing is said at all."""
        for step in steps:
            match step:
                case Said(role="assistant"):
                    self._answer += self.parts.words(step.content, step.place, "part.media_from_assistant")
                case Said(role="user"):
                    self._flush()
                    self._user(self.parts.blocks(step.content, step.place))
                case Said():
                    self._flush()
                    self._instruct(self.parts.words(step.content, step.place, "part.media_from_system"))
                case Thought():
                    self._recall(step)
                case Called():
                    self._call(step)
                case Answered():
                    if self._calls:
                        self._flush()
        self._flush()
        self._frame()

    @property
    def thoughtless_loop(self) -> bool:
        """Whether tools are at work for an answer that began without a thought, which then cannot go on with one.

        An answer begins after the user has spoken, be it beside results.
        """
        first = None
        newest = self.messages[-1] if self.messages else None
        for message in reversed(self.messages):
            blocks = message["content"]
            if message["role"] == "assistant":
                first = blocks[0]["type"]
            elif message["role"] == "user":
                results = [block["type"] == "tool_result" for block in blocks]
                if not any(results) or (message is not newest and not all(results)):
                    break
        return first is not None and first not in _THOUGHTS

    @property
    def recalls_thoughts(self) -> bool:
        """Whether thoughts are given back."""
        return any(block["type"] in _THOUGHTS for message in self.messages for block in message["content"])

    def _instruct(self, blocks: list[Block]) -> None:
        """Instructions: before all else in their own place, else as a turn of the system's, else marked as such."""
        if not blocks:
            return
        if not self.messages:
            self.system += blocks
        elif self._system_turns and self.messages[-1]["role"] in ("user", "system"):
            self._append("system", blocks)
        else:
            self._append("user", [_marked(block) for block in blocks])

    def _user(self, blocks: list[Block]) -> None:
        """A user's words. No user may speak right after the system, whose words then become part of his turn."""
        if not blocks:
            return
        if self.messages and self.messages[-1]["role"] == "system":
            blocks = [_marked(block) for block in self.messages.pop()["content"]] + blocks
        self._append("user", blocks)

    def _recall(self, thought: Thought) -> None:
        for block in [] if thought.envelope is None else thought.envelope.items:
            if block.get("type") == "container":
                self.container = block
            else:
                self._answer.append(block)

    def _call(self, call: Called) -> None:
        call_id = self._unique(call.id)
        self._calls.append((call_id, call))
        said = _arguments(call.arguments)
        if call.label == "computer call":
            said = computer_input(said)
        self._answer.append({"type": "tool_use", "id": call_id, "name": self._name_of(call), "input": said})

    def _unique(self, call_id: str) -> str:
        """An id that is legal and that no other call has."""
        given = call_id
        while _LEGAL_ID.fullmatch(given) is None or given in self._ids:
            given = f"toolu_{hashlib.sha256(f'{given}/{len(self._ids)}'.encode()).hexdigest()[:32]}"
        self._ids.add(given)
        return given

    def _flush(self) -> None:
        """Ends what the model said, with the results of its calls behind it."""
        blocks, calls = self._answer, self._calls
        self._answer, self._calls = [], []
        if not blocks:
            return
        if all(block.get("type") in _THOUGHTS for block in blocks):
            self._losses.report("item.reasoning.dangling", "input")
            return
        self._append("assistant", blocks)
        if calls:
            self._append("user", [self._result(call_id, call) for call_id, call in calls])

    def _result(self, call_id: str, call: Called) -> Block:
        result: Block = {"type": "tool_result", "tool_use_id": call_id}
        if content := self.parts.blocks(output_of(call, marked=True), call.place):
            result["content"] = content
        if call.failed:
            result["is_error"] = True
        return result

    def _append(self, role: str, blocks: list[Block]) -> None:
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"] += blocks
        else:
            self.messages.append({"role": role, "content": blocks})

    def _frame(self) -> None:
        """A conversation begins with a user and, since models are not to go on with words of theirs, ends with one."""
        if not self.messages:
            if not self.system:
                raise missing("input")
            self._append("user", [_marked(self.system.pop())])
            return
        if self.messages[0]["role"] != "user":
            self.messages.insert(0, {"role": "user", "content": [{"type": "text", "text": _GO_ON}]})
        if self.messages[-1]["role"] == "assistant":
            self._losses.report("item.message.last", "input")
            self._append("user", [{"type": "text", "text": _GO_ON}])


def living(container: Item | None, now: float) -> str | None:
    """The id of a container that has not expired, as far as its owner said."""
    if container is None or not isinstance(container.get("id"), str):
        return None
    try:
        expires = datetime.fromisoformat(str(container.get("expires_at"))).timestamp()
    except ValueError:
        return None
    return container["id"] if expires > now else None


def _marked(block: Block) -> Block:
    return block | {"text": f"<system>\n{block['text']}\n</system>"}


def _arguments(text: str) -> Item:
    """Arguments as the object that they must be; what is none is told inside of one."""
    try:
        return _object(text)
    except (msgspec.DecodeError, RecursionError):
        return {"arguments": text}
