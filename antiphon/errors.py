"""Every error Antiphon raises on purpose, by who can mend it.

    AntiphonError
    ├── CallerError            the client can mend it (4xx)
    │   ├── BadRequest             400
    │   ├── Unauthorized           401
    │   ├── Forbidden              403
    │   ├── NotFound               404
    │   ├── MethodNotAllowed       405
    │   ├── RequestTimeout         408
    │   ├── Conflict               409
    │   ├── BodyTooLarge           413
    │   ├── UnsupportedMediaType   415
    │   ├── RangeNotSatisfiable    416
    │   ├── UpgradeRefused         426
    │   ├── RateLimited            429
    │   └── HeadTooLarge           431
    ├── UpstreamError          a provider failed (5xx, or its own meaning); says where a retry may help
    │   ├── ConnectFailed          502
    │   │   └── OutOfDescriptors       503
    │   ├── AddressRefused         502
    │   ├── UpstreamTimeout        504
    │   ├── UpstreamBroke          502
    │   ├── CredentialsFailed      502
    │   └── UpstreamRefused        what the provider answered, translated
    ├── JobLost                a worker's job is gone or another's; no client ever sees it
    └── GatewayError           our fault or our owner's
        ├── ConfigError            start-up only
        ├── StoreFailed            503
        ├── Superseded             503
        ├── TooManyConnections     503
        └── ShuttingDown           503

Only `http/errors.py` renders them; only `gateway` decides on `retry`.
"""

from __future__ import annotations

import enum


class AntiphonError(Exception):
    """The root. `status`, `type` and `code` are what the OpenAI error envelope shows for it."""

    status: int = 500
    type: str = "server_error"
    code: str | None = None

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, retry_after: float | None = None
    ) -> None:
        """`message` says what is wrong, with which thing, and what to do; `retry_after` is in seconds."""
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code
        self.retry_after = retry_after


class CallerError(AntiphonError):
    """The request cannot be served as it is; the client can mend it."""

    status = 400
    type = "invalid_request_error"


class BadRequest(CallerError):
    """A value, or a combination of values, that is not legal."""


class Unauthorized(CallerError):
    """No key, or one that is not known."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class Forbidden(CallerError):
    """What the owner lets nobody do, or not this caller."""

    status = 403
    type = "permission_error"
    code = "not_allowed"


class NotFound(CallerError):
    """An object that does not exist for this tenant, or a path that nothing serves."""

    status = 404


class MethodNotAllowed(CallerError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class RequestTimeout(CallerError):
    """The request did not arrive in time."""

    status = 408
    code = "request_timeout"


class Conflict(CallerError):
    """What is asked for contradicts what is there already, and will on every retry."""

    status = 409
    code = "conflict"


class BodyTooLarge(CallerError):
    """The body is over `server.max_body_bytes`."""

    status = 413
    code = "request_too_large"


class UnsupportedMediaType(CallerError):
    """The body is not JSON, or is encoded in a way that is not known."""

    status = 415
    code = "unsupported_media_type"


class RangeNotSatisfiable(CallerError):
    """A part of a content is asked for that it does not have."""

    status = 416
    code = "range_not_satisfiable"


class UpgradeRefused(CallerError):
    """A WebSocket was asked for where there is none; clients fall back to HTTP on this status."""

    status = 426
    code = "websocket_not_available"


class RateLimited(CallerError):
    """The caller asks for more than the owner lets a tenant have."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class HeadTooLarge(CallerError):
    """The path and the headers are longer than a request's may be."""

    status = 431
    code = "request_head_too_large"


class Retry(enum.Enum):
    """Where another attempt may succeed."""

    SAME = "same"
    ELSEWHERE = "elsewhere"
    NEVER = "never"


class UpstreamError(AntiphonError):
    """A provider failed. `retry` says where another attempt may help, `told` is what may hold the tokens it took."""

    status = 502
    type = "server_error"
    code = "upstream_error"
    retry: Retry = Retry.SAME
    told: bytes = b""


class ConnectFailed(UpstreamError):
    """No connection: name, route, TLS or refusal."""


class OutOfDescriptors(ConnectFailed):
    """The gateway itself has as many connections and files open as its system lets it, whomever it would ask."""

    status = 503
    code = "too_many_connections"
    retry = Retry.NEVER


class AddressRefused(UpstreamError):
    """The address leads where the gateway does not go at somebody else's word, such as into its own network."""

    retry = Retry.NEVER


class UpstreamTimeout(UpstreamError):
    """The provider was silent for longer than a deadline allows."""

    status = 504
    code = "upstream_timeout"


class UpstreamBroke(UpstreamError):
    """The answer was cut short or was not the protocol it claimed to be."""


class CredentialsFailed(UpstreamError):
    """Nothing could be had that opens the provider: the owner can mend it. Says what was tried, and nothing secret."""

    code = "provider_credentials"
    retry = Retry.ELSEWHERE


class UpstreamRefused(UpstreamError):
    """The provider answered with an error; `status`, `type` and `code` are those the client shall see."""

    def __init__(  # noqa: PLR0913 - one value per envelope field
        self,
        message: str,
        *,
        status: int,
        type: str = "server_error",
        code: str | None = None,
        param: str | None = None,
        retry: Retry = Retry.NEVER,
        retry_after: float | None = None,
        said: str | None = None,
    ) -> None:
        """All texts must already be free of keys, hosts and organisation ids.

        `said` are the provider's own words where `message` keeps them from the client: its owner reads them in the log.
        """
        super().__init__(message, param=param, code=code, retry_after=retry_after)
        self.status = status
        self.type = type
        self.code = code
        self.retry = retry
        self.said = said


class JobLost(AntiphonError):
    """Somebody else ended the job or took it over: whoever hears this drops what it is doing and touches nothing."""


class GatewayError(AntiphonError):
    """Antiphon itself cannot go on."""

    code = "internal_error"


class ConfigError(GatewayError):
    """The configuration cannot be used; the message names file, line and column where they are known."""


class StoreFailed(GatewayError):
    """The database did not take or give what was asked of it."""

    status = 503
    code = "store_unavailable"


class Superseded(GatewayError):
    """Another process has taken this answer over while this one seemed dead; whoever asks again gets that one."""

    status = 503
    code = "superseded"


class TooManyConnections(GatewayError):
    """More clients are connected than this process can serve; another one, or this one a little later, can."""

    status = 503
    code = "too_many_connections"


class ContentUnreadable(StoreFailed):
    """What was stored is encrypted, and cannot be decrypted: its key is missing, or somebody has changed it."""

    status = 500
    code = "content_unreadable"


class ShuttingDown(GatewayError):
    """This process is going away; another one, or this one after its restart, can serve the request."""

    status = 503
    code = "shutting_down"
