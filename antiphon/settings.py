"""Every setting: its type, its default, its unit in the name, and one sentence about it.

The reference page, the JSON Schema and what `antiphon check` says are all made from this file, so a setting that is
not described here does not exist. `None` as a default is explained by the sentence.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct, field
from typing_extensions import override

from antiphon.batch_settings import BatchSettings
from antiphon.connection_settings import ConnectionSettings
from antiphon.file_settings import FileSettings
from antiphon.lifecycle_settings import (
    BackgroundSettings,
    DownloadSettings,
    IdempotencySettings,
    ModerationSettings,
    PromptSettings,
    WebSocketSettings,
)
from antiphon.limit_settings import KeyLimits, LimitSettings
from antiphon.media_settings import MediaSettings
from antiphon.metrics_settings import MetricsSettings
from antiphon.model_settings import ModelSettings
from antiphon.passthrough_settings import PassthroughSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.redis_settings import RedisSettings
from antiphon.security_settings import SecuritySettings
from antiphon.setting_types import (
    Key,
    ModelName,
    Name,
    PromptId,
    SigningSecret,
    WebhookEvent,
)
from antiphon.tls_settings import ServerTlsSettings

Level = Literal["debug", "info", "warning", "error"]

MASTER: Final = "master"
"""The tenant, and the key's name in logs, of whoever holds the master key."""


class ServerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and how requests are taken."""

    host: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 means every interface.", min_length=1)] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(description="TCP port to listen on; 0 takes any that is free.", ge=0, le=65535)] = 8080
    workers: Annotated[int, Meta(description="Processes that share the port.", ge=1, le=256)] = 1
    max_body_bytes: Annotated[
        int, Meta(description="The largest request body that is read; a larger one is answered with 413.", ge=1024)
    ] = 104_857_600
    shutdown_seconds: Annotated[
        float,
        Meta(
            description="How long running answers may go on after a stop signal before they are ended.", ge=0, le=3600
        ),
    ] = 30.0
    drain_seconds: Annotated[
        float,
        Meta(
            description="How long requests are still taken after SIGTERM, while `/health/ready` says no.",
            ge=0,
            le=600,
        ),
    ] = 0.0
    reload: Annotated[
        bool,
        Meta(description="Whether changes of the configuration files take effect without SIGHUP."),
    ] = True
    tls: Annotated[ServerTlsSettings | None, Meta(description="TLS at this port; when absent, it is plain HTTP.")] = (
        None
    )


class KeySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that clients may use beside the master key."""

    name: Annotated[Name, Meta(description="What logs call the key.")]
    key: Annotated[Key, Meta(description="The key, as clients send it, or its digest from `antiphon keys`.")]
    tenant: Annotated[
        Name | None, Meta(description="Who owns what is stored under the key; the key's name when absent.")
    ] = None
    limits: Annotated[KeyLimits | None, Meta(description="What the key may ask for; anything when absent.")] = None

    @override
    def __repr__(self) -> str:
        """Without the key."""
        return f"KeySettings(name={self.name!r}, tenant={self.tenant!r})"


class DatabaseSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where everything durable is kept."""

    url: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^[a-z][a-z0-9+]*://.*$",
                extra={
                    "address": True,
                    "expected": "a database address such as sqlite:///antiphon.db or postgresql://user@host/name",
                },
            ),
        ]
        | None,
        Meta(description="`sqlite:///path` or `postgresql://…`; `antiphon.db` in the user's data folder when absent."),
    ] = None
    synchronous: Annotated[
        Literal["full", "normal"],
        Meta(description="`full` survives power loss; `normal` survives only the death of the process."),
    ] = "full"
    migrate_on_start: Annotated[
        bool,
        Meta(description="Whether a start makes and migrates tables, or leaves that to `antiphon db upgrade`."),
    ] = True
    connections: Annotated[
        int,
        Meta(
            description=(
                "The most connections that a process keeps to PostgreSQL, opened as they are needed; 4 are enough for"
                " each of many replicas."
            ),
            ge=4,
            le=100,
        ),
    ] = 10

    @override
    def __repr__(self) -> str:
        """Without the address, which may hold a password."""
        return f"DatabaseSettings(synchronous={self.synchronous!r})"


class ResponsesSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers are given and kept."""

    retention_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="How long a response, or a kept chat completion, is kept; null keeps it until it is deleted."),
    ] = 30
    done_marker: Annotated[bool, Meta(description="Whether a stream ends with the line `data: [DONE]`.")] = True
    implicit_conversation: Annotated[
        bool, Meta(description="Whether a response without a conversation shows one of its own.")
    ] = True
    strict: Annotated[
        bool, Meta(description="Whether what a target cannot express is refused, unless a request says otherwise.")
    ] = False
    hold_seconds: Annotated[
        float,
        Meta(
            description="How long a stream's first events wait for output, so another target can step in.", ge=0, le=60
        ),
    ] = 0.2
    keepalive_seconds: Annotated[
        float, Meta(description="A silent stream is kept open with a comment this often.", ge=1, le=600)
    ] = 15.0


class TimeoutSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a provider may take."""

    connect_seconds: Annotated[float, Meta(description="Until there is a connection.", gt=0, le=300)] = 5.0
    first_byte_seconds: Annotated[
        float,
        Meta(
            description="From the request until a stream begins; an answer that is not streamed has `whole_seconds`.",
            gt=0,
            le=3600,
        ),
    ] = 60.0
    idle_seconds: Annotated[float, Meta(description="Between two pieces of an answer.", gt=0, le=3600)] = 120.0
    whole_seconds: Annotated[
        float,
        Meta(
            description="From the request to the end of the answer; every attempt at a target has as long again.",
            gt=0,
            le=86_400,
        ),
    ] = 600.0


class RetrySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when a provider fails before its answer has begun."""

    attempts_per_target: Annotated[
        int, Meta(description="How often one target is asked before the next is.", ge=1, le=20)
    ] = 3
    base_seconds: Annotated[
        float, Meta(description="Mean pause before the second attempt; it doubles with each further one.", ge=0, le=60)
    ] = 0.5
    max_seconds: Annotated[float, Meta(description="The longest pause of our own choosing.", ge=0, le=300)] = 8.0
    longest_retry_after_seconds: Annotated[
        float,
        Meta(description="A provider that asks for a longer pause is not asked again for this request.", ge=0, le=3600),
    ] = 20.0


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receiver that is told how background answers and batches ended."""

    url: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^https?://[^\s/?#]+[^\s#]*$",
                max_length=2048,
                extra={"address": True, "expected": "an https:// address"},
            ),
        ],
        Meta(description="Where events are sent, with POST."),
    ]
    secret: Annotated[SigningSecret | None, Meta(description="What events are signed with; `whsec_` and base64.")] = (
        None
    )
    secrets: Annotated[
        list[SigningSecret],
        Meta(description="Several secrets, while one is exchanged for another: each signs every event.", max_length=8),
    ] = field(default_factory=list[str])
    events: Annotated[
        Annotated[list[WebhookEvent], Meta(min_length=1, max_length=16)] | None,
        Meta(description="The events that are sent; all when absent."),
    ] = None
    tenants: Annotated[
        Annotated[list[Name], Meta(min_length=1, max_length=10_000)] | None,
        Meta(description="The tenants whose answers it hears of; every tenant when absent."),
    ] = None
    allow_http: Annotated[bool, Meta(description="Whether the address may be http://, without TLS.")] = False
    allow_private: Annotated[
        bool, Meta(description="Whether it may be in a private network or on this machine, and at any port.")
    ] = False

    @property
    def all_events(self) -> tuple[str, ...]:
        """Those that are sent."""
        return get_args(WebhookEvent) if self.events is None else tuple(self.events)

    @property
    def all_secrets(self) -> list[str]:
        """The one that stands by itself first."""
        return [*([] if self.secret is None else [self.secret]), *self.secrets]

    @override
    def __repr__(self) -> str:
        """Without address and secrets."""
        return f"WebhookSettings(events={self.events!r}, tenants={self.tenants!r})"


class LoggingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is logged. Keys never are, and neither is what is said."""

    level: Annotated[Level, Meta(description="The least severe lines that are written.")] = "info"
    format: Annotated[
        Literal["auto", "human", "json"],
        Meta(description="`auto` is one line for people on a terminal and one JSON object elsewhere."),
    ] = "auto"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    server: Annotated[ServerSettings, Meta(description="Where and how requests are taken.")] = field(
        default_factory=ServerSettings
    )
    connections: Annotated[
        ConnectionSettings, Meta(description="What clients' connections may cost while they bring nothing.")
    ] = field(default_factory=ConnectionSettings)
    master_key: Annotated[
        Key | None,
        Meta(description="The owner's key; made and kept in the user's data folder when there are no keys at all."),
    ] = None
    keys: Annotated[list[KeySettings], Meta(description="Further keys, each its own tenant.", max_length=10_000)] = (
        field(default_factory=list[KeySettings])
    )
    security: Annotated[
        SecuritySettings, Meta(description="What protects content where it leaves the gateway's process.")
    ] = field(default_factory=SecuritySettings)
    database: Annotated[DatabaseSettings, Meta(description="Where responses are kept.")] = field(
        default_factory=DatabaseSettings
    )
    redis: Annotated[
        RedisSettings, Meta(description="Redis or Valkey, by which processes tell each other things and count.")
    ] = field(default_factory=RedisSettings)
    limits: Annotated[LimitSettings, Meta(description="How the limits of keys are kept.")] = field(
        default_factory=LimitSettings
    )
    providers: Annotated[
        dict[Name, ProviderSettings], Meta(description="Who answers, by the name that clients use.")
    ] = field(default_factory=dict[str, ProviderSettings])
    models: Annotated[
        dict[ModelName, ModelSettings],
        Meta(
            description=(
                "Model names of your own (aliases) and who answers them; or, under `provider/model`, where `*` stands"
                " for anything, what you know of models, which is believed before all that is known otherwise."
            )
        ),
    ] = field(default_factory=dict[str, ModelSettings])
    prompts: Annotated[
        dict[PromptId, PromptSettings],
        Meta(description="Prompts that requests may name, beside those that tenants keep, by their ids."),
    ] = field(default_factory=dict[str, PromptSettings])
    responses: Annotated[ResponsesSettings, Meta(description="How answers are given and kept.")] = field(
        default_factory=ResponsesSettings
    )
    background: Annotated[BackgroundSettings, Meta(description="How answers are given in the background.")] = field(
        default_factory=BackgroundSettings
    )
    downloads: Annotated[
        DownloadSettings,
        Meta(description="What requests name by address, for providers that take bytes."),
    ] = field(default_factory=DownloadSettings)
    files: Annotated[FileSettings, Meta(description="Files that tenants bring.")] = field(default_factory=FileSettings)
    websocket: Annotated[WebSocketSettings, Meta(description="Answers over a WebSocket.")] = field(
        default_factory=WebSocketSettings
    )
    idempotency: Annotated[
        IdempotencySettings,
        Meta(description="What becomes of a request that comes again under the same `Idempotency-Key`."),
    ] = field(default_factory=IdempotencySettings)
    moderations: Annotated[ModerationSettings, Meta(description="Who judges texts (`/v1/moderations`).")] = field(
        default_factory=ModerationSettings
    )
    passthrough: Annotated[
        PassthroughSettings, Meta(description="The providers' own APIs, at `/p/{provider}/{path}`.")
    ] = field(default_factory=PassthroughSettings)
    media: Annotated[MediaSettings, Meta(description="Pictures and sounds.")] = field(default_factory=MediaSettings)
    metrics: Annotated[MetricsSettings, Meta(description="Numbers for Prometheus, at `/metrics`.")] = field(
        default_factory=MetricsSettings
    )
    batches: Annotated[BatchSettings, Meta(description="How batches are worked off.")] = field(
        default_factory=BatchSettings
    )
    timeouts: Annotated[TimeoutSettings, Meta(description="How long a provider may take.")] = field(
        default_factory=TimeoutSettings
    )
    retries: Annotated[
        RetrySettings, Meta(description="What happens when a provider fails before its answer has begun.")
    ] = field(default_factory=RetrySettings)
    webhooks: Annotated[
        list[WebhookSettings], Meta(description="Who is told how background answers and batches ended.", max_length=64)
    ] = field(default_factory=list[WebhookSettings])
    logging: Annotated[
        LoggingSettings, Meta(description="What is logged; keys never are, and neither is what is said.")
    ] = field(default_factory=LoggingSettings)

    @property
    def aliases(self) -> dict[str, list[str]]:
        """The names of the owner's own, with their targets."""
        return {name: said.targets for name, said in self.models.items() if said.targets is not None}

    @override
    def __repr__(self) -> str:
        """Without anything secret: a traceback or a log may show this."""
        return f"Settings(providers={sorted(self.providers)!r}, models={sorted(self.models)!r})"
