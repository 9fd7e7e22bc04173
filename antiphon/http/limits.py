"""Requests that are counted: those that ask a model. Which they are, and what their clients are told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from antiphon.gateway.limits import Limiter, Meter, Standing, duration
from antiphon.http.call import Call, ClientGone, Header, Tongue
from antiphon.http.passing_routes import PATH

Handler = Callable[[Call], Awaitable[None]]

COUNTED: Final = frozenset(
    {
        "/v1/responses",
        "/v1/responses/compact",
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/messages",
        "/v1beta/models/{model:path}:generateContent",
        "/v1beta/models/{model:path}:streamGenerateContent",
        "/v1beta/models/{model:path}:embedContent",
        "/v1beta/models/{model:path}:batchEmbedContents",
        "/v1beta/models/{model:path}:predict",
        "/v1/embeddings",
        "/v1/rerank",
        "/v2/rerank",
        "/v1/moderations",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/images/variations",
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        PATH,
    }
)
"""Paths whose POST is counted."""

_FORM: Final = b"multipart/"
_FAILED: Final = 400


def limited(limiter: Limiter, path: str, method: str, handler: Handler) -> Handler:
    """The handler of a route, within the limits of the key that is used."""
    if method != "POST" or path not in COUNTED:
        return handler
    passes = path == PATH

    async def serve(call: Call) -> None:
        meter = limiter.meter(call.known_caller.key_name)
        if meter is None:
            await handler(call)
            return
        call.standings = lambda: [] if call.passage is not None else headers_of(meter, call.tongue)
        gone = False
        try:
            if passes or (call.header(b"content-type") or b"").startswith(_FORM):
                await meter.admit(0)
            else:
                call.weigh = meter.weigh
            await handler(call)
        except (ClientGone, asyncio.CancelledError):
            gone = True
            raise
        finally:
            await meter.end(taken(call, gone=gone))

    return serve


def taken(call: Call, *, gone: bool) -> int | None:
    """The tokens of a call that has ended; None where nobody has told. Nothing, where it was refused or failed.

    `gone` says that its client has left: what its provider has done by then is not known.
    """
    if call.counts is not None:
        return call.counts.input + call.counts.output
    return 0 if not gone and (not call.started or call.status >= _FAILED) else None


def headers_of(meter: Meter, tongue: Tongue) -> list[Header]:
    """What is left, in the words of OpenAI, or of Anthropic for its clients."""
    told: list[Header] = []
    for what, standing in meter.standings.items():
        told += _anthropics(what, standing) if tongue == "anthropic" else _openais(what, standing)
    return told


def _openais(what: str, standing: Standing) -> list[Header]:
    name = what.encode()
    return [
        (b"x-ratelimit-limit-" + name, b"%d" % standing.limit),
        (b"x-ratelimit-remaining-" + name, b"%d" % standing.left),
        (b"x-ratelimit-reset-" + name, duration(standing.resets).encode()),
    ]


def _anthropics(what: str, standing: Standing) -> list[Header]:
    name = b"anthropic-ratelimit-%b-" % what.encode()
    resets = datetime.fromtimestamp(standing.resets_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        (name + b"limit", b"%d" % standing.limit),
        (name + b"remaining", b"%d" % standing.left),
        (name + b"reset", resets.encode()),
    ]
