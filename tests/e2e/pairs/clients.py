"""Formats of clients, in the least words: how a wish is put in each, and how its answers are read.

Written from the vendors' documentation; it knows nothing of the code under test. SDKs prove elsewhere that they agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

Body = dict[str, Any]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVORK5CYII="
PDF = "JVBERi0xLjcgYSBjb250cmFjdA=="
WAV = "UklGRiQAAABXQVZFZm10IA=="
PARAMETERS: Body = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORM: Body = {
    "type": "object",
    "properties": {"the_town": {"type": "string"}},
    "required": ["the_town"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer. `calls` are id, name and arguments; `said` is what the client sends back of it, in its own form.

    `usage` are tokens in and out; `pieces` how many pieces the text came in.
    """

    text: str = ""
    thoughts: str = ""
    calls: tuple[tuple[str, str, Any], ...] = ()
    ending: str = ""
    usage: tuple[int, int] = (0, 0)
    choices: int = 1
    said: tuple[Body, ...] = ()
    pieces: int = 1
    error: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked. `results` are texts for the calls of `before`; `media` what the user shows."""

    words: str = "What is the weather?"
    system: str = ""
    streamed: bool = False
    tools: tuple[str, ...] = ()
    forced: str = ""
    before: Heard | None = None
    results: tuple[str, ...] = ()
    media: str = ""
    form: bool = False
    thinks: bool = False
    stop: str = ""
    several: int = 1


class Client(Protocol):
    """One format. `name` is its title; `misses` are wishes that it has no words for."""

    name: str
    path: str
    misses: frozenset[str]
    length: str
    """What the format calls an answer that ended for want of room."""

    refused: str
    """What it calls a request that is wrong."""

    def body(self, model: str, wish: Wish) -> Body:
        """The request."""
        ...

    def whole(self, body: Any) -> Heard:
        """An answer in one piece."""
        ...

    def streamed(self, data: bytes) -> Heard:
        """A streamed one."""
        ...

    def error(self, body: Any) -> str:
        """What an error says it is."""
        ...


def events_of(data: bytes) -> Iterator[Any]:
    """The JSON of each event."""
    for line in data.decode().splitlines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def _error(body: Any) -> str:
    """OpenAI's."""
    return body["error"]["code"]


def _function(name: str) -> Body:
    return {"name": name, "description": "Tells.", "parameters": PARAMETERS}


def _given(**members: Any) -> Body:
    return {name: value for name, value in members.items() if value}


class Responses:
    """The Responses API, stateless."""

    name = "Responses"
    path = "/v1/responses"
    misses = frozenset({"several"})
    length = "max_output_tokens"
    refused = "context_length_exceeded"

    def body(self, model: str, wish: Wish) -> Body:
        shown: dict[str, Body] = {
            "image": {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
            "file": {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
            "audio": {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
        }
        parts = [{"type": "input_text", "text": wish.words}, *([shown[wish.media]] if wish.media else ())]
        given: list[Body] = [{"role": "user", "content": parts}]
        if wish.before is not None:
            given += wish.before.said
            given += [
                {"type": "function_call_output", "call_id": call[0], "output": result}
                for call, result in zip(wish.before.calls, wish.results, strict=True)
            ]
        form = {"format": {"type": "json_schema", "name": "town", "schema": FORM, "strict": True}}
        return {"model": model, "input": given, "store": False, "include": ["reasoning.encrypted_content"]} | _given(
            stream=wish.streamed,
            instructions=wish.system,
            tools=[{"type": "function", **_function(name)} for name in wish.tools],
            tool_choice=wish.forced and {"type": "function", "name": wish.forced},
            reasoning=wish.thinks and {"effort": "high", "summary": "auto"},
            text=wish.form and form,
            stop=wish.stop and [wish.stop],
        )

    def whole(self, body: Any) -> Heard:
        items: list[Body] = body["output"]
        texts = [part["text"] for item in items if item["type"] == "message" for part in item["content"]]
        thoughts = [
            part["text"]
            for item in items
            if item["type"] == "reasoning"
            for part in (*item["summary"], *(item.get("content") or ()))
        ]
        calls = [item for item in items if item["type"] == "function_call"]
        cut, failed = body["incomplete_details"], body["error"]
        return Heard(
            text="".join(texts),
            thoughts="".join(thoughts),
            calls=tuple((call["call_id"], call["name"], json.loads(call["arguments"])) for call in calls),
            ending=cut["reason"] if cut else "",
            usage=(body["usage"]["input_tokens"], body["usage"]["output_tokens"]) if body["usage"] else (0, 0),
            said=tuple(items),
            error=failed["code"] if failed else "",
        )

    def streamed(self, data: bytes) -> Heard:
        events = list(events_of(data))
        heard = self.whole(events[-1]["response"])
        deltas = [event for event in events if event["type"] == "response.output_text.delta"]
        assert "".join(event["delta"] for event in deltas) in ("", heard.text)
        return replace(heard, pieces=len(deltas))

    def error(self, body: Any) -> str:
        return _error(body)


class Chat:
    """Chat completions."""

    name = "Chat completions"
    path = "/v1/chat/completions"
    misses = frozenset[str]()
    length = "length"
    refused = "context_length_exceeded"

    def body(self, model: str, wish: Wish) -> Body:
        shown: dict[str, Body] = {
            "image": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            "file": {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
            },
            "audio": {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
        }
        said: Any = wish.words
        if wish.media:
            said = [{"type": "text", "text": wish.words}, shown[wish.media]]
        messages: list[Body] = [{"role": "system", "content": wish.system}] if wish.system else []
        messages.append({"role": "user", "content": said})
        if wish.before is not None:
            messages += wish.before.said
            messages += [
                {"role": "tool", "tool_call_id": call[0], "content": result}
                for call, result in zip(wish.before.calls, wish.results, strict=True)
            ]
        form = {"type": "json_schema", "json_schema": {"name": "town", "schema": FORM, "strict": True}}
        return {"model": model, "messages": messages} | _given(
            stream=wish.streamed,
            stream_options=wish.streamed and {"include_usage": True},
            tools=[{"type": "function", "function": _function(name)} for name in wish.tools],
            tool_choice=wish.forced and {"type": "function", "function": {"name": wish.forced}},
            reasoning_effort=wish.thinks and "high",
            response_format=wish.form and form,
            stop=wish.stop and [wish.stop],
            n=wish.several > 1 and wish.several,
        )

    def whole(self, body: Any) -> Heard:
        choice: Any = body["choices"][0]
        message: Body = choice["message"]
        calls = message.get("tool_calls") or ()
        return Heard(
            text=message.get("content") or "",
            thoughts=message.get("reasoning_content") or "",
            calls=tuple(
                (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls
            ),
            ending=choice["finish_reason"],
            usage=(body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]),
            choices=len(body["choices"]),
            said=(message,),
        )

    def streamed(self, data: bytes) -> Heard:
        message: Body = {"content": "", "reasoning_content": "", "tool_calls": []}
        pieces, ending = 0, ""
        usage: Body = {"prompt_tokens": 0, "completion_tokens": 0}
        for chunk in events_of(data):
            if "error" in chunk:
                return Heard(error=chunk["error"]["code"] or "error")
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"]:
                delta = choice["delta"]
                pieces += bool(delta.get("content"))
                ending = choice["finish_reason"] or ending
                for name in ("content", "reasoning_content"):
                    message[name] += delta.get(name) or ""
                for call in delta.get("tool_calls") or ():
                    if call["index"] == len(message["tool_calls"]):
                        message["tool_calls"].append(call)
                    else:
                        before = message["tool_calls"][call["index"]]["function"]
                        before["arguments"] += call["function"]["arguments"]
        heard = self.whole({"choices": [{"message": message, "finish_reason": ending}], "usage": usage})
        return replace(heard, pieces=pieces)

    def error(self, body: Any) -> str:
        return _error(body)


class Messages:
    """Anthropic's Messages."""

    name = "Anthropic Messages"
    path = "/v1/messages"
    misses = frozenset({"several", "audio"})
    length = "max_tokens"
    refused = "invalid_request_error"

    def body(self, model: str, wish: Wish) -> Body:
        kinds = {"image": ("image", "image/png", PNG), "file": ("document", "application/pdf", PDF)}
        content: list[Body] = [{"type": "text", "text": wish.words}]
        if wish.media:
            kind, media_type, data = kinds[wish.media]
            content.insert(0, {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}})
        messages: list[Body] = [{"role": "user", "content": content}]
        if wish.before is not None:
            results = [
                {"type": "tool_result", "tool_use_id": call[0], "content": result}
                for call, result in zip(wish.before.calls, wish.results, strict=True)
            ]
            messages += [{"role": "assistant", "content": list(wish.before.said)}, {"role": "user", "content": results}]
        return {"model": model, "max_tokens": 4096, "messages": messages} | _given(
            stream=wish.streamed,
            system=wish.system,
            tools=[{"name": name, "description": "Tells.", "input_schema": PARAMETERS} for name in wish.tools],
            tool_choice=wish.forced and {"type": "tool", "name": wish.forced},
            thinking=wish.thinks and {"type": "enabled", "budget_tokens": 2048},
            output_config=wish.form and {"format": {"type": "json_schema", "schema": FORM}},
            stop_sequences=wish.stop and [wish.stop],
        )

    def whole(self, body: Any) -> Heard:
        blocks: list[Body] = body["content"]
        usage: Body = body["usage"]
        calls = [block for block in blocks if block["type"] == "tool_use"]
        return Heard(
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            thoughts="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
            calls=tuple((call["id"], call["name"], call["input"]) for call in calls),
            ending=body["stop_reason"],
            usage=(usage["input_tokens"], usage["output_tokens"]),
            said=tuple(blocks),
        )

    def streamed(self, data: bytes) -> Heard:
        blocks: list[Body] = []
        message: Body = {"stop_reason": "", "usage": {}}
        pieces = 0
        for event in events_of(data):
            match event["type"]:
                case "error":
                    return Heard(error=event["error"]["type"])
                case "message_start":
                    message["usage"] = event["message"]["usage"]
                case "content_block_start":
                    blocks.append(event["content_block"] | {"json": ""})
                case "content_block_delta":
                    delta, block = event["delta"], blocks[int(event["index"])]
                    pieces += delta["type"] == "text_delta"
                    for name in ("text", "thinking", "signature"):
                        block[name] = block.get(name, "") + delta.get(name, "")
                    block["json"] += delta.get("partial_json", "")
                case "message_delta":
                    message["stop_reason"] = event["delta"]["stop_reason"]
                    message["usage"] |= event["usage"]
                case _:
                    pass
        for block in blocks:
            block["input"] = json.loads(block.pop("json") or "{}")
        return replace(self.whole(message | {"content": blocks}), pieces=pieces)

    def error(self, body: Any) -> str:
        return body["error"]["type"]


class Completions:
    """The API before chat: text in, text out."""

    name = "Legacy completions"
    path = "/v1/completions"
    misses = frozenset({"system", "tools", "media", "audio", "form", "thinks"})
    length = "length"
    refused = "context_length_exceeded"

    def body(self, model: str, wish: Wish) -> Body:
        return {"model": model, "prompt": wish.words} | _given(
            stream=wish.streamed,
            stream_options=wish.streamed and {"include_usage": True},
            stop=wish.stop and [wish.stop],
            n=wish.several > 1 and wish.several,
        )

    def whole(self, body: Any) -> Heard:
        choice: Any = body["choices"][0]
        return Heard(
            text=choice["text"],
            ending=choice["finish_reason"],
            usage=(body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]),
            choices=len(body["choices"]),
        )

    def streamed(self, data: bytes) -> Heard:
        chunks = list(events_of(data))
        if "error" in chunks[-1]:
            return Heard(error=chunks[-1]["error"]["code"])
        choices = [choice for chunk in chunks for choice in chunk["choices"]]
        choice = {"text": "".join(each["text"] for each in choices), "finish_reason": choices[-1]["finish_reason"]}
        heard = self.whole({"choices": [choice], "usage": chunks[-1]["usage"]})
        return replace(heard, pieces=sum(bool(each["text"]) for each in choices))

    def error(self, body: Any) -> str:
        return _error(body)


CLIENTS: tuple[Client, ...] = (Responses(), Chat(), Messages(), Completions())
