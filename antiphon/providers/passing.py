"""A provider's own API as it is, under the provider's credential.

Law: the host is that of the row or of the owner's settings. What a client writes is only ever a path and a query there,
and none of the headers that open the provider is the client's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from antiphon.errors import BadRequest, Forbidden, GatewayError
from antiphon.passing_protocols import Asked, Line
from antiphon.protocols import Target
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.credentials import Credentials, key_header
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint, overridden
from antiphon.providers.reply import UpstreamReply
from antiphon.providers.row import KeyStyle, ProviderRow, Route
from antiphon.providers.uploading import Upload
from antiphon.wire.counts import Counts
from antiphon.wire.money import cost_nanos

_VERSION: Final = re.compile(r"v\d+((alpha|beta)\d*)?")
_SEPARATOR: Final = re.compile(r"[/\\]")
_NOT_IN_A_LINE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-zA-Z-]+")
_GOOGLES: Final = frozenset({"key", "access_token", "oauth_token"})
"""What Google's clients may put into a query to open a door."""


class Web(Protocol):
    """What is asked of the HTTP client."""

    async def send(
        self, method: bytes, endpoint: Endpoint, headers: bytes, body: bytes, timeouts: Timeouts
    ) -> UpstreamReply:
        """As `http.HttpUpstream.send`."""
        ...

    async def upload(
        self, method: bytes, endpoint: Endpoint, headers: bytes, length: int | None, timeouts: Timeouts
    ) -> Upload:
        """As `http.HttpUpstream.upload`."""
        ...

    def lasting(self, seconds: float) -> Timeouts:
        """As `http.HttpUpstream.lasting`."""
        ...


class Pricing(Protocol):
    """What is known of models' prices."""

    def target(self, model: str) -> Target:
        """The model, existing or not. Raises BadRequest."""
        ...


class Place(Struct, frozen=True):
    """Who the provider is and where, and who opens its door where the settings hold no key."""

    name: str
    row: ProviderRow
    settings: ProviderSettings
    base_url: str
    credentials: Credentials | None


class PassThrough:
    """Implements `passing_protocols.Passing`."""

    def __init__(self, place: Place, web: Web, pricing: Pricing) -> None:
        """Opens nothing."""
        self.name = place.name
        self._row = row = place.row
        self._settings = place.settings
        self._credentials = place.credentials
        self._web = web
        self._pricing = pricing
        base = place.base_url
        self._version = row.version_path if base.endswith(row.version_path) else ""
        self._root = base.removesuffix(self._version)
        self._origin = Endpoint.parse(base).origin
        self._base_path = urlsplit(self._root).path
        self._styles: list[tuple[str, KeyStyle]] = list(_styles(row, self._version))

    @property
    def signs_bodies(self) -> bool:
        return self._credentials is not None and self._row.cloud == "aws"

    def place(self, path: str) -> str:
        """With the version path, whether the client has written it, a part of it, or none."""
        version = self._version.split("/")[1:]
        segments = [unquote(segment) for segment in path.split("/")[1:]]
        self._check_project(path)
        if not version or segments[0] == version[0]:
            return path
        if segments[0] == version[-1]:
            return self._version + path.removeprefix(f"/{version[-1]}")
        if any(_VERSION.fullmatch(segment) for segment in segments[:2]):
            return path
        return self._version + path

    def counterpart(self, address: str) -> str | None:
        """Addresses without a host are the provider's own too."""
        if address.startswith("/") and not address.startswith("//"):
            rest = address
        elif address.startswith(f"{self._origin}/"):  # with the port
            rest = address.removeprefix(self._origin)
        else:
            parts = urlsplit(self._root)
            host = f"{parts.scheme}://{parts.netloc}"
            if not address.startswith(f"{host}/"):
                return None
            rest = address.removeprefix(host)
        below = rest.removeprefix(self._base_path)
        return below if rest.startswith(self._base_path) and below.startswith("/") else None

    async def ask(self, asked: Asked, body: bytes, seconds: float) -> UpstreamReply:
        endpoint = self._endpoint(asked)
        lines = await self._lines(asked, endpoint, body)
        return await self._web.send(asked.method.encode(), endpoint, lines, body, self._timeouts(seconds))

    async def upload(self, asked: Asked, length: int | None, seconds: float) -> Upload:
        endpoint = self._endpoint(asked)
        lines = await self._lines(asked, endpoint, b"")
        return await self._web.upload(asked.method.encode(), endpoint, lines, length, self._timeouts(seconds))

    def cost_nanos(self, model: str, counts: Counts) -> int | None:
        try:
            price = self._pricing.target(model.removeprefix("models/")).price
        except BadRequest:
            return None
        return None if price is None else cost_nanos(counts, price)

    def _timeouts(self, seconds: float) -> Timeouts:
        """Nobody can tell whether an answer will come in pieces, so its first byte may take as long as the whole."""
        return replace(self._web.lasting(seconds), first_byte=seconds)

    def _endpoint(self, asked: Asked) -> Endpoint:
        query = asked.query
        if self._row.key == "x-goog-api-key":
            query = "&".join(pair for pair in query.split("&") if unquote(pair.partition("=")[0]) not in _GOOGLES)
        try:
            endpoint = Endpoint.parse(f"{self._root}{asked.path}{'?' if query else ''}{query}")
        except ValueError:
            raise BadRequest("The path cannot be passed on: it is no part of a URL.", code="invalid_path") from None
        if endpoint.origin != self._origin:
            raise GatewayError("A request was about to leave for another host than its provider's.")
        return endpoint

    async def _lines(self, asked: Asked, endpoint: Endpoint, body: bytes) -> bytes:
        """The client's headers, the row's where the client has none of these, then what opens the door."""
        said = {name for name, _ in asked.headers}
        usual = {name: value for name, value in self._row.headers.items() if name.lower().encode() not in said}
        lines = b"".join(_line(header) for header in asked.headers) + _block(usual)
        lines = overridden(lines, _block(self._key(asked.path)))
        if self._credentials is not None:
            lines = overridden(lines, await self._credentials.headers(asked.method.encode(), endpoint, body))
        return overridden(lines, _block(self._settings.headers))

    def _key(self, path: str) -> Mapping[str, str]:
        if self._settings.api_key is None:
            return {}
        name, value = key_header(self._style(path), self._settings.api_key)
        return {name: value}

    def _style(self, path: str) -> KeyStyle:
        for start, style in self._styles:
            if path.startswith(start):
                return style
        return self._row.key

    def _check_project(self, path: str) -> None:
        """A credential of Google Cloud's may open projects that the owner has not named here, however they are spelled.

        `path` is decoded to the end: a server may do so before it takes it apart.
        """
        own = self._settings.project
        if self._row.cloud != "google" or own is None:
            return
        plain, encoded = unquote(path), path
        while plain != encoded:
            plain, encoded = unquote(plain), plain
        before = ""
        for written in _SEPARATOR.split(plain.lower()):
            segment = written.partition(";")[0].strip()
            if before == "projects" and segment != own.lower():
                raise Forbidden(f"Only the project that is configured for '{self.name}' can be asked for.")
            before = segment


def _styles(row: ProviderRow, version: str) -> Iterator[tuple[str, KeyStyle]]:
    """Where below the version path a key is sent in another way than the row's."""
    routes: list[Route] = [row.route(dialect) for dialect in row.dialects]
    routes += [*row.dated_routes.values(), *(spoken.route for spoken in row.speaks if spoken.route is not None)]
    for route in routes:
        if route.key is not None and route.key != row.key:
            beside, first = route.path.split("/")[:2]
            yield f"{'' if beside else version}/{first}/", route.key


def _line(header: Line) -> bytes:
    name, value = header
    if not _NAME.fullmatch(name) or _NOT_IN_A_LINE.search(value):
        raise BadRequest("A header of the request cannot be passed on.", code="invalid_value")
    return b"%b: %b\r\n" % header


def _block(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
