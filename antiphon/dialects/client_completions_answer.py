"""Answers told to clients of legacy completions: text, and nothing but text.

Law: the chunks of a choice, joined, are its text in the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_chat_shapes import ToldResponse, finish, usage
from antiphon.dialects.illegible import legible
from antiphon.wire.events import Event
from antiphon.wire.requests import Item

_DONE: Final = b"data: [DONE]\n\n"
_encode: Final = msgspec.json.Encoder().encode


class _Delta(Struct, frozen=True):
    delta: str = ""
    logprobs: Sequence[dict[str, Any]] = ()
    output_index: int = 0


class _Done(Struct, frozen=True):
    item: dict[str, Any]
    output_index: int = 0


class _Terminal(Struct, frozen=True):
    response: ToldResponse


_delta: Final = msgspec.json.Decoder(_Delta).decode
_done: Final = msgspec.json.Decoder(_Done).decode
_terminal: Final = msgspec.json.Decoder(_Terminal).decode
_response: Final = msgspec.json.Decoder(ToldResponse).decode


class CompletionTold(Struct, frozen=True):
    """What every object of one answer says of it. `echoes` is what each choice begins with, by its place."""

    id: str
    created_at: int
    model: str
    echoes: tuple[str, ...]
    includes_usage: bool = False

    def head(self) -> Item:
        """The members that every object begins with."""
        identity = "cmpl-" + self.id.removeprefix("resp_")
        return {"id": identity, "object": "text_completion", "created": self.created_at, "model": self.model}

    def choice(self, index: int) -> CompletionTeller:
        """What tells a streamed choice."""
        return CompletionTeller(self, index)

    @legible
    def whole(self, bodies: Sequence[bytes]) -> bytes:
        """The completion for response objects that ended well or early, a choice for each."""
        responses = [_response(body) for body in bodies]
        choices = [_choice(response, index, self.echoes[index]) for index, response in enumerate(responses)]
        return _encode(self.head() | {"choices": choices, "usage": usage(responses)})

    def end(self, bodies: Sequence[bytes]) -> bytes:
        """What follows the last chunk of the last choice."""
        if not self.includes_usage:
            return _DONE
        told: Item = self.head() | {"choices": [], "usage": usage(_response(body) for body in bodies)}
        return b"data: %b\n\n%b" % (_encode(told), _DONE)


class CompletionTeller:
    """Tells one streamed choice."""

    __slots__ = ("_echo", "_heard", "_index", "_offset", "_told")

    def __init__(self, told: CompletionTold, index: int) -> None:
        """Nothing has been told yet."""
        self._told = told
        self._index = index
        self._echo = told.echoes[index]
        self._offset = 0
        self._heard: set[int] = set()

    @legible
    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events. Raises UpstreamBroke for one that cannot be told."""
        return b"".join([self._frame(event) for event in events])

    def _frame(self, event: Event) -> bytes:
        match event.type:
            case "response.created" if self._echo:
                return self._chunk(self._echo, ())
            case "response.output_text.delta" | "response.refusal.delta":
                said = _delta(event.data)
                self._heard.add(said.output_index)
                return self._chunk(said.delta, said.logprobs)
            case "response.output_item.done":
                return self._rest(_done(event.data))
            case "response.completed" | "response.incomplete":
                return self._chunk("", (), finish(_terminal(event.data).response, calls=False, legacy=False))
            case _:
                return b""

    def _rest(self, done: _Done) -> bytes:
        """The text of an item that says all at its end."""
        if done.item["type"] != "message" or done.output_index in self._heard:
            return b""
        text, logprobs = _said(done.item)
        return self._chunk(text, logprobs) if text else b""

    def _chunk(self, text: str, logprobs: Sequence[Item], reason: str | None = None) -> bytes:
        probable = _logprobs(logprobs, self._offset)
        self._offset += len(text)
        choice = {"text": text, "index": self._index, "logprobs": probable, "finish_reason": reason}
        usage = {"usage": None} if self._told.includes_usage else {}
        return b"data: %b\n\n" % _encode(self._told.head() | {"choices": [choice]} | usage)


def _choice(response: ToldResponse, index: int, echo: str) -> Item:
    text = echo
    logprobs: list[Item] = []
    for item in response.output:
        if item["type"] == "message":
            said, likely = _said(item)
            text += said
            logprobs += likely
    reason = finish(response, calls=False, legacy=False)
    return {"text": text, "index": index, "logprobs": _logprobs(logprobs, len(echo)), "finish_reason": reason}


def _said(message: Item) -> tuple[str, list[Item]]:
    """The text of a message, and the probabilities of its tokens."""
    parts = message["content"]
    likely = [token for part in parts for token in part.get("logprobs") or ()]
    return "".join(part.get("text", part.get("refusal", "")) for part in parts), likely


def _logprobs(tokens: Sequence[Item], offset: int) -> Item | None:
    """In the older form: lists side by side. `offset` is where the first token begins in the text."""
    if not tokens:
        return None
    offsets: list[int] = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token["token"])
    return {
        "tokens": [token["token"] for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [{top["token"]: top["logprob"] for top in token.get("top_logprobs") or ()} for token in tokens],
        "text_offset": offsets,
    }
