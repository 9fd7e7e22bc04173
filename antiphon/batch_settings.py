"""The settings of batches."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class BatchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How batches are worked off (`/v1/batches`, `/v1/messages/batches`)."""

    native: Annotated[
        Literal["auto", "never"],
        Meta(
            description=(
                "`auto` gives a batch whose requests all go to one provider to that provider's own batches, which cost"
                " half and may take a day; `never` has each request answered by itself."
            )
        ),
    ] = "auto"
    native_least_lines: Annotated[
        int, Meta(description="A batch of fewer requests is not given to a provider's own batches.", ge=1)
    ] = 20
    native_poll_seconds: Annotated[
        float, Meta(description="How often, at the least, a provider is asked how its batch stands.", ge=0.05, le=3600)
    ] = 60.0
    native_max_bytes: Annotated[
        int, Meta(description="The largest batch that is given to a provider; a larger one is not.", ge=1024)
    ] = 104_857_600
    lines_at_once: Annotated[
        int,
        Meta(
            description="How many requests of batches each process answers at once; 0 leaves all to `antiphon worker`.",
            ge=0,
            le=4096,
        ),
    ] = 16
    lines_per_batch: Annotated[
        int, Meta(description="How many of one batch are answered at once, in all processes.", ge=1, le=1_000_000)
    ] = 16
    lines_per_tenant: Annotated[
        int, Meta(description="How many of one tenant's are answered at once, in all processes.", ge=1, le=1_000_000)
    ] = 32
    batches_per_tenant: Annotated[
        int, Meta(description="How many of one tenant's may be under way; one more is refused with 429.", ge=1)
    ] = 100
    max_lines: Annotated[int, Meta(description="The most requests that a batch may have.", ge=1, le=1_000_000)] = 50_000
    max_file_bytes: Annotated[int, Meta(description="The largest input file.", ge=1024)] = 209_715_200
    tries: Annotated[
        int,
        Meta(
            description=(
                "How often a request is made whose answer is worth another try, such as a 429 or a 503; each of these"
                " is itself several attempts, as `retries` say."
            ),
            ge=1,
            le=100,
        ),
    ] = 8
    first_pause_seconds: Annotated[
        float, Meta(description="How long the first pause between tries is; each further one is twice as long.", gt=0)
    ] = 5.0
    longest_pause_seconds: Annotated[float, Meta(description="How long a pause may be.", gt=0)] = 600.0
    line_seconds: Annotated[
        float, Meta(description="How long one request may take, all attempts together.", ge=1, le=86_400)
    ] = 3600.0
    lease_seconds: Annotated[
        float, Meta(description="A worker that has not been heard of for so long is taken for dead.", ge=0.5, le=3600)
    ] = 30.0
    poll_seconds: Annotated[
        float,
        Meta(
            description=(
                "How often a worker looks for work, and for cancels, that it was not told of. Where processes hear each"
                " other, as they nearly always do, it looks no more often than six times in `batches.lease_seconds`."
            ),
            ge=0.05,
            le=60,
        ),
    ] = 1.0
    keep_days: Annotated[int, Meta(description="How long a batch can be looked at after its end.", ge=1, le=36_500)] = (
        30
    )
