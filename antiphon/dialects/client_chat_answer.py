"""A streamed answer, told to a client that speaks chat completions chunk by chunk.

Law: the chunks, joined, are the message of the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.client_chat_shapes import (
    ChatTold,
    ToldResponse,
    call,
    finish,
    image,
    sealed,
    tail,
    thoughts,
    url_citations,
    usage,
)
from antiphon.dialects.illegible import legible
from antiphon.dialects.item_order import Tellers
from antiphon.wire.events import Event
from antiphon.wire.requests import Item

_DONE: Final = b"data: [DONE]\n\n"
_MEMBERS: Final = (("text", "content"), ("refusal", "refusal"))
"""Where the words of a part are, and where they are told."""

_NONE: Final = Raw(b"[]")
_encode: Final = msgspec.json.Encoder().encode


class _Delta(Struct, frozen=True):
    delta: str = ""
    logprobs: Raw = _NONE
    output_index: int = 0
    summary_index: int = -1
    content_index: int = -1
    obfuscation: str = ""


class _ItemEvent(Struct, frozen=True):
    item: dict[str, Any]
    output_index: int = 0


class _Note(Struct, frozen=True):
    annotation: dict[str, Any]


class _Terminal(Struct, frozen=True):
    response: ToldResponse


_delta: Final = msgspec.json.Decoder(_Delta).decode
_item_event: Final = msgspec.json.Decoder(_ItemEvent).decode
_note: Final = msgspec.json.Decoder(_Note).decode
_terminal: Final = msgspec.json.Decoder(_Terminal).decode
_response: Final = msgspec.json.Decoder(ToldResponse).decode


@legible
def chat_end(told: ChatTold, bodies: Sequence[bytes]) -> bytes:
    """What follows the last chunk of the last choice; `bodies` are the response objects of all."""
    return _end(told, [_response(body) for body in bodies])


def _end(told: ChatTold, responses: Sequence[ToldResponse]) -> bytes:
    if not told.includes_usage:
        return _DONE
    head = told.head("chat.completion.chunk") | tail(responses[0])
    return b"data: %b\n\n%b" % (_encode(head | {"choices": [], "usage": usage(responses)}), _DONE)


class ChatTeller:
    """Tells one streamed answer, which is one choice.

    Where it is the only one, the end of the stream, or the error that it failed with, is told too.
    """

    __slots__ = ("_calls", "_listed", "_only", "_opening", "_saying", "_silent", "_thinking", "_told")

    def __init__(self, told: ChatTold, index: int = 0, *, only: bool = True) -> None:
        """Nothing has been told yet. `index` is the place of the choice; `only`: there is no other."""
        self._told = told
        self._only = only
        head = _encode(told.head("chat.completion.chunk"))[:-1]
        usage = b',"usage":null' if told.includes_usage else b""
        self._opening = b'data: %b%b,"choices":[{"index":%d,"delta":' % (head, usage, index)
        self._saying = self._opening + b'{"content":'
        self._calls: dict[int, int] = {}
        self._silent: set[int] = set()  # places of items that have begun and said nothing
        self._listed: dict[str, int] = {}
        self._thinking: tuple[int, int, int] | None = None

    @legible
    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events. Raises UpstreamBroke for one that cannot be told."""
        return b"".join([self._frame(event) for event in events])

    def _frame(self, event: Event) -> bytes:
        tell = self._tellers.get(event.type)
        return b"" if tell is None else tell(self, event.data)

    @legible
    def text(self, data: bytes) -> bytes:
        """As `frames`, for the data of one delta of text: the hot path of every stream."""
        said = _delta(data)
        if self._silent:
            self._silent.discard(said.output_index)
        if said.logprobs == _NONE and not said.obfuscation:
            return self._saying + _encode(said.delta) + b'},"logprobs":null,"finish_reason":null}]}\n\n'
        probable = None if said.logprobs == _NONE else {"content": said.logprobs, "refusal": None}
        return self._padded(self._chunk({"content": said.delta}, logprobs=probable), said)

    def _created(self, _: bytes) -> bytes:
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _refusal(self, data: bytes) -> bytes:
        said = self._heard(data)
        return self._padded(self._chunk({"refusal": said.delta}), said)

    def _thought(self, data: bytes) -> bytes:
        said = self._heard(data)
        return self._padded(self._chunk({"reasoning_content": self._apart(said)}), said)

    def _arguments(self, data: bytes) -> bytes:
        return self._more(self._heard(data), "function", "arguments")

    def _input(self, data: bytes) -> bytes:
        return self._more(self._heard(data), "custom", "input")

    def _heard(self, data: bytes) -> _Delta:
        said = _delta(data)
        self._silent.discard(said.output_index)
        return said

    def _noted(self, data: bytes) -> bytes:
        return self._more_of("annotations", url_citations([_note(data).annotation]))

    def _failed(self, data: bytes) -> bytes:
        if not self._only:
            return b""
        error = _terminal(data).response.error or {}
        return b"data: %b\n\n%b" % (_encode({"error": {"type": "server_error", "param": None, **error}}), _DONE)

    def _chunk(self, delta: Item, reason: str | None = None, logprobs: Item | None = None) -> bytes:
        return b'%b%b,"logprobs":%b,"finish_reason":%b}]}\n\n' % (
            self._opening,
            _encode(delta),
            _encode(logprobs),
            _encode(reason),
        )

    def _padded(self, chunk: bytes, said: _Delta) -> bytes:
        """With what makes the size of a chunk tell nothing, where the client asked for that."""
        return b'%b,"obfuscation":%b}\n\n' % (chunk[:-3], _encode(said.obfuscation)) if said.obfuscation else chunk

    def _apart(self, said: _Delta) -> str:
        """Thoughts, and summaries of them, stand apart from each other."""
        place, before = (said.output_index, said.summary_index, said.content_index), self._thinking
        self._thinking = place
        return said.delta if before in (None, place) else f"\n\n{said.delta}"

    def _begun(self, data: bytes) -> bytes:
        added = _item_event(data)
        item = added.item
        self._silent.add(added.output_index)
        if item["type"] not in ("function_call", "custom_tool_call"):
            return b""
        index = self._calls[added.output_index] = len(self._calls)
        called = call(item | {"arguments": "", "input": ""})
        if self._told.legacy_functions:
            return self._chunk({"function_call": called["function"]})
        return self._chunk({"tool_calls": [{"index": index, **called}]})

    def _more(self, said: _Delta, kind: str, member: str) -> bytes:
        delta: Item = {"function_call": {member: said.delta}}
        if not self._told.legacy_functions:
            delta = {"tool_calls": [{"index": self._calls[said.output_index], kind: {member: said.delta}}]}
        return self._padded(self._chunk(delta), said)

    def _done(self, data: bytes) -> bytes:
        """The end of an item. Some say all at their end (recorded: calls of LM Studio's)."""
        done = _item_event(data)
        item = done.item
        frames = self._all_of(item, done.output_index) if done.output_index in self._silent else b""
        self._silent.discard(done.output_index)
        if item["type"] == "reasoning" and item.get("encrypted_content"):
            return frames + self._more_of("reasoning_details", [sealed(item)])
        if item["type"] == "image_generation_call" and item.get("result"):
            return self._more_of("images", [image(item)])
        return frames

    def _all_of(self, item: Item, place: int) -> bytes:
        """What an item says, of which nothing has been told yet."""
        match item["type"]:
            case "message":
                parts: list[Item] = item["content"]
                told = [(member, part[word]) for part in parts for word, member in _MEMBERS if part.get(word)]
                return b"".join([self._chunk({member: text}) for member, text in told])
            case "reasoning":
                said = _Delta(thoughts(item), output_index=place)
                return self._chunk({"reasoning_content": self._apart(said)}) if said.delta else b""
            case "function_call" if item["arguments"]:
                return self._more(_Delta(item["arguments"], output_index=place), "function", "arguments")
            case "custom_tool_call" if item["input"]:
                return self._more(_Delta(item["input"], output_index=place), "custom", "input")
            case _:
                return b""

    def _more_of(self, member: str, entries: list[Item]) -> bytes:
        """More of a list. Clients put lists together by the `index` of their entries."""
        if not entries:
            return b""
        before = self._listed.get(member, 0)
        self._listed[member] = before + len(entries)
        return self._chunk({member: [{"index": index, **entry} for index, entry in enumerate(entries, before)]})

    def _ended(self, data: bytes) -> bytes:
        response = _terminal(data).response
        last = self._chunk({}, finish(response, calls=bool(self._calls), legacy=self._told.legacy_functions))
        return last + _end(self._told, [response]) if self._only else last

    _tellers: ClassVar[Tellers] = {
        "response.created": _created,
        "response.output_text.delta": text,
        "response.refusal.delta": _refusal,
        "response.reasoning_text.delta": _thought,
        "response.reasoning_summary_text.delta": _thought,
        "response.function_call_arguments.delta": _arguments,
        "response.custom_tool_call_input.delta": _input,
        "response.output_text.annotation.added": _noted,
        "response.output_item.added": _begun,
        "response.output_item.done": _done,
        "response.completed": _ended,
        "response.incomplete": _ended,
        "response.failed": _failed,
    }
