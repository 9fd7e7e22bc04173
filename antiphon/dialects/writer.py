"""The one place where Responses bookkeeping is done: ids, indexes, numbers, added and done, the final snapshot.

Law: whatever is said to a writer, in whatever order, its events are a legal stream, and the
terminal event's response is the body of its outcome, byte for byte, but for seals that are not to be shown.

Items are written one after the other. What arrives for a later item while a call is still unfinished waits until the
call is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from antiphon.dialects.writer_items import (
    ARGUMENTS,
    INPUT,
    MOST_CHARACTERS,
    PAD,
    PAD_BLOCK,
    PAD_SHIFTS,
    REASONING,
    REFUSAL,
    SUMMARY,
    TEXT,
    Callee,
    CoveredCall,
    ItemType,
    Keeper,
    OpenItem,
    Run,
    Status,
    Voice,
    Waiting,
    call_head,
    padding,
)
from antiphon.dialects.writer_whole import ID_PREFIXES, announced, steps
from antiphon.errors import UpstreamBroke
from antiphon.protocols import Clock
from antiphon.wire.events import Event, Outcome
from antiphon.wire.ids import NewId
from antiphon.wire.responses import ResponseObject, encoded
from antiphon.wire.usage import NO_USAGE, Usage

_encode: Final = msgspec.json.Encoder().encode

Notes = Callable[[Run], Iterable[dict[str, Any]]]
"""Makes annotations of what a text part says so far."""

_PIECES: Final = 4096
"""Many small strings cost ten times their text, so they are joined now and then."""


class ResponseWriter:
    """Writes one answer. After `finish` it takes nothing more."""

    __slots__ = (
        *("_backlog", "_clock", "_covered", "_events", "_finished", "_hidden", "_item", "_items", "_keeper", "_keys"),
        *("_loose_logprobs", "_loose_notes", "_new_id", "_number", "_obfuscate", "_opening", "_queued", "_replaying"),
        *("_run", "_silent", "outcome", "service_tier", "stop_sequence", "upstream_id", "usage"),
    )

    def __init__(
        self,
        opening: ResponseObject,
        new_id: NewId,
        clock: Clock,
        *,
        obfuscate: bool,
        silent: bool = False,
        keeper: Keeper | None = None,
    ) -> None:
        """`opening` is the response at its birth; a `silent` writer makes the outcome alone, no events."""
        self.outcome: Outcome | None = None
        self.usage: Usage = NO_USAGE
        self.service_tier: str | None = None
        self.stop_sequence: str | None = None
        self.upstream_id: str | None = None
        self._opening = opening
        self._new_id = new_id
        self._clock = clock
        self._obfuscate = obfuscate
        self._replaying = False
        self._silent = silent
        self._events: list[Event] = []
        self._number = 0
        self._items: list[bytes] = []
        self._keeper = keeper
        self._hidden: dict[int, bytes] = {}
        self._item: OpenItem | None = None
        self._run: Run | None = None
        self._covered: CoveredCall | None = None
        self._keys: set[object] = set()
        self._finished: set[object] = set()
        self._backlog: deque[Waiting] = deque()
        self._queued: dict[object, Waiting] = {}
        self._loose_notes: list[Notes] = []
        self._loose_logprobs: list[Any] = []

    def take(self) -> tuple[Event, ...]:
        """The events since the last time."""
        if not self._events:
            return ()
        events = tuple(self._events)
        self._events.clear()
        return events

    def open(self) -> None:
        """Announces the response, once; the first output does so by itself."""
        if self._number == 0:
            snapshot = b"" if self._silent else encoded(self._opening)
            for type in ("response.created", "response.in_progress"):
                self._emit(type, b'"response":%b' % snapshot)

    def text(self, delta: str, logprobs: Sequence[Any] = ()) -> None:
        """Visible text; `logprobs` are those of its tokens, in the Responses form."""
        run = self._run
        if run is not None and run.voice is TEXT and delta and not logprobs and not self._loose_logprobs:
            self._say(run, delta, run.tail)
            return
        self._loose_logprobs.extend(logprobs)
        self._speak(TEXT, delta)

    def said_on(self, delta: str, number: int) -> bytes | None:
        """The frame of more of the text that is being written, encodable; None, nothing done, if not of this number."""
        run = self._run
        if run is None or run.voice is not TEXT or run.held or self._loose_logprobs or number != self._number:
            return None
        return b"event: response.output_text.delta\ndata: %b\n\n" % self._delta(run, delta, run.tail)

    def refusal(self, delta: str) -> None:
        """Text that declines to answer."""
        self._speak(REFUSAL, delta)

    def reasoning(self, delta: str, *, sealed: bool = False) -> None:
        """The model's own thoughts, as they are; `sealed` ones, of which nothing can be told, are an item too."""
        if sealed:
            self._think()
        self._speak(REASONING, delta)

    def summary(self, delta: str) -> None:
        """What the provider tells of the model's thoughts."""
        self._speak(SUMMARY, delta)

    def annotate(self, notes: Notes) -> None:
        """Notes on the text part being written, or on the next one if there is none."""
        run = self._run
        if run is None or run.voice is not TEXT:
            self._loose_notes.append(notes)
            return
        for note in notes(run):
            members = b'%b,"annotation_index":%d,"annotation":%b' % (run.place, len(run.annotations), _encode(note))
            run.annotations.append(note)
            self._emit("response.output_text.annotation.added", members)

    def call(self, key: object, call_id: str, callee: Callee) -> None:
        """A call of a client's tool begins; `key` names it to `arguments` and `done`."""
        self._keys.add(key)
        if self._waits(key, self.call, key, call_id, callee):
            return
        if callee.whole is not None:
            self._close("completed")
            self._covered = CoveredCall(key, call_id, callee)
            return
        voice = INPUT if callee.custom else ARGUMENTS
        item = self._begin(voice.item, call_head(call_id, callee), key)
        self._run = Run(voice, item.place(voice))

    def arguments(self, key: object, delta: str) -> None:
        """More of a call's input, as it came."""
        if not delta:
            return
        if self._item is not None and self._item.key == key and self._run is not None:
            self._say(self._run, delta, b"")
        elif self._covered is not None and self._covered.key == key:
            self._covered.pieces.append(delta)
        elif key in self._keys and key not in self._finished:
            self._queued.setdefault(key, []).append((self.arguments, (key, delta)))

    def done(self, key: object) -> None:
        """A call is complete: whatever waits for its end may go on."""
        if key in (self._item and self._item.key, self._covered and self._covered.key):
            self._close("completed")
            self._catch_up()
        elif key in self._keys and key not in self._finished:
            self._queued.setdefault(key, []).append((self.done, (key,)))

    def item(self, item: dict[str, Any]) -> None:
        """An item that arrived whole; it may lack its id."""
        if not self._waits(None, self.item, item):
            self.open()
            self._close("completed")
            self._write_whole(item)

    def finish(self, incomplete: str | None = None) -> Outcome:
        """Ends the answer; `incomplete` says why it is not all that the model would have said."""
        if self.outcome is not None:
            return self.outcome
        self.open()
        while self._backlog:
            self._close("completed")
            self._catch_up()
        self._close("completed" if incomplete is None else "incomplete")
        status = "completed" if incomplete is None else "incomplete"
        response = msgspec.structs.replace(
            self._opening,
            status=status,
            completed_at=int(self._clock()) if incomplete is None else None,
            incomplete_details=None if incomplete is None else {"reason": incomplete},
            output=Raw(b"[%b]" % b",".join(self._items)),
            usage=self.usage,
            service_tier=self.service_tier or "default",
            stop_sequence=self.stop_sequence or UNSET,
        )
        body = encoded(response)
        shown = body
        if self._hidden:
            output = [self._hidden.get(place, item) for place, item in enumerate(self._items)]
            shown = encoded(msgspec.structs.replace(response, output=Raw(b"[%b]" % b",".join(output))))
        self._emit(f"response.{status}", b'"response":%b' % shown)
        self.outcome = Outcome(status, body, self.upstream_id)
        return self.outcome

    def _think(self) -> None:
        item = self._item
        if (item is None or item.type != "reasoning") and not self._waits(None, self._think):
            self._begin("reasoning")

    def _speak(self, voice: Voice, delta: str) -> None:
        if not delta:
            return
        run = self._run
        if run is None or run.voice is not voice:
            if self._waits(None, self._speak, voice, delta):
                return
            run = self._start(voice)
        if self._loose_logprobs and voice is TEXT:
            logprobs, self._loose_logprobs = self._loose_logprobs, []
            run.logprobs.extend(logprobs)
            self._say(run, delta, b',"logprobs":%b' % _encode(logprobs))
        else:
            self._say(run, delta, run.tail)

    def _say(self, run: Run, delta: str, tail: bytes) -> None:
        """One delta event."""
        number = self._number
        data = self._delta(run, delta, tail)
        if self._number > number:
            self._events.append(Event(run.voice.delta, number, data))

    def _delta(self, run: Run, delta: str, tail: bytes) -> bytes:
        """What tells of a delta, nothing if none is to be told: the hot path of every stream."""
        if run.held:
            delta = run.mended(delta)
        try:
            said = _encode(delta)
        except UnicodeEncodeError:
            delta = run.mended(delta)
            if not delta:
                return b""
            said = _encode(delta)
        run.size += len(delta)
        if run.size > MOST_CHARACTERS:
            raise UpstreamBroke(f"The answer has a part of more than {MOST_CHARACTERS} characters.")
        run.pieces.append(delta)
        if len(run.pieces) > _PIECES:
            run.pieces[:] = ["".join(run.pieces)]
        if self._silent:
            return b""
        number = self._number
        self._number = number + 1
        if not self._obfuscate:
            return b'%b%b%b,"sequence_number":%d}' % (run.opening, said, tail, number)
        shift = number % PAD_SHIFTS
        pad = PAD[shift : shift + -len(delta) % PAD_BLOCK]
        return b'%b%b%b,"obfuscation":"%b","sequence_number":%d}' % (run.opening, said, tail, pad, number)

    def _emit(self, type: str, members: bytes) -> None:
        """Any other event; `members` is the inside of its JSON object."""
        number = self._number
        self._number = number + 1
        if not self._silent:
            data = b'{"type":"%b",%b,"sequence_number":%d}' % (type.encode(), members, number)
            self._events.append(Event(type, number, data))

    def _waits(self, key: object, again: Callable[..., None], *args: Any) -> bool:
        """Whether something new has to wait for the end of a call; if so it is kept, to be said `again`."""
        if self.outcome is not None:
            return True
        if self._busy or (self._backlog and not self._replaying):
            self._queued[key] = [(again, args)]
            self._backlog.append(self._queued[key])
            return True
        return False

    @property
    def _busy(self) -> bool:
        """Whether a call is being written that is not done."""
        return self._covered is not None or (self._item is not None and self._item.key is not None)

    def _catch_up(self) -> None:
        """Says what has waited, until the next unfinished call."""
        if self._replaying:
            return
        self._replaying = True
        while self._backlog and not self._busy:
            waiting = self._backlog.popleft()
            for again, args in waiting:
                again(*args)
            waiting.clear()
        self._replaying = False

    def _start(self, voice: Voice) -> Run:
        """Opens a part, and the item around it if the one that is open is another."""
        item = self._item
        if item is None or item.type != voice.item:
            item = self._begin(voice.item)
        elif self._run is not None:
            self._end_run(item, self._run)
        run = self._run = Run(voice, item.place(voice))
        self._emit(voice.part_added, b'%b,"part":%b' % (run.place, run.part()))
        if voice is TEXT and self._loose_notes:
            waiting, self._loose_notes = self._loose_notes, []
            for notes in waiting:
                self.annotate(notes)
        return run

    def _begin(self, type: ItemType, head: bytes = b"", key: object = None) -> OpenItem:
        self.open()
        self._close("completed")
        item = self._item = OpenItem(type, self._new_id, len(self._items), head=head, key=key)
        self._emit("response.output_item.added", b'%b,"item":%b' % (item.position, item.as_json("in_progress")))
        return item

    def _end_run(self, item: OpenItem, run: Run) -> None:
        if run.held:
            run.held = ""
            self._say(run, "\ufffd", run.tail)
        if run.voice is TEXT:
            run.logprobs.extend(self._loose_logprobs)
            self._loose_logprobs.clear()
        item.keep(run)
        self._run = None
        if self._silent:
            return
        self._emit(run.voice.done, b"%b,%b" % (run.place, run.spoken()))
        if run.voice.part is not None:
            self._emit(run.voice.part_done, b'%b,"part":%b' % (run.place, run.part()))

    def _close(self, status: Status) -> None:
        if self._covered is not None:
            self._uncover(self._covered)
        item = self._item
        if item is None:
            return
        if self._run is not None:
            self._end_run(item, self._run)
        self._finished.add(item.key)
        self._item = None
        written = shown = item.as_json(status)
        if item.type == "reasoning" and self._keeper is not None and self._keeper.waiting:
            written = item.as_json(status, self._keeper.blob())
            if self._keeper.hides:
                self._hidden[len(self._items)] = shown
            else:
                shown = written
        self._emit("response.output_item.done", b'%b,"item":%b' % (item.position, shown))
        self._items.append(written)

    def _uncover(self, call: CoveredCall) -> None:
        """Writes what the call turned out to be; an ordinary one is left open."""
        self._covered = None
        self._finished.add(call.key)
        item = call.item()
        self.open()
        if item is not None:
            self._write_whole(item)
            return
        opened = self._begin("function_call", call_head(call.call_id, call.callee), call.key)
        self._run = Run(ARGUMENTS, opened.place(ARGUMENTS))
        if call.pieces:
            self._say(self._run, "".join(call.pieces), b"")

    def _write_whole(self, item: dict[str, Any]) -> None:
        item = {"type": item["type"], "id": self._new_id(ID_PREFIXES[item["type"]]), "status": "completed"} | item
        position = b'"output_index":%d' % len(self._items)
        self._emit("response.output_item.added", b'%b,"item":%b' % (position, _encode(announced(item))))
        for type, members in steps(item):
            if self._obfuscate and "delta" in members:
                members["obfuscation"] = padding(self._number, members["delta"]).decode()
            self._emit(type, b"%b,%b" % (position, _encode(members)[1:-1]))
        written = _encode(item)
        self._emit("response.output_item.done", b'%b,"item":%b' % (position, written))
        self._items.append(written)
