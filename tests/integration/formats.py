"""What clients ask in four formats and how each tells of an end, and what providers say in four.

Written from the vendors' documentation; it knows nothing of the code under test.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.integration.harness import Answer, frames_of
from tests.integration.provider import chat_events, completion, native_events, response

Body = dict[str, Any]


# --- providers --------------------------------------------------------------------------------------------------------


def _named(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def _message(text: str, stop: str | None = "end_turn") -> Body:
    content = [{"type": "text", "text": text}] if text else []
    made: Body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content}
    return made | {"stop_reason": stop, "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 2}}


def _message_events(*words: str) -> list[bytes]:
    return [
        _named("message_start", message=_message("", None)),
        _named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(_named("content_block_delta", index=0, delta={"type": "text_delta", "text": word}) for word in words),
        _named("content_block_stop", index=0),
        _named("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 2}),
        _named("message_stop"),
    ]


def _generated(text: str, finish: str | None = "STOP") -> Body:
    candidate: Body = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}


def _generated_events(*words: str) -> list[bytes]:
    said = [_generated(word, "STOP" if place == len(words) - 1 else None) for place, word in enumerate(words)]
    return [f"data: {json.dumps(each)}\r\n\r\n".encode() for each in said]


@dataclass(frozen=True, slots=True)
class Speech:
    """One provider format: an answer, a stream of it, how many of its events bring two words, and an error in it."""

    whole: bytes
    events: Sequence[bytes]
    begun: int
    error: bytes


WORDS = ("One ", "two ", "three ", "four.")
TEXT = "".join(WORDS)


def speeches(message: str) -> dict[str, Speech]:
    """By dialect. Errors in the middle of a stream say `message`."""
    openai = {"error": {"type": "server_error", "code": "server_error", "message": message}}
    google = {"error": {"code": 503, "status": "UNAVAILABLE", "message": message}}
    overloaded = {"type": "overloaded_error", "message": message}
    return {
        "native": Speech(
            json.dumps(response(TEXT)).encode(),
            native_events(*WORDS),
            6,
            f"event: error\ndata: {json.dumps({'sequence_number': 6} | openai['error'])}\n\n".encode(),
        ),
        "chat": Speech(
            json.dumps(completion(TEXT)).encode(), chat_events(*WORDS), 3, f"data: {json.dumps(openai)}\n\n".encode()
        ),
        "messages": Speech(
            json.dumps(_message(TEXT)).encode(), _message_events(*WORDS), 4, _named("error", error=overloaded)
        ),
        "gemini": Speech(
            json.dumps(_generated(TEXT)).encode(),
            _generated_events(*WORDS),
            2,
            f"data: {json.dumps(google)}\r\n\r\n".encode(),
        ),
    }


# --- clients ----------------------------------------------------------------------------------------------------------


STATUSES: dict[str, dict[int, int]] = {"responses": {}, "chat": {}, "messages": {502: 500}, "gemini": {}}
"""What a format has in place of a status that its vendor does not know."""


def asked(client: str, model: str, *, stream: bool) -> tuple[str, Body]:
    """Path and body of a request in the client's format."""
    said = [{"role": "user", "content": "Hi"}]
    match client:
        case "responses":
            return "/v1/responses", {"model": model, "input": "Hi", "stream": stream}
        case "chat":
            return "/v1/chat/completions", {"model": model, "messages": said, "stream": stream}
        case "messages":
            return "/v1/messages", {"model": model, "max_tokens": 9, "messages": said, "stream": stream}
        case _:
            method = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{method}", {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def data_of(stream: bytes) -> list[Any]:
    """The events of a stream, each an object or the mark at its end; events are told apart as the standard has it."""
    blocks = stream.replace(b"\r\n", b"\n").split(b"\n\n")
    assert blocks[-1] == b"", "a stream ends with a whole event"
    lines = [[line for line in block.split(b"\n") if line.startswith(b"data:")] for block in blocks]
    data = [b"\n".join(line[5:].strip() for line in each) for each in lines if each]
    return [each.decode() if each == b"[DONE]" else json.loads(each) for each in data]


def refused(client: str, answer: Answer) -> str:
    """The message of an error that is an answer of its own, in the client's envelope."""
    told = answer.json
    assert answer.headers["content-type"].startswith("application/json")
    return _message_of(client, told, answer.status)


def _message_of(client: str, told: Any, status: int | None = None) -> str:
    error = told["error"]
    match client:
        case "messages":
            assert told["type"] == "error"
            assert error["type"].endswith("_error")
        case "gemini":
            assert set(error) >= {"code", "message", "status"}
            assert status in (None, error["code"])
        case _:
            assert set(error) >= {"message", "type", "param", "code"}
    message: str = error["message"]
    assert message
    return message


def broken(client: str, stream: bytes) -> str:
    """The message of the error that a stream ends with, as the client's format tells it."""
    if client == "responses":
        names = [frame.split(b"\n")[0] for frame in frames_of(stream)]
        assert names[-2:] == [b"event: error", b"event: response.failed"]
        message: str = data_of(stream)[-2]["response"]["error"]["message"]
        return message
    last = [each for each in data_of(stream) if each != "[DONE]"][-1]
    if client == "messages":
        assert stream.rstrip().rpartition(b"\n\n")[2].startswith(b"event: error\n")
    return _message_of(client, last)


def said_by(client: str, stream: bytes) -> str:
    """The text of a stream, as far as it came."""
    text = ""
    for each in data_of(stream):
        if each == "[DONE]":
            continue
        match client:
            case "responses":
                text += each["delta"] if each["type"] == "response.output_text.delta" else ""
            case "chat":
                text += "".join(choice["delta"].get("content") or "" for choice in each.get("choices", ()))
            case "messages":
                text += each["delta"].get("text", "") if each["type"] == "content_block_delta" else ""
            case _:
                parts = [part for one in each.get("candidates", ()) for part in one["content"].get("parts", ())]
                text += "".join(part.get("text", "") for part in parts)
    return text


def completed(client: str, answer: Answer, *, stream: bool) -> None:
    """The answer is whole and good."""
    assert answer.status == 200, answer
    if stream:
        assert said_by(client, answer.body) == TEXT
        last = data_of(answer.body)[-1]
        ends = {"responses": "[DONE]", "chat": "[DONE]"}
        assert last == ends.get(client, last)
        assert client != "messages" or last["type"] == "message_stop"
        assert client != "gemini" or last["candidates"][0]["finishReason"] == "STOP"
        return
    assert TEXT in answer.body.decode()
