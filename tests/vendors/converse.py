"""Amazon Bedrock, by its own rules (https://docs.aws.amazon.com/bedrock/latest/APIReference, read 2026-11)."""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from typing import Any

from tests.vendors.vendor import Body, Plan, halves, need, need_alternating, need_name

_KINDS = {"text", "image", "document", "video", "toolUse", "toolResult", "reasoningContent", "cachePoint"}
_IN_RESULTS = {"text", "json", "image", "document", "video"}
_MOST_BREAKPOINTS = 4
_STRING = 7


class Converse:
    """Implements `vendor.Vendor`."""

    name = "bedrock"
    dialect = "converse"

    def __init__(self, model: str = "anthropic.claude-sonnet-4-5-20250929-v1:0") -> None:
        self.model = model
        self._count = itertools.count()
        self.signed: dict[str, str] = {}
        self._tools: list[str] = []
        self._thinks = False

    def take(self, body: Body) -> None:
        for block in body.get("system", []):
            need(len(block) == 1, "a system block of two kinds")
            need("text" not in block or block["text"], "system text is empty")
        thinking = body.get("additionalModelRequestFields", {}).get("thinking", {"type": "disabled"})
        self._thinks = thinking["type"] != "disabled"
        self._take_tools(body)
        messages = body["messages"]
        need_alternating([message["role"] for message in messages], "user")
        for message in messages:
            need(message["content"], "a message without content")
            for block in message["content"]:
                self._take_block(block, message["role"])
        self._take_pairs(messages)
        need(json.dumps(body).count('"cachePoint"') <= _MOST_BREAKPOINTS, "too many cache points")

    def _take_tools(self, body: Body) -> None:
        config = body.get("toolConfig")
        used = '"toolUse"' in json.dumps(body["messages"])
        need(config is not None or not used, "toolConfig is required where tools were used")
        self._tools = []
        if config is None:
            return
        specs = [tool["toolSpec"] for tool in config["tools"] if "toolSpec" in tool]
        need(specs, "toolConfig without tools")
        for spec in specs:
            need_name(spec["name"], r"[a-zA-Z0-9_-]{1,64}")
            need(spec["inputSchema"]["json"].get("type") == "object", "a schema of no object")
            need(spec.get("description", "x"), "a description is empty")
        names = [spec["name"] for spec in specs]
        need(len(set(names)) == len(names), "two tools of one name")
        self._tools = [spec["name"] for spec in specs if "description" in spec]  # only of what it is told the use of
        choice = config.get("toolChoice", {"auto": {}})
        need(len(choice) == 1, "a choice of two kinds")
        if "tool" in choice:
            need(choice["tool"]["name"] in names, "a choice of no tool")
        need(not self._thinks or "auto" in choice, "a forced tool beside thinking")

    def _take_block(self, block: Body, role: str) -> None:
        need(len(block) == 1, f"a block of {list(block)}")
        kind = next(iter(block))
        need(kind in _KINDS, f"no such block: {kind}")
        need((kind in ("toolUse", "reasoningContent")) <= (role == "assistant"), f"{kind} of the user")
        need((kind in ("toolResult", "image", "document", "video")) <= (role == "user"), f"{kind} of the model")
        value = block[kind]
        if kind == "text":
            need(value.strip(), "text is empty")
        elif kind == "toolUse":
            need_name(value["name"], r"[a-zA-Z0-9_-]{1,64}")
            need_name(value["toolUseId"], r"[a-zA-Z0-9_.:-]{1,256}")
            need(isinstance(value["input"], dict), "input is no object")
        elif kind == "toolResult":
            for inner in value["content"]:
                need(len(inner) == 1 and next(iter(inner)) in _IN_RESULTS, "a result")
            need(value.get("status", "success") in ("success", "error"), "an unknown status")
        elif kind == "document":
            need_name(value["name"], r"[a-zA-Z0-9](?:[a-zA-Z0-9()\[\]-]| (?! ))*")
            need("bytes" in value["source"] or "s3Location" in value["source"] or "text" in value["source"], "a source")
        elif kind == "image":
            need(value["format"] in ("png", "jpeg", "gif", "webp"), "an image's format")
        elif kind == "reasoningContent" and "reasoningText" in value:
            thought = value["reasoningText"]
            need(self.signed.get(thought.get("signature", "")) == thought["text"], "a thought that was never signed")

    def _take_pairs(self, messages: list[Body]) -> None:
        open_calls: list[str] = []
        for message in messages:
            answered = [block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block]
            need(sorted(answered) == sorted(open_calls), f"results for {answered}, calls were {open_calls}")
            open_calls = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
            need(len(set(open_calls)) == len(open_calls), "an id of a call twice")
        need(not open_calls, "calls without results")

    def _blocks(self, plan: Plan) -> list[Body]:
        blocks: list[Body] = []
        if self._thinks and plan.thought:
            signature = f"sig-{next(self._count)}"
            self.signed[signature] = plan.thought
            blocks.append({"reasoningContent": {"reasoningText": {"text": plan.thought, "signature": signature}}})
        if plan.text:
            blocks.append({"text": plan.text})
        for place in plan.calls if self._tools else ():
            call = {"toolUseId": f"tooluse_{next(self._count)}", "name": self._tools[place % len(self._tools)]}
            blocks.append({"toolUse": call | {"input": plan.arguments_of(place)}})
        return blocks

    def whole(self, plan: Plan) -> bytes:
        blocks = self._blocks(plan)
        message = {"role": "assistant", "content": blocks}
        answer = {
            "output": {"message": message},
            "stopReason": plan.ending or _reason(blocks),
            "metrics": {"latencyMs": 1},
        }
        return json.dumps(answer | {"usage": _USAGE}).encode()

    def stream(self, plan: Plan) -> bytes:
        blocks = self._blocks(plan)
        frames = [frame("messageStart", {"role": "assistant"})]
        for index, block in enumerate(blocks):
            frames += [frame(kind, {"contentBlockIndex": index} | payload) for kind, payload in _events(block)]
        frames.append(frame("messageStop", {"stopReason": plan.ending or _reason(blocks)}))
        frames.append(frame("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 1}}))
        return b"".join(frames)


_USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}


def _reason(blocks: list[Body]) -> str:
    return "tool_use" if any("toolUse" in block for block in blocks) else "end_turn"


def _events(block: Body) -> list[tuple[str, Body]]:
    deltas: list[Body]
    start: list[tuple[str, Body]] = []
    if "text" in block:
        deltas = [{"text": piece} for piece in halves(block["text"])]
    elif "toolUse" in block:
        call = block["toolUse"]
        head = {"toolUseId": call["toolUseId"], "name": call["name"]}
        start = [("contentBlockStart", {"start": {"toolUse": head}})]
        deltas = [{"toolUse": {"input": piece}} for piece in halves(json.dumps(call["input"]))]
    else:
        thought = block["reasoningContent"]["reasoningText"]
        deltas = [{"reasoningContent": {"text": piece}} for piece in halves(thought["text"])]
        deltas.append({"reasoningContent": {"signature": thought["signature"]}})
    said: list[tuple[str, Body]] = [("contentBlockDelta", {"delta": delta}) for delta in deltas]
    return [*start, *said, ("contentBlockStop", {})]


def frame(kind: str, payload: Any, *, failed: bool = False) -> bytes:
    """One message of Amazon's event stream: an event, or an exception that ends it."""
    sort = "exception" if failed else "event"
    headers = b"".join(
        bytes([len(name)]) + name.encode() + bytes([_STRING]) + struct.pack(">H", len(value)) + value.encode()
        for name, value in (
            (f":{sort}-type", kind),
            (":content-type", "application/json"),
            (":message-type", sort),
        )
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(data), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + data
    return message + struct.pack(">I", zlib.crc32(message))
