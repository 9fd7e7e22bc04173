"""Requests of the Messages API as the Responses requests that clients would send for them: the way back, by itself.

Knows nothing of the dialect. What the Responses API has no word for is left out and named.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Item
from tests.fakes import SEALER

Body = dict[str, Any]

EFFORTS = {1024: "minimal", 2048: "low", 8192: "medium", 16384: "high", 32768: "xhigh"}
FEWEST = 16
"""Tokens that a client may ask for at least."""
WORDLESS = frozenset({"top_k", "stop_sequences", "context_management"})
WORDLESS_TOOLS = ("tool_search_tool", "advisor", "memory", "web_fetch")
SPOKEN = {"text", "tool_use"}


class Back:
    """One request on its way back; `unsaid` names what got lost on it."""

    def __init__(self, body: Body, model: str) -> None:
        self.model = model
        self.unsaid: set[str] = set()
        self.request: Body = {"model": model, "store": False}
        self.items: list[Item] = []
        self.files: list[str] = []
        self._system(body.get("system"))
        for message in body["messages"]:
            self._message(message)
        self._members(body)
        if tools := self._tools(body):
            self.request["tools"] = tools
        self.request["input"] = self.items

    def _system(self, system: Any) -> None:
        if isinstance(system, str):
            self.request["instructions"] = system
            return
        for block in system or ():
            self.items.append({"role": "system", "content": [self._words(block, "input_text")]})

    def _words(self, block: Body, kind: str) -> Body:
        part = {"type": kind, "text": block["text"]}
        if mark := block.get("cache_control"):
            part["prompt_cache_breakpoint"] = {"mode": "explicit"} | ({"ttl": "12h"} if mark.get("ttl") == "1h" else {})
        return part

    def _message(self, message: Body) -> None:
        content: Any = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if message["role"] == "assistant":
            self._answer(blocks)
        elif message["role"] == "system":
            words = [block for block in blocks if block["type"] == "text"]
            if len(words) < len(blocks):
                self.unsaid.add("tools that are added between turns")
            if words:
                self.items.append({"role": "developer", "content": [self._words(each, "input_text") for each in words]})
        else:
            self._user(blocks)

    def _user(self, blocks: list[Body]) -> None:
        parts: list[Body] = []
        for block in blocks:
            if block["type"] == "tool_result":
                self._result(block)
            elif block["type"] == "container_upload":
                self.files.append(block["file_id"])
            else:
                parts.append(self._part(block))
        if parts:
            self.items.append({"role": "user", "content": parts})

    def _result(self, block: Body) -> None:
        content: Any = block.get("content", "")
        said = content if isinstance(content, str) else [self._part(each) for each in content]
        item = {"type": "function_call_output", "call_id": block["tool_use_id"], "output": said}
        self.items.append(item | ({"status": "incomplete"} if block.get("is_error") else {}))

    def _part(self, block: Body) -> Body:
        if block["type"] == "text":
            return self._words(block, "input_text")
        if block["type"] == "tool_reference":
            self.unsaid.add("references to tools")
            return {"type": "input_text", "text": f"[{block['tool_name']}]"}
        source = block["source"]
        kind, name = ("input_image", "image_url") if block["type"] == "image" else ("input_file", "file_url")
        match source["type"]:
            case "url":
                return {"type": kind, name: source["url"]}
            case "file":
                return {"type": kind, "file_id": source["file_id"]}
            case "text":
                return {"type": kind, "file_data": data_url("text/plain", source["data"])}
            case _:
                data = f"data:{source['media_type']};base64,{source['data']}"
                return {"type": kind, "image_url" if kind == "input_image" else "file_data": data}

    def _answer(self, blocks: list[Body]) -> None:
        sealed: list[Body] = []
        for block in blocks:
            if block["type"] not in SPOKEN:
                sealed.append(block)
                continue
            self._seal(sealed)
            if block["type"] == "text":
                content: list[Body] = [{"type": "output_text", "text": block["text"], "annotations": []}]
                self.items.append({"type": "message", "role": "assistant", "content": content})
            else:
                call = {"call_id": block["id"], "name": block["name"], "arguments": json.dumps(block["input"])}
                self.items.append({"type": "function_call", **call})
        self._seal(sealed)

    def _seal(self, blocks: list[Body]) -> None:
        if blocks:
            envelope = Envelope(p="anthropic", m=self.model, d="", k="anthropic", items=list(blocks), t=0)
            blob = SEALER.seal("tenant", packed(envelope))
            self.items.append({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": blob})
            blocks.clear()

    def _members(self, body: Body) -> None:
        request = self.request
        for name in ("temperature", "top_p", "stream"):
            if name in body:
                request[name] = body[name]
        if "max_tokens" in body:
            request["max_output_tokens"] = max(body["max_tokens"], FEWEST)
            if body["max_tokens"] < FEWEST:
                self.unsaid.add("max_tokens")
        self.unsaid |= WORDLESS & body.keys()
        if "cache_control" in body:
            self.unsaid.add("caching of whatever comes last")
        if body.get("metadata"):
            request["safety_identifier"] = body["metadata"]["user_id"]
        config: Body = body.get("output_config") or {}
        self._reasoning(body.get("thinking"), config)
        if form := config.get("format"):
            request["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": form["schema"]}}
        self._choice(body.get("tool_choice"))

    def _reasoning(self, thinking: Body | None, config: Body) -> None:
        effort = config.get("effort")
        if thinking is None and effort is None:
            return
        budget = (thinking or {}).get("budget_tokens")
        if thinking is None:
            self.unsaid.add("an effort without thoughts")
        if budget is not None and budget not in EFFORTS:
            self.unsaid.add("a budget of so many tokens")
        if "task_budget" in config:
            self.unsaid.add("a budget for a task")
        reasoning = {"effort": effort or EFFORTS.get(budget or 0, "medium")}
        told = (thinking or {}).get("display") == "summarized"
        self.request["reasoning"] = reasoning | ({"summary": "auto"} if told else {})

    def _choice(self, choice: Body | None) -> None:
        if choice is None:
            return
        words = {"auto": "auto", "any": "required", "none": "none"}
        named = {"type": "function", "name": choice.get("name")}
        self.request["tool_choice"] = words.get(choice["type"], named)
        if choice.get("disable_parallel_tool_use"):
            self.request["parallel_tool_calls"] = False

    def _tools(self, body: Body) -> list[Item]:
        tools = [made for tool in body.get("tools") or () if (made := self._tool(tool, body)) is not None]
        for server in body.get("mcp_servers") or ():
            mcp = {"type": "mcp", "server_label": server["name"], "server_url": server["url"]}
            tools.append(mcp | {"require_approval": "never"})
        return tools

    def _tool(self, tool: Body, body: Body) -> Item | None:
        kind = tool.get("type") or "function"
        if kind.startswith(WORDLESS_TOOLS):
            self.unsaid.add(f"the tool {kind}")
            return None
        if kind.startswith("web_search"):
            filters = {name: tool.get(name) for name in ("allowed_domains", "blocked_domains") if tool.get(name)}
            return {"type": "web_search", "filters": filters, "user_location": tool.get("user_location")}
        if kind.startswith("code_execution"):
            container = body.get("container") or {"type": "auto", "file_ids": self.files}
            if self.files and body.get("container"):
                self.unsaid.add("files for a container that is there already")
            return {"type": "code_interpreter", "container": container}
        if tool.get("defer_loading"):
            self.unsaid.add("tools that are found later")
        made = {"type": "function", "name": tool["name"], "parameters": tool["input_schema"]}
        return made | {name: tool[name] for name in ("description", "strict") if name in tool}


def data_url(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
