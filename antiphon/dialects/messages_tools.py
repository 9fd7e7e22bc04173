"""The tools of a turn in the words of the Messages API.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, .../mcp-connector (read 2026-11). Of each hosted
tool the version is sent that does no more than is asked for: newer searches run code of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.losses import Losses, decoded
from antiphon.dialects.messages_hosts import Host
from antiphon.dialects.messages_models import Traits
from antiphon.dialects.messages_schemas import Fitting, for_tool
from antiphon.dialects.tools import FunctionTool, HostedTool, Offer
from antiphon.quirks import Quirks
from antiphon.wire.faults import missing
from antiphon.wire.requests import Request

Body = dict[str, Any]

MCP_BETA: Final = "mcp-client-2025-11-20"
CODE_BETA: Final = "code-execution-2025-08-25"
COMPUTER_BETAS: Final = {
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
}

_WEB_SEARCH: Final = "web_search_20250305"
_NAMES: Final = {"code_interpreter": "code_execution", "web_search": "web_search", "computer": "computer"}
"""What tools that it runs itself are called, and must be."""

_BEARER: Final = "bearer "
_SCREEN: Final = (1024, 768)


class _Filters(Struct, frozen=True):
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None


class _Search(Struct, frozen=True):
    filters: _Filters | None = None
    user_location: dict[str, Any] | None = None
    search_context_size: str | None = None
    external_web_access: bool | None = None
    search_content_types: list[str] | None = None


class _Container(Struct, frozen=True):
    type: str = "auto"
    file_ids: list[str] | None = None
    memory_limit: str | None = None
    network_policy: dict[str, Any] | None = None


class _Code(Struct, frozen=True):
    container: str | _Container | None = None


class _Names(Struct, frozen=True):
    tool_names: list[str] | None = None


class _Approvals(Struct, frozen=True):
    always: _Names | None = None
    never: _Names | None = None


class _Mcp(Struct, frozen=True):
    server_label: str
    server_url: str | None = None
    connector_id: str | None = None
    authorization: str | None = None
    headers: dict[str, str] | None = None
    allowed_tools: list[str] | _Names | None = None
    require_approval: str | _Approvals | None = None


class _Computer(Struct, frozen=True):
    display_width: int | None = None
    display_height: int | None = None


def hosted_by(host: Host, traits: Traits) -> frozenset[str]:
    """The kinds of hosted tools that this model has at this host."""
    runs = host.runs if traits.server_tools else host.runs & {"computer"}
    return runs if traits.computer else runs - {"computer"}


class ToolWriter:
    """Writes the tools; `servers`, `container`, `uploads` and `betas` are what they need outside of `tools`."""

    def __init__(self, request: Request, traits: Traits, host: Host, quirks: Quirks, losses: Losses) -> None:
        """What cannot be said goes to `losses`."""
        self.tools: list[Body] = []
        self.servers: list[Body] = []
        self.container: str | None = None
        self.uploads: list[str] = []
        self.betas: set[str] = set()
        self._request = request
        self._traits = traits
        self._structured = traits.structured and quirks.json_schema
        self._host = host
        self._losses = losses

    @property
    def pauses(self) -> bool:
        """Whether the provider runs tools, so that it may interrupt its answer."""
        return bool(self.servers) or any(tool.get("type", "").startswith(("web_", "code_")) for tool in self.tools)

    def write(self, offer: Offer) -> None:
        """Adds every tool."""
        for tool in offer.tools:
            if isinstance(tool, FunctionTool):
                self._function(tool)
            elif isinstance(tool, HostedTool):
                self._hosted(tool)

    def _function(self, tool: FunctionTool) -> None:
        body: Body = {"name": tool.name}
        if tool.description:
            body["description"] = tool.description
        if tool.strict and self._structured:
            fitting = Fitting()
            body["input_schema"] = {"type": "object", **fitting(tool.parameters)}
            body["strict"] = True
            if fitting.softened:
                words = ", ".join(fitting.softened)
                self._losses.report("tool.function.parameters", "tools", name=tool.name, words=words)
        else:
            if tool.strict:
                self._losses.report("tool.function.strict", "tools", name=tool.name)
            body["input_schema"] = for_tool(tool.parameters)
        self.tools.append(body)

    def _hosted(self, tool: HostedTool) -> None:
        match tool.kind:
            case "web_search":
                self._search(decoded(tool.item, _Search, tool.place), tool.place)
            case "code_interpreter":
                self._code(decoded(tool.item, _Code, tool.place), tool.place)
            case "computer":
                self._computer(decoded(tool.item, _Computer, tool.place))
            case _:
                self._mcp(decoded(tool.item, _Mcp, tool.place), tool.place)

    def _search(self, search: _Search, place: str) -> None:
        body: Body = {"type": _WEB_SEARCH, "name": _NAMES["web_search"]}
        if search.filters is not None and search.filters.allowed_domains:
            body["allowed_domains"] = search.filters.allowed_domains
        if search.filters is not None and search.filters.blocked_domains:
            body["blocked_domains"] = search.filters.blocked_domains
        if search.user_location is not None:
            location = {name: value for name, value in search.user_location.items() if value is not None}
            body["user_location"] = {"type": "approximate"} | location
        if self._request.max_tool_calls is not None:
            body["max_uses"] = self._request.max_tool_calls
        if search.search_context_size not in (None, "medium"):
            self._losses.report("tool.web_search.search_context_size", f"{place}.search_context_size")
        if search.search_content_types:
            self._losses.report("tool.web_search.search_content_types", f"{place}.search_content_types")
        if search.external_web_access is False:
            self._losses.report("tool.web_search.external_web_access", f"{place}.external_web_access")
        self.tools.append(body)

    def _code(self, code: _Code, place: str) -> None:
        self.tools.append({"type": self._traits.code_execution, "name": _NAMES["code_interpreter"]})
        self.betas.add(CODE_BETA)
        container = code.container
        if isinstance(container, str):
            self.container = container
        elif container is not None:
            self.uploads += container.file_ids or ()
            if container.memory_limit is not None or container.network_policy is not None:
                self._losses.report("tool.code_interpreter.container", f"{place}.container")
        self._unlimited("code_interpreter")

    def _computer(self, computer: _Computer) -> None:
        version = self._traits.computer
        width, height = computer.display_width or _SCREEN[0], computer.display_height or _SCREEN[1]
        size = {"display_width_px": width, "display_height_px": height}
        self.tools.append({"type": version, "name": _NAMES["computer"], **size})
        self.betas.add(COMPUTER_BETAS[version])

    def _mcp(self, mcp: _Mcp, place: str) -> None:
        if mcp.server_url is None:
            if mcp.connector_id is None:
                raise missing(f"{place}.server_url")
            self._losses.report("tool.mcp.connector_id", f"{place}.connector_id")
            return
        if not _runs_freely(mcp.require_approval):
            self._losses.report("tool.mcp.require_approval", f"{place}.require_approval", label=mcp.server_label)
        server: Body = {"type": "url", "url": mcp.server_url, "name": mcp.server_label}
        if token := self._token(mcp, place):
            server["authorization_token"] = token
        self.servers.append(server)
        toolset: Body = {"type": "mcp_toolset", "mcp_server_name": mcp.server_label}
        allowed = mcp.allowed_tools if isinstance(mcp.allowed_tools, list) else None
        if isinstance(mcp.allowed_tools, _Names):
            allowed = mcp.allowed_tools.tool_names
        if allowed is not None:
            toolset["default_config"] = {"enabled": False}
            toolset["configs"] = {name: {"enabled": True} for name in allowed}
        self.tools.append(toolset)
        self.betas.add(MCP_BETA)
        self._unlimited("mcp")

    def _token(self, mcp: _Mcp, place: str) -> str | None:
        token = mcp.authorization
        for name, value in (mcp.headers or {}).items():
            if name.lower() == "authorization" and value.lower().startswith(_BEARER):
                token = token or value[len(_BEARER) :]
            else:
                self._losses.report("tool.mcp.headers", f"{place}.headers", name=name[:64])
        return token

    def _unlimited(self, tool: str) -> None:
        if self._request.max_tool_calls is not None:
            self._losses.report("field.max_tool_calls", "max_tool_calls", tool=tool)


def choice_of(offer: Offer, *, parallel: bool) -> Body | None:
    """`tool_choice`, before it is known whether the model can be made to call anything."""
    choice = offer.choice
    body: Body | None = None
    if choice.named is not None:
        kinds = {tool.name: tool.kind for tool in offer.tools if isinstance(tool, HostedTool)}
        kind = kinds.get(choice.named)
        body = {"type": "any"} if kind == "mcp" else {"type": "tool", "name": _NAMES.get(kind or "", choice.named)}
    elif choice.mode in ("auto", "none"):
        body = {"type": choice.mode}
    elif choice.mode is not None:
        body = {"type": "any"}
    if not parallel and (body is None or body["type"] != "none"):
        body = (body or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    return body


def past_tools(messages: Iterable[Body]) -> list[Body]:
    """The tools that were called in the past, for a request that offers none: calls of no tool are errors."""
    names: dict[str, None] = {}
    for message in messages:
        names |= {block["name"]: None for block in message["content"] if block.get("type") == "tool_use"}
    return [{"name": name, "input_schema": {"type": "object"}} for name in names]


def _runs_freely(approval: str | _Approvals | None) -> bool:
    """Whether the client lets every tool be called without being asked."""
    if isinstance(approval, _Approvals):
        return approval.never is not None and approval.always is None and approval.never.tool_names is None
    return approval == "never"
