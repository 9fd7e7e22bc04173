"""A provider as it is configured: its row, its key, its address; and one target per model, made once.

Law: a request costs a look-up here; endpoint and headers are bytes before the first request comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Protocol
from urllib.parse import quote

import msgspec
from msgspec import UNSET
from typing_extensions import override

from antiphon import __version__
from antiphon.errors import ConfigError, UpstreamBroke
from antiphon.protocols import Post, Target, UpstreamDialect, UpstreamReply
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.knowledge import Knowledge
from antiphon.providers.row import COMPACT_PATH, COUNT_PATH, ProviderRow, normalise_base_url
from antiphon.providers.table import row_for
from antiphon.quirks import Quirks
from antiphon.settings import Dialect, ProviderSettings

MAX_LIST_BYTES: Final = 32 * 1024 * 1024
"""OpenRouter's list of models, the longest that is known, has two."""

_MAX_TARGETS: Final = 4096
_NOT_YOURS: Final = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
_OK: Final = 200

Dialects = Mapping[str, UpstreamDialect]
"""Every upstream dialect by name."""


class Upstream(Protocol):
    """What is asked of the HTTP client."""

    async def post(
        self,
        endpoint: Endpoint,
        headers: bytes,
        body: bytes,
        timeouts: Timeouts | None = None,
        *,
        patient: bool = False,
    ) -> UpstreamReply:
        """The reply as soon as its head is there. A `patient` one waits longer for it. Raises UpstreamError."""
        ...

    def lasting(self, seconds: float) -> Timeouts:
        """The usual timeouts, but for an answer that may take so long."""
        ...

    async def get(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `post`."""
        ...


@dataclass(frozen=True, slots=True)
class BoundPost:
    """Implements `protocols.Post` for one endpoint under one key."""

    upstream: Upstream
    endpoint: Endpoint
    headers: bytes
    stream_endpoint: Endpoint | None = None

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        """A whole answer begins only when all of it has been thought of, so it is waited for longer."""
        lines = self.headers + headers if headers else self.headers
        endpoint = self.stream_endpoint if streamed and self.stream_endpoint is not None else self.endpoint
        if seconds is not None:
            return await self.upstream.post(endpoint, lines, body, self.upstream.lasting(seconds))
        return await self.upstream.post(endpoint, lines, body, patient=not streamed)

    @override
    def __repr__(self) -> str:
        """Without the headers, which hold the key."""
        return f"BoundPost({self.endpoint.origin!r})"


class ProviderInstance:
    """Implements `discovery.Provider`. `name` is what clients write before the slash."""

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        upstream: Upstream,
        dialects: Dialects,
        knowledge: Knowledge | None = None,
    ) -> None:
        """Opens nothing. Without `knowledge`, of models is known what the files here say.

        Raises ConfigError for a type, an address or a quirk that cannot be.
        """
        self.name = name
        self.row = row_for(name, settings.type)
        self.base_url = _base_url(name, self.row, settings.base_url)
        self.quirks = overridden(name, self.row.quirks, settings.quirks)
        self.models = None if settings.models is None else tuple(settings.models)
        self._upstream = upstream
        self._dialects = dialects
        self._preferred: Dialect = settings.dialect or self.row.dialects[0]
        self._headers = _headers(name, self.row, settings)
        self._posts: dict[str, Post] = {}
        self._targets: dict[str, Target] = {}
        self._knowledge = knowledge or Knowledge({})
        self._revision = self._knowledge.revision
        self._chat_only = _pattern(name, "chat_only_models", self.quirks.chat_only_models)
        _pattern(name, "encrypted_reasoning_models", self.quirks.encrypted_reasoning_models)
        _pattern(name, "signed_calls", self.quirks.signed_calls)
        _pattern(name, "effortless_models", self.quirks.effortless_models)
        self._owned = re.compile(self.row.owns) if self.row.owns else None
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
        """The model here, existing or not: that is for the provider to say."""
        if self._revision != self._knowledge.revision:
            self._targets.clear()
            self._revision = self._knowledge.revision
        target = self._targets.get(model)
        if target is None:
            if len(self._targets) >= _MAX_TARGETS:
                self._targets.clear()  # clients may invent names without end
            target = self._targets[model] = self._new_target(model)
        return target

    async def listing(self, page: str = "") -> bytes:
        """The provider's own list of models, or the page of it that the query asks for. Raises UpstreamError."""
        path = self.row.models_path or ""
        query = f"{'&' if '?' in path else '?'}{page}" if page else ""
        endpoint = self._endpoint(f"{self.base_url}{path}{query}")
        reply = await self._upstream.get(endpoint, self._headers)
        try:
            if reply.status != _OK:
                raise UpstreamBroke(f"{self.name} answered its list of models with status {reply.status}.")
            return await reply.read(MAX_LIST_BYTES)
        finally:
            reply.release()

    def dialect_of(self, model: str) -> Dialect:
        """The API that this model is asked through."""
        dialect = self._preferred
        if dialect == "responses" and self._chat_only is not None and self._chat_only.search(model):
            return "chat"
        return dialect

    def _new_target(self, model: str) -> Target:
        dialect = self.dialect_of(model)
        native = dialect == "responses"
        route = self.row.route(dialect)
        fact = self._knowledge.fact(self.name, self.row.name, model)
        count = COUNT_PATH if native and self.row.counts_tokens else route.count
        return Target(
            name=f"{self.name}/{model}",
            provider=self.name,
            model=model,
            dialect=self._dialects[dialect],
            post=self._post(route.path, route.streamed, model),
            post_chat=self._post(self.row.route("chat").path) if "chat" in self.row.dialects else None,
            post_count=None if count is None else self._post(count, None, model),
            post_compact=self._post(COMPACT_PATH) if native and self.row.compacts else None,
            quirks=self.quirks,
            deployment=self.base_url,
            output_limit=None if fact.max_output_tokens is UNSET else fact.max_output_tokens,
            context_window=None if fact.context_window is UNSET else fact.context_window,
            price=None if fact.price is UNSET else fact.price,
        )

    def _post(self, path: str, streamed: str | None = None, model: str = "") -> Post:
        if "{model}" in path:
            return self._new_post(path, streamed, quote(model, safe=""))
        post = self._posts.get(path)
        if post is None:
            post = self._posts[path] = self._new_post(path, streamed, "")
        return post

    def _new_post(self, path: str, streamed: str | None, model: str) -> Post:
        endpoint = self._endpoint(self.row.address(self.base_url, path.replace("{model}", model)))
        stream = (
            None
            if streamed is None
            else self._endpoint(self.row.address(self.base_url, streamed.replace("{model}", model)))
        )
        return BoundPost(self._upstream, endpoint, self._headers, stream)

    def _endpoint(self, url: str) -> Endpoint:
        try:
            return Endpoint.parse(url)
        except ValueError as error:
            raise ConfigError(f"The base URL of provider '{self.name}' cannot be used: {error}.") from None


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


def _base_url(name: str, row: ProviderRow, given: str | None) -> str:
    if given is not None:
        return normalise_base_url(row, given)
    if not row.base_url:
        raise ConfigError(f"Provider '{name}' needs a base_url, since it is in no table.")
    return row.base_url


def _headers(name: str, row: ProviderRow, settings: ProviderSettings) -> bytes:
    """What every request carries. The owner's headers come last and replace ours whatever their case."""
    headers = {"Content-Type": "application/json", "User-Agent": f"antiphon/{__version__}"}
    if settings.api_key:
        headers["Authorization"] = f"Bearer {settings.api_key}"
    for header, value in (*row.headers.items(), *settings.headers.items()):
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
