"""A streamed answer, told to a client of the Messages API event by event.

Laws: the events, put together, are the message of the whole answer; blocks follow one another, and none is open while
another begins. A message does not end with a seal on its text, which Gemini gives: Claude Code takes the last block for
the answer.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct
from typing_extensions import override

from antiphon.dialects.client_chat_shapes import thoughts
from antiphon.dialects.client_messages_shapes import (
    BROKEN,
    MessagesTold,
    ToldMessage,
    call_of,
    citation,
    ending,
    error_body,
    failure_status,
    hosted,
    input_of,
    redacted,
    usage,
)
from antiphon.dialects.item_order import ADDED, DONE, Delta, ItemTeller, Tellers, delta_of, item_of
from antiphon.dialects.messages_hosted import CALLS
from antiphon.wire.events import Event
from antiphon.wire.requests import Item

PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'
"""What Anthropic sends while there is nothing to tell."""

_encode: Final = msgspec.json.Encoder().encode

_STOP: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'


class _Note(Struct, frozen=True):
    annotation: dict[str, Any]


class _Terminal(Struct, frozen=True):
    response: ToldMessage


_note: Final = msgspec.json.Decoder(_Note).decode
_terminal: Final = msgspec.json.Decoder(_Terminal).decode

_Voice = tuple[str, int]
"""What a block says: the kind of text, and which part of the item it is."""


class MessagesTeller(ItemTeller):
    """Tells one streamed answer."""

    __slots__ = (
        *("_calls", "_held", "_index", "_lead", "_odd", "_open", "_refused", "_said", "_spots", "_told", "_voice"),
        "_wrote",
    )

    def __init__(self, told: MessagesTold) -> None:
        """Nothing has been told yet."""
        super().__init__()
        self._told = told
        self._index = -1
        self._open = False
        self._voice: _Voice | None = None
        self._wrote = False
        self._held: list[Item] = []
        self._lead = b""
        self._said: list[str] = []
        self._odd = False  # arguments that are no object
        self._spots: tuple[int, int] | None = None
        self._calls = False
        self._refused = False

    @override
    def _beside(self, event: Event) -> bytes:
        kind = event.type
        if kind == "response.created":
            beginning = self._told.message([], {"stop_reason": None, "stop_sequence": None}, usage(ToldMessage()))
            return _event("message_start", message=beginning)
        if kind in ("response.completed", "response.incomplete"):
            return self._ended(_terminal(event.data).response)
        return self._failed(event.data) if kind == "response.failed" else b""

    @override
    def _text(self, said: Delta) -> bytes:
        voice = ("text", said.content_index)
        opening = b"" if voice == self._voice else self._speak(voice, {"type": "text", "text": ""}, b"text_delta")
        self._said.append(said.delta)
        return opening + self._lead + _encode(said.delta) + b"}}\n\n"

    def _refusal(self, data: bytes) -> bytes:
        self._refused = True
        return self._text(delta_of(data))

    def _thought(self, data: bytes) -> bytes:
        """Thoughts, and summaries of them, stand apart from each other in one block."""
        said = delta_of(data)
        spot, before = (said.summary_index, said.content_index), self._spots
        self._spots = spot
        if self._voice is None:
            return self._think(said.delta)
        return self._lead + _encode(said.delta if before == spot else f"\n\n{said.delta}") + b"}}\n\n"

    def _think(self, text: str) -> bytes:
        """The first words of a thought."""
        block = {"type": "thinking", "thinking": "", "signature": ""}
        opening = self._speak(("thinking", 0), block, b"thinking_delta", b"thinking")
        return opening + self._lead + _encode(text) + b"}}\n\n"

    def _argued(self, data: bytes) -> bytes:
        piece = delta_of(data).delta
        if not self._said:
            if self._odd or not piece.lstrip().startswith("{"):
                self._odd = self._odd or bool(piece.strip())
                return b""  # no object, which is told in one when all of it is there
            self._said.append("")
        return self._lead + _encode(piece) + b"}}\n\n"

    def _noted(self, data: bytes) -> bytes:
        if len(self._said) > 1:
            self._said[:] = ["".join(self._said)]
        cited = citation(_note(data).annotation, self._said[0] if self._said else "")
        if cited is None or self._voice is None:
            return b""
        return self._more({"type": "citations_delta", "citation": cited})

    def _begun(self, data: bytes) -> bytes:
        item = item_of(data)
        if item["type"] != "function_call":
            return b""
        self._calls = True
        return self._speak(("call", 0), call_of(item), b"input_json_delta", b"partial_json")

    def _done(self, data: bytes) -> bytes:
        """The end of an item, and whatever has waited for it."""
        item = item_of(data)
        frames = b""
        seal = item.get("encrypted_content") if item["type"] == "reasoning" else None
        late = self._late(item) if self._voice is None else b""
        if item["type"] == "function_call":
            if not self._said and item["arguments"]:
                frames = self._lead + _encode(_object(item)) + b"}}\n\n"
        elif seal and self._voice is None and self._wrote:
            self._held.append(redacted(seal))
        elif seal and self._voice is None:
            frames = self._block(redacted(seal))
        elif seal:
            frames = self._more({"type": "signature_delta", "signature": seal})
        else:
            frames = b"".join([self._block(block) for block in hosted(item)])
        return late + frames + self._close() + self._go_on()

    def _late(self, item: Item) -> bytes:
        """What an item says of which nothing has been told: some providers tell all at its end."""
        match item["type"]:
            case "message":
                parts: list[Item] = item["content"]
                self._refused = self._refused or any(part.get("refusal") for part in parts)
                texts = [part.get("text") or part.get("refusal") or "" for part in parts]
                said = [Delta(text, content_index=place) for place, text in enumerate(texts) if text]
                return b"".join([self._text(each) for each in said])
            case "reasoning":
                text = thoughts(item)
                return self._think(text) if text else b""
            case _:
                return b""

    def _ended(self, response: ToldMessage) -> bytes:
        frames = self._close() + self._go_on() + self._close()
        delta = ending(response, calls=self._calls, refused=self._refused)
        return frames + _event("message_delta", delta=delta, usage=usage(response)) + _STOP

    def _failed(self, data: bytes) -> bytes:
        error = _terminal(data).response.error or {}
        body = error_body(failure_status(error), error.get("message") or BROKEN)
        return b"event: error\ndata: %b\n\n" % body

    def _speak(self, voice: _Voice, block: Item, delta: bytes, member: bytes = b"text") -> bytes:
        """Begins a block that is said piece by piece."""
        frames = self._close() + self._start(block)
        self._voice = voice
        self._lead = _DELTA % (self._index, delta, member)
        return frames

    def _block(self, block: Item) -> bytes:
        """A block that comes whole, but for the input of a call."""
        if block["type"] not in CALLS:
            return self._close() + self._start(block) + self._close()
        said = self._speak(("call", 0), block | {"input": {}}, b"input_json_delta", b"partial_json")
        return said + self._lead + _encode(_encode(block["input"]).decode()) + b"}}\n\n" + self._close()

    def _start(self, block: Item) -> bytes:
        held, self._held = self._held, []
        before = b"".join([self._start(seal) + self._close() for seal in held])
        self._index += 1
        self._open = True
        self._wrote = block["type"] == "text"
        self._said = []
        self._odd = False
        return before + _event("content_block_start", index=self._index, content_block=block)

    def _more(self, delta: Item) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = False
        self._voice = None
        self._spots = None
        return _event("content_block_stop", index=self._index)

    _tellers: ClassVar[Tellers] = {
        ADDED: _begun,
        "response.refusal.delta": _refusal,
        "response.reasoning_text.delta": _thought,
        "response.reasoning_summary_text.delta": _thought,
        "response.function_call_arguments.delta": _argued,
        "response.output_text.annotation.added": _noted,
        DONE: _done,
    }


def _object(call: Item) -> str:
    """The arguments of a call as the JSON of an object, which clients of Anthropic's read them as."""
    said: str = call["arguments"]
    return said if said.lstrip().startswith("{") else _encode(input_of(call)).decode()


def _event(kind: str, **members: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **members}))
