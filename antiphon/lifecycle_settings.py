"""The settings of what goes on around an answer: what is fetched for it, and other ways of asking for one."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from antiphon.setting_types import ModelName


class BackgroundSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers are given in the background (`"background": true`)."""

    answers_at_once: Annotated[
        int,
        Meta(description="How many each process gives at once; 0 leaves them all to `antiphon worker`.", ge=0, le=4096),
    ] = 32
    running_per_tenant: Annotated[
        int, Meta(description="How many of one tenant's run at once, in all processes.", ge=1, le=1_000_000)
    ] = 16
    queued_per_tenant: Annotated[
        int,
        Meta(
            description="How many of one tenant's may wait; one more is refused with 429.",
            ge=1,
            le=1_000_000,
        ),
    ] = 1000
    limit_seconds: Annotated[
        float, Meta(description="How long one may take, whatever `timeouts` say; then it fails.", ge=1, le=86_400)
    ] = 3600.0
    lease_seconds: Annotated[
        float,
        Meta(description="A worker that has not been heard of for so long is taken for dead.", ge=0.5, le=3600),
    ] = 30.0
    heartbeat_seconds: Annotated[
        float,
        Meta(
            description="How often a worker renews its lease; a third of `background.lease_seconds` at most.",
            ge=0.1,
            le=1200,
        ),
    ] = 10.0
    poll_seconds: Annotated[
        float,
        Meta(
            description=(
                "How often a worker looks for work that it was not told of. Where processes hear each other, as they"
                " nearly always do, it looks no more often than six times in `background.lease_seconds`."
            ),
            ge=0.05,
            le=60,
        ),
    ] = 1.0
    cancel_clears_output: Annotated[
        bool, Meta(description="Whether a cancelled answer loses the items that were finished.")
    ] = False


class DownloadSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What requests name by address, fetched for providers that take bytes alone."""

    enabled: Annotated[
        bool, Meta(description="Whether anything is fetched; if not, the client is told what its provider cannot take.")
    ] = True
    max_bytes: Annotated[int, Meta(description="The largest image or file that is fetched.", ge=1024)] = 20_971_520
    max_request_bytes: Annotated[
        int, Meta(description="The most that is fetched for one request, all in all.", ge=1024)
    ] = 104_857_600
    seconds: Annotated[float, Meta(description="How long one may take.", gt=0, le=600)] = 20.0
    allow_http: Annotated[bool, Meta(description="Whether addresses may be http://, without TLS.")] = True
    allow_private: Annotated[
        bool, Meta(description="Whether they may be in private networks or on this machine, and at any port.")
    ] = False


class WebSocketSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers over a WebSocket."""

    enabled: Annotated[
        bool, Meta(description="Whether there is one; if not, clients are sent to plain HTTP with 426.")
    ] = True
    max_frame_bytes: Annotated[
        int, Meta(description="The largest message that is read; a larger one closes the connection (1009).", ge=1024)
    ] = 33_554_432
    lifetime_seconds: Annotated[
        float, Meta(description="How long one connection may last; its running answers may end.", gt=0, le=86_400)
    ] = 3600.0
    ping_seconds: Annotated[
        float,
        Meta(
            description="How often a client is asked for a sign of life; it may take three times as long.", ge=1, le=30
        ),
    ] = 20.0
    concurrent_turns: Annotated[
        int, Meta(description="How many answers one connection may have on the way; others wait.", ge=1, le=1000)
    ] = 16
    max_stream_ids: Annotated[
        int, Meta(description="How many names of streams one connection may use.", ge=0, le=10_000)
    ] = 32
    memory_bytes: Annotated[
        int,
        Meta(description="What a process keeps of chains that are not stored; one connection gets a quarter.", ge=0),
    ] = 268_435_456


class PromptSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt that requests may name, for every tenant."""

    version: Annotated[int, Meta(description="What requests and answers call this version.", ge=1)] = 1
    template: Annotated[
        dict[str, Any],
        Meta(description="Members of a request: `instructions` and `input` with `{{variables}}`, `model`, `tools`, …"),
    ]


class IdempotencySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a request that comes again under the same `Idempotency-Key`."""

    keep_seconds: Annotated[
        int,
        Meta(description="How long a key stands for the answer that was given under it first.", ge=60, le=31_536_000),
    ] = 86_400
    lease_seconds: Annotated[
        float,
        Meta(
            description="A process silent for so long is taken for dead, and the next request under its key runs anew.",
            ge=1,
            le=600,
        ),
    ] = 15.0


class ModerationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who judges what nobody is named for."""

    model: Annotated[
        ModelName,
        Meta(
            description=(
                "The model of requests that name none. `local/moderation-rules` is a list of patterns of the gateway's"
                " own, and no classifier."
            )
        ),
    ] = "omni-moderation-latest"
