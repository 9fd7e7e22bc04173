"""Files brought to a provider that keeps some: implements `file_protocols.Courier`."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from typing import Final

from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused
from antiphon.file_protocols import FileCopy, StoredFile
from antiphon.protocols import Clock, UpstreamReply
from antiphon.providers.credentials import Credentials
from antiphon.providers.endpoint import Endpoint, header_block, overridden
from antiphon.providers.posts import Upstream
from antiphon.providers.row import FileRow
from antiphon.wire.file_forms import Told, form_of, told_of

_MAX_ANSWER_BYTES: Final = 1_048_576
_GOOD: Final = range(200, 300)
_BUSY: Final = frozenset({429, 500, 502, 503, 504, 529})
_GONE: Final = frozenset({404, 410})
_SOON_SECONDS: Final = 3600
"""A copy that ends so soon counts as gone: an answer may take its time."""

_NOT_THE_ACCOUNT: Final = (b"user-agent:", b"content-type:", b"anthropic-version:", b"anthropic-beta:")
"""Headers that a release may change and the files are the same."""

_PICTURES: Final = "vision"
"""What OpenAI wants pictures to be for."""

_POLLS: Final = 60
_POLL_SECONDS: Final = 1.0


class ProviderFiles:
    """One provider's files, under the keys that it is configured with."""

    def __init__(  # noqa: PLR0913, PLR0917 - one value per thing that differs
        self,
        name: str,
        row: FileRow,
        upstream: Upstream,
        headers: bytes,
        credentials: Credentials | None,
        place: Callable[[str], Endpoint],
        clock: Clock,
    ) -> None:
        """`place` makes an address of one of the provider's paths. Opens nothing."""
        self._name = name
        self._row = row
        self._upstream = upstream
        self._headers = headers
        self._credentials = credentials
        self._place = place
        self._clock = clock
        origin = place("").origin.encode()
        told = [line for line in headers.splitlines() if not line.lower().startswith(_NOT_THE_ACCOUNT)]
        self.account = hashlib.sha256(b"\n".join([b"antiphon files", origin, *sorted(told)])).hexdigest()[:32]
        self.named: bool = row.named

    def uploads(self, dialect: str) -> bool:
        """Whether requests in this format may name files there."""
        return dialect in self._row.dialects

    def lends(self, dialect: str, media_type: str, size: int, inline: int) -> bool:
        """As the provider's row has it."""
        row = self._row
        picture = media_type.startswith("image/")
        if dialect not in row.dialects or (picture and dialect in row.no_images):
            return False
        if row.always and not picture:
            return True
        return size + inline > row.inline_bytes and size <= row.max_bytes

    async def send(self, file: StoredFile, media_type: str, content: bytes) -> FileCopy:
        """Has it kept. Raises UpstreamError."""
        row = self._row
        purpose = _PICTURES if row.manner == "openai" and media_type.startswith("image/") else row.purpose
        form = form_of(row.manner, purpose, file.filename, media_type, content, os.urandom(24).hex())
        lines = overridden(self._headers, header_block({"Content-Type": form.content_type}))
        told = self._told(await self._exchange(b"POST", self._place(row.route.path), lines, form.body))
        for _ in range(_POLLS):
            if told.ready:
                break
            await asyncio.sleep(_POLL_SECONDS)
            told = self._told(await self._exchange(b"GET", self._one(told.id), self._headers))
        else:
            raise UpstreamBroke(f"{self._name} was not ready with the file '{file.id}' in time.")
        ends = None if told.expires_at is None else max(told.expires_at - _SOON_SECONDS, int(self._clock()) + 1)
        return FileCopy(file_id=file.id, provider=self._name, account=self.account, vendor_id=told.id, expires_at=ends)

    async def forget(self, copy: FileCopy) -> None:
        """Has it removed. Raises UpstreamError."""
        await self._exchange(b"DELETE", self._one(copy.vendor_id), self._headers, absent=True)

    def _one(self, vendor_id: str) -> Endpoint:
        return self._place(self._row.one.replace("{file}", vendor_id))

    def _told(self, answer: bytes) -> Told:
        told = told_of(self._row.manner, answer)
        if told is None:
            raise UpstreamBroke(f"{self._name} answered a file with what is none.")
        return told

    async def _exchange(
        self, method: bytes, endpoint: Endpoint, lines: bytes, body: bytes = b"", *, absent: bool = False
    ) -> bytes:
        """The answer. With `absent` it may be that there is nothing there."""
        if self._credentials is not None:
            lines += await self._credentials.headers(method, endpoint, body)
        reply = await self._ask(method, endpoint, lines, body)
        whole = False
        try:
            answer = await reply.read(_MAX_ANSWER_BYTES)
            whole = True
        finally:
            reply.release(linger=whole)
        if reply.status not in _GOOD and not (absent and reply.status in _GONE):
            message = f"{self._name} did not take a file that the request needs there (status {reply.status})."
            again = Retry.SAME if reply.status in _BUSY else Retry.ELSEWHERE
            raise UpstreamRefused(message, status=502, code="upstream_error", retry=again)
        return answer

    def _ask(self, method: bytes, endpoint: Endpoint, lines: bytes, body: bytes) -> Awaitable[UpstreamReply]:
        if method == b"POST":
            return self._upstream.post(endpoint, lines, body, patient=True)
        return self._upstream.get(endpoint, lines) if method == b"GET" else self._upstream.delete(endpoint, lines)
