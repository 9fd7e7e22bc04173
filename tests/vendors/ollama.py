"""Ollama, by its own rules (https://docs.ollama.com/api/chat, read 2026-11)."""

from __future__ import annotations

import base64
import itertools
import json

from tests.vendors.vendor import Body, Plan, halves, need

_ROLES = {"system", "user", "assistant", "tool"}


class Ollama:
    """Implements `vendor.Vendor`. Signs nothing, and takes results by the names of their tools."""

    name = "ollama"
    dialect = "ollama"

    def __init__(self, model: str = "qwen3:8b") -> None:
        self.signed: dict[str, str] = {}
        self.model = model
        self._count = itertools.count()
        self._tools: list[str] = []
        self._thinks = False

    def take(self, body: Body) -> None:
        need(body["model"] == self.model, "another model")
        need(body["messages"], "no messages")
        need(body.get("think") in (None, True, False, "low", "medium", "high"), "think is no level")
        self._thinks = bool(body.get("think", True))
        self._tools = [tool["function"]["name"] for tool in body.get("tools", [])]
        called: list[str] = []
        for message in body["messages"]:
            need(message["role"] in _ROLES, f"no such role: {message['role']}")
            need(isinstance(message.get("content", ""), str), "content is text")
            for image in message.get("images", []):
                base64.b64decode(image, validate=True)
            calls = [call["function"] for call in message.get("tool_calls", [])]
            need(all(isinstance(call["arguments"], dict) for call in calls), "arguments are an object")
            called += [call["name"] for call in calls]
            if message["role"] == "tool":
                need(message["tool_name"] in called, "a result of no call")

    def _message(self, plan: Plan) -> Body:
        message: Body = {"role": "assistant", "content": plan.text}
        if self._thinks and plan.thought:
            message["thinking"] = plan.thought
        calls: list[Body] = []
        for place in plan.calls if self._tools else ():
            function = {"name": self._tools[place % len(self._tools)], "arguments": plan.arguments_of(place)}
            calls.append({"id": f"call_{next(self._count)}", "function": function})
        return message | ({"tool_calls": calls} if calls else {})

    def whole(self, plan: Plan) -> bytes:
        return json.dumps(self._line(self._message(plan)) | _end(plan)).encode()

    def stream(self, plan: Plan) -> bytes:
        message = self._message(plan)
        said: list[Body] = [{"content": "", "thinking": piece} for piece in halves(message.get("thinking", ""))]
        said += [{"content": piece} for piece in halves(plan.text)]
        said += [{"content": "", "tool_calls": [call]} for call in message.get("tool_calls", [])]
        lines = [self._line({"role": "assistant"} | delta) for delta in said]
        lines.append(self._line({"role": "assistant", "content": ""}) | _end(plan))
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def _line(self, message: Body) -> Body:
        return {"model": self.model, "created_at": "2026-11-21T12:00:00Z", "message": message, "done": False}


def _end(plan: Plan) -> Body:
    counters = {"total_duration": 100, "load_duration": 1, "prompt_eval_count": 11, "eval_count": 7}
    return {"done": True, "done_reason": plan.ending or "stop"} | counters
