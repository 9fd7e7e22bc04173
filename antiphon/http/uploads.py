"""`/v1/uploads`: a file that comes in parts, each with its own request."""

from __future__ import annotations

from typing import Final

import msgspec

from antiphon.gateway.files import FileDesk
from antiphon.http.call import Call
from antiphon.http.file_forms import one_file
from antiphon.http.file_shapes import shown_part, shown_upload
from antiphon.wire.conversations import parse
from antiphon.wire.files import MAX_PART_BYTES, NewUpload, UploadEnd

_encode: Final = msgspec.json.Encoder().encode


class UploadEndpoints:
    """The handlers."""

    def __init__(self, desk: FileDesk, max_body_bytes: int) -> None:
        """`max_body_bytes` is for what is no part."""
        self._desk = desk
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """`POST /v1/uploads`."""
        upload = await self._desk.begin(call.tenant, parse(NewUpload, await call.body(self._max_body_bytes)))
        await call.reply(200, _encode(shown_upload(upload)))

    async def add_part(self, call: Call) -> None:
        """`POST /v1/uploads/{id}/parts`."""
        upload = await self._desk.pending(call.tenant, call.path_params["id"])
        async with one_file(call, "data", MAX_PART_BYTES) as form:
            part = await self._desk.add(upload, form.content())
        await call.reply(200, _encode(shown_part(part, upload)))

    async def complete(self, call: Call) -> None:
        """`POST /v1/uploads/{id}/complete`."""
        asked = parse(UploadEnd, await call.body(self._max_body_bytes))
        upload, file = await self._desk.complete(call.tenant, call.path_params["id"], asked)
        await call.reply(200, _encode(shown_upload(upload, file)))

    async def cancel(self, call: Call) -> None:
        """`POST /v1/uploads/{id}/cancel`."""
        upload = await self._desk.cancel(call.tenant, call.path_params["id"])
        await call.reply(200, _encode(shown_upload(upload)))
