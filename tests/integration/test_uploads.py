"""Uploads that two processes complete at once: one file, whoever is the last."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from itertools import count

import pytest
from typing_extensions import override

from antiphon.conversation_protocols import Page
from antiphon.errors import BadRequest
from antiphon.file_protocols import StoredFile, unchanged
from antiphon.gateway.files import FileDesk, FileLimits
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.file_uploads import SqlUploads
from antiphon.store.files import SqlFiles
from antiphon.wire.files import NewUpload, UploadEnd
from tests.contracts.file_store import ids, pieces, read
from tests.contracts.responses_store import MINE, HandClock

LIMITS = FileLimits(max_bytes=1_000_000, tenant_bytes=None, retention_seconds=None, upload_seconds=600)


class PausingFiles(SqlFiles):
    """Stops before the end of a file, when all of it has been read."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        super().__init__(database, clock)
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    @override
    async def create(
        self,
        file: StoredFile,
        content: AsyncIterable[bytes],
        settle: Callable[[StoredFile], StoredFile] = unchanged,
    ) -> StoredFile:
        async def slowly() -> AsyncGenerator[bytes]:
            async for piece in content:
                yield piece
            self.reached.set()
            await self.go_on.wait()

        return await super().create(file, slowly(), settle)


@pytest.mark.parametrize("verb", ["complete", "cancel"])
async def test_a_file_that_comes_too_late_is_dropped(verb: str) -> None:
    numbers, clock = count(), HandClock()

    def new_id(prefix: str) -> str:
        return f"{prefix}{next(numbers):03}"

    async with SqlDatabase.open("sqlite://") as database:
        files, uploads = SqlFiles(database, clock), SqlUploads(database, clock)
        slow = PausingFiles(database, clock)
        here, there = (FileDesk(each, uploads, LIMITS, clock, new_id) for each in (files, slow))
        asked = NewUpload(filename="a.txt", purpose="user_data", bytes=4, mime_type="text/plain")
        upload = await here.begin(MINE, asked)
        end = UploadEnd(part_ids=[(await here.add(upload, pieces(b"abcd"))).id])
        kept: list[str] = []

        async def late() -> None:
            with pytest.raises(BadRequest) as caught:
                await there.complete(MINE, upload.id, end)
            assert caught.value.code == "upload_ended"

        async with asyncio.TaskGroup() as group:
            group.create_task(late())
            await slow.reached.wait()
            if verb == "complete":
                kept.append((await here.complete(MINE, upload.id, end))[1].id)
                assert await read(files, MINE, kept[0]) == b"abcd"
            else:
                assert (await here.cancel(MINE, upload.id)).status == "cancelled"
            slow.go_on.set()
        assert await ids(files, Page(limit=10)) == kept
