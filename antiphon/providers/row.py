"""What is known of a provider before anybody has configured it: one row of the table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from antiphon.errors import ConfigError
from antiphon.provider_settings import Dialect
from antiphon.providers.places import missing
from antiphon.quirks import Quirks
from antiphon.service_protocols import Service
from antiphon.wire.file_forms import Manner

KeyStyle = Literal["bearer", "token", "x-api-key", "xi-api-key", "x-goog-api-key", "api-key"]
"""The header that a key is sent in: ``Authorization: Bearer`` or ``Token``, or one that is called so."""

Cloud = Literal["aws", "google", "azure"]
"""Who may sign requests where no key is given, and the section of the settings that says how."""

_ANTHROPIC_VERSION: Final = {"anthropic-version": "2023-06-01"}


class Route(Struct, frozen=True):
    """Where an API is, below the base URL: ``{model}`` stands for the model. `streamed` is where streams are, if apart.

    A path that begins with ``~`` is beside the version path, not below it. `count` is where the tokens of a request are
    counted, None where that cannot be asked for. Other words in braces are those of `places`. `key` is how a key is
    sent there, where that is not the row's way; `headers` are sent too.
    """

    path: str
    streamed: str | None = None
    count: str | None = None
    key: KeyStyle | None = None
    headers: Mapping[str, str] = {}


class Spoken(Struct, frozen=True):
    """The API that the models of a pattern are asked through, and where, if that is not the row's place for it."""

    models: str
    dialect: Dialect
    route: Route | None = None


class ServiceRow(Struct, frozen=True, kw_only=True):
    """An endpoint beside answers: what for, in whose words, where, and for which models, by a pattern.

    `batch` is how many inputs are taken at once, None where clients need not care. `dated` is where it is in versions
    of the API that are called by a date.
    """

    service: Service
    dialect: str = "openai"
    route: Route
    models: str = ""
    batch: int | None = None
    dated: Route | None = None


class BatchRow(Struct, frozen=True):
    """A provider's own batches: whose API they are in, and by the name of an API the URL that its requests name."""

    kind: Literal["openai", "anthropic"]
    urls: Mapping[str, str]


class FileRow(Struct, frozen=True, kw_only=True):
    """Where a provider keeps files, and when they go there rather than into a request.

    `one` is the path of a file, with ``{file}`` for its name. `dialects` are the formats whose requests can name it, of
    which those in `no_images` name no pictures. More than `inline_bytes` do not fit into a request, more than
    `max_bytes` the provider does not keep. With `always`, files that are no pictures are told by name alone. `named`
    tells that the end of a file's name says what it is, where a request names it.
    """

    manner: Manner
    route: Route
    one: str
    dialects: tuple[Dialect, ...]
    inline_bytes: int
    max_bytes: int
    purpose: str = ""
    no_images: tuple[Dialect, ...] = ()
    always: bool = False
    named: bool = False


ROUTES: Final[Mapping[Dialect, Route]] = {
    "responses": Route("/responses"),
    "chat": Route("/chat/completions"),
    "messages": Route("/messages", count="/messages/count_tokens", headers=_ANTHROPIC_VERSION),
    "vertex-messages": Route(
        "/v1/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:rawPredict",
        "/v1/projects/{project}/locations/{location}/publishers/anthropic/models/{model}:streamRawPredict",
    ),
    "bedrock-messages": Route(
        "/model/{model}/invoke", "/model/{model}/invoke-with-response-stream", "/model/{model}/count-tokens"
    ),
    "gemini": Route(
        "/models/{model}:generateContent",
        "/models/{model}:streamGenerateContent?alt=sse",
        "/models/{model}:countTokens",
    ),
    "converse": Route("/model/{model}/converse", "/model/{model}/converse-stream", "/model/{model}/count-tokens"),
    "cohere": Route("/chat"),
    "ollama": Route("~/api/chat"),
}
"""Where each API is at those who made it; a row may say otherwise."""

NATIVE: Final[tuple[Dialect, ...]] = ("responses", "chat")
TRANSLATED: Final[tuple[Dialect, ...]] = ("chat", "responses")
CHAT: Final[tuple[Dialect, ...]] = ("chat",)
RESPONSES: Final[tuple[Dialect, ...]] = ("responses",)

EMBEDS: Final = (ServiceRow(service="embeddings", route=Route("/embeddings")),)
"""What most have who took over OpenAI's format."""

RETRIEVES: Final = (*EMBEDS, ServiceRow(service="rerank", dialect="compatible", route=Route("/rerank")))
"""What engines have that serve models of every kind."""

COUNT_PATH: Final = "/responses/input_tokens"
COMPACT_PATH: Final = "/responses/compact"

_COMMON_VERSION: Final = "/v1"
_BESIDE: Final = "~"
_WHOLE: Final = "https://"
_VERSION: Final = re.compile(r"/v\d+((alpha|beta)\d*)?$")


class ProviderRow(Struct, frozen=True, kw_only=True):
    """A provider as data. `base_url` includes the version path; it is empty where only the owner can know it.

    `dialects` are those it speaks, the one that is used first. `note` says why that is, where it is not plain.
    `keys` and `urls` are environment variables that people use beside the two that follow from the name.
    `owns` is a pattern of the models that are the provider's own, so that their bare names need no look-up.
    `routes` are those that differ from `ROUTES`. `counts_tokens` and `compacts` tell whether its documentation has
    `/responses/input_tokens`, `/responses/compact`.

    `speaks` names models that are asked through another API than the first; the first pattern that fits holds.
    `models_path` may be a whole address, which holds at the provider's own base URL. `key` is how a key is sent;
    without one `cloud` signs, at AWS for `service`. `places` are settings that its addresses depend on. `dated_routes`
    hold where `api_version` is a date, and the Responses API is there since `responses_since`. `services` are endpoints
    beside answers; of several for one service the first whose pattern fits holds. Without `dialects` there is nothing
    but them. `batches` are those that it works off by itself; `files` is where it keeps files, if it does. `tails` are
    ends of base URLs that people copy from other clients although `routes` say them already.
    `adds_version` tells whether the vendor's own clients put the version path behind whatever base URL they are given.
    `completes` is a pattern of the models that take legacy completions, at `completions_path`; None where none does.
    `standard` are groups of settings and the variables that they are taken from, where the owner says none of the
    group; `enough` are sets of variables that switch the provider on, as its own variables do.
    """

    name: str
    title: str
    base_url: str
    dialects: tuple[Dialect, ...]
    sources: tuple[str, ...]
    read_on: str = "2026-11-21"
    keys: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    needs_key: bool = True
    models_path: str | None = "/models"
    headers: Mapping[str, str] = {}
    routes: Mapping[Dialect, Route] = {}
    owns: str = ""
    speaks: tuple[Spoken, ...] = ()
    services: tuple[ServiceRow, ...] = ()
    batches: BatchRow | None = None
    files: FileRow | None = None
    key: KeyStyle = "bearer"
    cloud: Cloud | None = None
    service: str = ""
    places: tuple[str, ...] = ()
    dated_routes: Mapping[Dialect, Route] = {}
    responses_since: str = ""
    tails: tuple[str, ...] = ()
    adds_version: bool = False
    completes: str | None = None
    completions_path: str = "/completions"
    standard: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    enough: tuple[tuple[str, ...], ...] = ()
    counts_tokens: bool = False
    compacts: bool = False
    quirks: Quirks = Quirks()
    note: str = ""

    def route(self, dialect: Dialect) -> Route:
        """Where this API of the provider's is."""
        return self.routes.get(dialect) or ROUTES[dialect]

    @property
    def prefix(self) -> str:
        """What the names of its environment variables begin with."""
        return self.name.upper().replace("-", "_")

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where a key may be found; the first that is set holds."""
        own = f"{self.prefix}_API_KEY"
        return (own, *(name for name in self.keys if name != own))

    @property
    def url_variables(self) -> tuple[str, ...]:
        """Where another base URL may be found; the first that is set holds."""
        return (f"{self.prefix}_BASE_URL", *self.urls)

    @property
    def switches(self) -> tuple[tuple[str, ...], ...]:
        """What switches it on: one variable of each group. Where a cloud may sign, a key is not among them."""
        urls, place = self.url_variables, missing(self.base_url, ())
        if place is not None:
            return ((f"{self.prefix}_{place.upper()}", *self.urls[:1]),)
        if not self.needs_key:
            return (urls[:1],)
        if self.cloud is not None:
            return ((*self.key_variables[:1], f"{self.prefix}_{self.places[0].upper()}"),)
        return (self.key_variables,) if self.base_url else (urls[:1], self.key_variables)

    @property
    def local(self) -> bool:
        """Whether it runs on the owner's machines, so that nobody has it unless he says so."""
        return not self.base_url.startswith("https://")

    def address(self, base_url: str, path: str) -> str:
        """The URL of one of the provider's paths, below the base URL or, after ``~``, beside the version path.

        A whole address holds at the provider's own base URL; at another, its path is beside the version path.
        """
        if path.startswith(_WHOLE):
            if base_url == self.base_url:
                return path
            path = _BESIDE + urlsplit(path).path
        if path.startswith(_BESIDE):
            return base_url.removesuffix(self.version_path) + path.removeprefix(_BESIDE)
        return base_url + path

    @property
    def version_path(self) -> str:
        """The part of the base URL that people leave out."""
        return urlsplit(self.base_url).path if self.base_url else _COMMON_VERSION


def normalise_base_url(row: ProviderRow, url: str) -> str:
    """`url` with the version path if it has no path at all, without a slash at the end.

    Where the vendor's own clients add the version path to any base URL, so does this, unless it ends in one.
    Raises ConfigError, which does not repeat the URL: it may hold a password.
    """
    parts = _split(row, url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"The base URL of provider '{row.name}' must start with http:// or https:// and a host.")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"The base URL of provider '{row.name}' must not hold a user or password; use api_key.")
    if "?" in url or "#" in url:
        raise ConfigError(f"The base URL of provider '{row.name}' must have neither query nor fragment.")
    path = parts.path.rstrip("/")
    for tail in row.tails:
        path = path.removesuffix(tail)
    if row.adds_version and path and not _VERSION.search(path):
        path += row.version_path
    return f"{parts.scheme}://{parts.netloc}{path or row.version_path}"


def _split(row: ProviderRow, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigError(f"The base URL of provider '{row.name}' has no legal host or port.") from None
    return parts
