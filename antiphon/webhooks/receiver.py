"""One receiver: what it is told, signed with its secrets, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from msgspec import Struct

from antiphon.errors import UpstreamError
from antiphon.notices import Notice, NoticePost
from antiphon.wire.webhooks import event_body, signed

SECONDS: Final = 10.0
"""How long a receiver may take to say that it has an event: names, connection, TLS and answer together."""

GONE: Final = 410
_SUCCESS: Final = range(200, 300)
_HEADERS: Final = {"content-type": "application/json"}
_NAME_DIGITS: Final = 24


class Answered(Struct, frozen=True):
    """What came of one try. `status` is None when there was no answer; then `problem` says why."""

    status: int | None
    seconds: float
    problem: str = ""

    @property
    def has_arrived(self) -> bool:
        """Any 2xx says so; a redirect, which is not followed, does not."""
        return self.status in _SUCCESS

    @property
    def words(self) -> str:
        """For a line of a log: the status, or the problem."""
        return str(self.status) if self.status is not None else self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Somebody at an address of the owner's. `name` is stable and tells nothing; `host` is what logs may show."""

    name: str
    host: str
    keys: Sequence[bytes] = field(repr=False)
    post: NoticePost = field(repr=False)

    async def tell(self, notice: Notice, at: int, seconds: float = SECONDS) -> Answered:
        """One try, signed at Unix time `at`. Never fails: that is an answer too. No more is read than the head."""
        body = event_body(notice.id, notice.type, notice.created_at, notice.response_id)
        headers = _HEADERS | signed(self.keys, notice.id, at, body)
        begun = time.monotonic()
        status, problem = None, ""
        try:
            async with asyncio.timeout(seconds):
                reply = await self.post(headers, body)
            status = reply.status
            reply.release(linger=True)
        except UpstreamError as error:
            # The client was written for providers; here it is a receiver that failed.
            problem = error.message.replace("provider", "receiver")
        except TimeoutError:
            problem = f"no answer within {seconds:g} s"
        return Answered(status, time.monotonic() - begun, problem)


def name_of(url: str) -> str:
    """What a database calls the receiver at `url`, in every process and after every restart."""
    return f"we_{sha256(url.encode()).hexdigest()[:_NAME_DIGITS]}"
