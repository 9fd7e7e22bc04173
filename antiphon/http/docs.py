"""`/docs`, where the API can be read and tried, and `/`, which says what answers here. Nothing of either is elsewhere.

Law: only the files named here are served, and the page may load and call nothing but this gateway.
"""

from __future__ import annotations

from functools import cached_property
from importlib import resources
from string import Template
from typing import Final

import msgspec

from antiphon.errors import NotFound
from antiphon.http.cached import CachedBody, cached
from antiphon.http.call import Call, Header
from antiphon.http.openapi_schemas import Landing

_PERMANENT_REDIRECT: Final = 308

_HTML: Final = b"text/html; charset=utf-8"
_PAGE: Final = "docs.html"
_MEDIA_TYPES: Final = {
    _PAGE: _HTML,
    "docs.css": b"text/css; charset=utf-8",
    "docs.js": b"text/javascript; charset=utf-8",
    "icon.svg": b"image/svg+xml",
    "inside.css": b"text/css; charset=utf-8",
    "rapidoc-min.js": b"text/javascript; charset=utf-8",
}

_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""RapiDoc writes its theme into a style element of its own, hence the one exception."""

_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_LASTING: Final[tuple[Header, ...]] = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))
"""Where the gateway itself speaks TLS, a browser is not to ask without it again."""


class DocsEndpoint:
    """`GET /docs` and `GET /docs/{asset}`."""

    def __init__(self) -> None:
        """Reads nothing: a file is read when it is first asked for."""
        self._files: dict[str, CachedBody] = {}

    async def __call__(self, call: Call) -> None:
        """Answers with the page, or with one of its parts. Raises NotFound for any other name."""
        asset = call.path_params.get("asset")
        if asset is None and (call.scope.get("raw_path") or b"").endswith(b"/"):
            await call.reply(_PERMANENT_REDIRECT, b"", ((b"location", b"../docs"),))
            return
        name = _PAGE if asset is None else asset
        if name not in _MEDIA_TYPES:
            raise NotFound(f"There is no '{name[:100]}' among the documentation's files.", code="unknown_url")
        await self._file(name).reply(call, _headers(call))

    def _file(self, name: str) -> CachedBody:
        if name not in self._files:
            self._files[name] = cached(_read(name), _MEDIA_TYPES[name])
        return self._files[name]


class LandingEndpoint:
    """`GET /`."""

    def __init__(self, version: str) -> None:
        """Reads nothing, as above."""
        self._version = version

    async def __call__(self, call: Call) -> None:
        """Answers a browser with a page, and anyone else with JSON."""
        page = b"text/html" in (call.header(b"accept") or b"")
        await (self._page if page else self._json).reply(call, (*_headers(call), (b"vary", b"accept")))

    @cached_property
    def _page(self) -> CachedBody:
        text = Template(_read("landing.html").decode()).substitute(version=self._version)
        return cached(text.encode(), _HTML)

    @cached_property
    def _json(self) -> CachedBody:
        landing = Landing(
            name="Antiphon",
            version=self._version,
            api="/v1/responses",
            docs="/docs",
            openapi="/openapi.json",
            health="/health",
        )
        return cached(msgspec.json.encode(landing), b"application/json")


def _headers(call: Call) -> tuple[Header, ...]:
    return _LASTING if call.scope.get("scheme") == "https" else _HEADERS


def _read(name: str) -> bytes:
    return resources.files("antiphon.http").joinpath("assets", name).read_bytes()
