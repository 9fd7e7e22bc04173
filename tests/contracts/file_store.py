"""What every implementation of `antiphon.file_protocols.FileStore` and `FileCopies` must do, by the same clock.

Subclass the contracts in a test module and give them a fixture `make`, which returns a `Make`:

    class TestMyFiles(FileStoreContract, FileEndingContract, FileCopiesContract):
        @pytest.fixture
        def make(self) -> Make:
            return my_async_context_manager
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest
from msgspec import structs

from antiphon.conversation_protocols import Page
from antiphon.errors import StoreFailed
from antiphon.file_protocols import FileCopies, FileCopy, FileStore, StoredFile, StoredUpload, Uploads
from antiphon.protocols import Clock
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock

LARGE = 1_500_000
"""Bytes: more than a store holds in one piece."""


class Cabinet(Protocol):
    @property
    def files(self) -> FileStore: ...

    @property
    def copies(self) -> FileCopies: ...

    @property
    def uploads(self) -> Uploads: ...

    async def sweep(self) -> None:
        """What is no more leaves the store."""
        ...


Make = Callable[[Clock], AbstractAsyncContextManager[Cabinet]]
"""Opens an empty store that reads the given clock."""


def file(name: str, *, tenant: str = MINE, purpose: str = "user_data", expires_at: int | None = None) -> StoredFile:
    """A file whose id ends in `name`."""
    return StoredFile(
        id=f"file-{name}",
        tenant=tenant,
        filename=f"{name}.txt",
        purpose=purpose,
        created_at=NOW,
        media_type="text/plain",
        expires_at=expires_at,
    )


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(store: FileStore, tenant: str, file_id: str, start: int = 0) -> bytes | None:
    content = await store.content(tenant, file_id, start)
    return None if content is None else b"".join([piece async for piece in content])


async def ids(store: FileStore, page: Page, purpose: str | None = None) -> list[str]:
    return [found.id for found in (await store.listed(MINE, page, purpose)).files]


class _Opened:
    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    async def cabinet(self, make: Make, clock: HandClock) -> AsyncGenerator[Cabinet]:
        async with make(clock) as cabinet:
            yield cabinet

    @pytest.fixture
    def files(self, cabinet: Cabinet) -> FileStore:
        return cabinet.files


class FileStoreContract(_Opened):
    """What is kept, and how it is found."""

    @pytest.mark.parametrize(
        "parts",
        [(), (b"",), (b"hello",), (b"a", b"b" * 700_000, b"", b"c" * 700_000), (b"x" * LARGE,), (b"y" * 262_144,)],
        ids=["nothing", "empty", "small", "odd-pieces", "large", "one-piece-exactly"],
    )
    async def test_what_was_kept_is_read_as_it_was(self, files: FileStore, parts: tuple[bytes, ...]) -> None:
        whole = b"".join(parts)
        kept = await files.create(file("1"), pieces(*parts))
        assert kept == structs.replace(file("1"), bytes=len(whole))
        assert await files.find(MINE, "file-1") == kept
        assert await read(files, MINE, "file-1") == whole
        assert await files.used(MINE) == len(whole)
        for start in (1, 262_143, 262_144, 700_001, len(whole), 5_000_000):
            assert await read(files, MINE, "file-1", start) == whole[start:]

    @pytest.mark.parametrize("size", [5, LARGE])
    async def test_what_it_is_for_may_be_told_after_its_content(self, files: FileStore, size: int) -> None:
        def settled(whole: StoredFile) -> StoredFile:
            assert whole.bytes == size
            return structs.replace(whole, purpose="batch", expires_at=NOW + 60)

        kept = await files.create(file("1"), pieces(b"x" * size), settled)
        assert (kept.purpose, kept.expires_at) == ("batch", NOW + 60)
        assert await files.find(MINE, "file-1") == kept

    async def test_a_foreign_file_is_an_unknown_one(self, files: FileStore) -> None:
        await files.create(file("1"), pieces(b"mine"))
        for name in ("file-1", "file-2"):
            assert await files.find(THEIRS, name) is None
            assert await files.content(THEIRS, name) is None
            assert await files.delete(THEIRS, name) is False
        assert (await files.listed(THEIRS, Page())).files == []
        assert await files.used(THEIRS) == 0
        assert await read(files, MINE, "file-1") == b"mine"

    async def test_nothing_is_seen_before_it_is_whole(self, files: FileStore) -> None:
        seen: list[object] = []

        async def slowly() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 600_000
                seen.extend((await files.find(MINE, "file-1"), await files.content(MINE, "file-1")))
                seen.extend((await files.listed(MINE, Page())).files)
                seen.extend([None] if not await files.delete(MINE, "file-1") else ["deleted"])

        kept = await files.create(file("1"), slowly())
        assert kept.bytes == 1_800_000
        assert set(seen) == {None}

    async def test_pages_of_both_orders(self, files: FileStore) -> None:
        for name in "abcde":
            await files.create(file(name, purpose="batch" if name in "bd" else "vision"), pieces(b"x"))
        newest_first = [f"file-{name}" for name in "edcba"]
        assert await ids(files, Page(limit=10)) == newest_first
        assert await ids(files, Page(limit=10, order="asc")) == newest_first[::-1]
        assert await ids(files, Page(limit=2, after="file-d")) == ["file-c", "file-b"]
        assert await ids(files, Page(limit=2, order="asc", after="file-b")) == ["file-c", "file-d"]
        assert await ids(files, Page(limit=2, before="file-b")) == ["file-d", "file-c"]
        assert await ids(files, Page(limit=2, order="asc", before="file-d")) == ["file-b", "file-c"]
        assert await ids(files, Page(limit=9, after="file-e", before="file-b")) == ["file-d", "file-c"]
        assert await ids(files, Page(), "batch") == ["file-d", "file-b"]
        assert await ids(files, Page(limit=1, after="file-d"), "batch") == ["file-b"]
        assert (await files.listed(MINE, Page(limit=5))).has_more is False
        assert (await files.listed(MINE, Page(limit=4))).has_more is True

    async def test_a_page_may_follow_a_file_that_was_deleted(self, files: FileStore) -> None:
        for name in "abc":
            await files.create(file(name), pieces(b"x"))
        await files.delete(MINE, "file-b")
        assert await ids(files, Page(after="file-b")) == ["file-a"]


class FileEndingContract(_Opened):
    """What becomes of files that are not wanted, not whole, or no more."""

    async def test_what_turns_out_not_to_be_wanted_is_not_kept(self, files: FileStore) -> None:
        def refused(_: StoredFile) -> StoredFile:
            raise KeyError

        with pytest.raises(KeyError):
            await files.create(file("1"), pieces(b"x" * LARGE), refused)
        assert await files.find(MINE, "file-1") is None

    @pytest.mark.parametrize("before", [0, 10, LARGE])
    async def test_an_upload_that_breaks_off_leaves_nothing(self, cabinet: Cabinet, before: int) -> None:
        class Cut(Exception):
            pass

        async def cut() -> AsyncIterator[bytes]:
            yield b"x" * before
            raise Cut

        with pytest.raises(Cut):
            await cabinet.files.create(file("1"), cut())
        assert await cabinet.files.find(MINE, "file-1") is None
        assert await cabinet.files.used(MINE) == 0
        await cabinet.sweep()
        await cabinet.files.create(file("1"), pieces(b"again"))
        assert await read(cabinet.files, MINE, "file-1") == b"again"

    async def test_an_upload_that_is_cancelled_leaves_nothing(self, files: FileStore) -> None:
        begun = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield b"x" * LARGE
            begun.set()
            await asyncio.Event().wait()

        async with asyncio.TaskGroup() as group:
            upload = group.create_task(files.create(file("1"), endless()))
            await begun.wait()
            assert await files.used(MINE) > 0
            upload.cancel()
        assert await files.used(MINE) == 0

    async def test_an_upload_that_was_silent_for_long_is_given_up(self, cabinet: Cabinet, clock: HandClock) -> None:
        async def slow() -> AsyncIterator[bytes]:
            yield b"x" * LARGE
            clock.now += 3600
            await cabinet.sweep()
            yield b"x" * LARGE

        with pytest.raises(StoreFailed):
            await cabinet.files.create(file("1"), slow())
        assert await cabinet.files.find(MINE, "file-1") is None
        assert await cabinet.files.used(MINE) == 0

    async def test_what_is_deleted_is_gone_at_once(self, cabinet: Cabinet) -> None:
        files = cabinet.files
        await files.create(file("1"), pieces(b"x" * LARGE))
        content = await files.content(MINE, "file-1")
        assert content is not None
        await anext(content)
        assert await files.delete(MINE, "file-1") is True
        assert await files.delete(MINE, "file-1") is False
        assert await files.find(MINE, "file-1") is None
        assert await files.content(MINE, "file-1") is None
        assert await files.used(MINE) == 0
        with pytest.raises(StoreFailed):
            await anext(content)
        await cabinet.sweep()
        assert await files.find(MINE, "file-1") is None

    async def test_what_has_expired_is_gone(self, cabinet: Cabinet, clock: HandClock) -> None:
        files = cabinet.files
        await files.create(file("1", expires_at=NOW + 10), pieces(b"soon"))
        await files.create(file("2"), pieces(b"stays"))
        clock.now = NOW + 9
        assert await read(files, MINE, "file-1") == b"soon"
        clock.now = NOW + 10
        assert await files.find(MINE, "file-1") is None
        assert await files.content(MINE, "file-1") is None
        assert await files.delete(MINE, "file-1") is False
        assert await ids(files, Page()) == ["file-2"]
        await cabinet.sweep()
        assert await files.used(MINE) == 5


class FileCopiesContract(_Opened):
    """Which provider has which file, and what has come of it in parts."""

    async def test_copies_are_found_until_they_expire(self, cabinet: Cabinet, clock: HandClock) -> None:
        await cabinet.files.create(file("1"), pieces(b"x"))
        copies = cabinet.copies
        first = FileCopy(file_id="file-1", provider="a", account="k", vendor_id="v1", expires_at=NOW + 10)
        await copies.remember(first)
        assert await copies.copy("file-1", "a", "k") == first
        for other in (("file-2", "a", "k"), ("file-1", "b", "k"), ("file-1", "a", "l")):
            assert await copies.copy(*other) is None
        clock.now = NOW + 10
        assert await copies.copy("file-1", "a", "k") is None
        second = structs.replace(first, vendor_id="v2", expires_at=None)
        await copies.remember(second)
        assert await copies.copy("file-1", "a", "k") == second
        await copies.forget(first)
        assert await copies.copy("file-1", "a", "k") == second
        await copies.forget(second)
        assert await copies.copy("file-1", "a", "k") is None

    async def test_copies_of_files_that_are_gone_are_told_until_forgotten(
        self, cabinet: Cabinet, clock: HandClock
    ) -> None:
        copies = cabinet.copies
        for name in ("1", "2", "3"):
            await cabinet.files.create(file(name, expires_at=NOW + 50 if name == "3" else None), pieces(b"x"))
            await copies.remember(FileCopy(file_id=f"file-{name}", provider="a", account="k", vendor_id=f"v{name}"))
        assert await copies.orphans(10) == []
        await cabinet.files.delete(MINE, "file-1")
        (orphan,) = await copies.orphans(10)
        assert orphan.vendor_id == "v1"
        assert await copies.orphans(10) == []
        clock.now = NOW + 3600
        await cabinet.sweep()
        found = await copies.orphans(10)
        assert sorted(each.vendor_id for each in found) == ["v1", "v3"]
        for each in found:
            await copies.forget(each)
        clock.now = NOW + 7200
        assert await copies.orphans(10) == []

    async def test_an_upload_changes_once_from_what_was_seen(self, cabinet: Cabinet, clock: HandClock) -> None:
        uploads = cabinet.uploads
        upload = StoredUpload(
            id="upload_1",
            tenant=MINE,
            filename="a",
            purpose="batch",
            media_type="text/plain",
            bytes=7,
            created_at=NOW,
            expires_at=NOW + 10,
        )
        await uploads.create(upload)
        assert await uploads.find(MINE, "upload_1") == upload
        assert await uploads.find(THEIRS, "upload_1") is None
        assert (await uploads.pending(MINE), await uploads.pending(THEIRS)) == (7, 0)
        assert await uploads.change(structs.replace(upload, tenant=THEIRS), "cancelled") is False
        assert await uploads.change(upload, "completing") is True
        assert await uploads.change(upload, "cancelled") is False
        assert await uploads.pending(MINE) == 7
        seen = structs.replace(upload, status="completing")
        assert await uploads.change(seen, "completing", "file_1") is True
        assert await uploads.change(seen, "completed", "file_0") is False, "it is becoming another file"
        assert await uploads.change(structs.replace(seen, file_id="file_1"), "completed", "file_1") is True
        assert await uploads.find(MINE, "upload_1") == structs.replace(upload, status="completed", file_id="file_1")
        assert await uploads.pending(MINE) == 0
        clock.now = NOW + 10
        assert await uploads.find(MINE, "upload_1") is None
        await cabinet.sweep()
