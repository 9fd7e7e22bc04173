"""`/v1/images/*` and `/v1/audio/*`: kept nowhere, and passed on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from antiphon.gateway.errands import Errand
from antiphon.gateway.media import Media
from antiphon.http.call import Call
from antiphon.http.media_forms import MediaLimits, read_media_request
from antiphon.http.records import note_counts
from antiphon.http.streams import STREAM_HEADERS
from antiphon.http.watch import ClientWatch
from antiphon.media_protocols import Made
from antiphon.service_protocols import MediaService

_EVENTS = "text/event-stream"


class MediaEndpoints:
    """The handlers."""

    def __init__(self, media: Media, group: asyncio.TaskGroup, clock: Callable[[], float], limits: MediaLimits) -> None:
        """`group` owns tasks that watch for clients that leave."""
        self._media = media
        self._group = group
        self._clock = clock
        self._limits = limits

    async def create_image(self, call: Call) -> None:
        """`POST /v1/images/generations`."""
        await self._serve(call, "images/generations")

    async def edit_image(self, call: Call) -> None:
        """`POST /v1/images/edits`."""
        await self._serve(call, "images/edits")

    async def vary_image(self, call: Call) -> None:
        """`POST /v1/images/variations`."""
        await self._serve(call, "images/variations")

    async def speak(self, call: Call) -> None:
        """`POST /v1/audio/speech`."""
        await self._serve(call, "audio/speech")

    async def transcribe(self, call: Call) -> None:
        """`POST /v1/audio/transcriptions`."""
        await self._serve(call, "audio/transcriptions")

    async def translate(self, call: Call) -> None:
        """`POST /v1/audio/translations`."""
        await self._serve(call, "audio/translations")

    async def _serve(self, call: Call, service: MediaService) -> None:
        asked = await read_media_request(call, service, int(self._clock()), self._limits)
        call.errand = Errand(model=asked.model)
        with ClientWatch(call, self._group):
            counts = await self._media.serve(call.tenant, asked, call.errand, _Client(call))
        note_counts(call, call.errand, counts)


class _Client:
    """Implements `gateway.media.MediaClient`."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def answer(self, made: Made) -> None:
        await self._call.reply(200, made.body, [(b"content-type", made.media_type.encode())])

    async def open(self, media_type: str) -> None:
        if media_type == _EVENTS:
            await self._call.start(200, STREAM_HEADERS)
        else:
            await self._call.start(200, [(b"content-type", media_type.encode()), *STREAM_HEADERS[1:]])

    async def pass_on(self, data: bytes) -> None:
        await self._call.send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(self) -> None:
        await self._call.send({"type": "http.response.body", "body": b""})
