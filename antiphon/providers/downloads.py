"""What clients name by address, fetched under the rules against being sent into the gateway's own network."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Final
from urllib.parse import urljoin

from antiphon.downloads import Downloaded
from antiphon.errors import UpstreamError
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.http import HttpUpstream
from antiphon.providers.reply import UpstreamReply
from antiphon.providers.trust import default_trust
from antiphon.version import __version__

_logger: Final = logging.getLogger("antiphon.downloads")
_MOST_HOPS: Final = 5
_NO_HOST: Final = "its host is not known, or is in a private or reserved network"
"""One sentence for both: who is told which of them learns what names the gateway's own network has."""
_OK: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class WebDownloads:
    """Implements `downloads.Downloads`. Every hop of a redirect is judged like the first address."""

    def __init__(
        self, egress: Egress, *, seconds: float, max_bytes: int, most_bytes: int, trust: ssl.SSLContext | None = None
    ) -> None:
        """A download may take so many seconds and bytes, its redirects included; all of a request, `most_bytes`."""
        self.most_bytes: int = most_bytes
        self._egress = egress
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._timeouts = Timeouts(connect=seconds, first_byte=seconds, idle=seconds, whole=seconds)
        self._trust = trust
        self._headers = header_block({"User-Agent": f"antiphon/{__version__}", "Accept": "*/*"})

    async def fetch(self, url: str) -> Downloaded | str:
        """A client of its own for each download: clients name hosts without end, and none is likely to come again."""
        if self._trust is None:
            self._trust = default_trust()
        upstream = HttpUpstream(self._timeouts, egress=self._egress, trust=self._trust)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._followed(upstream, url)
        except TimeoutError:
            return f"it took longer than {self._seconds:g} s"
        except UpstreamError as error:
            return self._told(error)
        finally:
            await upstream.close()

    def _told(self, error: UpstreamError) -> str:
        unresolved = isinstance(error.__cause__, (socket.gaierror, UnicodeError))
        if unresolved or error.message == self._egress.refusal().message:
            _logger.info("nothing was downloaded: %s", error.message)
            return _NO_HOST
        return error.message.replace("the provider", "its server")

    async def _followed(self, upstream: HttpUpstream, url: str) -> Downloaded | str:
        for _ in range(_MOST_HOPS):
            try:
                endpoint = Endpoint.parse(url)
            except ValueError as error:
                return str(error)
            reply = await upstream.get(endpoint, self._headers)
            try:
                if reply.status not in _REDIRECTS:
                    return await self._read(reply)
                url = _next(url, reply)
            finally:
                reply.release()
        return f"it is behind more than {_MOST_HOPS - 1} redirects"

    async def _read(self, reply: UpstreamReply) -> Downloaded | str:
        if reply.status != _OK:
            return f"its server answered with status {reply.status}"
        length = reply.header(b"content-length") or b"0"
        if length.isdigit() and int(length) > self._max_bytes:
            return f"it is larger than {self._max_bytes} bytes"
        data = await reply.read(self._max_bytes)
        media_type = (reply.header(b"content-type") or b"").decode("ascii", "replace")
        return Downloaded(media_type.partition(";")[0].strip().lower(), data)


def _next(url: str, reply: UpstreamReply) -> str:
    """Where a redirect leads; nowhere, if that is no address."""
    try:
        return urljoin(url, (reply.header(b"location") or b"").decode("ascii", "replace"))
    except ValueError:
        return ""
