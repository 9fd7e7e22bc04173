"""Cohere, by its own rules (https://docs.cohere.com/reference/chat, read 2026-11)."""

from __future__ import annotations

import itertools
import json

from tests.vendors.vendor import Body, Plan, halves, need, need_name, sse

_ROLES = {"system", "user", "assistant", "tool"}


class Cohere:
    """Implements `vendor.Vendor`."""

    name = "cohere"
    dialect = "cohere"

    def __init__(self, model: str = "command-a-reasoning-08-2025") -> None:
        self.model = model
        self._count = itertools.count()
        self.signed: dict[str, str] = {}
        self._tools: list[str] = []

    def take(self, body: Body) -> None:
        need(body["model"] == self.model, "another model")
        messages = body["messages"]
        need(messages, "no messages")
        tools = [tool["function"] for tool in body.get("tools", [])]
        for tool in tools:
            need_name(tool["name"], r"[a-zA-Z0-9_-]+")
        self._tools = [tool["name"] for tool in tools]
        need(body.get("tool_choice") in (None, "REQUIRED", "NONE"), "an unknown tool_choice")
        need(body.get("tool_choice") is None or self._tools, "tool_choice without tools")
        open_calls: list[str] = []
        for message in messages:
            need(message["role"] in _ROLES, f"no such role: {message['role']}")
            if message["role"] == "tool":
                need(message["tool_call_id"] in open_calls, "a result of no call")
                open_calls.remove(message["tool_call_id"])
                need("content" in message, "a result without content")
                continue
            need(not open_calls, "calls without results")
            if message["role"] == "assistant":
                open_calls = [call["id"] for call in message.get("tool_calls", [])]
                need(open_calls or message.get("content"), "an assistant who says nothing")
                for call in message.get("tool_calls", []):
                    need(isinstance(json.loads(call["function"]["arguments"]), dict), "arguments of no object")
            else:
                need(message["content"], "a message without content")
        need(not open_calls, "calls without results")
        need(messages[-1]["role"] in ("user", "tool", "system"), "the last word is the user's or a tool's")

    def _calls(self, plan: Plan) -> list[Body]:
        return [
            {
                "id": f"call_{next(self._count)}",
                "type": "function",
                "function": {
                    "name": self._tools[place % len(self._tools)],
                    "arguments": json.dumps(plan.arguments_of(place)),
                },
            }
            for place in (plan.calls if self._tools else ())
        ]

    def whole(self, plan: Plan) -> bytes:
        calls = self._calls(plan)
        content: list[Body] = []
        if plan.thought and not calls:
            content.append({"type": "thinking", "thinking": plan.thought})
        if plan.text:
            content.append({"type": "text", "text": plan.text})
        message: Body = {"role": "assistant"}
        if content:
            message["content"] = content
        if calls:
            message["tool_calls"] = calls
        reason = plan.ending or ("TOOL_CALL" if calls else "COMPLETE")
        return json.dumps({"id": "c-1", "message": message, "finish_reason": reason, "usage": _USAGE}).encode()

    def stream(self, plan: Plan) -> bytes:
        calls = self._calls(plan)
        events: list[Body] = [{"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant"}}}]
        index = 0
        for kind, text in (("thinking", "" if calls else plan.thought), ("text", plan.text)):
            if text:
                start = {"message": {"content": {"type": kind, kind: ""}}}
                events.append({"type": "content-start", "index": index, "delta": start})
                for piece in halves(text):
                    delta = {"message": {"content": {kind: piece}}}
                    events.append({"type": "content-delta", "index": index, "delta": delta})
                events.append({"type": "content-end", "index": index})
                index += 1
        for place, call in enumerate(calls):
            head = call | {"function": call["function"] | {"arguments": ""}}
            events.append({"type": "tool-call-start", "index": place, "delta": {"message": {"tool_calls": head}}})
            for piece in halves(call["function"]["arguments"]):
                delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
                events.append({"type": "tool-call-delta", "index": place, "delta": delta})
            events.append({"type": "tool-call-end", "index": place})
        reason = plan.ending or ("TOOL_CALL" if calls else "COMPLETE")
        events.append({"type": "message-end", "delta": {"finish_reason": reason, "usage": _USAGE}})
        return sse(events, named=True)


_USAGE = {"billed_units": {"input_tokens": 9, "output_tokens": 6}, "tokens": {"input_tokens": 11, "output_tokens": 7}}
