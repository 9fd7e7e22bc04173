"""Decoders of what providers answer, in every dialect that is registered, and of how clients are then told of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from antiphon.app.upstreams import dialects_of
from antiphon.dialects.client_chat_answer import ChatTeller
from antiphon.dialects.client_chat_assembly import ChatAssembly
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_whole import chat_whole
from antiphon.dialects.client_completions_answer import CompletionTold
from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_framing import ArrayFraming
from antiphon.dialects.client_gemini_shapes import GeminiTold
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.dialects.client_messages_answer import MessagesTeller
from antiphon.dialects.client_messages_shapes import MessagesTold
from antiphon.dialects.client_messages_whole import failed_answer, messages_whole
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Caller, Reader, Turn, UpstreamDialect
from antiphon.protocols import Target as Model
from antiphon.providers.lists import entries, next_page
from antiphon.providers.posts import NoPost
from antiphon.relays import Wrapping
from antiphon.wire.counts import counts_of
from antiphon.wire.events import Event, Outcome
from antiphon.wire.requests import parse_request
from antiphon.wire.synthesis import synthesised
from antiphon.wire.texts import mended
from tests.grammar import check_stream
from tools.fuzz.recorded import Framing, answers_of, refusals_of
from tools.fuzz.target import LawError, Target, chosen, pieces, split
from tools.fuzz.wire_targets import SEALS, TENANT

FORMATS: Final[Mapping[str, tuple[str, str, Framing]]] = {
    "responses": ("gpt-5-mini", "openai-responses", "sse"),
    "chat": ("llama-4", "openai-chat", "sse"),
    "converse": ("anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock-converse", "aws"),
    "gemini": ("gemini-2.5-flash", "gemini", "sse"),
    "cohere": ("command-a-03-2025", "cohere-v2", "sse"),
    "ollama": ("llama3", "ollama", "ndjson"),
    "messages": ("claude-sonnet-4-5", "anthropic-messages", "sse"),
    "vertex-messages": ("claude-sonnet-4-5", "anthropic-messages", "sse"),
    "bedrock-messages": ("anthropic.claude-sonnet-4-5", "bedrock-invoke-anthropic", "aws"),
}
"""Of each dialect a model, the name of its recordings, and how its streams are framed."""

DIALECTS: Final = dialects_of(SEALS)

_NOW: Final = 1_700_000_000.5
_TOOLS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}},
    {"type": "custom", "name": "patch"},
    {"type": "web_search"},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "shell"},
)
_SHAPES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"tools": _TOOLS, "include": ["reasoning.encrypted_content"]},
    {"tools": _TOOLS[:1], "parallel_tool_calls": False, "tool_choice": {"type": "function", "name": "get_weather"}},
    {
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}},
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
    },
)


def model_of(dialect: UpstreamDialect) -> Model:
    """A model that is asked in this dialect."""
    name = FORMATS[dialect.name][0]
    return Model(
        name=f"p/{name}", provider="p", model=name, dialect=dialect, post=NoPost(name, ("fuzz",)), output_limit=8192
    )


def turn_of(body: bytes) -> Turn:
    """A turn as `gateway.flow` opens it. Raises BadRequest."""
    counts: dict[str, Iterator[int]] = {}

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(counts.setdefault(prefix, itertools.count())):048x}"

    return Turn(
        id="resp_" + "0" * 48,
        created_at=int(_NOW),
        caller=Caller(TENANT, "key"),
        request=parse_request(body),
        input=[],
        new_id=new_id,
        clock=lambda: _NOW,
    )


def _asking(choice: int) -> Turn:
    members = {"model": "p/m", "input": "Hi", "stream": True} | _SHAPES[choice % len(_SHAPES)]
    return turn_of(msgspec.json.encode(members))


def _stream(dialect: UpstreamDialect, data: bytes) -> None:
    """A stream, read as it might arrive, and told to clients of every kind."""
    choice, data = split(data)
    turn, model = _asking(choice), model_of(dialect)
    reader = dialect.reader(turn, model)
    tellers = _tellers(turn)
    events: list[Event] = []
    error: UpstreamError | None = None
    try:
        for new in _read(reader, pieces(data, choice >> 2)):
            events += new
            for tell in tellers:
                tell(new)
    except UpstreamError as raised:
        error = raised
    outcome = reader.outcome
    if outcome is not None:
        counts_of(outcome.body)
    elif error is None and reader.failure is None and getattr(reader, "resumption", None) is None:
        raise LawError("a stream ended without an end")
    _check(events, ended=outcome is not None, relayed=dialect.name == "responses")


def _read(reader: Reader, data: Iterable[bytes]) -> Iterator[list[Event]]:
    number = 0
    for piece in data:
        frame = reader.quick(piece, number)
        new = [] if frame is not None else list(reader.feed(piece).events)
        number += len(new) + (frame is not None)
        yield new
        if reader.outcome is not None or reader.failure is not None:
            return
    yield list(reader.close().events)


def _check(events: list[Event], *, ended: bool, relayed: bool) -> None:
    """What is told by the gateway's own writer keeps to the grammar; what is passed on is JSON at least."""
    if relayed:
        for event in events:
            msgspec.json.decode(event.data)
    elif [event.number for event in events] == list(range(len(events))):  # else some were told as frames
        check_stream(events, ended=ended)


def _tellers(turn: Turn) -> list[Callable[[Iterable[Event]], object]]:
    identity, created = turn.id, turn.created_at
    return [
        ChatTeller(ChatTold(identity, created, "p/m", includes_usage=True)).frames,
        CompletionTold(identity, created, "p/m", ("",)).choice(0).frames,
        MessagesTeller(MessagesTold(identity, "p/m")).frames,
        GeminiTeller(GeminiTold(identity, "p/m", includes_thoughts=True), sse=True).frames,
    ]


def _whole(dialect: UpstreamDialect, data: bytes) -> None:
    """A whole answer, told to clients of every kind."""
    choice, data = split(data)
    turn = _asking(choice)
    outcome = dialect.whole(turn, model_of(dialect), mended(data))
    events = synthesised(outcome.body)
    if dialect.name != "responses":
        check_stream(events)
    for tell in _tellers(turn):
        tell(events)
    counts_of(outcome.body)
    _tell_whole(turn, outcome)


def _tell_whole(turn: Turn, outcome: Outcome) -> None:
    if outcome.status == "failed":
        failed_answer(outcome.body)
        return
    body = outcome.body
    chat_whole([body], ChatTold(turn.id, turn.created_at, "p/m"))
    CompletionTold(turn.id, turn.created_at, "p/m", ("",)).whole([body])
    messages_whole(body, MessagesTold(turn.id, "p/m"))
    gemini_whole(body, GeminiTold(turn.id, "p/m"))


def _refused(dialect: UpstreamDialect, data: bytes) -> None:
    choice, data = split(data)
    error = dialect.refusal(400 + choice % 200, data, None if choice & 1 else 1.5)
    if not 400 <= error.status < 600:
        raise LawError(f"an error of status {error.status}")
    if dialect.counting is not None:
        dialect.counting.tokens(data)


def _unwrapped(dialect: Wrapping, data: bytes) -> None:
    """What a host's stream becomes for a client in whose format it is."""
    choice, data = split(data)
    undo = dialect.unwrapping()
    if undo is not None:
        for piece in pieces(data, choice):
            undo(piece)


def _assembled(data: bytes) -> None:
    """A stream of chat completions that is kept, and Google's that is made an array."""
    choice, data = split(data)
    assembly, framing = ChatAssembly(), ArrayFraming()
    for piece in pieces(data, choice):
        framing.feed(piece)
        assembly.feed(piece)
    framing.close()
    assembly.whole()


def _listed(data: bytes) -> None:
    """A list of models."""
    next_page(data)
    for name in entries(data):
        if not name.isprintable():
            raise LawError("a name that does something to a terminal")


def _of(name: str, recordings: str, framing: Framing) -> Iterator[Target]:
    dialect = DIALECTS[name]
    seeds = {kind: partial(answers_of, recordings, framing=kind) for kind in (framing, "whole")}
    yield Target(f"{name}-stream", partial(_stream, dialect), (), lambda: chosen(1, seeds[framing]()))
    yield Target(f"{name}-whole", partial(_whole, dialect), (UpstreamError,), lambda: chosen(1, seeds["whole"]()))
    yield Target(f"{name}-refusal", partial(_refused, dialect), (), lambda: chosen(0, refusals_of(recordings)))
    if isinstance(dialect, Wrapping):
        run = partial(_unwrapped, dialect)
        yield Target(f"{name}-unwrapped", run, (UpstreamError,), lambda: chosen(0, seeds[framing]()))


TARGETS: Final = (
    *(target for name, (_, recordings, framing) in FORMATS.items() for target in _of(name, recordings, framing)),
    Target("chat-kept", _assembled, (UpstreamBroke,), lambda: chosen(0, answers_of("openai-chat", framing="sse"))),
    Target("model-list", _listed, (UpstreamBroke,), lambda: answers_of("openai-models", framing="whole")),
)
