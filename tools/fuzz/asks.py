"""Requests as clients make them, of every format and to every route, from which the mutated ones are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from antiphon.http.openapi import EVERY_OPERATION
from tools.fuzz.gateway import MODELS
from tools.fuzz.recorded import requests_of

Pool = Mapping[str, Sequence[str]]
"""Ids that answers have named, by their prefix."""


class Ask(Struct, frozen=True):
    """One request. `body` is JSON, or bytes with their media type."""

    method: str
    path: str
    body: Any = None
    media_type: str = "application/json"


_BOUNDARY: Final = "----fuzz"
_FORM_TYPE: Final = f"multipart/form-data; boundary={_BOUNDARY}"
_ITEM: Final = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
_LINE: Final = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/responses",
    "body": {"model": "demo/echo", "input": "Hi"},
}
_PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(40))


def form(*parts: tuple[str, bytes, str]) -> bytes:
    """A form: names, contents, and file names where a part is a file."""
    said = b""
    for name, content, filename in parts:
        file = f'; filename="{filename}"\r\nContent-Type: application/octet-stream' if filename else ""
        said += (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"
        )
    return said + f"--{_BOUNDARY}--\r\n".encode()


@cache
def recorded_bodies(*dialects: str) -> list[Any]:
    """Decoded, and small enough to be sent a thousand times."""
    return [msgspec.json.decode(body) for body in requests_of(*dialects) if len(body) < 8192]


class Asker:
    """Makes requests by chance, out of what was recorded and what answers have named."""

    def __init__(self, chance: Random, pool: Pool) -> None:
        """`pool` may grow meanwhile."""
        self._chance = chance
        self._pool = pool
        self._ways: Final[Sequence[tuple[int, Callable[[], Ask]]]] = (
            (16, self._responses),
            (10, self._chat),
            (10, self._messages),
            (8, self._gemini),
            (3, self._completions),
            (4, self._services),
            (4, self._media),
            (5, self._files),
            (4, self._batches),
            (6, self._conversations),
            (4, self._prompts),
            (22, self._anything),
            (4, self._passing),
        )
        self._weights: Final = [weight for weight, _ in self._ways]

    def ask(self) -> Ask:
        """The next request."""
        return self._chance.choices(self._ways, self._weights)[0][1]()

    def _model(self) -> str:
        return self._chance.choice(MODELS)

    def _id(self, *kinds: str) -> str:
        """An id of one of these kinds; now and then of another, or nobody's."""
        kind = self._chance.choice(kinds)
        if self._chance.random() < 0.1:
            kind = self._chance.choice(list(self._pool) or [kind])
        known = self._pool.get(kind)
        return self._chance.choice(known) if known else f"{kind}_" + "0" * 48

    def _responses(self) -> Ask:
        body = self._of("openai-responses")
        if not isinstance(body.get("input"), str | list):
            body["input"] = "Hi"
        path = self._chance.choice(("", "", "", "", "", "/input_tokens", "/compact"))
        match self._chance.randrange(12):
            case 0 | 1:
                body["previous_response_id"] = self._id("resp")
            case 2:
                body["conversation"] = self._id("conv")
            case 3:
                body["background"] = True
            case 4:
                body["prompt"] = {"id": self._id("pmpt"), "variables": {"a": "x"}}
            case 5:
                body["input"] = [{"type": "item_reference", "id": self._id("msg", "rs", "fc")}, _ITEM]
            case 6:
                part = {"type": "input_file", "file_id": self._id("file")}
                body["input"] = [_ITEM | {"content": [part]}]
            case _:
                pass
        return Ask("POST", f"/v1/responses{path}", body)

    def _chat(self) -> Ask:
        body = self._of("openai-chat")
        match self._chance.randrange(6):
            case 0:
                body["n"] = 2
            case 1:
                body["store"] = True
            case _:
                pass
        return Ask("POST", "/v1/chat/completions", body)

    def _messages(self) -> Ask:
        body = self._of("anthropic-messages")
        return Ask("POST", "/v1/messages" + self._chance.choice(("", "", "", "/count_tokens")), body)

    def _gemini(self) -> Ask:
        body = dict(self._chance.choice(recorded_bodies("gemini")))
        methods = ("generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse", "countTokens")
        method = self._chance.choice((*methods, *methods, "embedContent", "batchEmbedContents", "predict"))
        root = self._chance.choice(
            ("/v1beta/models", "/v1/models", "/gemini/v1beta/models", "/v1/publishers/google/models")
        )
        return Ask("POST", f"{root}/{self._model()}:{method}", body)

    def _completions(self) -> Ask:
        prompt: Any = self._chance.choice(("Once", ["a", "b"], [1, 2], ""))
        body = {"model": self._model(), "prompt": prompt, "n": 1, "echo": True, "stream": self._coin(), "logprobs": 1}
        return Ask("POST", "/v1/completions", body)

    def _services(self) -> Ask:
        model = self._chance.choice(
            ("openai/text-embedding-3-small", "cohere/embed-v4.0", "gemini/gemini-embedding-001")
        )
        asks = (
            Ask("POST", "/v1/embeddings", {"model": model, "input": ["a", "b"], "encoding_format": "base64"}),
            Ask(
                "POST", "/v1/rerank", {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["a", "b"], "top_n": 1}
            ),
            Ask("POST", "/v2/rerank", {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["a", {"text": "b"}]}),
            Ask("POST", "/v1/moderations", {"model": "local/moderation-rules", "input": ["a", "b"]}),
            Ask("POST", "/v1/moderations", {"model": "openai/omni-moderation-latest", "input": "a"}),
        )
        return self._chance.choice(asks)

    def _media(self) -> Ask:
        painter = self._chance.choice(("openai/gpt-image-1", "gemini/gemini-3-pro-image", "xai/grok-imagine-image"))
        speaker = self._chance.choice(("openai/tts-1", "elevenlabs/eleven_v3", "gemini/gemini-2.5-flash-preview-tts"))
        drawn = (("model", painter.encode(), ""), ("prompt", b"a cat", ""), ("image", _PNG, "a.png"))
        heard = (("model", b"openai/whisper-1", ""), ("file", b"RIFF$\0\0\0WAVEfmt ", "a.wav"), ("stream", b"true", ""))
        asks = (
            Ask("POST", "/v1/images/generations", {"model": painter, "prompt": "a cat", "n": 1, "size": "1024x1024"}),
            Ask("POST", "/v1/images/edits", form(*drawn), _FORM_TYPE),
            Ask("POST", "/v1/images/variations", form(drawn[0], drawn[2]), _FORM_TYPE),
            Ask(
                "POST",
                "/v1/audio/speech",
                {"model": speaker, "input": "Hi", "voice": "alloy", "response_format": "wav"},
            ),
            Ask("POST", "/v1/audio/transcriptions", form(*heard), _FORM_TYPE),
            Ask("POST", "/v1/audio/translations", form(*heard[:2]), _FORM_TYPE),
        )
        return self._chance.choice(asks)

    def _files(self) -> Ask:
        lines = b"\n".join([msgspec.json.encode(_LINE | {"custom_id": str(number)}) for number in range(3)])
        content = self._chance.choice((lines, b"hello", _PNG, b""))
        purpose = b"batch" if content == lines else b"user_data"
        name = self._chance.choice(("a.jsonl", "a.png", "../a", "é.txt", "a" * 200))
        upload = {"filename": "a.txt", "purpose": "user_data", "bytes": 5, "mime_type": "text/plain"}
        asks = (
            Ask("POST", "/v1/files", form(("purpose", purpose, ""), ("file", content, name)), _FORM_TYPE),
            Ask("POST", "/v1/files", form(("purpose", purpose, ""), ("file", content, name)), _FORM_TYPE),
            Ask("GET", f"/v1/files/{self._id('file')}/content"),
            Ask("POST", "/v1/uploads", upload),
            Ask("POST", f"/v1/uploads/{self._id('upload')}/parts", form(("data", b"hello", "x")), _FORM_TYPE),
            Ask("POST", f"/v1/uploads/{self._id('upload')}/complete", {"part_ids": [self._id("part")]}),
        )
        return self._chance.choice(asks)

    def _batches(self) -> Ask:
        params = {"model": "demo/echo", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
        new = {"input_file_id": self._id("file"), "endpoint": "/v1/responses", "completion_window": "24h"}
        asks = (
            Ask("POST", "/v1/batches", new),
            Ask("POST", f"/v1/batches/{self._id('batch')}/cancel"),
            Ask("POST", "/v1/messages/batches", {"requests": [{"custom_id": "a", "params": params}]}),
            Ask("GET", f"/v1/messages/batches/{self._id('msgbatch')}/results"),
        )
        return self._chance.choice(asks)

    def _conversations(self) -> Ask:
        root = f"/v1/conversations/{self._id('conv')}"
        asks = (
            Ask("POST", "/v1/conversations", {"items": [_ITEM], "metadata": {"a": "b"}}),
            Ask("POST", root, {"metadata": {"a": "c"}}),
            Ask("POST", f"{root}/items", {"items": [_ITEM, {"type": "reasoning", "summary": []}]}),
            Ask("GET", f"{root}/items?limit=2&order=asc&after={self._id('msg')}"),
            Ask("DELETE", f"{root}/items/{self._id('msg')}"),
        )
        return self._chance.choice(asks)

    def _prompts(self) -> Ask:
        template = {"instructions": "Say {{a}}", "input": [_ITEM], "model": self._model(), "temperature": 0.5}
        asks = (
            Ask("POST", "/v1/prompts", {"id": f"pmpt_{self._chance.randrange(50)}", "template": template}),
            Ask("POST", f"/v1/prompts/{self._id('pmpt')}/versions", {"template": template}),
            Ask("GET", "/v1/prompts?limit=5"),
        )
        return self._chance.choice(asks)

    def _anything(self) -> Ask:
        """Any route that is documented, with ids in its path."""
        method, path = self._chance.choice(list(EVERY_OPERATION))
        kinds = {"conversations": "conv", "files": "file", "batches": "batch", "prompts": "pmpt", "uploads": "upload"}
        kind = next((prefix for word, prefix in kinds.items() if word in path), "resp")
        if "chat/completions" in path:
            kind = "chatcmpl"
        elif "messages/batches" in path:
            kind = "msgbatch"
        path = (
            path.replace("{item_id}", self._id("msg")).replace("{model}", self._model()).replace("{path}", "v1/models")
        )
        path = path.replace("{provider}", "openai").replace("{publisher}", "google").replace("{asset}", "x")
        is_model = "/models/{id" in path
        path = path.replace("{id}", self._model() if is_model else self._id(kind)).replace("{id:path}", self._model())
        if method == "get" and self._coin():
            path += self._chance.choice(
                ("?limit=1", "?stream=true", f"?after={self._id('msg')}", "?order=asc&limit=100")
            )
        return Ask(method.upper(), path, None if method in ("get", "delete") else {"metadata": {}})

    def _passing(self) -> Ask:
        method = self._chance.choice(("GET", "POST", "DELETE", "PUT", "HEAD"))
        tail = self._chance.choice(("v1/models", "v1/chat/completions", "v1/x/../y", "v1/%2e%2e/z", "", "v1/files?a=b"))
        body: Any = None if method != "POST" else {"model": "m", "messages": [], "stream": self._coin()}
        return Ask(method, f"/p/{self._chance.choice(('openai', 'anthropic', 'nobody'))}/{tail}", body)

    def _of(self, dialect: str) -> Any:
        body = dict(self._chance.choice(recorded_bodies(dialect)))
        body["model"] = self._model()
        if self._coin():
            body["stream"] = self._coin()
        return body

    def _coin(self) -> bool:
        return self._chance.random() < 0.5


def path_bytes(path: str) -> bytes:
    """The path as it goes over the wire."""
    return quote(path, safe="/:?=&%._-~@!$'()*+,;[]").encode()
