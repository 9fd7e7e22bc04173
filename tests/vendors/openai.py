"""OpenAI's two APIs, by their own rules (https://platform.openai.com/docs/api-reference, read 2026-11)."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.vendors.vendor import Body, Plan, Refused, halves, need, need_name, sse

_NAME = r"[a-zA-Z0-9_-]{1,64}"
_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


class Chat:
    """Implements `vendor.Vendor`. A strict server of chat completions whose models think aloud."""

    name = "chat"
    dialect = "chat"

    def __init__(self, model: str = "open-model") -> None:
        self.model = model
        self._count = itertools.count()
        self.signed: dict[str, str] = {}
        self._tools: list[str] = []

    def take(self, body: Body) -> None:
        self._tools = [tool["function"]["name"] for tool in body.get("tools", [])]
        for name in self._tools:
            need_name(name, _NAME)
        need("tool_choice" not in body or self._tools, "tool_choice without tools")
        need("parallel_tool_calls" not in body or self._tools, "parallel_tool_calls without tools")
        open_calls: list[str] = []
        for message in body["messages"]:
            if message["role"] == "tool":
                need(open_calls and message["tool_call_id"] == open_calls.pop(0), "a result that is not next")
                need(isinstance(message["content"], str), "a result is text")
                continue
            need(not open_calls, "calls without results")
            if message["role"] == "assistant":
                calls = message.get("tool_calls", [])
                open_calls = [call["id"] for call in calls]
                need(calls or message.get("content") or message.get("refusal"), "an assistant who says nothing")
                for call in calls:
                    need_name(call["function"]["name"], _NAME)
                    json.loads(call["function"]["arguments"])
            else:
                need(message["role"] in ("system", "developer", "user"), f"no such role: {message['role']}")
                need(message["content"], "a message without content")
        need(not open_calls, "calls without results")

    def _message(self, plan: Plan) -> Body:
        message: Body = {"role": "assistant", "content": plan.text or None}
        if plan.thought:
            message["reasoning_content"] = plan.thought
        calls: list[Body] = []
        for place in plan.calls if self._tools else ():
            function = {
                "name": self._tools[place % len(self._tools)],
                "arguments": json.dumps(plan.arguments_of(place)),
            }
            calls.append({"id": f"call_{next(self._count)}", "type": "function", "function": function})
        return message | ({"tool_calls": calls} if calls else {})

    def whole(self, plan: Plan) -> bytes:
        message = self._message(plan)
        choice = {"index": 0, "message": message, "finish_reason": plan.ending or _reason(message)}
        return json.dumps({"id": "chatcmpl-1", "choices": [choice], "usage": _USAGE}).encode()

    def stream(self, plan: Plan) -> bytes:
        message = self._message(plan)
        deltas: list[Body] = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning_content": piece} for piece in halves(plan.thought)]
        deltas += [{"content": piece} for piece in halves(plan.text)]
        for index, call in enumerate(message.get("tool_calls", [])):
            head = call | {"index": index, "function": call["function"] | {"arguments": ""}}
            deltas.append({"tool_calls": [head]})
            pieces = halves(call["function"]["arguments"])
            deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces]
        chunks: list[Body] = [_chunk(delta, None) for delta in deltas]
        chunks += [_chunk({}, plan.ending or _reason(message)), {"id": "chatcmpl-1", "choices": [], "usage": _USAGE}]
        return sse(chunks) + b"data: [DONE]\n\n"


def _reason(message: Body) -> str:
    return "tool_calls" if "tool_calls" in message else "stop"


def _chunk(delta: Body, reason: str | None) -> Body:
    return {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


class OpenAI:
    """Implements `vendor.Vendor`. Keeps nothing, and opens no reasoning but what it has sealed itself."""

    name = "openai"
    dialect = "responses"

    def __init__(self, model: str = "gpt-5.1") -> None:
        self.model = model
        self._count = itertools.count()
        self._given: set[str] = set()
        self.signed: dict[str, str] = {}
        self._tools: list[Body] = []

    def take(self, body: Body) -> None:
        need(body["model"] == self.model, "another model")
        need(body.get("store") is False, "it is told to keep nothing")
        need("previous_response_id" not in body, "a chain that it does not know")
        need("stream_options" not in body or body.get("stream"), "options of a stream without a stream")
        self._tools = [*(body.get("tools") or [])]
        items: Any = body["input"]
        listed: list[Body] = [{"role": "user", "content": items}] if isinstance(items, str) else items
        open_calls: set[str] = set()
        for place, item in enumerate(listed):
            self._take_item(item, open_calls)
            if item.get("type") == "reasoning":
                need(place + 1 < len(listed), "reasoning without the item that followed it")
        need(not open_calls, f"No tool output found for {open_calls}")

    def _take_item(self, item: Body, open_calls: set[str]) -> None:
        own = item.get("type") == "additional_tools" or item.get("id") in {None, *self._given}
        need(own, f"the id {item.get('id')}, which it has not given")
        match item.get("type", "message"):
            case "message":
                need(item["content"], "a message without content")
            case "reasoning":
                need(item.get("encrypted_content") in self.signed, "reasoning of somebody else")
                need("id" not in item or str(item["id"]).startswith("rs_"), "an id of reasoning")
            case "additional_tools":
                need(item["tools"], "additional tools that are none")
                self._tools += item["tools"]
            case "function_call" | "custom_tool_call":
                need(item["call_id"] not in open_calls, "an id of a call twice")
                open_calls.add(item["call_id"])
            case "function_call_output" | "custom_tool_call_output":
                need(item["call_id"] in open_calls, f"No tool call found for {item['call_id']}")
                open_calls.discard(item["call_id"])
            case kind:
                raise Refused(f"an item of type {kind}")

    def _output(self, plan: Plan) -> list[Body]:
        items: list[Body] = []
        if plan.thought:
            blob = f"gAAAA{next(self._count)}"
            self.signed[blob] = plan.thought
            summary = [{"type": "summary_text", "text": plan.thought}]
            items.append({"type": "reasoning", "id": self._id("rs"), "summary": summary, "encrypted_content": blob})
        if plan.text:
            part: Body = {"type": "output_text", "text": plan.text, "annotations": [], "logprobs": []}
            message = {"type": "message", "id": self._id("msg"), "status": "completed", "role": "assistant"}
            items.append(message | {"content": [part]})
        offered = [each for tool in self._tools for each in _flat(tool)]
        return items + [
            self._call(offered[place % len(offered)], plan.arguments_of(place)) for place in plan.calls if offered
        ]

    def _call(self, tool: Body, arguments: Body) -> Body:
        call: Body = {"id": self._id("fc"), "call_id": self._id("call"), "name": tool["name"], "status": "completed"}
        if "namespace" in tool:
            call["namespace"] = tool["namespace"]
        if tool["type"] == "custom":
            text = arguments["input"] if arguments.keys() == {"input"} else json.dumps(arguments)
            return call | {"type": "custom_tool_call", "input": text}
        return call | {"type": "function_call", "arguments": json.dumps(arguments)}

    def _id(self, prefix: str) -> str:
        made = f"{prefix}_{next(self._count)}"
        self._given.add(made)
        return made

    def whole(self, plan: Plan) -> bytes:
        return json.dumps(self._ended(self._output(plan), plan)).encode()

    def stream(self, plan: Plan) -> bytes:
        items = self._output(plan)
        opening = self._response([], "in_progress")
        events: list[Body] = [{"type": f"response.{type}", "response": opening} for type in ("created", "in_progress")]
        for index, item in enumerate(items):
            begun = item | ({"status": "in_progress"} if "status" in item else {})
            for member in ("content", "summary"):
                if member in item:
                    begun[member] = []
            for member in ("arguments", "input"):
                if member in item:
                    begun[member] = ""
            events.append({"type": "response.output_item.added", "output_index": index, "item": begun})
            events += _inner(index, item)
            events.append({"type": "response.output_item.done", "output_index": index, "item": item})
        ended = self._ended(items, plan)
        events.append({"type": f"response.{ended['status']}", "response": ended})
        return sse([event | {"sequence_number": number} for number, event in enumerate(events)], named=True)

    def _ended(self, output: list[Body], plan: Plan) -> Body:
        if not plan.ending:
            return self._response(output, "completed")
        return self._response(output, "incomplete") | {"incomplete_details": {"reason": plan.ending}}

    def _response(self, output: list[Body], status: str) -> Body:
        details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18} | details
        response = {"id": self._id("resp"), "object": "response", "created_at": 1, "model": self.model}
        return response | {"status": status, "output": output, "usage": None if status == "in_progress" else usage}


def completed(text: str, ending: str, *, streamed: bool) -> bytes:
    """What a server of legacy completions says."""
    head: Body = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    end: Body = {"choices": [], "usage": _USAGE}
    choices: list[Body] = [{"text": piece, "index": 0, "finish_reason": None} for piece in halves(text)]
    last: Body = {"text": "" if streamed else text, "index": 0, "logprobs": None, "finish_reason": ending or "stop"}
    if not streamed:
        return json.dumps(head | end | {"choices": [last]}).encode()
    chunks: list[Body] = [{"choices": [choice]} for choice in [*choices, last]]
    return sse([head | chunk for chunk in [*chunks, end]]) + b"data: [DONE]\n\n"


def _flat(tool: Body) -> list[Body]:
    """The tools that can be called: those in a namespace say so in the call."""
    if tool["type"] != "namespace":
        return [tool]
    return [inner | {"namespace": tool["name"]} for inner in tool["tools"]]


def _inner(index: int, item: Body) -> list[Body]:
    """The events between the beginning and the end of an item."""
    place: Body = {"item_id": item["id"], "output_index": index}
    deltas: list[Body]
    done: Body
    match item["type"]:
        case "message":
            part = item["content"][0]
            place |= {"content_index": 0}
            empty = part | {"text": ""}
            deltas = [{"delta": piece, "logprobs": []} for piece in halves(part["text"])]
            name = "output_text"
            done = {"text": part["text"], "logprobs": []}
            around, member = "content_part", "part"
        case "reasoning":
            part = item["summary"][0]
            place |= {"summary_index": 0}
            empty = part | {"text": ""}
            deltas = [{"delta": piece} for piece in halves(part["text"])]
            name, done = "reasoning_summary_text", {"text": part["text"]}
            around, member = "reasoning_summary_part", "part"
        case _:
            custom = item["type"] == "custom_tool_call"
            name, key = ("custom_tool_call_input", "input") if custom else ("function_call_arguments", "arguments")
            said = [place | {"type": f"response.{name}.delta", "delta": piece} for piece in halves(item[key])]
            return [*said, place | {"type": f"response.{name}.done", key: item[key], "name": item["name"]}]
    return [
        place | {"type": f"response.{around}.added", member: empty},
        *[place | {"type": f"response.{name}.delta"} | delta for delta in deltas],
        place | {"type": f"response.{name}.done"} | done,
        place | {"type": f"response.{around}.done", member: part},
    ]
