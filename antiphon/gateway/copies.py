"""Copies of files at providers: made when a request needs one, remembered, and removed after their file is.

Law: a file is sent to a provider once, however many requests name it, for as long as the provider keeps it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from antiphon.errors import AntiphonError, BadRequest, StoreFailed
from antiphon.file_protocols import Courier, FileCopies, FileCopy, FileStore, StoredFile
from antiphon.gateway.files import unknown_file

_logger: Final = logging.getLogger("antiphon.gateway")
_ORPHANS_AT_ONCE: Final = 32
_LOOK_SECONDS: Final = 60.0


async def read(files: FileStore, file: StoredFile) -> bytes:
    """The whole content. Raises NotFound, or StoreFailed, for a file that was deleted meanwhile."""
    content = await files.content(file.tenant, file.id)
    if content is None:
        raise unknown_file(file.id)
    return b"".join([piece async for piece in content])


class Copies:
    """The copies of every file."""

    def __init__(
        self, files: FileStore, copies: FileCopies, couriers: Mapping[str, Courier], max_sent_bytes: int
    ) -> None:
        """`couriers` are by the name of their provider; a file that is sent is in memory, one at a time for each."""
        self._files = files
        self._copies = copies
        self._couriers = couriers
        self._max_sent_bytes = max_sent_bytes
        self._turns = {name: asyncio.Lock() for name in couriers}
        self._wanted = asyncio.Event()

    def courier(self, provider: str) -> Courier | None:
        """Who brings files to a provider; None where it takes none."""
        return self._couriers.get(provider)

    async def at(self, provider: str, courier: Courier, file: StoredFile, media_type: str) -> str:
        """The provider's name for the file, sent there if need be. Raises BadRequest, UpstreamError, StoreFailed."""
        found = await self._copies.copy(file.id, provider, courier.account)
        if found is None:
            async with self._turns[provider]:
                found = await self._copies.copy(file.id, provider, courier.account)
                if found is None:
                    found = await self._sent(courier, file, media_type)
        return found.vendor_id

    async def lost(self, provider: str, file_id: str) -> bool:
        """Forgets a copy that the provider seems to have no more. False when there was none."""
        courier = self._couriers.get(provider)
        found = None if courier is None else await self._copies.copy(file_id, provider, courier.account)
        if found is not None:
            await self._copies.forget(found)
        return found is not None

    def look(self) -> None:
        """Something was deleted."""
        self._wanted.set()

    async def keep(self) -> None:
        """Tells providers of files that are gone, as long as its task runs."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.clear()
            except StoreFailed as error:
                _logger.warning("Copies of files that are gone could not be looked for: %s", error)

    async def clear(self) -> None:
        """One round. A provider that does not listen is told again later."""
        while orphans := await self._copies.orphans(_ORPHANS_AT_ONCE):
            for orphan in orphans:
                await self._forget(orphan)

    async def _sent(self, courier: Courier, file: StoredFile, media_type: str) -> FileCopy:
        if file.bytes > self._max_sent_bytes:
            message = (
                f"The file '{file.id}' is larger than the {self._max_sent_bytes} bytes that are sent to providers."
            )
            raise BadRequest(message, param="input", code="file_too_large")
        copy = await courier.send(file, media_type, await read(self._files, file))
        await self._copies.remember(copy)
        return copy

    async def _forget(self, orphan: FileCopy) -> None:
        courier = self._couriers.get(orphan.provider)
        if courier is not None and courier.account == orphan.account:
            try:
                await courier.forget(orphan)
            except AntiphonError as error:
                _logger.warning("%s still has a file that was deleted here: %s", orphan.provider, error.message)
                return
        await self._copies.forget(orphan)
