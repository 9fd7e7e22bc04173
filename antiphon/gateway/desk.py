"""What everybody needs who has to do with answers in the background, and what the owner decides about them."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from antiphon.gateway.bells import Bells
from antiphon.gateway.flow import Gateway
from antiphon.gateway.limits import Limiter
from antiphon.jobs import Jobs, Journal
from antiphon.protocols import Responses

FOLLOW_SECONDS: Final = 0.1
"""How often a follower looks for what another process tells, where it does not hear of it."""


class BackgroundPolicy(Struct, frozen=True, kw_only=True):
    """What the owner decides about answers in the background."""

    answers_at_once: int = 32
    running_per_tenant: int = 16
    queued_per_tenant: int = 1000
    heartbeat_seconds: float = 10.0
    limit_seconds: float = 3600.0
    poll_seconds: float = 1.0
    follow_seconds: float = FOLLOW_SECONDS
    cancel_clears_output: bool = False


class Desk(Struct, frozen=True):
    """One process's way to answers in the background."""

    gateway: Gateway
    responses: Responses
    jobs: Jobs
    journal: Journal
    bells: Bells
    policy: BackgroundPolicy
    limiter: Limiter | None = None
