"""A body that is the same for everyone: sent once, and then only confirmed for as long as it has not changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec import Struct

from antiphon.http.call import Call, Header

_NOT_MODIFIED = 304


class CachedBody(Struct, frozen=True):
    """A body with its media type, and its fingerprint as HTTP's entity tag."""

    body: bytes
    media_type: bytes
    etag: bytes

    async def reply(self, call: Call, headers: Iterable[Header] = ()) -> None:
        """Answers 200, or 304 to a client that has it."""
        named = ((b"etag", self.etag), (b"cache-control", b"no-cache"), *headers)
        if self.etag in (tag.strip().removeprefix(b"W/") for tag in (call.header(b"if-none-match") or b"").split(b",")):
            await call.start(_NOT_MODIFIED, named)
            await call.send({"type": "http.response.body", "body": b""})
        else:
            await call.reply(200, self.body, ((b"content-type", self.media_type), *named))


def cached(body: bytes, media_type: bytes) -> CachedBody:
    """The body with its tag."""
    return CachedBody(body, media_type, b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode())
