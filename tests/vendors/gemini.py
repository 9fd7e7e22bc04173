"""Google, by its own rules (https://ai.google.dev/api/generate-content and its guides, read 2026-11)."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.vendors.vendor import Body, Plan, halves, need, need_alternating, need_name, sse

_DATA = ("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult")
_DUMMIES = {"skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}
"""Google's word for a call of somebody else's, plain and in the base64 that bytes have in JSON."""

_NAME = r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"


class Gemini:
    """Implements `vendor.Vendor`. The third generation signs its calls and wants the signatures back."""

    name = "gemini"
    dialect = "gemini"

    def __init__(self, model: str = "gemini-3-pro-preview") -> None:
        self.model = model
        self._count = itertools.count()
        self.signed: dict[str, str] = {}
        self._signs_calls = model.startswith("gemini-3")
        self._tools: list[str] = []
        self._includes = False

    def take(self, body: Body) -> None:
        for part in body.get("systemInstruction", {"parts": [{"text": "x"}]})["parts"]:
            need(part.get("text"), "system instructions are text")
        contents = body["contents"]
        need_alternating([content["role"] for content in contents], "user")
        need({content["role"] for content in contents} <= {"user", "model"}, "an unknown role")
        for content in contents:
            need(content["parts"], "content without parts")
            for part in content["parts"]:
                self._take_part(part, content["role"])
        self._take_tools(body)
        self._take_pairs(contents)
        self._take_config(body.get("generationConfig", {}))

    def _take_part(self, part: Body, role: str) -> None:
        kinds = [kind for kind in _DATA if kind in part]
        need(len(kinds) == 1, f"a part of {kinds}")
        kind = kinds[0]
        need((kind == "functionCall") <= (role == "model"), "a call by the user")
        need((kind == "functionResponse") <= (role == "user"), "a response by the model")
        if kind == "text":
            # The user may say nothing (recording gemini.generate, test_google_instructions_only_with_tool_calls).
            need(part["text"] or role == "user" or part.get("thoughtSignature"), "text is empty")
        if kind == "functionCall":
            need_name(part["functionCall"]["name"], _NAME)
            need(isinstance(part["functionCall"].get("args", {}), dict), "args is no object")
        if kind == "functionResponse":
            need(isinstance(part["functionResponse"]["response"], dict), "a response is an object")
        signature = part.get("thoughtSignature")
        if signature is not None and signature not in _DUMMIES:
            need(self.signed.get(signature) == _said(part), "a signature on what was never signed with it")

    def _take_tools(self, body: Body) -> None:
        declared = [each for tool in body.get("tools", []) for each in tool.get("functionDeclarations", [])]
        self._tools = [each["name"] for each in declared]
        for each in declared:
            need_name(each["name"], _NAME)
            need(not ("parameters" in each and "parametersJsonSchema" in each), "two schemas for one function")
        need(len(set(self._tools)) == len(self._tools), "two functions of one name")
        calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
        allowed = calling.get("allowedFunctionNames")
        if allowed is not None:
            need(calling["mode"] in ("ANY", "VALIDATED"), "allowed names go with ANY and VALIDATED")
            need(set(allowed) <= set(self._tools), "allowed names that are none")

    def _take_pairs(self, contents: list[Body]) -> None:
        calls: list[Body] = []
        for place, content in enumerate(contents):
            parts = content["parts"]
            responses = [part["functionResponse"] for part in parts if "functionResponse" in part]
            need(len(responses) == len(calls), f"{len(responses)} responses to {len(calls)} calls")
            need(sorted(r["name"] for r in responses) == sorted(c["name"] for c in calls), "responses to others' calls")
            if all("id" in call for call in calls):
                need([r.get("id") for r in responses] == [c["id"] for c in calls] or not calls, "ids that do not match")
            calls = [part["functionCall"] for part in parts if "functionCall" in part]
            if calls:
                need(place > 0 and contents[place - 1]["role"] == "user", "a call comes after the user")
                first = next(part for part in parts if "functionCall" in part)
                need(first.get("thoughtSignature") or not self._signs_calls, "the first call of a step is signed")
        need(not calls, "calls without responses")

    def _take_config(self, config: Body) -> None:
        thinking = config.get("thinkingConfig", {})
        need(not ("thinkingLevel" in thinking and "thinkingBudget" in thinking), "a level and a budget")
        if "thinkingLevel" in thinking:
            need(thinking["thinkingLevel"].lower() in ("minimal", "low", "medium", "high"), "no such level")
        self._includes = bool(thinking.get("includeThoughts"))
        if "responseJsonSchema" in config or "responseSchema" in config:
            need(config.get("responseMimeType") == "application/json", "a schema without its type")

    def _parts(self, plan: Plan) -> list[Body]:
        parts: list[Body] = []
        if self._includes and plan.thought:
            parts.append({"text": plan.thought, "thought": True})
        if plan.text:
            parts.append({"text": plan.text})
        calls: list[Body] = []
        for place in plan.calls if self._tools else ():
            call: Body = {"name": self._tools[place % len(self._tools)], "args": plan.arguments_of(place)}
            calls.append({"functionCall": call})
        if calls:
            self._sign(calls[0])
        elif plan.text:
            self._sign(parts[-1])
        return parts + calls

    def _sign(self, part: Body) -> None:
        signature = f"c2lnbmF0dXJl{len(self.signed):04d}"
        self.signed[signature] = _said(part)
        part["thoughtSignature"] = signature

    def whole(self, plan: Plan) -> bytes:
        return json.dumps(self._answer(self._parts(plan), plan.ending or "STOP")).encode()

    def stream(self, plan: Plan) -> bytes:
        parts = self._parts(plan)
        chunks = [self._answer([piece], None) for part in parts for piece in _pieces(part)]
        return sse([*chunks, self._answer([], plan.ending or "STOP")])

    def _answer(self, parts: list[Body], reason: str | None) -> Body:
        candidate: Body = {"index": 0, "content": {"role": "model", "parts": parts}}
        if reason:
            candidate["finishReason"] = reason
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 18}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": self.model, "responseId": "r-1"}


def _pieces(part: Body) -> list[Body]:
    """Text comes in pieces, its signature with a last one that says nothing."""
    if "text" not in part:
        return [part]
    rest = {name: value for name, value in part.items() if name not in ("text", "thoughtSignature")}
    pieces = [rest | {"text": text} for text in halves(part["text"])]
    if "thoughtSignature" in part:
        pieces.append({"text": "", "thoughtSignature": part["thoughtSignature"]})
    return pieces


def _said(part: Any) -> str:
    """What a signature is for: a call by its name, or text."""
    call = part.get("functionCall")
    return "text" if call is None else call["name"]
