"""What a client of Google's is told in, whole answers and chunks alike.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse (read 2026-11).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_messages_shapes import input_of
from antiphon.wire.requests import Item, is_item

SIGNATURE: Final = "thoughtSignature"

_REASONS: Final = {"max_output_tokens": "MAX_TOKENS", "content_filter": "SAFETY"}
_BLOCKED: Final = {
    "invalid_prompt": "PROHIBITED_CONTENT",
    "content_filter": "SAFETY",
    "content_policy_violation": "PROHIBITED_CONTENT",
}
"""Codes of refusals that Google tells as an answer without candidates, and its word for why."""

_encode: Final = msgspec.json.Encoder().encode


class ToldAnswer(Struct, frozen=True):
    """What is read of a response object."""

    output: Sequence[dict[str, Any]] = ()
    usage: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class GeminiTold(Struct, frozen=True):
    """What every object of one answer says of it. `model` is the name that the client asked for."""

    id: str
    model: str
    includes_thoughts: bool = False

    @property
    def about(self) -> Item:
        """The members beside the candidates."""
        return {"modelVersion": self.model, "responseId": self.id}


class Signatures:
    """Puts each seal on the part behind it, where Google's clients look for signatures."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        """`waiting` is the seal that no part has yet."""
        self.waiting = ""

    def keep(self, seal: str | None) -> list[Item]:
        """Takes a seal; gives a part for the one before it, if that still waits."""
        if not seal:
            return []
        before = self.rest()
        self.waiting = seal
        return before

    def sign(self, parts: list[Item]) -> list[Item]:
        """The parts, the first of them signed if a seal waits."""
        if not self.waiting or not parts:
            return parts
        seal, self.waiting = self.waiting, ""
        return [parts[0] | {SIGNATURE: signature_of(seal)}, *parts[1:]]

    def rest(self) -> list[Item]:
        """A part of its own for a seal that still waits."""
        return self.sign([{"text": ""}]) if self.waiting else []


def signature_of(seal: str) -> str:
    """A seal of ours as Google's clients take signatures: base64."""
    return base64.b64encode(seal.encode()).decode()


def candidate(parts: list[Item], **members: Any) -> Item:
    """The one candidate there is."""
    return {"content": {"parts": parts, "role": "model"}, "index": 0, **members}


def ending(response: ToldAnswer, *, refused: bool) -> Item:
    """Why the answer ended."""
    reason = (response.incomplete_details or {}).get("reason")
    if reason is None:
        return {"finishReason": "SAFETY" if refused else "STOP"}
    return {"finishReason": _REASONS.get(reason, "OTHER")}


def blocked(code: str | None, message: str, told: GeminiTold) -> Item | None:
    """The answer for a prompt that a provider does not answer, None for another refusal."""
    reason = _BLOCKED.get(code or "")
    if reason is None:
        return None
    feedback = {"blockReason": reason, "blockReasonMessage": message}
    return {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 0, "totalTokenCount": 0}} | told.about


def parts_of(item: Item) -> list[Item]:
    """The parts for an item that is neither a message nor a thought; none where Google has no word for it."""
    match item["type"]:
        case "function_call":
            name = item["name"] if item.get("namespace") is None else f"{item['namespace']}__{item['name']}"
            return [{"functionCall": {"id": item["call_id"], "name": name, "args": input_of(item)}}]
        case "image_generation_call" if item.get("result"):
            blob = {"mimeType": f"image/{item.get('output_format') or 'png'}", "data": item["result"]}
            return [{"inlineData": blob}]
        case "code_interpreter_call" if item.get("code"):
            logs = "\n".join(each["logs"] for each in item.get("outputs") or () if each.get("logs"))
            outcome = "OUTCOME_FAILED" if item.get("status") == "failed" else "OUTCOME_OK"
            ran = {"outcome": outcome, "output": logs}
            return [{"executableCode": {"language": "PYTHON", "code": item["code"]}}, {"codeExecutionResult": ran}]
        case _:
            return []


def likelihoods(item: Item) -> list[Item]:
    """The probabilities of a message's tokens."""
    return [likely for part in item["content"] for likely in part.get("logprobs") or ()]


def logprobs(tokens: list[Item]) -> Item:
    """The members of a candidate for these."""
    if not tokens:
        return {}
    chosen = [_likely(token) for token in tokens]
    others = [{"candidates": [_likely(other) for other in token.get("top_logprobs") or ()]} for token in tokens]
    result: Item = {"chosenCandidates": chosen}
    if any(each["candidates"] for each in others):
        result["topCandidates"] = others
    mean = sum(each["logProbability"] for each in chosen) / len(chosen)
    return {"logprobsResult": result, "avgLogprobs": mean}


def _likely(token: Item) -> Item:
    return {"token": token.get("token") or "", "logProbability": token.get("logprob") or 0.0}


def usage(response: ToldAnswer) -> Item:
    """The tokens, those of thoughts counted apart."""
    counts = response.usage or {}
    read, made = counts.get("input_tokens") or 0, counts.get("output_tokens") or 0
    thought = _detail(counts, "output_tokens_details", "reasoning_tokens")
    cached = _detail(counts, "input_tokens_details", "cached_tokens")
    told: Item = {
        "promptTokenCount": read,
        "candidatesTokenCount": max(made - thought, 0),
        "totalTokenCount": counts.get("total_tokens") or read + made,
    }
    if thought:
        told["thoughtsTokenCount"] = thought
    return told | ({"cachedContentTokenCount": cached} if cached else {})


def _detail(counts: Item, details: str, name: str) -> int:
    known: Any = counts.get(details)
    found: Any = known.get(name) if is_item(known) else None
    return found if isinstance(found, int) else 0


def last(response: ToldAnswer, parts: list[Item], told: GeminiTold, more: Item) -> bytes:
    """A whole answer, or the end of a streamed one; `more` are members of its candidate."""
    made = candidate(parts or [{"text": ""}], **more)
    return _encode({"candidates": [made], "usageMetadata": usage(response)} | told.about)
