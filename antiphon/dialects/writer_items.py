"""What an answer is made of while it is written: runs of text, the items that hold them, and the JSON of both.

The shapes are those of sections 3.1, 3.2 and 4.3 of the specification.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec import Struct

from antiphon.wire.ids import NewId

Status = Literal["in_progress", "completed", "incomplete"]
ItemType = Literal["message", "reasoning", "function_call", "custom_tool_call"]
Waiting = list[tuple[Callable[..., None], tuple[Any, ...]]]
"""What is to be said later, and with what. A call that waits has all in one list that belongs to it."""

_ID_PREFIXES: Final[dict[ItemType, str]] = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
}

_encode: Final = msgspec.json.Encoder().encode

MOST_CHARACTERS: Final = 16 * 1024 * 1024
"""Of one text, thought or input of a call: an answer's end repeats it up to five times, and no model says as much."""

PAD_BLOCK: Final = 16
PAD: Final = b"TQ4mWzk9VbX2rLf7JcHs0NpYeGd1uAoR8iKx3MqEtB5vCjZ6SwDyFhUnPagIlO7Q"
"""Padding that hides the sizes of deltas: where a slice of it begins depends on the event's number alone, so that a
replay is the same bytes."""
PAD_SHIFTS: Final = len(PAD) - PAD_BLOCK


class Voice(Struct, frozen=True, eq=False):
    """One kind of run: the item it lives in, its events, and the member that holds its whole text.

    `part` is the type of its content part, None for the input of a call, which has none.
    """

    item: ItemType
    delta: str
    done: str
    member: str
    part: str | None = None
    part_added: str = "response.content_part.added"
    part_done: str = "response.content_part.done"
    place: str = "content_index"


TEXT: Final = Voice(
    "message", "response.output_text.delta", "response.output_text.done", member="text", part="output_text"
)
REFUSAL: Final = Voice("message", "response.refusal.delta", "response.refusal.done", member="refusal", part="refusal")
REASONING: Final = Voice(
    "reasoning", "response.reasoning_text.delta", "response.reasoning_text.done", member="text", part="reasoning_text"
)
SUMMARY: Final = Voice(
    "reasoning",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    member="text",
    part="summary_text",
    part_added="response.reasoning_summary_part.added",
    part_done="response.reasoning_summary_part.done",
    place="summary_index",
)
ARGUMENTS: Final = Voice(
    "function_call",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    member="arguments",
)
INPUT: Final = Voice(
    "custom_tool_call",
    "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done",
    member="input",
)


class Callee(Struct, frozen=True):
    """What a call calls, by the names the client gave. `custom` tools take free text, the others JSON.

    `whole`, where set, makes an item of another kind from the call's id and its whole input, or None if that cannot be;
    nothing of such a call is told before it is complete.
    """

    name: str
    namespace: str | None = None
    custom: bool = False
    whole: Callable[[str, str], dict[str, Any] | None] | None = None


class Keeper(Protocol):
    """Has what the provider wants to see again of the reasoning item being written."""

    waiting: bool
    """Whether there is anything for the item's seal."""

    hides: bool
    """Whether seals are for the outcome alone, and not for the client to see."""

    def blob(self) -> str:
        """The seal, in letters that mean nothing in JSON; nothing waits any more."""
        ...


class CoveredCall:
    """A call whose kind of item is known only when its input is complete."""

    __slots__ = ("call_id", "callee", "key", "pieces")

    def __init__(self, key: object, call_id: str, callee: Callee) -> None:
        """Nothing of its input has come yet."""
        self.key: Final = key
        self.call_id: Final = call_id
        self.callee: Final = callee
        self.pieces: list[str] = []

    def item(self) -> dict[str, Any] | None:
        """The item of another kind that it turned out to be."""
        return None if self.callee.whole is None else self.callee.whole(self.call_id, mended("".join(self.pieces)))


class Run:
    """Text in the making: one content part, or the input of one call."""

    __slots__ = ("annotations", "held", "logprobs", "opening", "pieces", "place", "size", "tail", "voice")

    def __init__(self, voice: Voice, place: bytes) -> None:
        """`place` is the JSON members that say where in the answer the run stands."""
        self.voice = voice
        self.place = place
        self.opening = b'{"type":"%b",%b,"delta":' % (voice.delta.encode(), place)
        self.tail = b',"logprobs":[]' if voice is TEXT else b""
        self.pieces: list[str] = []
        self.size = 0
        self.held = ""
        self.annotations: list[dict[str, Any]] = []
        self.logprobs: list[Any] = []

    def __len__(self) -> int:
        """How much has been said so far: for most who ask, without putting it together."""
        return self.size

    def text(self) -> str:
        """Everything said so far."""
        return "".join(self.pieces)

    def mended(self, delta: str) -> str:
        """`delta` without lone surrogates: halves of a pair that was cut apart are joined, others replaced.

        A high surrogate at the very end is held until its other half comes.
        """
        delta = self.held + delta
        self.held = ""
        if "\ud800" <= delta[-1:] <= "\udbff":
            delta, self.held = delta[:-1], delta[-1]
        return mended(delta)

    def spoken(self) -> bytes:
        """The members of the done event that hold the whole text."""
        said = b'"%b":%b' % (self.voice.member.encode(), json_text(self._final()))
        return said + b',"logprobs":%b' % _encode(self.logprobs) if self.voice is TEXT else said

    def part(self) -> bytes:
        """The content part as it stands."""
        voice = self.voice
        said = b'{"type":"%b","%b":%b' % (str(voice.part).encode(), voice.member.encode(), json_text(self.text()))
        if voice is TEXT:
            said += b',"annotations":%b,"logprobs":%b' % (_encode(self.annotations), _encode(self.logprobs))
        return said + b"}"

    def _final(self) -> str:
        text = self.text()
        return "{}" if self.voice is ARGUMENTS and not text else text


class OpenItem:
    """An item in the making."""

    __slots__ = ("content", "head", "id", "key", "position", "summary", "type")

    def __init__(self, type: ItemType, new_id: NewId, index: int, *, head: bytes = b"", key: object = None) -> None:
        """`head` is the JSON of members that do not change; `key` is what the provider's dialect knows a call by."""
        self.type: Final = type
        self.id: Final = new_id(_ID_PREFIXES[type])
        self.position: Final = b'"output_index":%d' % index
        self.head: Final = head
        self.key: Final = key
        self.content: list[bytes] = []
        self.summary: list[bytes] = []

    def place(self, voice: Voice) -> bytes:
        """Where the next run of this voice stands."""
        place = b'"item_id":"%b",%b' % (self.id.encode(), self.position)
        if voice.part is None:
            return place
        return place + b',"%b":%d' % (voice.place.encode(), len(self._parts(voice)))

    def keep(self, run: Run) -> None:
        """Takes a finished run in."""
        if run.voice.part is None:
            self.content.append(run.spoken())
        else:
            self._parts(run.voice).append(run.part())

    def as_json(self, status: Status, blob: str = "") -> bytes:
        """The item as it stands. Reasoning and custom calls show a status only where it tells something."""
        head = b'{"type":"%b","id":"%b"%b' % (self.type.encode(), self.id.encode(), self.head)
        content = b",".join(self.content)
        if self.type == "message":
            return b'%b,"status":"%b","role":"assistant","content":[%b]}' % (head, status.encode(), content)
        if self.type == "function_call":
            return b'%b,%b,"status":"%b"}' % (head, content or b'"arguments":""', status.encode())
        ending = b',"status":"incomplete"}' if status == "incomplete" else b"}"
        if self.type == "custom_tool_call":
            return b"%b,%b%b" % (head, content or b'"input":""', ending)
        said = b',"content":[%b]' % content if content else b""
        if blob:
            said += b',"encrypted_content":"%b"' % blob.encode()
        return b'%b,"summary":[%b]%b%b' % (head, b",".join(self.summary), said, ending)

    def _parts(self, voice: Voice) -> list[bytes]:
        return self.summary if voice is SUMMARY else self.content


def call_head(call_id: str, callee: Callee) -> bytes:
    """The members of a call that are known when it begins."""
    head = b',"call_id":%b,"name":%b' % (json_text(call_id), json_text(callee.name))
    return head if callee.namespace is None else b'%b,"namespace":%b' % (head, json_text(callee.namespace))


def json_text(text: str) -> bytes:
    """`text` as a JSON string, whatever surrogates are in it."""
    try:
        return _encode(text)
    except UnicodeEncodeError:
        return _encode(mended(text))


def mended(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def padding(number: int, delta: str) -> bytes:
    """What hides the size of `delta` in the event of this number."""
    shift = number % PAD_SHIFTS
    return PAD[shift : shift + -len(delta) % PAD_BLOCK]
