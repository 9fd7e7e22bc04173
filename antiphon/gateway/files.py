"""Files that tenants bring: how large they may be, how long they last, and how they come in parts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct, structs

from antiphon.conversation_protocols import Page
from antiphon.errors import BadRequest, BodyTooLarge, NotFound, StoreFailed
from antiphon.file_protocols import FileStore, StoredFile, StoredUpload, Uploads
from antiphon.gateway.file_kinds import UNKNOWN, known, named
from antiphon.protocols import Clock
from antiphon.wire.files import (
    BATCH_SECONDS,
    LONGEST_SECONDS,
    MAX_PART_BYTES,
    PART_PREFIX,
    PREFIX,
    UPLOAD_PREFIX,
    NewUpload,
    UploadEnd,
    plain_name,
    type_of,
)
from antiphon.wire.ids import NewId

_LOOK_BYTES: Final = 8_388_608
"""So often, in bytes of an upload, it is looked whether its tenant has room for more."""


_TIMES: Final = 3
"""So often a part may come: clients send one again whose answer they never got."""


_OPEN: Final = ("pending", "completing")


class FileLimits(Struct, frozen=True):
    """How much may be kept, and for how long; None is without a limit."""

    max_bytes: int
    tenant_bytes: int | None
    retention_seconds: int | None
    upload_seconds: int


class Wish(Struct, frozen=True):
    """What an owner says of a file. `seconds` is how long it shall last, None where nothing is said of that."""

    purpose: str
    seconds: int | None = None


class FileDesk:
    """Takes files in."""

    def __init__(self, files: FileStore, uploads: Uploads, limits: FileLimits, clock: Clock, new_id: NewId) -> None:
        """Opens nothing."""
        self.files = files
        self.limits = limits
        self._uploads = uploads
        self._clock = clock
        self._new_id = new_id
        self._completing: dict[tuple[str, str], asyncio.Event] = {}

    async def keep(
        self, tenant: str, filename: str, media_type: str, content: AsyncIterable[bytes], wish: Callable[[], Wish]
    ) -> StoredFile:
        """Keeps a file; `wish` is asked once `content` has come. Raises BadRequest, BodyTooLarge, StoreFailed."""
        name = plain_name(filename, "unnamed")
        now = int(self._clock())
        file = StoredFile(
            id=self._new_id(PREFIX),
            tenant=tenant,
            filename=name,
            purpose="",
            created_at=now,
            media_type=_type(media_type, name),
        )

        def settle(whole: StoredFile) -> StoredFile:
            said = wish()
            return structs.replace(whole, purpose=said.purpose, expires_at=self._end(now, said))

        await self._check_room(tenant, 1)
        return await self.files.create(file, self._measured(tenant, content), settle)

    async def found(self, tenant: str, file_id: str) -> StoredFile:
        """Raises NotFound."""
        file = await self.files.find(tenant, file_id)
        if file is None:
            raise unknown_file(file_id)
        return file

    async def begin(self, tenant: str, asked: NewUpload) -> StoredUpload:
        """An upload that waits for its parts. Raises BadRequest, BodyTooLarge."""
        if asked.bytes > self.limits.max_bytes:
            raise self._too_large()
        await self._check_room(tenant, asked.bytes + await self._uploads.pending(tenant))
        now = int(self._clock())
        name = plain_name(asked.filename, "unnamed")
        upload = StoredUpload(
            id=self._new_id(UPLOAD_PREFIX),
            tenant=tenant,
            filename=name,
            purpose=asked.purpose,
            media_type=_type(asked.mime_type, name),
            bytes=asked.bytes,
            created_at=now,
            expires_at=now + self.limits.upload_seconds,
            lasts=None if asked.expires_after is None else asked.expires_after.seconds,
        )
        await self._uploads.create(upload)
        return upload

    async def pending(self, tenant: str, upload_id: str) -> StoredUpload:
        """An upload that takes parts. Raises NotFound or BadRequest."""
        upload = await self._upload(tenant, upload_id)
        if upload.status != "pending":
            raise _ended(upload)
        return upload

    async def add(self, upload: StoredUpload, content: AsyncIterable[bytes]) -> StoredFile:
        """Keeps a part. Raises BadRequest, BodyTooLarge."""
        part = StoredFile(
            id=self._new_id(PART_PREFIX),
            tenant=upload.drawer,
            filename=upload.filename,
            purpose=upload.purpose,
            created_at=int(self._clock()),
            media_type=UNKNOWN,
            expires_at=upload.expires_at,
        )
        return await self.files.create(part, self._part(upload, content))

    async def complete(self, tenant: str, upload_id: str, asked: UploadEnd) -> tuple[StoredUpload, StoredFile]:
        """The parts made one file. Asked again, it answers the same. Raises NotFound or BadRequest."""
        while (other := self._completing.get((tenant, upload_id))) is not None:
            await other.wait()
        ended = self._completing[tenant, upload_id] = asyncio.Event()
        try:
            return await self._complete(tenant, upload_id, asked)
        finally:
            del self._completing[tenant, upload_id]
            ended.set()

    async def _complete(self, tenant: str, upload_id: str, asked: UploadEnd) -> tuple[StoredUpload, StoredFile]:
        """What another process was at is begun anew: that one may be dead, and if it is not, its file goes."""
        upload = await self._upload(tenant, upload_id)
        made = await self._made(upload)
        if made is not None:
            return await self._completed(upload, made), made
        if upload.status not in _OPEN:
            raise _ended(upload)
        parts = await self._parts(upload, asked.part_ids)
        named = self._new_id(PREFIX)
        if not await self._uploads.change(upload, "completing", named):
            raise _ended(await self._upload(tenant, upload_id))
        upload = structs.replace(upload, status="completing", file_id=named)
        try:
            made = await self._joined(upload, named, parts, asked.md5)
        except BaseException:
            with suppress(StoreFailed):
                await self._uploads.change(upload, "pending")
            raise
        return await self._completed(upload, made), made

    async def cancel(self, tenant: str, upload_id: str) -> StoredUpload:
        """An upload that takes no parts any more, and has none. Raises NotFound or BadRequest."""
        upload = await self._upload(tenant, upload_id)
        if upload.status == "cancelled":
            return upload
        is_open = upload.status in _OPEN and await self._made(upload) is None
        if not is_open or not await self._uploads.change(upload, "cancelled"):
            raise _ended(upload)
        await self._clear(upload)
        return structs.replace(upload, status="cancelled")

    async def _upload(self, tenant: str, upload_id: str) -> StoredUpload:
        upload = await self._uploads.find(tenant, upload_id)
        if upload is None:
            message = f"No such upload: '{upload_id[:300]}'. It may have expired."
            raise NotFound(message, param="upload_id", code="upload_not_found")
        return upload

    async def _made(self, upload: StoredUpload) -> StoredFile | None:
        return None if upload.file_id is None else await self.files.find(upload.tenant, upload.file_id)

    async def _completed(self, upload: StoredUpload, made: StoredFile) -> StoredUpload:
        if upload.status != "completed":
            if not await self._uploads.change(upload, "completed", made.id):
                await self._check_kept(upload, made)
            await self._clear(upload)
        return structs.replace(upload, status="completed", file_id=made.id)

    async def _check_kept(self, upload: StoredUpload, made: StoredFile) -> None:
        """Raises BadRequest where the upload was cancelled meanwhile, or another makes its file: this one goes."""
        now = await self._uploads.find(upload.tenant, upload.id)
        if now is not None and now.file_id != made.id:
            await self.files.delete(upload.tenant, made.id)
            raise _ended(now)

    async def _clear(self, upload: StoredUpload) -> None:
        """Removes the parts; what is left of them if this breaks off goes when the upload expires."""
        page = Page(limit=100)
        while parts := (await self.files.listed(upload.drawer, page)).files:
            for part in parts:
                await self.files.delete(upload.drawer, part.id)

    async def _parts(self, upload: StoredUpload, part_ids: Sequence[str]) -> list[StoredFile]:
        if len(set(part_ids)) < len(part_ids):
            raise BadRequest("'part_ids' names a part twice.", param="part_ids", code="invalid_value")
        parts: list[StoredFile] = []
        for part_id in part_ids:
            part = await self.files.find(upload.drawer, part_id)
            if part is None:
                message = f"The upload has no part '{part_id[:300]}'."
                raise BadRequest(message, param="part_ids", code="invalid_value")
            parts.append(part)
        total = sum(part.bytes for part in parts)
        if total != upload.bytes:
            message = f"The parts have {total} bytes together, and the upload was to have {upload.bytes}."
            raise BadRequest(message, param="part_ids", code="invalid_value")
        return parts

    async def _joined(
        self, upload: StoredUpload, file_id: str, parts: Sequence[StoredFile], md5: str | None
    ) -> StoredFile:
        now = int(self._clock())
        digest = hashlib.md5(usedforsecurity=False)
        file = StoredFile(
            id=file_id,
            tenant=upload.tenant,
            filename=upload.filename,
            purpose=upload.purpose,
            created_at=now,
            media_type=upload.media_type,
            expires_at=self._end(now, Wish(upload.purpose, upload.lasts)),
        )

        async def content() -> AsyncGenerator[bytes]:
            for part in parts:
                async for piece in await self.files.content(part.tenant, part.id) or _nothing():
                    digest.update(piece)
                    yield piece

        def settle(whole: StoredFile) -> StoredFile:
            if md5 is not None and md5.strip().lower() != digest.hexdigest():
                raise BadRequest("The parts do not have this MD5 together.", param="md5", code="invalid_value")
            if whole.bytes != upload.bytes:
                raise BadRequest("A part was removed meanwhile.", param="part_ids", code="invalid_value")
            return whole

        return await self.files.create(file, content(), settle)

    def _end(self, now: int, said: Wish) -> int | None:
        seconds = said.seconds
        if seconds is None:
            seconds = self.limits.retention_seconds
            if said.purpose == "batch":
                seconds = min(seconds or LONGEST_SECONDS, BATCH_SECONDS)
        return None if seconds is None else now + seconds

    async def _measured(self, tenant: str, content: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
        size, looked = 0, 0
        async for piece in content:
            size += len(piece)
            if size > self.limits.max_bytes:
                raise self._too_large()
            if size - looked >= _LOOK_BYTES:
                looked = size
                await self._check_room(tenant, 0)
            yield piece

    async def _part(self, upload: StoredUpload, content: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
        room = _TIMES * upload.bytes - await self.files.used(upload.drawer)
        size = 0
        async for piece in content:
            size += len(piece)
            if size > MAX_PART_BYTES:
                raise BodyTooLarge(f"A part may have at most {MAX_PART_BYTES} bytes; send more parts.")
            if size > room:
                message = f"The parts have far more than the {upload.bytes} bytes that the upload was to have."
                raise BadRequest(message, param="data", code="invalid_value")
            yield piece

    async def _check_room(self, tenant: str, more: int) -> None:
        most = self.limits.tenant_bytes
        if most is not None and await self.files.used(tenant) + more > most:
            message = f"You may keep {most} bytes of files in all, and there is no room left: delete some."
            raise BadRequest(message, param="file", code="file_quota_exceeded")

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The file is larger than the {self.limits.max_bytes} bytes that one may have here.")


def unknown_file(file_id: str, param: str | None = None) -> NotFound:
    """Unknown, deleted, expired and foreign ids are told alike."""
    return NotFound(f"No such file: '{file_id[:300]}'.", param=param or "file_id", code="file_not_found")


def _ended(upload: StoredUpload) -> BadRequest:
    message = f"The upload is {upload.status}: it takes no parts and cannot be completed or cancelled any more."
    return BadRequest(message, param="upload_id", code="upload_ended")


def _type(media_type: str, name: str) -> str:
    said = type_of(media_type)
    return said if known(said) else named(name) or said


async def _nothing() -> AsyncGenerator[bytes]:
    """What is left of a part that is gone."""
    for piece in ():
        yield piece
