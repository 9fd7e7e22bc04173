"""Every path on one page.

The same routes answer under several prefixes (`PREFIXES`), with or without `/v1`, with or without a trailing slash:
`canonical` brings a path into the form that is routed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, get_type_hints

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.routing import Route, Router

from antiphon.gateway.limits import Limiter
from antiphon.http.auth import Keyring
from antiphon.http.batch_routes import BatchHandlers, batch_routes
from antiphon.http.call import Call, Receive, Scope, Send, Tongue
from antiphon.http.chat_routes import ChatHandlers, chat_routes
from antiphon.http.errors import unknown_path
from antiphon.http.file_routes import FileHandlers, file_routes
from antiphon.http.gemini_paths import google_path, is_googles
from antiphon.http.gemini_routes import GeminiHandlers, gemini_routes
from antiphon.http.limits import limited
from antiphon.http.media_routes import MediaHandlers, media_routes
from antiphon.http.passing import MARK, refuse_passed_socket
from antiphon.http.passing_routes import passing_routes

Handler = Callable[[Call], Awaitable[None]]

PREFIXES: Final = ("/api/llm/api/inference/openai", "/api/llm", "/openai", "/anthropic", "/gemini")
"""TrueFoundry's two prefixes, and those that clients of other gateways use for OpenAI's, Anthropic's, Google's API."""

WEBSOCKET_PATH: Final = "/v1/responses"

_METHOD_NOT_ALLOWED: Final = 405
_UNVERSIONED: Final = (
    "/responses",
    "/conversations",
    "/models",
    "/chat/completions",
    "/completions",
    "/messages",
    "/prompts",
    "/embeddings",
    "/rerank",
    "/moderations",
    "/batches",
    "/files",
    "/uploads",
    "/images/",
    "/audio/",
)
_ANTHROPIC: Final = "/anthropic/"
_MESSAGES: Final = "/v1/messages"
_SHARED: Final = ("/v1/models", "/v1/files", MARK)
"""Paths that clients of several vendors use."""
_PUBLISHERS: Final = "/publishers/"
_CALL: Final = "antiphon.call"
_KNOWN_PATH: Final = 128
"""Characters of the longest path that is remembered."""


class Endpoint(Struct, frozen=True):
    """A handler behind its key check."""

    handler: Handler
    keyring: Keyring | None
    route: str = "unknown"

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Runs the handler for the call that was put into the scope."""
        await self.serve(scope[_CALL])

    async def serve(self, call: Call) -> None:
        """Runs the handler."""
        call.route = self.route
        if self.keyring is not None:
            call.caller = self.keyring.caller(call)
        await self.handler(call)


class Handlers(Struct, frozen=True):
    """One handler per route."""

    create_response: Handler
    retrieve_response: Handler
    delete_response: Handler
    cancel_response: Handler
    list_input_items: Handler
    create_conversation: Handler
    retrieve_conversation: Handler
    update_conversation: Handler
    delete_conversation: Handler
    add_conversation_items: Handler
    list_conversation_items: Handler
    retrieve_conversation_item: Handler
    delete_conversation_item: Handler
    create_prompt: Handler
    list_prompts: Handler
    retrieve_prompt: Handler
    add_prompt_version: Handler
    delete_prompt: Handler
    count_input_tokens: Handler
    compact_response: Handler
    chats: ChatHandlers
    create_embeddings: Handler
    rerank: Handler
    rerank_v2: Handler
    create_moderation: Handler
    media: MediaHandlers
    batches: BatchHandlers
    create_message: Handler
    count_message_tokens: Handler
    gemini: GeminiHandlers
    list_models: Handler
    retrieve_model: Handler
    health: Handler
    ready: Handler
    metrics: Handler
    openapi: Handler
    docs: Handler
    landing: Handler
    refuse_upgrade: Handler
    pass_on: Handler
    files: FileHandlers
    connect: Handler | None = None


def standing_in(handler: Handler) -> Handlers:
    """One handler at every route: for who asks only what routes there are."""
    return Handlers(**_filled(Handlers, handler))


def _filled(kind: type[Struct], handler: Handler) -> dict[str, Any]:
    """Families of routes have structs of their own."""
    return {
        name: hint(**_filled(hint, handler)) if isinstance(hint, type) and issubclass(hint, Struct) else handler
        for name, hint in get_type_hints(kind).items()
    }


def routes(handlers: Handlers, keyring: Keyring, limiter: Limiter | None = None) -> Sequence[Route]:
    """The routing table. Without a `limiter` no key is limited."""

    def private(path: str, method: str, handler: Handler) -> Route:
        if limiter is not None:
            handler = limited(limiter, path, method, handler)
        return Route(path, Endpoint(handler, keyring, _plain(path)), methods=[method])

    def public(path: str, handler: Handler) -> Route:
        return Route(path, Endpoint(handler, None, _plain(path)), methods=["GET"])

    return [
        private("/v1/responses", "POST", handlers.create_response),
        public("/v1/responses", handlers.refuse_upgrade),
        private("/v1/responses/input_tokens", "POST", handlers.count_input_tokens),
        private("/v1/responses/compact", "POST", handlers.compact_response),
        private("/v1/responses/{id}", "GET", handlers.retrieve_response),
        private("/v1/responses/{id}", "DELETE", handlers.delete_response),
        private("/v1/responses/{id}/cancel", "POST", handlers.cancel_response),
        private("/v1/responses/{id}/input_items", "GET", handlers.list_input_items),
        private("/v1/conversations", "POST", handlers.create_conversation),
        private("/v1/conversations/{id}", "GET", handlers.retrieve_conversation),
        private("/v1/conversations/{id}", "POST", handlers.update_conversation),
        private("/v1/conversations/{id}", "DELETE", handlers.delete_conversation),
        private("/v1/conversations/{id}/items", "POST", handlers.add_conversation_items),
        private("/v1/conversations/{id}/items", "GET", handlers.list_conversation_items),
        private("/v1/conversations/{id}/items/{item_id}", "GET", handlers.retrieve_conversation_item),
        private("/v1/conversations/{id}/items/{item_id}", "DELETE", handlers.delete_conversation_item),
        private("/v1/prompts", "POST", handlers.create_prompt),
        private("/v1/prompts", "GET", handlers.list_prompts),
        private("/v1/prompts/{id}", "GET", handlers.retrieve_prompt),
        private("/v1/prompts/{id}", "DELETE", handlers.delete_prompt),
        private("/v1/prompts/{id}/versions", "POST", handlers.add_prompt_version),
        *chat_routes(handlers.chats, private),
        private("/v1/embeddings", "POST", handlers.create_embeddings),
        private("/v1/rerank", "POST", handlers.rerank),
        private("/v2/rerank", "POST", handlers.rerank_v2),
        private("/v1/moderations", "POST", handlers.create_moderation),
        *batch_routes(handlers.batches, private),
        *media_routes(handlers.media, private),
        private("/v1/messages", "POST", handlers.create_message),
        private("/v1/messages/count_tokens", "POST", handlers.count_message_tokens),
        *gemini_routes(handlers.gemini, private),
        private("/v1beta/models", "GET", handlers.list_models),
        private("/v1beta/models/{id:path}", "GET", handlers.retrieve_model),
        private("/v1beta1/publishers/{publisher}/models", "GET", handlers.list_models),
        private("/v1beta1/publishers/{publisher}/models/{id:path}", "GET", handlers.retrieve_model),
        *file_routes(handlers.files, private),
        private("/v1/models", "GET", handlers.list_models),
        private("/v1/models/{id:path}", "GET", handlers.retrieve_model),
        *passing_routes(handlers.pass_on, private),
        public("/", handlers.landing),
        public("/health", handlers.health),
        public("/health/ready", handlers.ready),
        public("/metrics", handlers.metrics),
        public("/openapi.json", handlers.openapi),
        public("/docs", handlers.docs),
        public("/docs/{asset}", handlers.docs),
    ]


def _plain(path: str) -> str:
    """The pattern as people write it: without what its parts may hold."""
    return path.replace(":path}", "}")


class Routing:
    """Finds who serves a call: at a path without parameters by a look-up, elsewhere by Starlette."""

    def __init__(self, table: Sequence[Route], sockets: Mapping[str, Handler]) -> None:
        """`table` is what `routes` gave; `sockets` has a handler for each path of a WebSocket."""
        self._table = table
        self._sockets = sockets
        self._exact: dict[tuple[str, str], Endpoint] = {}
        for route in table:
            if "{" not in route.path and isinstance(route.endpoint, Endpoint):
                self._exact.update({(method, route.path): route.endpoint for method in route.methods or ()})
        self._router = Router(table, redirect_slashes=False, default=_nowhere)

    async def __call__(self, call: Call, path: str) -> None:
        """Runs the handler of a method and a canonical path. Raises NotFound, or Starlette's HTTPException for 405."""
        scope = call.scope
        found = self._exact.get((scope["method"], path))
        if found is not None:
            await found.serve(call)
            return
        call.scope = scope = {**scope, "path": path, "root_path": "", "app": self, _CALL: call}
        try:
            await self._router(scope, call.receive, call.send)
        except HTTPException as error:
            if error.status_code != _METHOD_NOT_ALLOWED:
                raise
            raise HTTPException(_METHOD_NOT_ALLOWED, headers={"Allow": self._allowed(path)}) from None
        finally:
            del scope[_CALL]  # the call holds the scope: left alone, the two would wait for the collector

    async def websocket(self, path: str, call: Call) -> None:
        """Runs the handler of a WebSocket. Raises NotFound, UpgradeRefused."""
        handler = self._sockets.get(path)
        if handler is None:
            refuse_passed_socket(path)
            raise unknown_path(call.scope["path"], "GET")
        await handler(call)

    def _allowed(self, path: str) -> str:
        """Every method of the first path that fits: Starlette names those of its first route alone."""
        fitting = [route for route in self._table if route.path_regex.match(path)]
        methods = {method for route in fitting if route.path == fitting[0].path for method in route.methods or ()}
        return ", ".join(sorted(methods))


def routing(handlers: Handlers, keyring: Keyring, limiter: Limiter | None = None) -> Routing:
    """Every route, ready to be taken."""
    return Routing(routes(handlers, keyring, limiter), {WEBSOCKET_PATH: handlers.connect or handlers.refuse_upgrade})


def placed(path: str) -> tuple[str, Tongue | None]:
    """The path as it is routed, and whose clients alone come there; None where a header tells."""
    return (_known if len(path) <= _KNOWN_PATH else _placed)(path)


def _placed(path: str) -> tuple[str, Tongue | None]:
    routed = canonical(path)
    if path.startswith(_ANTHROPIC) or routed.startswith(_MESSAGES):
        return routed, "anthropic"
    if is_googles(path, routed):
        return routed, "google"
    return routed, None if routed.startswith(_SHARED) else "openai"


_known: Final = lru_cache(maxsize=256)(_placed)


def canonical(path: str) -> str:
    """The path as it is routed."""
    for prefix in PREFIXES:
        if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
            path = path[len(prefix) :]
            break
    if len(path) > 1:
        path = path.rstrip("/")
    if path.startswith(_UNVERSIONED):
        path = "/v1" + path
    return google_path(path) if ":" in path or _PUBLISHERS in path else path or "/"


def tongue_of(call: Call) -> Tongue:
    """Whose client calls where those of several come: a header tells that only theirs send."""
    if call.header(b"anthropic-version") or call.header(b"anthropic-beta"):
        return "anthropic"
    return "openai" if call.header(b"x-goog-api-key") is None else "google"


async def _nowhere(scope: Scope, _receive: Receive, _send: Send) -> None:
    raise unknown_path(scope["path"], scope["method"])
