"""`/v1/files`: kept by the gateway, shown in OpenAI's words or, to Anthropic's clients, in theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final
from urllib.parse import quote

import msgspec

from antiphon.conversation_protocols import Page
from antiphon.errors import BadRequest, StoreFailed
from antiphon.file_protocols import FileList, StoredFile
from antiphon.gateway.files import FileDesk, unknown_file
from antiphon.http.call import Call, Header
from antiphon.http.file_forms import check_purpose, one_file, wish_of
from antiphon.http.file_shapes import PAGE_MARK, Json, shown, shown_deleted, shown_list
from antiphon.http.queries import Values, number
from antiphon.http.ranges import range_of
from antiphon.http.watch import ClientWatch
from antiphon.wire.ids import is_well_formed

_encode: Final = msgspec.json.Encoder().encode
_MOST: Final = 10_000
_MOST_ANTHROPIC: Final = 1000
_FEW: Final = 20
_MOST_IDS: Final = 100


class FileEndpoints:
    """The handlers."""

    def __init__(self, desk: FileDesk, group: asyncio.TaskGroup, gone: Callable[[], None]) -> None:
        """`gone` is called when a file was deleted; `group` owns tasks that watch for clients that leave."""
        self._desk = desk
        self._group = group
        self._gone = gone

    async def create(self, call: Call) -> None:
        """`POST /v1/files`."""
        async with one_file(call, "file", self._desk.limits.max_bytes) as form:
            if "purpose" in form.fields:
                wish_of(form.fields, call.tongue)  # what is wrong is told before the file has come
            part = form.part
            file = await self._desk.keep(
                call.tenant,
                part.filename or "",
                part.media_type,
                form.content(),
                lambda: wish_of(form.fields, call.tongue),
            )
        await _reply(call, shown(file, call.tongue))

    async def listed(self, call: Call) -> None:
        """`GET /v1/files`."""
        values = call.query()
        if call.tongue == "anthropic":
            if wanted := values.get("ids"):
                found, page = await self._named(call.tenant, wanted), Page()
            else:
                page = _anthropic_page(values)
                found = await self._desk.files.listed(call.tenant, page)
        else:
            page = _page(values)
            purpose = values["purpose"][-1] if values.get("purpose") else None
            found = await self._desk.files.listed(call.tenant, page, purpose)
        await _reply(call, shown_list(found, page, call.tongue))

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/files/{id}`."""
        await _reply(call, shown(await self._found(call), call.tongue))

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/files/{id}`."""
        file_id = _id(call)
        if not await self._desk.files.delete(call.tenant, file_id):
            raise unknown_file(file_id)
        self._gone()
        await _reply(call, shown_deleted(file_id, call.tongue))

    async def content(self, call: Call) -> None:
        """`GET /v1/files/{id}/content`."""
        file = await self._found(call)
        tag = f'"{file.id}"'.encode()
        wanted = range_of(call, file.bytes, tag)
        span = range(file.bytes) if wanted is None else wanted
        pieces = await self._desk.files.content(call.tenant, file.id, span.start)
        if pieces is None:
            raise unknown_file(file.id)
        headers = [*_headers(file), (b"etag", tag), (b"content-length", b"%d" % len(span))]
        if wanted is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (span.start, span.stop - 1, file.bytes)))
        with ClientWatch(call, self._group):
            await _send(call, 200 if wanted is None else 206, headers, pieces, len(span))

    async def _found(self, call: Call) -> StoredFile:
        return await self._desk.found(call.tenant, _id(call))

    async def _named(self, tenant: str, wanted: list[str]) -> FileList:
        """The files of these ids that there are, in one page."""
        ids = list(dict.fromkeys(each for value in wanted for each in value.split(",") if each))
        if len(ids) > _MOST_IDS:
            raise BadRequest(f"'ids' may hold at most {_MOST_IDS} ids.", param="ids", code="invalid_value")
        found = [await self._desk.files.find(tenant, file_id) for file_id in ids]
        return FileList([file for file in found if file is not None], has_more=False)


def _id(call: Call) -> str:
    """The id in the path. Raises NotFound for what cannot be anybody's id."""
    file_id = call.path_params["id"]
    if not is_well_formed(file_id):
        raise unknown_file(file_id)
    return file_id


def _page(values: Values) -> Page:
    order = values.get("order", ["desc"])[-1]
    if order not in ("asc", "desc"):
        raise BadRequest("Invalid value for 'order': expected 'asc' or 'desc'.", param="order", code="invalid_value")
    if values.get("purpose") and not values["purpose"][-1].endswith("_output"):
        check_purpose(values["purpose"][-1])
    return Page(
        limit=number(values, "limit", _MOST, 1, _MOST),
        order="asc" if order == "asc" else "desc",
        after=values["after"][-1] if values.get("after") else None,
    )


def _anthropic_page(values: Values) -> Page:
    after = values.get("after_id") or [page.removeprefix(PAGE_MARK) for page in values.get("page", ())]
    before = values.get("before_id")
    return Page(
        limit=number(values, "limit", _FEW, 1, _MOST_ANTHROPIC),
        after=after[-1] if after else None,
        before=before[-1] if before else None,
    )


def _headers(file: StoredFile) -> list[Header]:
    """What the content is. No browser is to show it: what somebody brought must not run under the gateway's name."""
    name = quote(file.filename, safe="")
    return [
        (b"content-type", file.media_type.encode()),
        (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"accept-ranges", b"bytes"),
    ]


async def _send(call: Call, status: int, headers: list[Header], pieces: AsyncIterator[bytes], left: int) -> None:
    """So many bytes of what `pieces` begins with; the first is there before anything is said to be."""
    first = await anext(pieces, b"")
    if left and not first:
        raise StoreFailed("The file was deleted while it was read.")
    await call.start(status, headers)
    piece = first
    while left > len(piece):
        left -= len(piece)
        await call.send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = await anext(pieces)
    await call.send({"type": "http.response.body", "body": piece[:left]})


async def _reply(call: Call, body: Json) -> None:
    await call.reply(200, _encode(body))
