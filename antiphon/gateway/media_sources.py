"""What requests for pictures and sounds name by address, and what providers answer with an address of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from antiphon.downloads import Downloaded, Downloads
from antiphon.errors import BadRequest
from antiphon.file_protocols import FileStore
from antiphon.gateway.files import unknown_file
from antiphon.wire.files import is_own

_DOWNLOADS_AT_ONCE: Final = 4
_MOST_ADDRESSES: Final = 32


class KeptFiles(Struct, frozen=True):
    """The files that the gateway keeps, and how large one may be that goes into a request."""

    store: FileStore
    most_bytes: int


class Sources:
    """Where one tenant's request finds what it names."""

    def __init__(self, downloads: Downloads | None, files: KeptFiles, tenant: str) -> None:
        self._downloads = downloads
        self._files = files
        self._tenant = tenant

    async def named(self, addresses: Sequence[str]) -> dict[str, Downloaded]:
        """What is at web addresses, unless nothing is downloaded here, and in files. Raises BadRequest, NotFound."""
        if len(addresses) > _MOST_ADDRESSES:
            raise BadRequest(f"A request may name at most {_MOST_ADDRESSES} files by address.", code="invalid_value")
        brought = {address: await self._kept(address) for address in addresses if is_own(address)}
        elsewhere = [address for address in addresses if not is_own(address)]
        for address, what in (await self.fetched(elsewhere) if self._downloads is not None else {}).items():
            if isinstance(what, str):
                message = f"What the request names by address could not be downloaded: {what}."
                raise BadRequest(message, code="invalid_url")
            brought[address] = what
        return brought

    async def fetched(self, addresses: Sequence[str]) -> dict[str, Downloaded | str]:
        """What is at web addresses, or why it could not be had."""
        downloads = self._downloads
        if downloads is None:
            return dict.fromkeys(addresses, "nothing is downloaded here")
        found: dict[str, Downloaded | str] = {}
        waiting = list(dict.fromkeys(addresses))
        left = downloads.most_bytes

        async def work() -> None:
            nonlocal left
            while waiting:
                address = waiting.pop()
                what = await downloads.fetch(address)
                left -= 0 if isinstance(what, str) else len(what.data)
                found[address] = "all of it together is too large" if left < 0 else what

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_DOWNLOADS_AT_ONCE, len(waiting))):
                group.create_task(work())
        return found

    async def _kept(self, file_id: str) -> Downloaded:
        store = self._files.store
        file = await store.find(self._tenant, file_id)
        if file is None:
            raise unknown_file(file_id)
        if file.bytes > self._files.most_bytes:
            message = f"The file '{file_id}' is larger than the {self._files.most_bytes} bytes that can be sent here."
            raise BadRequest(message, code="invalid_value")
        pieces = await store.content(self._tenant, file_id)
        if pieces is None:
            raise unknown_file(file_id)
        return Downloaded(file.media_type, b"".join([piece async for piece in pieces]))
