"""Files of the gateway's own that a request names, brought to whoever answers it.

The turn keeps what the client said. What the model reads has the bytes in place of the name, as text, picture or file;
or the provider's own name for the file, where the provider keeps files and this one is too large for a request, or can
be told by such a name alone. Names that are not the gateway's are the provider's, and pass.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest, UpstreamRefused
from antiphon.file_protocols import Courier, FileStore, StoredFile
from antiphon.gateway.content_parts import HISTORY, is_list, parts_of_turn, with_parts
from antiphon.gateway.copies import Copies, read
from antiphon.gateway.file_kinds import UNKNOWN, ending, family, known, named, told
from antiphon.gateway.files import unknown_file
from antiphon.protocols import Target, Turn
from antiphon.wire.files import is_own, names_own
from antiphon.wire.requests import Item, is_item

MOST_FILES: Final = 256
"""Of one request."""

_NAMING: Final = ("input_file", "input_image", "computer_screenshot")
_PICTURES: Final = frozenset({"input_image", "computer_screenshot"})
_GONE: Final = "[There was a file here, which is no longer kept.]"
_LEFT_OUT: Final = "A file that was named earlier is no longer kept, and was left out."
_CACHED: Final = "prompt_cache_breakpoint"
_HOLDERS: Final = ("container", "environment")
"""Members of tools that hold the ids of files to work on."""

_encode: Final = msgspec.json.Encoder().encode


class Allowance(Struct, frozen=True):
    """How many bytes one file, and all of a request, may be put into the request as data."""

    one: int
    all: int


class Attachments:
    """Brings files to turns."""

    def __init__(self, files: FileStore, copies: Copies, allowance: Allowance) -> None:
        """`copies` brings to providers what cannot go into a request."""
        self._files = files
        self._copies = copies
        self._allowance = allowance

    def concern(self, turn: Turn) -> bool:
        """Whether files may be named at all."""
        return bool(turn.history) or turn.lent is not None or names_own(turn.request.body)

    async def bring(self, turn: Turn, target: Target) -> None:
        """Puts what the target reads in place of the names. Raises NotFound, BadRequest, UpstreamError, StoreFailed."""
        await self._bring_tools(turn, target)
        wanted = _wanted(turn)
        if not wanted:
            return
        if len(wanted) > MOST_FILES:
            raise BadRequest(
                f"A request may name at most {MOST_FILES} different files.", param="input", code="invalid_value"
            )
        errand = _Errand(self._copies, self._files, self._allowance, turn, target)
        brought: dict[str, _Brought | None] = {}
        for file_id, place in wanted.items():
            brought[file_id] = await errand.bring(file_id, place)
        manner = target.dialect.name
        words = manner == "chat" or (manner == "responses" and self._copies.courier(target.provider) is None)
        _put(turn, brought, chat=manner == "chat", words=words)

    async def missed(self, turn: Turn, target: Target, error: UpstreamRefused) -> bool:
        """Whether the target's refusal may mean that it has a file no more; then nobody believes so any longer."""
        said = f"{error.message} {error.said or ''}".lower()
        if turn.lent is None or "file" not in said:
            return False
        return any([await self._copies.lost(target.provider, file_id) for file_id in set(turn.lent.values())])

    async def _bring_tools(self, turn: Turn, target: Target) -> None:
        """Files that tools shall work on lie at the provider: it has no other way to them."""
        tools = turn.request.tools
        if not tools or not any(_held(tool, turn) for tool in tools):
            return
        courier = self._copies.courier(target.provider)
        if courier is None or not courier.uploads(target.dialect.name):
            message = f"{target.provider} has no place for files, which its tools could work on."
            raise BadRequest(message, param="tools", code="unsupported_value")
        names: dict[str, str] = {}
        for index, tool in enumerate(tools):
            for file_id in _held(tool, turn):
                file = await self._files.find(turn.caller.tenant, _own(turn, file_id))
                if file is None:
                    raise unknown_file(file_id, f"tools[{index}]")
                names[file_id] = await self._copies.at(target.provider, courier, file, _said(file))
        turn.lent = (turn.lent or {}) | {vendor: _own(turn, own) for own, vendor in names.items()}
        changed = [_with_files(tool, names) for tool in tools]
        body = _encode(turn.request.members() | {"tools": changed})
        turn.request = msgspec.structs.replace(turn.request, tools=changed, body=body)


class _Brought(Struct, frozen=True):
    """A file as it is told: under the provider's name for it, or as data of a media type."""

    file: StoredFile
    media_type: str
    vendor_id: str | None = None
    data: bytes = b""
    named: bool = False


class _Errand:
    """The files of one turn for one target."""

    def __init__(self, copies: Copies, files: FileStore, allowance: Allowance, turn: Turn, target: Target) -> None:
        self._copies = copies
        self._files = files
        self._allowance = allowance
        self._turn = turn
        self._target = target
        self._inline = 0

    async def bring(self, file_id: str, place: str) -> _Brought | None:
        """None for a file that is gone since it was said, in a turn before this one."""
        file = await self._files.find(self._turn.caller.tenant, file_id)
        if file is None:
            if place != HISTORY or self._turn.strict:
                raise unknown_file(file_id, place)
            if _LEFT_OUT not in self._turn.notes:
                self._turn.notes += (_LEFT_OUT,)
            return None
        courier = self._copies.courier(self._target.provider)
        media_type = _said(file)
        if courier is not None and courier.lends(self._target.dialect.name, media_type, file.bytes, self._inline):
            return await self._lent(courier, file, media_type)
        self._check(file, place)
        self._inline += file.bytes
        data = await read(self._files, file)
        return _Brought(file, told(media_type, data), data=data)

    async def _lent(self, courier: Courier, file: StoredFile, media_type: str) -> _Brought:
        vendor_id = await self._copies.at(self._target.provider, courier, file, media_type)
        self._turn.lent = (self._turn.lent or {}) | {vendor_id: file.id}
        return _Brought(file, media_type, vendor_id, named=courier.named)

    def _check(self, file: StoredFile, place: str) -> None:
        if file.bytes > self._allowance.one:
            message = (
                f"The file '{file.id}' has {file.bytes} bytes, and {self._target.provider} is sent at most"
                f" {self._allowance.one} in a request."
            )
        elif self._inline + file.bytes > self._allowance.all:
            message = f"The files of this request have more than {self._allowance.all} bytes together."
        else:
            return
        raise BadRequest(message, param=place, code="file_too_large")


def _said(file: StoredFile) -> str:
    return file.media_type if known(file.media_type) else named(file.filename) or UNKNOWN


def _own(turn: Turn, file_id: str) -> str:
    """Our name for what an earlier attempt has told a provider under the provider's own."""
    return file_id if turn.lent is None else turn.lent.get(file_id, file_id)


def _named(part: Item, turn: Turn) -> str | None:
    """The file of ours that a part names."""
    file_id: Any = part.get("file_id")
    if not isinstance(file_id, str) or part.get("type") not in _NAMING:
        return None
    file_id = _own(turn, file_id)
    return file_id if is_own(file_id) else None


def _wanted(turn: Turn) -> dict[str, str]:
    """Every file that is named, and where first."""
    wanted: dict[str, str] = {}
    for part, place in parts_of_turn(turn):
        file_id = _named(part, turn)
        if file_id is not None and wanted.get(file_id, HISTORY) == HISTORY:
            wanted[file_id] = place if place == HISTORY else f"{place}.file_id"
    return wanted


def _put(turn: Turn, brought: Mapping[str, _Brought | None], *, chat: bool, words: bool) -> None:
    """`words` says that text is told as a text part: all who speak chat take those, and few take files of text."""

    def change(part: Item) -> Item:
        file_id = _named(part, turn)
        return part if file_id is None else _part(part, brought[file_id], chat=chat, words=words)

    kept = turn.input
    turn.history = [with_parts(item, change) for item in turn.history]
    turn.input = [with_parts(item, change) for item in turn.input]
    if turn.kept is None:
        turn.kept = kept


def _part(part: Item, found: _Brought | None, *, chat: bool, words: bool) -> Item:
    """The part that tells the file to the model. Raises BadRequest for a picture that is none."""
    if found is None:  # a screenshot stands where no text can, so what is left of it is for the dialect to report
        return part if part["type"] == "computer_screenshot" else {"type": "input_text", "text": _GONE}
    kind = family(found.media_type)
    if part["type"] in _PICTURES and kind != "image":
        message = f"The file '{found.file.id}' is no image, but {found.media_type}: name it in an 'input_file'."
        raise BadRequest(message, param="input", code="invalid_value")
    same = {_CACHED: part[_CACHED]} if part.get(_CACHED) is not None else {}
    if kind == "image" and part.get("detail") is not None:
        same["detail"] = part["detail"]
    picture = "computer_screenshot" if part["type"] == "computer_screenshot" else "input_image"
    if found.vendor_id is not None:
        if found.named:
            same.pop("detail", None)
            return {"type": "input_file", "file_id": found.vendor_id, "filename": _name(part, found), **same}
        return {"type": picture if kind == "image" else "input_file", "file_id": found.vendor_id, **same}
    if words and kind == "text":
        return {"type": "input_text", "text": f"{_name(part, found)}:\n{found.data.decode('utf-8', 'replace')}", **same}
    encoded = base64.b64encode(found.data).decode()
    if chat and kind == "audio":
        form = found.media_type.partition("/")[2].removeprefix("x-")
        return {"type": "input_audio", "input_audio": {"data": encoded, "format": _FORMS.get(form, form)}}
    address = f"data:{found.media_type};base64,{encoded}"
    if kind == "image":
        return {"type": picture, "image_url": address, **same}
    if chat and kind == "video":
        return {"type": "input_video", "video_url": address}
    return {"type": "input_file", "file_data": address, "filename": _name(part, found), **same}


_FORMS: Final = {"mpeg": "mp3", "wave": "wav", "mp4": "m4a"}


def _name(part: Item, found: _Brought) -> str:
    """A name that tells what the file is."""
    given: Any = part.get("filename")
    name = given if isinstance(given, str) and given else found.file.filename
    return name if named(name) is not None else name + ending(found.media_type)


def _held(tool: Item, turn: Turn) -> list[str]:
    """The files of ours that a tool shall work on, under whatever name."""
    listed = [file_id for holder in _HOLDERS for file_id in _listed(tool.get(holder))]
    return [file_id for file_id in listed if is_own(_own(turn, file_id))]


def _listed(holder: object) -> list[str]:
    ids: object = holder.get("file_ids") if is_item(holder) else None
    return [each for each in ids if isinstance(each, str)] if is_list(ids) else []


def _with_files(tool: Item, names: Mapping[str, str]) -> Item:
    changed = dict(tool)
    for holder in _HOLDERS:
        if ids := _listed(tool.get(holder)):
            changed[holder] = {**tool[holder], "file_ids": [names.get(file_id, file_id) for file_id in ids]}
    return changed
