"""A provider as it is configured: its row, its key, its address; and one target per model, made once.

Law: a request costs a look-up here; endpoint and headers are bytes before the first request comes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import UNSET

from antiphon.errors import BadRequest, ConfigError, UpstreamBroke
from antiphon.protocols import Post, Target, UpstreamDialect, UpstreamReply
from antiphon.provider_settings import Dialect, ProviderSettings
from antiphon.providers.couriers import ProviderFiles
from antiphon.providers.credentials import Credentials, key_header
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.endpoint import overridden as with_lines
from antiphon.providers.knowledge import Knowledge
from antiphon.providers.passing import PassThrough, Place, Web
from antiphon.providers.places import filled, parts_of
from antiphon.providers.posts import BoundPost, NoPost, SignedPost, Upstream
from antiphon.providers.row import COMPACT_PATH, COUNT_PATH, ProviderRow, Route, normalise_base_url
from antiphon.providers.signers import Signers
from antiphon.providers.table import row_for
from antiphon.providers.ways import Ways
from antiphon.quirks import Quirks
from antiphon.service_protocols import Served
from antiphon.version import __version__

MAX_LIST_BYTES: Final = 32 * 1024 * 1024
"""OpenRouter's list of models, the longest that is known, has two."""

_MAX_TARGETS: Final = 4096
_NOT_YOURS: Final = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
_OK: Final = 200

Dialects = Mapping[str, UpstreamDialect]
"""Every upstream dialect by name."""


class ProviderInstance:
    """Implements `discovery.Provider`. `name` is what clients write before the slash."""

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        upstream: Upstream,
        dialects: Dialects,
        knowledge: Knowledge | None = None,
        signers: Signers | None = None,
    ) -> None:
        """Opens nothing; `signers` make what signs where there is no key.

        Without `knowledge`, of models is known what the files here say.

        Raises ConfigError for a type, an address, a quirk or credentials that cannot be.
        """
        self.name = name
        self.row = row = row_for(name, settings.type)
        self._parts = parts_of(settings)
        self.base_url = _base_url(name, row, settings.base_url, self._parts)
        self.quirks = overridden(name, row.quirks, settings.quirks)
        self.models = _models(row, settings)
        self._settings = settings
        self._upstream = upstream
        self._dialects = dialects
        self._credentials = _credentials(name, row, settings, signers)
        self._headers = _headers(name, row, settings, Route(""))
        self._posts: dict[str, Post] = {}
        self._targets: dict[str, Target] = {}
        self._knowledge = knowledge or Knowledge({})
        self._revision = self._knowledge.revision
        self._chat_only = _pattern(name, "chat_only_models", self.quirks.chat_only_models)
        _pattern(name, "encrypted_reasoning_models", self.quirks.encrypted_reasoning_models)
        _pattern(name, "signed_calls", self.quirks.signed_calls)
        _pattern(name, "effortless_models", self.quirks.effortless_models)
        _pattern(name, "restless_models", self.quirks.restless_models)
        self._ways = Ways(row, settings, frozenset(dialects))
        self._owned = re.compile(row.owns) if row.owns else None
        self._endpoint(self.base_url)

    @property
    def stands_in(self) -> bool:
        """Whether it only answers because there is nobody else."""
        return False

    @property
    def row_name(self) -> str:
        """What kind of provider it is."""
        return self.row.name

    @property
    def lists_models(self) -> bool:
        """Whether there is a list of models to be read."""
        return self.row.models_path is not None

    def owns(self, model: str) -> bool:
        """Whether the model is the provider's own, going by its name."""
        return self._owned is not None and self._owned.search(model) is not None

    def offers(self, model: str) -> bool:
        """Whether the owner lets the model be used."""
        return self.models is None or model in self.models

    def target(self, model: str) -> Target:
        """The model here, existing or not: that is for the provider to say.

        Raises BadRequest for one whose address cannot be told from the settings.
        """
        if self._revision != self._knowledge.revision:
            self._targets.clear()
            self._revision = self._knowledge.revision
        target = self._targets.get(model)
        if target is None:
            if len(self._targets) >= _MAX_TARGETS:
                self._targets.clear()  # clients may invent names without end
            target = self._targets[model] = self._new_target(model)
        return target

    def courier(self) -> ProviderFiles | None:
        """Who brings files there; None where none are kept."""
        row = self.row.files
        if row is None:
            return None

        def place(path: str) -> Endpoint:
            return self._endpoint(self._address(path, ""))

        headers = _headers(self.name, self.row, self._settings, row.route)
        return ProviderFiles(self.name, row, self._upstream, headers, self._credentials, place, time.time)

    async def asked_for_list(self, page: str = "") -> UpstreamReply:
        """What is answered where the list of models is, or the page of it that the query asks for. To be released.

        Raises UpstreamError.
        """
        address = self._list_address()
        query = f"{'&' if '?' in address else '?'}{page}" if page else ""
        endpoint = self._endpoint(f"{address}{query}")
        lines = self._headers
        if self._credentials is not None:
            lines += await self._credentials.headers(b"GET", endpoint, b"")
        return await self._upstream.get(endpoint, lines)

    async def listing(self, page: str = "") -> bytes:
        """The provider's own list of models, or the page of it that the query asks for. Raises UpstreamError."""
        reply = await self.asked_for_list(page)
        try:
            if reply.status != _OK:
                raise UpstreamBroke(f"{self.name} answered its list of models with status {reply.status}.")
            return await reply.read(MAX_LIST_BYTES)
        finally:
            reply.release()

    def passing(self, web: Web) -> PassThrough:
        """The way to its own API, as it is."""
        place = Place(self.name, self.row, self._settings, self.base_url, self._credentials)
        return PassThrough(place, web, self)

    async def ask(self, path: str, body: bytes | None = None, headers: bytes = b"") -> UpstreamReply:
        """What is answered at a path that is no model's: to a POST of `body`, or else to a GET. To be released.

        `headers` are whole lines. Raises UpstreamError.
        """
        endpoint = self._endpoint(self._address(path, ""))
        lines = with_lines(self._headers, headers) if headers else self._headers
        if self._credentials is not None:
            lines += await self._credentials.headers(b"GET" if body is None else b"POST", endpoint, body or b"")
        if body is None:
            return await self._upstream.get(endpoint, lines)
        return await self._upstream.post(endpoint, lines, body, patient=True)

    def dialect_of(self, model: str) -> Dialect:
        """The API that this model is asked through."""
        return self._way(model)[0]

    def _way(self, model: str) -> tuple[Dialect, Route]:
        """The API, and where it is."""
        dialect, route = self._ways.of(model)
        if dialect == "responses" and self._chat_only is not None and self._chat_only.search(model):
            return "chat", self._ways.route("chat")
        return dialect, route

    def _new_target(self, model: str) -> Target:
        dialect, route = self._way(model)
        native = dialect == "responses"
        fact = self._knowledge.fact(self.name, self.row.name, model)
        count = COUNT_PATH if native and self.row.counts_tokens else route.count
        known = self._settings.deployments.get(model, model)
        relays = self._ways.relays(model, dialect, route)
        try:
            return Target(
                name=f"{self.name}/{model}",
                provider=self.name,
                model=known,
                dialect=self._dialects[dialect],
                post=self._post(route, known) if self.row.dialects else self._no_post(model),
                relays={format: self._post(relay, known) for format, relay in relays.items()},
                post_count=None if count is None else self._post(_only(route, count), known),
                post_compact=self._post(Route(COMPACT_PATH)) if native and self.row.compacts else None,
                quirks=self.quirks,
                deployment=self.base_url,
                output_limit=None if fact.max_output_tokens is UNSET else fact.max_output_tokens,
                context_window=None if fact.context_window is UNSET else fact.context_window,
                price=None if fact.price is UNSET else fact.price,
                services={
                    service.service: Served(service.dialect, self._post(where, known), service.batch)
                    for service, where in self._ways.services(model)
                },
            )
        except ConfigError as error:
            message = f"The model '{model}' cannot be asked at {self.name} without the setting {error.message}."
            raise BadRequest(message, param="model", code="unsupported_value") from error

    def _no_post(self, model: str) -> Post:
        services = (service.service for service, _ in self._ways.services(model))
        return NoPost(f"{self.name}/{model}", tuple(services))

    def _post(self, route: Route, model: str = "") -> Post:
        if "{model}" in route.path:
            return self._new_post(route, quote(model, safe=""))
        post = self._posts.get(route.path)
        if post is None:
            post = self._posts[route.path] = self._new_post(route, "")
        return post

    def _new_post(self, route: Route, model: str) -> Post:
        stream = None if route.streamed is None else self._endpoint(self._address(route.streamed, model))
        headers = _headers(self.name, self.row, self._settings, route)
        bound = BoundPost(self._upstream, self._endpoint(self._address(route.path, model)), headers, stream)
        return bound if self._credentials is None else SignedPost(bound, self._credentials)

    def _address(self, path: str, model: str) -> str:
        return self.row.address(self.base_url, filled(path, self._parts).replace("{model}", model))

    def _list_address(self) -> str:
        path = filled(self.row.models_path or "", self._parts)
        if not path.startswith("https://"):
            return self.base_url + path
        if self.base_url == filled(self.row.base_url, self._parts):
            return path
        parts = urlsplit(path)
        return f"{self.base_url}{parts.path}?{parts.query}"

    def _endpoint(self, url: str) -> Endpoint:
        try:
            return Endpoint.parse(url)
        except ValueError as error:
            raise ConfigError(f"The base URL of provider '{self.name}' cannot be used: {error}.") from None


def _only(route: Route, path: str) -> Route:
    """Another path that is asked in the same way."""
    return Route(path, key=route.key, headers=route.headers)


def _models(row: ProviderRow, settings: ProviderSettings) -> tuple[str, ...] | None:
    """Those that are offered alone. Where a provider cannot list its models, named deployments are all there are."""
    if settings.models is not None:
        return tuple(settings.models)
    return tuple(settings.deployments) if settings.deployments and row.models_path is None else None


def _credentials(
    name: str, row: ProviderRow, settings: ProviderSettings, signers: Signers | None
) -> Credentials | None:
    try:
        return None if signers is None else signers.credentials(row, settings)
    except ConfigError as error:
        raise ConfigError(f"Provider '{name}': {error.message}.") from None


def overridden(name: str, quirks: Quirks, overrides: Mapping[str, object] | None) -> Quirks:
    """`quirks` with what the owner says instead. Raises ConfigError, which names the nearest quirk there is."""
    if not overrides:
        return quirks
    for quirk in overrides:
        if quirk not in Quirks.__struct_fields__:
            near = get_close_matches(quirk, Quirks.__struct_fields__, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ConfigError(f"Provider '{name}': there is no quirk '{quirk}'.{hint}")
    try:
        return msgspec.convert(msgspec.structs.asdict(quirks) | dict(overrides), Quirks)
    except msgspec.ValidationError as error:
        raise ConfigError(f"Provider '{name}', quirks: {error}.") from None


def _base_url(name: str, row: ProviderRow, given: str | None, parts: Mapping[str, str]) -> str:
    if given is not None:
        return normalise_base_url(row, given)
    if not row.base_url:
        raise ConfigError(f"Provider '{name}' needs a base_url, since it is in no table.")
    try:
        return filled(row.base_url, parts)
    except ConfigError as error:
        raise ConfigError(f"Provider '{name}' needs a {error.message}.") from None


def _headers(name: str, row: ProviderRow, settings: ProviderSettings, route: Route) -> bytes:
    """What every request carries. The owner's headers come last and replace ours whatever their case."""
    headers = {"Content-Type": "application/json", "User-Agent": f"antiphon/{__version__}"}
    if settings.api_key:
        header, value = key_header(route.key or row.key, settings.api_key)
        headers[header] = value
    for header, value in (*row.headers.items(), *route.headers.items(), *settings.headers.items()):
        if header.lower() in _NOT_YOURS:
            raise ConfigError(f"Provider '{name}': the header {header} is the HTTP client's own affair.")
        for same in [ours for ours in headers if ours.lower() == header.lower()]:
            del headers[same]
        headers[header] = value
    try:
        return header_block(headers)
    except ValueError as error:
        raise ConfigError(f"Provider '{name}': {error}.") from None


def _pattern(name: str, quirk: str, pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise ConfigError(f"Provider '{name}': the quirk '{quirk}' is not a pattern: {error}.") from None
