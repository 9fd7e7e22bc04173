"""An answer told to a client of Google's: whole, or chunk by chunk.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse (read 2026-11).

Law: the parts of a stream, texts joined, are the parts of the whole answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_gemini_contents import signature_of
from antiphon.wire.events import Event
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode
_object: Final = msgspec.json.Decoder(dict[str, Any]).decode

_REASONS: Final = {"max_output_tokens": "MAX_TOKENS", "content_filter": "SAFETY"}


class _InputDetails(Struct, frozen=True):
    cached_tokens: int = 0


class _OutputDetails(Struct, frozen=True):
    reasoning_tokens: int = 0


class _Usage(Struct, frozen=True):
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_details: _InputDetails = _InputDetails()
    output_tokens_details: _OutputDetails = _OutputDetails()


class _Response(Struct, frozen=True):
    output: Sequence[dict[str, Any]] = ()
    usage: _Usage = _Usage()
    incomplete_details: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class _Delta(Struct, frozen=True):
    delta: str = ""


class _Done(Struct, frozen=True):
    item: dict[str, Any]


class _Terminal(Struct, frozen=True):
    response: _Response


_response: Final = msgspec.json.Decoder(_Response).decode
_delta: Final = msgspec.json.Decoder(_Delta).decode
_done: Final = msgspec.json.Decoder(_Done).decode
_terminal: Final = msgspec.json.Decoder(_Terminal).decode


class GeminiTold(Struct, frozen=True):
    """What every object of one answer says of it. `model` is the name that the client asked for."""

    id: str
    model: str
    includes_thoughts: bool = False


def gemini_whole(body: bytes, told: GeminiTold) -> bytes:
    """The answer for a response object that ended well or early."""
    response = _response(body)
    parts: list[Item] = []
    notes: list[Item] = []
    signature = ""
    for item in response.output:
        if item["type"] == "reasoning":
            if told.includes_thoughts:
                parts += [{"text": part["text"], "thought": True} for part in item.get("summary") or ()]
            signature = item.get("encrypted_content") or signature
        else:
            made = _parts(item)
            notes += _notes(item)
            signature = _sign(made, signature)
            parts += made
    if signature:
        parts.append({"text": "", "thoughtSignature": signature_of(signature)})
    candidate = _candidate(parts, _finish(response))
    if notes:
        candidate["groundingMetadata"] = {"groundingChunks": notes}
    return _encode({"candidates": [candidate], "usageMetadata": _usage(response)} | _about(told))


class GeminiTeller:
    """Tells one streamed answer. `sse` frames chunks as events, else they are members of one JSON array."""

    __slots__ = ("_began", "_notes", "_signature", "_sse", "_tellers", "_told")

    def __init__(self, told: GeminiTold, *, sse: bool) -> None:
        """Nothing has been told yet."""
        self._told = told
        self._sse = sse
        self._began = False
        self._signature = ""
        self._notes: list[Item] = []
        self._tellers: Final[dict[str, Callable[[bytes], bytes]]] = {
            "response.output_text.delta": self._text,
            "response.refusal.delta": self._text,
            "response.reasoning_summary_text.delta": self._thought,
            "response.output_item.done": self._item,
            "response.completed": self._ended,
            "response.incomplete": self._ended,
            "response.failed": self._failed,
        }

    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events."""
        told = [tell(event.data) for event in events if (tell := self._tellers.get(event.type)) is not None]
        return b"".join(told)

    def _text(self, data: bytes) -> bytes:
        return self._chunk([{"text": _delta(data).delta}])

    def _thought(self, data: bytes) -> bytes:
        if not self._told.includes_thoughts:
            return b""
        return self._chunk([{"text": _delta(data).delta, "thought": True}])

    def _item(self, data: bytes) -> bytes:
        item = _done(data).item
        if item["type"] == "reasoning":
            self._signature = item.get("encrypted_content") or self._signature
            return b""
        if item["type"] == "message":
            self._notes += _notes(item)
            return b""
        parts = _parts(item)
        self._signature = _sign(parts, self._signature)
        return self._chunk(parts) if parts else b""

    def _ended(self, data: bytes) -> bytes:
        response = _terminal(data).response
        parts: list[Item] = []
        if self._signature:
            parts.append({"text": "", "thoughtSignature": signature_of(self._signature)})
        candidate = _candidate(parts, _finish(response))
        if self._notes:
            candidate["groundingMetadata"] = {"groundingChunks": self._notes}
        last = self._framed({"candidates": [candidate], "usageMetadata": _usage(response)} | _about(self._told))
        return last if self._sse else last + b"]"

    def _failed(self, data: bytes) -> bytes:
        error = _terminal(data).response.error or {}
        status = 429 if error.get("code") == "rate_limit_exceeded" else 500
        said = {"code": status, "message": error.get("message", ""), "status": STATUSES[status]}
        return self._framed({"error": said}) + (b"" if self._sse else b"]")

    def _chunk(self, parts: list[Item]) -> bytes:
        return self._framed({"candidates": [_candidate(parts, None)]} | _about(self._told))

    def _framed(self, value: Item) -> bytes:
        data = _encode(value)
        if self._sse:
            return b"data: %b\r\n\r\n" % data
        began, self._began = self._began, True
        return (b",\r\n" if began else b"[") + data


STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Google's word for each status (https://cloud.google.com/apis/design/errors)."""


def gemini_error(status: int, message: str) -> bytes:
    """An error in Google's envelope."""
    word = STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")  # noqa: PLR2004 - ours or theirs
    return _encode({"error": {"code": status, "message": message, "status": word}})


def _about(told: GeminiTold) -> Item:
    return {"modelVersion": told.model, "responseId": told.id}


def _candidate(parts: list[Item], finish: str | None) -> Item:
    candidate: Item = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return candidate | ({"finishReason": finish} if finish else {})


def _parts(item: Item) -> list[Item]:
    match item["type"]:
        case "message":
            return [{"text": part.get("text", part.get("refusal", ""))} for part in item["content"]]
        case "function_call":
            return [{"functionCall": {"id": item["call_id"], "name": _name(item), "args": _arguments(item)}}]
        case "image_generation_call" if item.get("result"):
            blob = {"mimeType": f"image/{item.get('output_format') or 'png'}", "data": item["result"]}
            return [{"inlineData": blob}]
        case "code_interpreter_call" if item.get("code"):
            logs = "\n".join(each["logs"] for each in item.get("outputs") or () if each.get("logs"))
            ran = {"outcome": "OUTCOME_OK", "output": logs}
            return [{"executableCode": {"language": "PYTHON", "code": item["code"]}}, {"codeExecutionResult": ran}]
        case _:
            return []


def _name(item: Item) -> str:
    return item["name"] if item.get("namespace") is None else f"{item['namespace']}__{item['name']}"


def _arguments(item: Item) -> Item:
    try:
        return _object(item["arguments"])
    except msgspec.DecodeError:
        return {"arguments": item["arguments"]}


def _sign(parts: list[Item], signature: str) -> str:
    """Puts a signature that waits on the first call; it waits on where there is none."""
    for part in parts:
        if signature and "functionCall" in part:
            part["thoughtSignature"] = signature_of(signature)
            return ""
    return signature


def _notes(item: Item) -> list[Item]:
    """The pages that an answer cites."""
    notes = [note for part in item.get("content") or () for note in part.get("annotations") or ()]
    pages = [note for note in notes if note.get("type") == "url_citation"]
    return [{"web": {"uri": note["url"], "title": note.get("title") or ""}} for note in pages]


def _finish(response: _Response) -> str:
    reason = (response.incomplete_details or {}).get("reason")
    return "STOP" if reason is None else _REASONS.get(reason, "OTHER")


def _usage(response: _Response) -> Item:
    usage = response.usage
    counts: Item = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.output_tokens_details.reasoning_tokens,
        "totalTokenCount": usage.total_tokens,
    }
    if usage.output_tokens_details.reasoning_tokens:
        counts["thoughtsTokenCount"] = usage.output_tokens_details.reasoning_tokens
    if usage.input_tokens_details.cached_tokens:
        counts["cachedContentTokenCount"] = usage.input_tokens_details.cached_tokens
    return counts
