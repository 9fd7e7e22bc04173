"""Input items read into the few things that any provider can be told: what was said, thought, called and answered.

Every call finds its output here, wherever in the input that stands; the rules are those of sections 3.3 and 6.2 of the
specification.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.dialects.hosted_items import HOSTED_READERS, NOTHING, SILENT, UNTOLD, Hosted, picture
from antiphon.dialects.losses import Losses, decoded
from antiphon.dialects.outputs import OUTPUTS, CallId, read_output
from antiphon.dialects.parts import Content, InputText, Part
from antiphon.dialects.sealed import AS_IT_IS, STANDS_FOR, Unsealing
from antiphon.dialects.stand_ins import arguments_of
from antiphon.dialects.tool_names import Kind, ToolName
from antiphon.errors import BadRequest, NotFound
from antiphon.protocols import Target, Turn
from antiphon.wire.envelope import Envelope
from antiphon.wire.faults import missing
from antiphon.wire.kept_items import ITEM_TYPES
from antiphon.wire.legal import supported
from antiphon.wire.requests import Item

Role = Literal["user", "assistant", "system", "developer"]


class Said(Struct, frozen=True):
    """A message. `place` is where it stands in the request, for errors. `made`: its picture is a model's work."""

    role: Role
    content: Content
    place: str
    made: bool = False


class Thought(Struct, frozen=True):
    """Reasoning: its text, or a summary of it; and, where it came sealed, what its provider wants to see again."""

    id: str
    content: str
    summary: str
    envelope: Envelope | None = None


class Called(Struct):
    """A call and, as soon as that is found, its output. `words` is the free text of a custom tool's call.

    `failed` says that the output tells of a failure.
    """

    id: str
    tool: ToolName
    arguments: str
    place: str
    label: str = "function call"
    words: str | None = None
    output: Content | None = None
    must_be_answered: bool = True
    failed: bool = False


class Answered(Struct, frozen=True):
    """Where outputs stand: calls that follow belong to a later turn of the model's."""


Step = Said | Thought | Called | Answered

_ANSWERED: Final = Answered()


_HISTORY: Final = "input"
"""Where errors say that an item of the history stands."""


class _Message(Struct, frozen=True):
    role: Role
    content: Content | None = None


class _Thinking(Struct, frozen=True):
    id: str = ""
    content: list[Part] | None = None
    summary: list[Part] | None = None
    encrypted_content: str | None = None


class _FunctionCall(Struct, frozen=True):
    call_id: CallId
    name: str
    arguments: str
    namespace: str | None = None
    in_background: bool | None = msgspec.field(name="async", default=None)


class _CustomCall(Struct, frozen=True):
    call_id: CallId
    name: str
    input: str
    namespace: str | None = None
    in_background: bool | None = msgspec.field(name="async", default=None)


class _ActionCall(Struct, frozen=True):
    call_id: CallId
    id: str | None = None
    action: dict[str, Any] | None = None
    actions: list[dict[str, Any]] | None = None
    operation: dict[str, Any] | None = None
    environment: dict[str, Any] | None = None


class _SearchCall(Struct, frozen=True):
    arguments: dict[str, Any] | None = None
    call_id: str | None = None
    execution: Literal["server", "client"] | None = None


_ACTIONS: Final[dict[str, tuple[Kind, str]]] = {
    "local_shell_call": ("local_shell", "local shell call"),
    "shell_call": ("shell", "shell call"),
    "apply_patch_call": ("apply_patch", "apply patch call"),
    "computer_call": ("function", "computer call"),
}


def steps_of(
    turn: Turn, target: Target, losses: Losses, unsealing: Unsealing, *, unsealed_reasoning: bool = False
) -> list[Step]:
    """The context of a turn, oldest first; reasoning that came unsealed is told only where it means something.

    Raises BadRequest for items that are malformed or lack their other half.
    """
    reading = _Reading(target, losses, unsealing, unsealed_reasoning=unsealed_reasoning)
    for item in turn.history:
        reading.read(item, _HISTORY)
    for index, item in enumerate(turn.input):
        reading.read(item, f"input[{index}]")
    reading.finish()
    return reading.steps


class _Reading:
    """Reads items one by one; `steps` is what they come to."""

    __slots__ = ("_calls", "_losses", "_named", "_target", "_told", "_unsealed_reasoning", "_unsealing", "steps")

    def __init__(self, target: Target, losses: Losses, unsealing: Unsealing, *, unsealed_reasoning: bool) -> None:
        self._target = target
        self._unsealed_reasoning = unsealed_reasoning
        self._losses = losses
        self._unsealing = unsealing
        self._calls: dict[str, deque[Called]] = {}
        self._named: dict[str, deque[Called]] = {}
        self._told: set[str] = set()
        self.steps: list[Step] = []

    def read(self, item: Item, place: str) -> None:
        """Adds what one item comes to."""
        match item.get("type"):
            case "message":
                self._message(item, place)
            case "function_call":
                self._function_call(decoded(item, _FunctionCall, place), place)
            case "custom_tool_call":
                self._custom_call(decoded(item, _CustomCall, place), place)
            case "reasoning":
                self._reasoning(item, place)
            case None:
                self._untyped(item, place)
            case str(kind) if kind in OUTPUTS:
                self._output(kind, item, place)
            case str(kind) if kind in _ACTIONS:
                self._action(kind, decoded(item, _ActionCall, place), place)
            case str(kind):
                self._other(kind, item, place)
            case _:
                message = f"Invalid type for '{place}.type': expected a string."
                raise BadRequest(message, param=f"{place}.type", code="invalid_type")

    def finish(self) -> None:
        """Raises BadRequest for a call that nobody answered."""
        for calls in self._calls.values():
            for call in calls:
                if call.output is None and call.must_be_answered:
                    raise BadRequest(f"No tool output found for {call.label} {call.id}.", param="input")

    def _message(self, item: Item, place: str) -> None:
        message = decoded(item, _Message, place)
        if message.content is not None:
            self.steps.append(Said(message.role, message.content, place))
        elif message.role != "assistant":
            raise missing(f"{place}.content")

    def _untyped(self, item: Item, place: str) -> None:
        """Clients may leave out the type of a message, and that of a reference."""
        if "role" in item:
            self._message(item, place)
        elif item.keys() <= {"id", "type"} and "id" in item:
            raise _unresolved(item)
        else:
            raise missing(f"{place}.type")

    def _reasoning(self, item: Item, place: str) -> None:
        thinking = decoded(item, _Thinking, place)
        if not thinking.encrypted_content and not self._unsealed_reasoning:
            return
        found = self._unsealing(item, kept=place == _HISTORY)
        if isinstance(found, str) and found != AS_IT_IS:
            self._losses.remove(thinking.id, found, self._target, place)
            return
        content = "".join(_texts(thinking.content))
        summary = "\n\n".join(_texts(thinking.summary))
        envelope = None if isinstance(found, str) else found
        for block in envelope.items if envelope is not None else ():
            self._told.update(block.get(STANDS_FOR, ()))
            self._told.update(name for name in (block.get("id"), block.get("tool_use_id")) if isinstance(name, str))
        self.steps.append(Thought(thinking.id, content, summary, envelope))

    def _function_call(self, call: _FunctionCall, place: str) -> None:
        tool = ToolName("function", call.name, call.namespace)
        called = Called(call.call_id, tool, call.arguments or "{}", place)
        called.must_be_answered = call.in_background is not True
        self._call(called)

    def _custom_call(self, call: _CustomCall, place: str) -> None:
        tool = ToolName("custom", call.name, call.namespace)
        arguments = arguments_of({"input": call.input})
        called = Called(call.call_id, tool, arguments, place, "custom tool call", call.input)
        called.must_be_answered = call.in_background is not True
        self._call(called)

    def _action(self, kind: str, call: _ActionCall, place: str) -> None:
        """The call of a tool that has no name of its own; what it does becomes the arguments of its stand-in."""
        tool, label = _ACTIONS[kind]
        if tool == "function":
            arguments: Any = {"actions": call.actions or [call.action or {}]}
        elif tool == "apply_patch":
            arguments = {"operation": call.operation or {}}
        else:
            arguments = {name: value for name, value in (call.action or {}).items() if name != "type"}
        name = "computer" if tool == "function" else tool
        called = Called(call.call_id, ToolName(tool, name), arguments_of(arguments), place, label)
        called.must_be_answered = call.environment is None or call.environment.get("type") == "local"
        self._call(called)
        if tool == "local_shell" and call.id is not None:
            self._calls.setdefault(call.id, deque()).append(called)

    def _call(self, call: Called) -> None:
        self._calls.setdefault(call.id, deque()).append(call)
        self._named.setdefault(call.tool.name, deque()).append(call)
        self.steps.append(call)

    def _output(self, kind: str, item: Item, place: str) -> None:
        found = read_output(kind, item, place)
        if found is None:
            return
        call_id, output = found
        calls = self._calls.get(call_id or "") or self._called_by_name(item)
        if not calls:
            message = f"No tool call found for {OUTPUTS[kind]} output with call_id {call_id}."
            raise BadRequest(message, param="input")
        call = _first_open(calls)
        if call.output is not None and self._losses.strict:
            raise BadRequest(f"Duplicate output for {call.label} {call.id}.", param=place, code="invalid_value")
        call.output = output
        call.failed = item.get("status") in ("incomplete", "failed")
        self.steps.append(_ANSWERED)

    def _called_by_name(self, item: Item) -> deque[Called] | None:
        """Newest clients may answer the open call of a function by its name alone."""
        name = item.get("name")
        if item.get("call_id") is not None or not isinstance(name, str):
            return None
        calls = self._named.get(name)
        return calls if calls and _first_open(calls).output is None else None

    def _other(self, kind: str, item: Item, place: str) -> None:
        if str(item.get("id")) in self._told:
            return  # told in its maker's own words, which are in a seal before it
        if kind == "item_reference":
            raise _unresolved(item)
        if kind == "tool_search_call":
            self._search(decoded(item, _SearchCall, place), place)
        elif reader := HOSTED_READERS.get(kind):
            self._hosted(reader(item, place), kind, place)
        elif kind in UNTOLD:
            self._hosted(NOTHING, kind, place)
        elif ":" in kind:
            self._losses.report("item.other", f"{place}.type", kind=kind[:64])
        elif kind not in SILENT:
            message = f"Invalid value: '{kind[:64]}'.{supported([*ITEM_TYPES, 'item_reference'])}"
            raise BadRequest(message, param=f"{place}.type", code="invalid_value")

    def _search(self, search: _SearchCall, place: str) -> None:
        """A search that the server made has left its tools in the offer; only a client's own is a call."""
        if search.call_id and search.execution == "client":
            tool = ToolName("tool_search", "tool_search")
            self._call(Called(search.call_id, tool, arguments_of(search.arguments or {}), place, "tool search call"))

    def _hosted(self, hosted: Hosted, kind: str, place: str) -> None:
        """What became of work that a server did: a call with its output, an image, a note, or nothing."""
        if hosted.unseen:
            self._losses.report(f"item.{kind}.images", f"{place}.outputs")
        if hosted.tool is not None:
            call_id = hosted.id or place
            call = Called(call_id, hosted.tool, hosted.arguments, place, output=hosted.text or "", failed=hosted.failed)
            self.steps.append(call)
            self.steps.append(_ANSWERED)
        elif hosted.image is not None:
            self.steps.append(Said("user", [picture(hosted.image)], place, made=True))
        elif hosted.text is not None:
            self.steps.append(Said("developer", [InputText(hosted.text)], place))
        else:
            self._losses.report(f"item.{kind}", f"{place}.type", kind=kind)


def _first_open(calls: deque[Called]) -> Called:
    """The first call without an output, else the last one. Those before it are answered and not looked at again."""
    while len(calls) > 1 and calls[0].output is not None:
        calls.popleft()
    return calls[0]


def _texts(parts: list[Part] | None) -> Iterator[str]:
    return (text for part in parts or () if (text := getattr(part, "text", "")))


def _unresolved(item: Item) -> Exception:
    identity = item.get("id")
    if not isinstance(identity, str):
        return BadRequest("Invalid type for 'id': expected a string.", param="input", code="invalid_type")
    message = (
        f"Item with id '{identity[:256]}' not found. Items are not persisted when `store` is set to false."
        " Try again with `store` set to true, or remove this item from your input."
    )
    return NotFound(message, param="input")
