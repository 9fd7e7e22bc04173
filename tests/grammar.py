"""The oracle of the stream state machine: sections 4.2 and 4.3 of the specification, as tables and one small machine.

Independent of the writer: it knows the specification alone, and every test of a stream asks it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.wire.events import Event
from antiphon.wire.requests import is_item

Table = Mapping[str, Mapping[str, str]]
"""State, then event, gives the next state."""


class Ungrammatical(AssertionError):
    """The stream breaks a rule; the message says which event and which rule."""


LIFECYCLE: Table = {
    "nothing": {"response.created": "created"},
    "created": {"response.queued": "queued", "response.in_progress": "running", "error": "broken"},
    "queued": {"response.in_progress": "running", "error": "broken", "response.failed": "over"},
    "running": {
        "response.completed": "over",
        "response.incomplete": "over",
        "response.failed": "over",
        "error": "broken",
    },
    "broken": {"response.failed": "over"},
    "over": {},
}

OPENING = {"response.created", "response.queued", "response.in_progress"}
STATUS_AT_END = {
    "response.completed": {"completed"},
    "response.incomplete": {"incomplete"},
    "response.failed": {"failed", "cancelled"},
}

DELTA, DONE, ADDED = "delta", "done", "added"


def _call(name: str) -> Table:
    return {"open": {f"{name}.delta": "open", f"{name}.done": "ready"}, "ready": {}}


def _stages(name: str, *stages: str) -> Table:
    """Every stage once, in order; recorded providers leave some out, never the order."""
    table: dict[str, dict[str, str]] = {"open": {}}
    for place, stage in enumerate(stages):
        table[stage] = {}
        for before in ("open", *stages[:place]):
            table[before][f"response.{name}.{stage}"] = stage
    return table


_MESSAGE: Table = {
    "open": {"response.content_part.added": "part"},
    "part": {
        "response.output_text.delta": "part",
        "response.output_text.annotation.added": "part",
        "response.refusal.delta": "part",
        "response.output_text.done": "said",
        "response.refusal.done": "said",
    },
    "said": {"response.content_part.done": "open"},
}
_REASONING: Table = {
    "open": {"response.content_part.added": "part", "response.reasoning_summary_part.added": "summary"},
    "part": {"response.reasoning_text.delta": "part", "response.reasoning_text.done": "said"},
    "said": {"response.content_part.done": "open"},
    "summary": {
        "response.reasoning_summary_text.delta": "summary",
        "response.reasoning_summary_text.done": "told",
    },
    "told": {"response.reasoning_summary_part.done": "open"},
}
_IMAGE: Table = {
    "open": {"response.image_generation_call.in_progress": "in_progress"},
    "in_progress": {
        "response.image_generation_call.generating": "generating",
        "response.image_generation_call.completed": "completed",
    },
    "generating": {
        "response.image_generation_call.generating": "generating",
        "response.image_generation_call.partial_image": "generating",
        "response.image_generation_call.completed": "completed",
    },
    "completed": {},
}
_CODE: Table = {
    "open": {"response.code_interpreter_call.in_progress": "code"},
    "code": {
        "response.code_interpreter_call_code.delta": "code",
        "response.code_interpreter_call_code.done": "written",
    },
    "written": {"response.code_interpreter_call.interpreting": "interpreting"},
    "interpreting": {"response.code_interpreter_call.completed": "completed"},
    "completed": {},
}
_MCP_CALL: Table = {
    "open": {
        "response.mcp_call.in_progress": "open",
        "response.mcp_call_arguments.delta": "open",
        "response.mcp_call_arguments.done": "asked",
    },
    "asked": {
        "response.mcp_call.in_progress": "asked",
        "response.mcp_call.completed": "answered",
        "response.mcp_call.failed": "answered",
    },
    "answered": {},
}
_SHELL: Table = {
    "open": {"response.shell_call_command.added": "command"},
    "command": {"response.shell_call_command.delta": "command", "response.shell_call_command.done": "open"},
}
_SHELL_OUTPUT: Table = {
    "open": {
        "response.shell_call_output_content.delta": "open",
        "response.shell_call_output_content.done": "open",
    }
}

ITEMS: Mapping[str, Table] = {
    "message": _MESSAGE,
    "reasoning": _REASONING,
    "function_call": _call("response.function_call_arguments"),
    "custom_tool_call": _call("response.custom_tool_call_input"),
    "apply_patch_call": _call("response.apply_patch_call_operation_diff"),
    "web_search_call": _stages("web_search_call", "in_progress", "searching", "completed"),
    "file_search_call": _stages("file_search_call", "in_progress", "searching", "completed"),
    "image_generation_call": _IMAGE,
    "code_interpreter_call": _CODE,
    "mcp_call": _MCP_CALL,
    "mcp_list_tools": _stages("mcp_list_tools", "in_progress", "completed", "failed"),
    "shell_call": _SHELL,
    "shell_call_output": _SHELL_OUTPUT,
}
"""What may happen between the two ends of an item. A type that is not here has nothing in between."""

MUST_REACH: Mapping[str, frozenset[str]] = {
    "message": frozenset({"open"}),
    "reasoning": frozenset({"open"}),
    "function_call": frozenset({"ready"}),
    "custom_tool_call": frozenset({"ready"}),
    "shell_call": frozenset({"open"}),
}
"""Where an item must be when it is done; elsewhere providers are free to stop anywhere."""

SPOKEN: Mapping[str, str] = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.apply_patch_call_operation_diff": "diff",
    "response.mcp_call_arguments": "arguments",
    "response.code_interpreter_call_code": "code",
    "response.shell_call_command": "command",
}
"""The member of each done event that must equal its deltas put together."""

PARTS: Mapping[str, frozenset[str]] = {
    "output_text": frozenset({"response.output_text"}),
    "refusal": frozenset({"response.refusal"}),
    "reasoning_text": frozenset({"response.reasoning_text"}),
    "summary_text": frozenset({"response.reasoning_summary_text"}),
}
"""The runs that a part of each type may hold."""

STABLE = ("id", "type", "name", "namespace", "role")
"""Members of an item that are the same when it is added and when it is done."""

WITHOUT_STATUS = {"reasoning", "custom_tool_call", "mcp_list_tools", "mcp_approval_request", "compaction"}


@dataclass
class _Open:
    """An item between its two ends."""

    added: dict[str, Any]
    state: str = "open"
    said: str = ""
    spoken: str | None = None
    part: dict[str, Any] | None = None
    annotations: list[Any] = field(default_factory=list[Any])
    logprobs: list[Any] = field(default_factory=list[Any])
    content: list[Any] = field(default_factory=list[Any])
    summary: list[Any] = field(default_factory=list[Any])


@dataclass
class Oracle:
    """Reads a stream event by event.

    `relayed`: a native provider wrote what is inside the items, and OpenAI itself interleaves, mislabels and repeats
    there with changes; then the rules for the response and for the ends of its items are all that is asked.
    """

    relayed: bool = False
    state: str = "nothing"
    number: int = 0
    response: dict[str, Any] = field(default_factory=dict[str, Any])
    open: dict[int, _Open] = field(default_factory=dict[int, _Open])
    done: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    _event: dict[str, Any] = field(default_factory=dict[str, Any])

    def step(self, event: dict[str, Any]) -> None:
        self._event = event
        self._rule(event.get("sequence_number") == self.number, f"its number should be {self.number}")
        self.number += 1
        type_ = event["type"]
        if "obfuscation" in event and not self.relayed:
            whole = len(event["delta"]) + len(event["obfuscation"])
            self._rule(whole % 16 == 0, "delta and obfuscation together are no multiple of 16")
        if type_ in STATUS_AT_END or type_ in OPENING or type_ == "error":
            self._lifecycle(type_, event)
            return
        self._rule(self.state == "running", f"an item's event while the response is {self.state}")
        if type_ == "response.output_item.added":
            self._added(event)
        elif type_ == "response.output_item.done":
            self._done(event)
        else:
            self._within(type_, event)

    def end(self) -> None:
        self._rule(self.state == "over", "the stream ends without a terminal event")

    def _rule(self, holds: bool, message: str) -> None:  # noqa: FBT001 - reads as the rule it is
        if not holds:
            raise Ungrammatical(f"{message}; at {json.dumps(self._event)[:400]}")

    def _lifecycle(self, type_: str, event: dict[str, Any]) -> None:
        following = LIFECYCLE[self.state]
        self._rule(type_ in following, f"{type_} cannot follow the state {self.state}")
        self.state = following[type_]
        if type_ == "error":
            error = event.get("error")
            self._rule(is_item(error) and bool(error.get("message")), "an error without its message")
            return
        response = event["response"]
        for name in ("id", "created_at", "object"):
            self._rule(self.response.get(name, response[name]) == response[name], f"the response's {name} changed")
        self.response = response
        if type_ in OPENING:
            self._rule(response["output"] == [] and response["usage"] is None, "an opening snapshot holds an answer")
            self._rule(response["status"] in ("queued", "in_progress"), "an opening snapshot with a final status")
            return
        self._terminal(type_, response)

    def _terminal(self, type_: str, response: dict[str, Any]) -> None:
        status = response["status"]
        self._rule(status in STATUS_AT_END[type_], f"{type_} with the status {status}")
        self._rule(not self.open, "the response ends while an item is open")
        done = [self.done[index] for index in sorted(self.done)]
        if self.relayed:
            names = [(item["type"], item.get("id")) for item in response["output"]]
            finished = [item for item in done if status != "cancelled" or item.get("status") != "incomplete"]
            self._rule(names == [(item["type"], item.get("id")) for item in finished], "output is not what was done")
        else:
            kept = [done]
            if status == "cancelled":  # what was cut may be left out, and the owner may want all of it left out
                kept += [done[:-1], []]
            self._rule(response["output"] in kept, "output is not what was done")
        self._rule((response.get("completed_at") is not None) == (status == "completed"), "completed_at and the status")
        self._rule((response["error"] is not None) == (status == "failed"), "error and the status disagree")
        self._rule((response["incomplete_details"] is not None) == (status == "incomplete"), "incomplete_details")
        self._rule(status in ("failed", "cancelled") or isinstance(response["usage"], dict), "usage is missing")
        cut = [index for index, item in self.done.items() if item.get("status") == "incomplete"]
        self._rule(not cut or (status != "completed" and cut == [max(self.done)]), "only the last item may be cut")

    def _added(self, event: dict[str, Any]) -> None:
        index, item = event["output_index"], event["item"]
        self._rule(index == len(self.open) + len(self.done), "output_index is not the next one")
        self.open[index] = _Open(item)
        if self.relayed:
            return
        self._rule(len(self.open) == 1, "an item is added while another one is open")
        self._rule(item["type"] in WITHOUT_STATUS or "status" in item, "an item without a status")
        for name in ("content", "summary"):
            self._rule(not item.get(name), f"an item is added with {name}")

    def _done(self, event: dict[str, Any]) -> None:
        index, item = event["output_index"], event["item"]
        self._rule(index in self.open, "an item is done that is not open")
        open_ = self.open.pop(index)
        self.done[index] = item
        for name in STABLE:
            self._rule(open_.added.get(name) == item.get(name), f"the item's {name} changed")
        if self.relayed:
            return
        self._rule(item.get("status") not in ("in_progress", "searching", "generating"), "an item is done in progress")
        allowed = MUST_REACH.get(item["type"])
        self._rule(allowed is None or open_.state in allowed, f"an item is done in the state {open_.state}")
        if item["type"] in ("message", "reasoning"):
            self._rule((item.get("content") or []) == open_.content, "the item's content is not what was said")
            self._rule((item.get("summary") or []) == open_.summary, "the item's summary is not what was told")
        if open_.spoken is not None and item["type"] in ("function_call", "custom_tool_call", "mcp_call"):
            self._rule(item[SPOKEN[open_.spoken]] == open_.said, "the item's input is not what was said")

    def _within(self, type_: str, event: dict[str, Any]) -> None:
        index: int = event.get("output_index", -1)
        self._rule(index in self.open, "an event of no open item")
        open_ = self.open[index]
        kind = open_.added["type"]
        self._rule("item_id" not in event or event["item_id"] == open_.added["id"], "item_id is another item's")
        if self.relayed or ":" in kind:
            return
        following = ITEMS.get(kind, {}).get(open_.state, {})
        self._rule(type_ in following, f"{type_} cannot follow {open_.state} of a {kind}")
        open_.state = following[type_]
        if type_.endswith("part.added"):
            self._part_added(open_, event)
        elif type_.endswith("part.done"):
            self._part_done(open_, event)
        else:
            self._spoken(open_, type_, event)

    def _part_added(self, open_: _Open, event: dict[str, Any]) -> None:
        place, parts = self._place(open_, event)
        self._rule(event[place] == len(parts), f"{place} is not the next one")
        part = event["part"]
        self._rule(part["type"] in PARTS, "a part of unknown type")
        self._rule(not (part.get("text") or part.get("refusal")), "a part is added with text in it")
        open_.part, open_.said, open_.annotations, open_.logprobs = part, "", [], []

    def _part_done(self, open_: _Open, event: dict[str, Any]) -> None:
        place, parts = self._place(open_, event)
        part = event["part"]
        self._rule(event[place] == len(parts), f"{place} is not that of the open part")
        self._rule(open_.part is not None and part["type"] == open_.part["type"], "the part's type changed")
        self._rule(part.get("text", part.get("refusal")) == open_.said, "the part is not what was said")
        if part["type"] == "output_text":
            self._rule(part["annotations"] == open_.annotations, "the part's annotations are not those that were added")
        parts.append(part)
        open_.part = None

    def _spoken(self, open_: _Open, type_: str, event: dict[str, Any]) -> None:
        run, _, step = type_.rpartition(".")
        if type_ == "response.output_text.annotation.added":
            self._rule(event["annotation_index"] == len(open_.annotations), "annotation_index is not the next one")
            open_.annotations.append(event["annotation"])
            return
        if run not in SPOKEN:
            return
        if open_.part is not None:
            place, parts = self._place(open_, event)
            self._rule(event[place] == len(parts), f"{place} is not that of the open part")
            self._rule(run in PARTS[open_.part["type"]], "a run that its part cannot hold")
        if step == ADDED or open_.spoken != run:
            open_.spoken = run
            open_.said = ""
        if step == DELTA:
            self._rule(event["delta"] != "", "an empty delta")
            open_.said += event["delta"]
            open_.logprobs += event.get("logprobs", [])
        elif step == DONE:
            whole = event[SPOKEN[run]]
            self._rule(open_.said in (whole, ""), "the whole is not its deltas put together")
            told = event.get("logprobs", open_.logprobs)[: len(open_.logprobs)]
            self._rule(told == open_.logprobs, "logprobs are not those of the deltas")
            open_.said = whole

    def _place(self, open_: _Open, event: dict[str, Any]) -> tuple[str, list[Any]]:
        return ("summary_index", open_.summary) if "summary_index" in event else ("content_index", open_.content)


def check_stream(events: Iterable[Event | dict[str, Any]], *, ended: bool = True, relayed: bool = False) -> Oracle:
    """Raises Ungrammatical unless the events are a whole legal stream, or with `ended` False the beginning of one."""
    oracle = Oracle(relayed=relayed)
    for event in events:
        if isinstance(event, Event):
            said = json.loads(event.data)
            assert said["type"] == event.type
            assert said["sequence_number"] == event.number
            assert b"\n" not in event.data
            oracle.step(said)
        else:
            oracle.step(event)
    if ended:
        oracle.end()
    return oracle
