"""The seams of files: what tenants bring, kept by Antiphon, and the copies of it that providers hold.

As `protocols.py`, of which this is another page. Contents go in and out in pieces: a whole one is never in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from antiphon.conversation_protocols import Page


class StoredFile(Struct, frozen=True, kw_only=True):
    """What is known of a file. Times are in Unix seconds; one without `expires_at` stays until it is deleted.

    `bytes` is counted by who keeps the file.
    """

    id: str
    tenant: str
    filename: str
    purpose: str
    created_at: int
    media_type: str
    bytes: int = 0
    expires_at: int | None = None
    status: str = "processed"


def unchanged(file: StoredFile) -> StoredFile:
    """What is known of a file from the first is all there is to know."""
    return file


class FileList(Struct, frozen=True):
    """A part of a list, in the order asked for, and whether there is more of it."""

    files: Sequence[StoredFile]
    has_more: bool


class FileStore(Protocol):
    """Files. Every look-up is by tenant: a foreign, deleted or expired id is an unknown id. All raise StoreFailed.

    Law: a file can be seen once its content is whole and on disk, and never before; what was deleted is gone at once.
    """

    async def create(
        self,
        file: StoredFile,
        content: AsyncIterable[bytes],
        settle: Callable[[StoredFile], StoredFile] = unchanged,
    ) -> StoredFile:
        """Keeps a file, and returns it with its size. What `content` raises goes on, and nothing of it is kept.

        `file.id` sorts by time of birth (`wire.ids`), and lists are in the order of ids. `settle` is called when the
        content has been read and the size is known: whose purpose or end is told after it, gets them there; whatever
        else it changes is not kept. It may raise, as `content` may.
        """
        ...

    async def find(self, tenant: str, file_id: str) -> StoredFile | None: ...

    async def listed(self, tenant: str, page: Page, purpose: str | None = None) -> FileList:
        """A part of a tenant's files. `page.after` and `page.before` may name files that are deleted by now."""
        ...

    async def delete(self, tenant: str, file_id: str) -> bool:
        """Removes a file. False when there is none."""
        ...

    async def content(self, tenant: str, file_id: str, start: int = 0) -> AsyncIterator[bytes] | None:
        """The content from byte `start` on, in pieces, None when there is no such file.

        The iterator raises StoreFailed if the file is deleted while it is read.
        """
        ...

    async def used(self, tenant: str) -> int:
        """The bytes of all files of a tenant, with those that are being uploaded."""
        ...


class StoredUpload(Struct, frozen=True, kw_only=True):
    """A file that comes in parts, which lie in its `drawer` until it is whole. Times are in Unix seconds.

    `bytes` is how long its owner says it will be; `lasts` is how many seconds the file shall be kept, None for as long
    as files are; `file_id` is what it became, or is becoming.
    """

    id: str
    tenant: str
    filename: str
    purpose: str
    media_type: str
    bytes: int
    created_at: int
    expires_at: int
    lasts: int | None = None
    status: str = "pending"
    file_id: str | None = None

    @property
    def drawer(self) -> str:
        """The tenant of the parts: no tenant's name has a slash in it, so that nobody else sees them."""
        return f"{self.tenant}/{self.id}"


class Uploads(Protocol):
    """Uploads. Every look-up is by tenant: a foreign or expired id is an unknown id. All raise StoreFailed."""

    async def create(self, upload: StoredUpload) -> None: ...

    async def find(self, tenant: str, upload_id: str) -> StoredUpload | None: ...

    async def change(self, upload: StoredUpload, status: str, file_id: str | None = None) -> bool:
        """Gives it another status and file, if it still has those that `upload` says. False when it has not."""
        ...

    async def pending(self, tenant: str) -> int:
        """The bytes that a tenant's uploads are to have which are neither whole nor cancelled."""
        ...


class FileCopy(Struct, frozen=True, kw_only=True):
    """A file as a provider has it. `account` tells apart whose keys it lies under, and says nothing of them.

    `vendor_id` is the provider's name for it; from `expires_at` on, in Unix seconds, the provider has it no more.
    """

    file_id: str
    provider: str
    account: str
    vendor_id: str
    expires_at: int | None = None


class FileCopies(Protocol):
    """Which provider has which file. All methods raise StoreFailed."""

    async def copy(self, file_id: str, provider: str, account: str) -> FileCopy | None:
        """A copy that has not expired. The caller has found the file, and so may see it."""
        ...

    async def remember(self, copy: FileCopy) -> None:
        """Keeps a copy, in place of an earlier one of the same file, provider and account."""
        ...

    async def orphans(self, limit: int) -> Sequence[FileCopy]:
        """Copies whose file is gone, for the provider to be told. Each is given out again after a while."""
        ...

    async def forget(self, copy: FileCopy) -> None:
        """The provider has it no more, or keeps it whatever it is told."""
        ...


class Courier(Protocol):
    """Brings files to one provider, under the keys that it is configured with. Raises UpstreamError."""

    @property
    def account(self) -> str:
        """Whose files they are there: a digest that tells nothing."""
        ...

    @property
    def named(self) -> bool:
        """Whether the provider is told what a file is by its name, whatever it is."""
        ...

    def lends(self, dialect: str, media_type: str, size: int, inline: int) -> bool:
        """Whether a file goes to the provider's own files, rather than into a request that holds `inline` bytes."""
        ...

    def uploads(self, dialect: str) -> bool:
        """Whether the provider has files that a request in this format may name."""
        ...

    async def send(self, file: StoredFile, media_type: str, content: bytes) -> FileCopy:
        """Has the provider keep the file."""
        ...

    async def forget(self, copy: FileCopy) -> None:
        """Has the provider remove it; one that has it no more is content."""
        ...
