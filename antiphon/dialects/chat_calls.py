"""Tool calls put together from the pieces that chat completions send, and told under the client's own names.

Vendors number calls by `index`, by id, by both or by nothing; ids and names may be missing, repeated in every piece or
cut in two. A call is told when its name is certain: at its first arguments, or when something else follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec

from antiphon.dialects.chat_keepsakes import signed
from antiphon.dialects.chat_shapes import Function, ToolCall
from antiphon.dialects.object_in_pieces import ObjectInPieces
from antiphon.dialects.stand_ins import STAND_INS, emulated_call
from antiphon.dialects.tool_names import ToolName, ToolNames
from antiphon.dialects.wrapping import WrappedInput
from antiphon.dialects.writer import ResponseWriter
from antiphon.dialects.writer_items import Callee
from antiphon.wire.ids import NewId
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode


class _Call:
    __slots__ = ("call_id", "custom", "done", "extra", "given_id", "key", "name", "object", "pieces", "told", "wrapped")

    def __init__(self, key: int, given_id: str, *, custom: bool) -> None:
        self.key = key
        self.given_id = given_id
        self.call_id = ""
        self.custom = custom
        self.extra: Item | None = None
        self.name = ""
        self.pieces: list[str] = []
        self.object = ObjectInPieces()
        self.wrapped: WrappedInput | None = None
        self.told = False
        self.done = False

    @property
    def complete(self) -> bool:
        """Whether its arguments are a whole JSON object, so that nothing more can belong to it."""
        return not self.custom and self.object.is_whole(self.pieces)


Sign = Callable[[Item, str], None]
"""Takes a call's signature, and the id that the client knows the call by."""

Whole = Callable[[str, str], Item | None]
"""Makes an item of another kind from a call's id and its input, as `writer_items.Callee.whole`."""

_NO_OWN: Final[Mapping[ToolName, Whole]] = MappingProxyType({})


class Calls:
    """The calls of one answer, told to its writer."""

    __slots__ = (
        "_begun",
        "_by_id",
        "_by_index",
        "_ids",
        "_kept",
        "_latest",
        "_names",
        "_new_id",
        "_news",
        "_own",
        "_sign",
        "_writer",
        "open",
    )

    def __init__(
        self,
        writer: ResponseWriter,
        names: ToolNames,
        new_id: NewId,
        sign: Sign = lambda _extra, _call_id: None,
        own: Mapping[ToolName, Whole] = _NO_OWN,
    ) -> None:
        """`names` leads from the provider's names to the client's tools; `sign` is told of signatures, if any are.

        `own` makes items of calls of the provider's own tools. `open` are the calls that are not done.
        """
        self._writer = writer
        self._sign = sign
        self._own = own
        self._names = names
        self._new_id = new_id
        self._begun = 0
        self.open: dict[int, _Call] = {}
        self._news: dict[int, _Call] = {}
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._ids: set[str] = set()
        self._latest: _Call | None = None
        self._kept = False

    @property
    def cut(self) -> bool:
        """Whether a call has arguments that are no JSON object, so that some may be missing."""
        return any(call.pieces and not call.custom and not call.complete for call in self.open.values())

    def add(self, piece: ToolCall, *, whole: bool = False) -> None:
        """A piece of a call, or a `whole` one."""
        if piece.custom is not None and (piece.custom.name or piece.custom.input):
            name, text = piece.custom.name or "", piece.custom.input or ""
            custom = True
        else:
            function = piece.function or Function()
            name, text = function.name or "", _arguments(function)
            custom = False
        call = None if whole else self._found(piece, name, text)
        if call is None:
            if not name and not text and not piece.id:
                return
            call = self._begin(piece, custom=custom)
        if piece.extra_content is not None and (extra := signed(piece.extra_content)) is not None:
            self._take_signature(call, extra)
        self._more(call, piece.id or "", name, text)

    def end(self, index: int) -> None:
        """The provider says that nothing more belongs to this call."""
        call = self._by_index.get(index)
        if call is None:
            return
        if not call.told and (call.name or call.pieces):
            self._tell(call)
        if call.told and not call.done:
            self._finish(call)
        self.open.pop(call.key, None)

    def settle(self) -> None:
        """Something else follows: calls that are complete are done, and all are told that have a name.

        Only of those that a piece came of since the last time can there be anything new.
        """
        for call in self._news.values():
            if not call.told and call.name:
                self._tell(call)
            if call.told and not call.done and call.complete:
                self._finish(call)
            if call.done:
                self.open.pop(call.key, None)
        self._news.clear()
        self._latest = None

    def close(self) -> None:
        """The answer is at its end. Calls that were cut are left to the writer, which knows why."""
        for call in self.open.values():
            if not call.told and (call.name or call.pieces):
                self._tell(call)
            if call.done or not call.told:
                continue
            if call.complete:
                self._finish(call)
            elif call.wrapped is not None:
                self._writer.arguments(call.key, call.wrapped.close())

    def _found(self, piece: ToolCall, name: str, text: str) -> _Call | None:
        """The call that `piece` goes on with, None when it begins a new one."""
        if piece.index is None:
            if piece.id:
                return self._by_id.get(piece.id)
            return None if name else self._latest
        call = self._by_index.get(piece.index)
        if call is None or not name:
            return call
        if piece.id and call.given_id:
            return call if piece.id == call.given_id else None
        return None if call.complete and (text or name != call.name) else call

    def _begin(self, piece: ToolCall, *, custom: bool) -> _Call:
        self.settle()
        call = _Call(self._begun, piece.id or "", custom=custom)
        self._begun += 1
        self.open[call.key] = call
        self._latest = call
        if piece.index is not None:
            self._by_index[piece.index] = call
        if piece.id:
            self._by_id.setdefault(piece.id, call)
        return call

    def _more(self, call: _Call, given_id: str, name: str, text: str) -> None:
        if call.done:
            return
        self._news[call.key] = call
        if not call.told:
            call.given_id = call.given_id or given_id
            call.name = self._joined(call.name, name)
        if not text:
            return
        call.pieces.append(text)
        if call.told:
            self._pass(call, text)
            if call is not self._latest and call.complete:
                self._finish(call)
        elif call.name:
            self._tell(call)

    def _take_signature(self, call: _Call, extra: Item) -> None:
        """Told before its call, where it comes in time."""
        if not call.told:
            call.extra = extra
        elif call.call_id:
            self._sign(extra, call.call_id)

    def _joined(self, name: str, piece: str) -> str:
        """A name that came in pieces, or again and again."""
        if not name or not piece:
            return name or piece
        if name + piece in self._names.known:
            return name + piece
        if piece in self._names.known or piece.startswith(name):
            return piece
        return name if name in self._names.known else name + piece

    def _tell(self, call: _Call) -> None:
        call.told = True
        if not self._names.permits(call.name) or (self._kept and not self._names.parallel):
            call.done = True
            return
        self._kept = True
        tool = self._names.of(call.name)
        call_id = call.given_id if call.given_id and call.given_id not in self._ids else self._new_id("call")
        self._ids.add(call_id)
        if tool.kind == "custom" and not call.custom:
            call.wrapped = WrappedInput()
        call.call_id = call_id
        if call.extra is not None:
            self._sign(call.extra, call_id)
        self._writer.call(call.key, call_id, _callee(tool, self._own.get(tool), custom=call.custom))
        for text in call.pieces:
            self._pass(call, text)

    def _pass(self, call: _Call, text: str) -> None:
        self._writer.arguments(call.key, text if call.wrapped is None else call.wrapped.feed(text))

    def _finish(self, call: _Call) -> None:
        if call.wrapped is not None:
            self._writer.arguments(call.key, call.wrapped.close())
        self._writer.done(call.key)
        call.done = True


def _callee(tool: ToolName, own: Whole | None, *, custom: bool) -> Callee:
    whole = partial(emulated_call, tool.kind) if tool.kind in STAND_INS else own
    return Callee(tool.name, tool.namespace, custom=custom or tool.kind == "custom", whole=whole)


def _arguments(function: Function) -> str:
    arguments = function.arguments
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return _encode(arguments).decode()
