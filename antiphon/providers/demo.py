"""The built-in provider: no intelligence, no network, the same answer to the same request every time.

It speaks chat completions, so that a request to it takes the whole way that one to a real provider takes.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from antiphon.protocols import Clock, Target, UpstreamDialect, UpstreamReply
from antiphon.providers.sample import sample
from antiphon.quirks import Quirks

NAME: Final = "demo"
MODEL: Final = "echo"

_INTRODUCTION: Final = (
    "This is Antiphon's built-in demo model. It understands nothing and repeats what it is told. Set OPENAI_API_KEY, "
    "or another provider's key, and start again to talk to a real model."
)
_ECHOED_WORDS: Final = 200
_TOKEN: Final = re.compile(r"\S+\s*|\s+")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
"""Long enough to mean something."""
_OK: Final = 200
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404

_encode: Final = msgspec.json.Encoder().encode


class _Function(Struct):
    name: str
    arguments: str = ""
    parameters: dict[str, object] = field(default_factory=dict[str, object])


class _Tool(Struct):
    function: _Function | None = None


class _Call(Struct):
    id: str
    function: _Function


class _Part(Struct):
    type: str
    text: str = ""


class _Message(Struct):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None

    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return " ".join(part.text for part in self.content or () if part.text)


class _Choice(Struct):
    function: _Function


class _SchemaOf(Struct):
    schema: dict[str, object] = field(default_factory=dict[str, object])


class _Format(Struct):
    type: str
    json_schema: _SchemaOf | None = None


class _StreamOptions(Struct):
    include_usage: bool = False


class _Asked(Struct):
    """The part of a chat completions body that the demo model heeds."""

    model: str
    messages: list[_Message]
    stream: bool = False
    stream_options: _StreamOptions | None = None
    tools: list[_Tool] = field(default_factory=list[_Tool])
    tool_choice: str | _Choice = "auto"
    parallel_tool_calls: bool = True
    response_format: _Format | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None


class _Said(Struct):
    """An answer before it takes its form: words, or calls."""

    tokens: list[str]
    calls: list[_Call]
    finish: str


_decode: Final = msgspec.json.Decoder(_Asked).decode


class DemoReply:
    """Implements `protocols.UpstreamReply`: each piece is one read."""

    def __init__(self, status: int, pieces: Iterator[bytes], kind: bytes) -> None:
        self.status = status
        self._pieces = pieces
        self._kind = kind

    def header(self, *names: bytes) -> bytes | None:
        return self._kind if b"content-type" in names else None

    async def chunk(self, wait: float | None = None) -> bytes | None:
        await asyncio.sleep(0)  # others get their turn between two words
        return next(self._pieces, b"")

    async def read(self, limit: int) -> bytes:
        """Never larger than any limit that makes sense."""
        return b"".join(self._pieces)

    async def pump(self, consume: Callable[[bytes], bool]) -> None:
        """Everything is here already: `chunk` gives it."""

    def release(self, *, linger: bool = False) -> None:
        """There is nothing to give back."""


class Demo:
    """Implements `discovery.Provider` and, for its one model, `protocols.Post`."""

    name = NAME
    row_name = NAME
    models: tuple[str, ...] | None = (MODEL,)
    stands_in = True
    lists_models = False

    def __init__(self, dialect: UpstreamDialect, clock: Clock) -> None:
        """`dialect` is chat completions."""
        self._dialect = dialect
        self._clock = clock

    def owns(self, model: str) -> bool:
        return model == MODEL

    def offers(self, model: str) -> bool:
        return model == MODEL

    def target(self, model: str) -> Target:
        return Target(
            name=f"{NAME}/{model}",
            provider=NAME,
            model=model,
            dialect=self._dialect,
            post=self,
            relays={"chat": self},
            quirks=Quirks(refused_fields=frozenset({"n"})),
        )

    async def listing(self, page: str = "") -> bytes:
        return _encode({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": NAME}]})

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        """The answer to a chat completions body."""
        try:
            asked = _decode(body)
        except msgspec.DecodeError as error:
            return _refused(_BAD_REQUEST, f"The demo model cannot read the request: {error}", None)
        if asked.model != MODEL:
            message = f"The model '{asked.model}' does not exist; the demo provider has '{MODEL}' only."
            return _refused(_NOT_FOUND, message, "model_not_found")
        said = _said(asked, hashlib.sha256(body).hexdigest())
        head = {"id": f"chatcmpl-demo{hashlib.sha256(body).hexdigest()[:24]}", "created": int(self._clock())}
        if asked.stream:
            return DemoReply(_OK, _frames(asked, said, head), b"text/event-stream")
        return DemoReply(_OK, iter([_encode(_whole(asked, said, head))]), b"application/json")


def _said(asked: _Asked, seed: str) -> _Said:
    calls = [
        _Call(
            f"call_demo{seed[:16]}{index}",
            _Function(tool.name, _encode(sample({"type": "object", **tool.parameters})).decode()),
        )
        for index, tool in enumerate(_called(asked))
    ]
    if calls:
        return _Said([], calls, "tool_calls")
    tokens = _TOKEN.findall(_text(asked))
    limit = asked.max_completion_tokens or asked.max_tokens
    if limit is not None and len(tokens) > limit:
        return _Said(tokens[:limit], [], "length")
    return _Said(tokens, [], "stop")


def _called(asked: _Asked) -> list[_Function]:
    """The tools to call: those demanded, or those that the user speaks of before any of them has answered."""
    functions = [tool.function for tool in asked.tools if tool.function is not None]
    if isinstance(asked.tool_choice, _Choice):
        return [each for each in functions if each.name == asked.tool_choice.function.name][:1]
    demanded = asked.tool_choice == "required"
    if asked.tool_choice == "none" or (_answers(asked) and not demanded):
        return []
    said = _last(asked, "user")
    named = _named(functions, said) or _meant(functions, said) or (functions[:1] if demanded else [])
    return named if asked.parallel_tool_calls else named[:1]


def _named(functions: list[_Function], said: str) -> list[_Function]:
    words = set(re.findall(r"[\w-]+", said))
    return [each for each in functions if each.name in words]


def _meant(functions: list[_Function], said: str) -> list[_Function]:
    """The one tool whose name has the most words in common with what was said: `get_weather`, asked for the weather."""
    words = set(_WORD.findall(said.lower()))
    shared = [len(words.intersection(_WORD.findall(each.name.lower()))) for each in functions]
    most = max(shared, default=0)
    return [functions[shared.index(most)]] if most else []


def _answers(asked: _Asked) -> list[_Message]:
    """What tools have answered since the model last spoke."""
    answers: list[_Message] = []
    for message in reversed(asked.messages):
        if message.role != "tool":
            break
        answers.insert(0, message)
    return answers


def _text(asked: _Asked) -> str:
    form = asked.response_format
    if form is not None and form.type == "json_schema":
        return _encode(sample(form.json_schema.schema if form.json_schema else {})).decode()
    if answers := _answers(asked):
        names = {call.id: call.function.name for message in asked.messages for call in message.tool_calls or ()}
        told = " ".join(
            f"The tool '{names.get(answer.tool_call_id or '', 'unknown')}' answered: {_cut(answer.text())}"
            for answer in answers
        )
    else:
        told = f"You said: {_cut(_last(asked, 'user'))}{_attachments(asked)}"
    if form is not None and form.type == "json_object":
        return _encode({"message": told}).decode()
    return f"{_INTRODUCTION} {told}"


def _last(asked: _Asked, role: str) -> str:
    return next((message.text() for message in reversed(asked.messages) if message.role == role), "")


def _cut(text: str) -> str:
    words = text.split(" ", _ECHOED_WORDS)
    return text if len(words) <= _ECHOED_WORDS else " ".join(words[:_ECHOED_WORDS]) + " …"


def _attachments(asked: _Asked) -> str:
    users = [message for message in asked.messages if message.role == "user" and isinstance(message.content, list)]
    kinds = [part.type for message in users for part in message.content or () if isinstance(part, _Part)]
    counts = {"image": kinds.count("image_url"), "file": kinds.count("file"), "sound": kinds.count("input_audio")}
    seen = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count]
    return f" You also gave me {' and '.join(seen)}." if seen else ""


def _usage(asked: _Asked, said: _Said) -> dict[str, int]:
    """Words, since there are no tokens."""
    prompt = sum(len(message.text().split()) for message in asked.messages)
    completion = len(said.tokens) + sum(len(call.function.arguments.split()) + 1 for call in said.calls)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _tool_calls(said: _Said) -> list[dict[str, object]]:
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in said.calls
    ]


def _whole(asked: _Asked, said: _Said, head: Mapping[str, object]) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": "".join(said.tokens) or None}
    if said.calls:
        message["tool_calls"] = _tool_calls(said)
    choice = {"index": 0, "message": message, "finish_reason": said.finish}
    return {
        **head,
        "object": "chat.completion",
        "model": asked.model,
        "choices": [choice],
        "usage": _usage(asked, said),
    }


def _frames(asked: _Asked, said: _Said, head: Mapping[str, object]) -> Iterator[bytes]:
    def frame(choices: list[dict[str, object]], usage: dict[str, int] | None = None) -> bytes:
        chunk = {**head, "object": "chat.completion.chunk", "model": asked.model, "choices": choices}
        return b"data: %b\n\n" % _encode(chunk if usage is None else {**chunk, "usage": usage})

    def delta(content: Mapping[str, object], finish: str | None = None) -> bytes:
        return frame([{"index": 0, "delta": content, "finish_reason": finish}])

    yield delta({"role": "assistant", "content": ""})
    for token in said.tokens:
        yield delta({"content": token})
    for index, call in enumerate(_tool_calls(said)):
        yield delta({"tool_calls": [{"index": index, **call}]})
    yield delta({}, said.finish)
    if asked.stream_options is not None and asked.stream_options.include_usage:
        yield frame([], _usage(asked, said))
    yield b"data: [DONE]\n\n"


def _refused(status: int, message: str, code: str | None) -> DemoReply:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return DemoReply(status, iter([_encode({"error": error})]), b"application/json")
