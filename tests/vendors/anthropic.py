"""Anthropic, by its own rules (https://docs.claude.com/en/api/messages and its guides, read 2026-11)."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.vendors.vendor import Body, Plan, halves, need, need_alternating, need_name, sse

_BY_ROLE = {
    "user": {"text", "image", "document", "tool_result", "search_result"},
    "assistant": {"text", "thinking", "redacted_thinking", "tool_use"},
}
_SOURCES = {"base64", "url", "text", "file", "content"}
_IN_RESULTS = {"text", "image", "document", "search_result"}
_MOST_BREAKPOINTS = 4
_LEAST_BUDGET = 1024


class Anthropic:
    """Implements `vendor.Vendor`."""

    name = "anthropic"
    dialect = "messages"

    def __init__(self, model: str = "claude-sonnet-4-5") -> None:
        self.model = model
        self._count = itertools.count()
        self.signed: dict[str, str] = {}
        self._tools: list[str] = []
        self._thinks = False
        self._begins_with_thought = False

    def take(self, body: Body) -> None:
        need(body.get("model") == self.model, "another model")
        need(isinstance(body.get("max_tokens"), int) and body["max_tokens"] >= 1, "max_tokens is required")
        self._take_system(body.get("system"))
        self._take_tools(body)
        self._take_thinking(body)
        messages = body["messages"]
        need_alternating([message["role"] for message in messages], "user")
        for place, message in enumerate(messages):
            self._take_message(message, final=place == len(messages) - 1)
        self._take_pairs(messages)
        need(json.dumps(body).count('"cache_control"') <= _MOST_BREAKPOINTS, "too many cache breakpoints")

    def _take_system(self, system: Any) -> None:
        blocks = _blocks(system)
        need(all(block["type"] == "text" and block["text"] for block in blocks), "system is text that is there")

    def _take_tools(self, body: Body) -> None:
        tools = [tool for tool in body.get("tools", []) if tool.get("type", "custom") == "custom"]
        for tool in tools:
            need_name(tool["name"], r"[a-zA-Z0-9_-]{1,128}")
            need(tool["input_schema"].get("type") == "object", "input_schema is no object")
        self._tools = [tool["name"] for tool in tools]
        need(len(set(self._tools)) == len(self._tools), "two tools of one name")
        choice = body.get("tool_choice")
        need(choice is None or body.get("tools"), "tool_choice without tools")
        if choice and choice["type"] == "tool":
            need(choice["name"] in self._tools, "tool_choice names no tool")
        if choice and choice["type"] == "none":
            self._tools = []

    def _take_thinking(self, body: Body) -> None:
        thinking: Body = body.get("thinking") or {"type": "disabled"}
        self._thinks = thinking["type"] != "disabled"
        self._begins_with_thought = thinking["type"] == "enabled"
        if not self._thinks:
            return
        if thinking["type"] == "enabled":
            budget = thinking["budget_tokens"]
            need(_LEAST_BUDGET <= budget < body["max_tokens"], "a budget that is no budget")
        need(body.get("temperature", 1) == 1, "temperature beside thinking")
        need("top_k" not in body, "top_k beside thinking")
        choice = body.get("tool_choice", {"type": "auto"})["type"]
        need(choice in ("auto", "none"), "a forced tool beside thinking")

    def _take_message(self, message: Body, *, final: bool) -> None:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        need(blocks, "a message without content")
        for block in blocks:
            need(block["type"] in _BY_ROLE[message["role"]], f"{block['type']} of role {message['role']}")
            self._take_block(block)
        if message["role"] == "assistant" and final:
            need(not (blocks[-1].get("text") or "x")[-1].isspace(), "the last assistant message ends in a blank")
        kinds = [block["type"] for block in blocks]
        results = [kind == "tool_result" for kind in kinds]
        need(results == sorted(results, reverse=True), "tool results come first")

    def _take_block(self, block: Body) -> None:
        match block["type"]:
            case "text":
                need(block["text"].strip(), "text is empty")
            case "image" | "document":
                need(block["source"]["type"] in _SOURCES, "an unknown source")
            case "thinking":
                need(self.signed.get(block["signature"]) == block["thinking"], "a thought that was never signed")
            case "redacted_thinking":
                need(block["data"] in self.signed, "a redacted thought of somebody else")
            case "tool_use":
                need_name(block["name"], r"[a-zA-Z0-9_-]{1,200}")
                need_name(block["id"], r"[a-zA-Z0-9_-]+")
                need(isinstance(block["input"], dict), "input is no object")
            case "tool_result":
                for inner in _blocks(block.get("content")):
                    need(inner["type"] in _IN_RESULTS, f"{inner['type']} in a result")
                    self._take_block(inner)
            case _:
                pass

    def _take_pairs(self, messages: list[Body]) -> None:
        open_calls: list[str] = []
        seen: set[str] = set()
        for message in messages:
            blocks = _blocks(message["content"])
            answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
            need(sorted(answered) == sorted(open_calls), f"results for {answered}, calls were {open_calls}")
            open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
            need(not seen & set(open_calls) and len(set(open_calls)) == len(open_calls), "an id of a call twice")
            seen |= set(open_calls)
        need(not open_calls, "calls without results")
        last = _turn_of_the_model(messages)
        if self._begins_with_thought and last:
            need(last[0]["type"] in ("thinking", "redacted_thinking"), "a tool loop that lost its thought")

    def _blocks(self, plan: Plan) -> list[Body]:
        blocks: list[Body] = []
        if self._thinks and plan.thought:
            signature = f"sig-{len(self.signed)}"
            self.signed[signature] = plan.thought
            blocks.append({"type": "thinking", "thinking": plan.thought, "signature": signature})
            if next(self._count) % 3 == 0:
                data = f"redacted-{len(self.signed)}"
                self.signed[data] = ""
                blocks.append({"type": "redacted_thinking", "data": data})
        if plan.text:
            blocks.append({"type": "text", "text": plan.text})
        for place in plan.calls if self._tools else ():
            name = self._tools[place % len(self._tools)]
            identity = f"toolu_{next(self._count)}"
            blocks.append({"type": "tool_use", "id": identity, "name": name, "input": plan.arguments_of(place)})
        return blocks

    def whole(self, plan: Plan) -> bytes:
        blocks = self._blocks(plan)
        return json.dumps(self._message(blocks, plan.ending or _reason(blocks))).encode()

    def stream(self, plan: Plan) -> bytes:
        blocks = self._blocks(plan)
        events: list[Body] = [{"type": "message_start", "message": self._message([], None)}, {"type": "ping"}]
        for index, block in enumerate(blocks):
            events += _events(index, block)
        delta = {"stop_reason": plan.ending or _reason(blocks), "stop_sequence": None}
        events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}})
        events.append({"type": "message_stop"})
        return sse(events, named=True)

    def _message(self, content: list[Body], reason: str | None) -> Body:
        return {
            "id": f"msg_{next(self._count)}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": {"input_tokens": 11, "output_tokens": 7},
        }


def _reason(blocks: list[Body]) -> str:
    return "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"


def _events(index: int, block: Body) -> list[Body]:
    """The events of one block."""
    place: Body = {"index": index}
    start: Body
    deltas: list[Body]
    match block["type"]:
        case "text":
            start, deltas = block | {"text": ""}, [{"type": "text_delta", "text": t} for t in halves(block["text"])]
        case "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in halves(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case "tool_use":
            start = block | {"input": {}}
            pieces = ["", *halves(json.dumps(block["input"]))]
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        case _:
            start, deltas = block, []
    said = [{"type": "content_block_delta", **place, "delta": delta} for delta in deltas]
    return [
        {"type": "content_block_start", **place, "content_block": start},
        *said,
        {"type": "content_block_stop", **place},
    ]


def _blocks(content: Any) -> list[Body]:
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _turn_of_the_model(messages: list[Body]) -> list[Body]:
    """What the model began with before it called the tools whose results it is given now, if it is."""
    said: list[Body] = []
    for place in range(len(messages) - 1, 0, -2):
        results = [block["type"] == "tool_result" for block in _blocks(messages[place]["content"])]
        if not any(results) or (said and not all(results)):
            break
        said = _blocks(messages[place - 1]["content"])
    return said
