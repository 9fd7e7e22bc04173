"""Every setting: its type, its default, its unit in the name, and one sentence about it.

The reference page, the JSON Schema and what `antiphon check` says are all made from this file, so a setting that is
not described here does not exist. `None` as a default is explained by the sentence.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field
from typing_extensions import override

Dialect = Literal["responses", "chat"]
Level = Literal["debug", "info", "warning", "error"]

_SECRET: Final = {"secret": True}
"""Marks what no output may ever show."""

_URL: Final = {"address": True, "expected": "an http:// or https:// address without query"}
"""Marks an address, whose user and password no output may ever show."""

_Key = Annotated[
    str,
    Meta(
        pattern=r"^[!-~]+$",
        max_length=4096,
        extra=_SECRET | {"expected": "a key: visible ASCII characters, no blanks"},
    ),
]
_Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        max_length=64,
        extra={"expected": "a name of small letters, digits, '.', '_' and '-'"},
    ),
]
_Address = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", max_length=2048, extra=_URL)]
_ModelName = Annotated[
    str, Meta(pattern=r"^\S+$", max_length=256, extra={"expected": "the name of a model, without blanks"})
]
_TargetName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]*/\S+$",
        max_length=320,
        extra={"expected": "a target, written provider/model"},
    ),
]
_PromptId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=256,
        extra={"expected": "the id of a prompt: letters, digits, '_' and '-'"},
    ),
]
_HeaderName = Annotated[
    str,
    Meta(
        pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        max_length=128,
        extra={"expected": "the name of an HTTP header"},
    ),
]
_HeaderValue = Annotated[
    str,
    Meta(
        pattern=r"^[ -~\t]*$",
        max_length=8192,
        extra=_SECRET | {"expected": "the value of an HTTP header: one line of ASCII text"},
    ),
]


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


class KeySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that clients may use beside the master key."""

    name: Annotated[_Name, Meta(description="What logs call the key.")]
    key: Annotated[_Key, Meta(description="The key itself, as clients send it.")]
    tenant: Annotated[
        _Name | None, Meta(description="Who owns what is stored under the key; the key's name when absent.")
    ] = None

    @override
    def __repr__(self) -> str:
        """Without the key."""
        return f"KeySettings(name={self.name!r}, tenant={self.tenant!r})"


class DatabaseSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where responses are kept."""

    url: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^[a-z][a-z0-9+]*://.*$",
                extra={"address": True, "expected": "a database address such as sqlite:///antiphon.db"},
            ),
        ]
        | None,
        Meta(description="SQLAlchemy address of the database; `antiphon.db` in the user's data folder when absent."),
    ] = None
    synchronous: Annotated[
        Literal["full", "normal"],
        Meta(description="`full` survives power loss; `normal` survives only the death of the process."),
    ] = "full"

    @override
    def __repr__(self) -> str:
        """Without the address, which may hold a password."""
        return f"DatabaseSettings(synchronous={self.synchronous!r})"


class ProviderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who answers. Clients address its models as `name/model`."""

    type: Annotated[
        _Name | None,
        Meta(
            description="Which known provider it is; the one its name begins with, or `openai-compatible`, when absent."
        ),
    ] = None
    base_url: Annotated[
        _Address | None,
        Meta(description="Where its API is, with or without the version path; the provider's own when absent."),
    ] = None
    api_key: Annotated[_Key | None, Meta(description="The key it is called with.")] = None
    models: Annotated[
        Annotated[list[_ModelName], Meta(max_length=10_000)] | None,
        Meta(description="The only models that are offered; what the provider lists when absent."),
    ] = None
    dialect: Annotated[
        Dialect | None,
        Meta(description="The API that is spoken to it: Responses or chat completions; what suits it when absent."),
    ] = None
    headers: Annotated[
        dict[_HeaderName, _HeaderValue], Meta(description="Headers that are added to every call.", max_length=64)
    ] = field(default_factory=dict[str, str])
    proxy: Annotated[_Address | None, Meta(description="HTTP proxy through which it is reached; none when absent.")] = (
        None
    )
    quirks: Annotated[
        dict[str, Any] | None,
        Meta(description="How it departs from the API it speaks, over what is known of its type."),
    ] = None
    enabled: Annotated[bool, Meta(description="Whether it is used at all.")] = True

    @override
    def __repr__(self) -> str:
        """Without key, headers and addresses."""
        return f"ProviderSettings(type={self.type!r}, enabled={self.enabled!r})"


class AliasSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model name of your own."""

    targets: Annotated[
        list[_TargetName],
        Meta(
            description="Who answers, as `provider/model`; the next is asked when one fails.",
            min_length=1,
            max_length=32,
        ),
    ]


class ResponsesSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers are given and kept."""

    retention_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None,
        Meta(description="How long a response is kept; null keeps it until it is deleted."),
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


class TimeoutSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a provider may take."""

    connect_seconds: Annotated[float, Meta(description="Until there is a connection.", gt=0, le=300)] = 5.0
    first_byte_seconds: Annotated[
        float, Meta(description="From the request until the answer begins.", gt=0, le=3600)
    ] = 60.0
    idle_seconds: Annotated[float, Meta(description="Between two pieces of an answer.", gt=0, le=3600)] = 120.0
    whole_seconds: Annotated[float, Meta(description="From the request to the end of the answer.", gt=0, le=86_400)] = (
        600.0
    )


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
    master_key: Annotated[
        _Key | None,
        Meta(description="The owner's key; made and kept in the user's data folder when there are no keys at all."),
    ] = None
    keys: Annotated[list[KeySettings], Meta(description="Further keys, each its own tenant.", max_length=10_000)] = (
        field(default_factory=list[KeySettings])
    )
    database: Annotated[DatabaseSettings, Meta(description="Where responses are kept.")] = field(
        default_factory=DatabaseSettings
    )
    providers: Annotated[
        dict[_Name, ProviderSettings], Meta(description="Who answers, by the name that clients use.")
    ] = field(default_factory=dict[str, ProviderSettings])
    models: Annotated[
        dict[_ModelName, AliasSettings], Meta(description="Model names of your own (aliases) and who answers them.")
    ] = field(default_factory=dict[str, AliasSettings])
    prompts: Annotated[
        dict[_PromptId, PromptSettings],
        Meta(description="Prompts that requests may name, beside those that tenants keep, by their ids."),
    ] = field(default_factory=dict[str, PromptSettings])
    responses: Annotated[ResponsesSettings, Meta(description="How answers are given and kept.")] = field(
        default_factory=ResponsesSettings
    )
    idempotency: Annotated[
        IdempotencySettings,
        Meta(description="What becomes of a request that comes again under the same `Idempotency-Key`."),
    ] = field(default_factory=IdempotencySettings)
    timeouts: Annotated[TimeoutSettings, Meta(description="How long a provider may take.")] = field(
        default_factory=TimeoutSettings
    )
    retries: Annotated[
        RetrySettings, Meta(description="What happens when a provider fails before its answer has begun.")
    ] = field(default_factory=RetrySettings)
    logging: Annotated[
        LoggingSettings, Meta(description="What is logged; keys never are, and neither is what is said.")
    ] = field(default_factory=LoggingSettings)

    @override
    def __repr__(self) -> str:
        """Without anything secret: a traceback or a log may show this."""
        return f"Settings(providers={sorted(self.providers)!r}, models={sorted(self.models)!r})"
