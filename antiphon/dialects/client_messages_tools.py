"""Tools of the Messages API as tools of the Responses API.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, .../server-tools and .../mcp-connector (read
2026-11). Tools that Anthropic defines and the client runs are functions for everybody else, with the arguments that its
pages name: their calls come back in the same form.
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.dialects.chat_shapes import is_array, objects
from antiphon.errors import BadRequest
from antiphon.wire.requests import Item, is_item

_TEXT: Final[Item] = {"type": "string"}
_NUMBER: Final[Item] = {"type": "integer"}
_NUMBERS: Final[Item] = {"type": "array", "items": {"type": "integer"}}


def _object(*required: str, **properties: Item) -> Item:
    return {"type": "object", "properties": properties, "required": list(required)}


def _words(*words: str) -> Item:
    return {"type": "string", "enum": list(words)}


_EDITING: Final[dict[str, Item]] = {
    "path": _TEXT,
    "file_text": _TEXT,
    "old_str": _TEXT,
    "new_str": _TEXT,
    "insert_line": _NUMBER,
    "insert_text": _TEXT,
    "view_range": _NUMBERS,
}
_RUN_BY_THE_CLIENT: Final[dict[str, tuple[str, Item]]] = {
    "bash_": (
        "Runs a command in a shell that stays open between calls; `restart` begins a new one.",
        _object(command=_TEXT, restart={"type": "boolean"}),
    ),
    "text_editor_": (
        "Views, creates and edits text files. `view_range` is the first and the last line to view.",
        _object("command", "path", command=_words("view", "create", "str_replace", "insert", "undo_edit"), **_EDITING),
    ),
    "memory_": (
        "Keeps notes as files below /memories, from one conversation to the next.",
        _object(
            "command",
            command=_words("view", "create", "str_replace", "insert", "delete", "rename"),
            old_path=_TEXT,
            new_path=_TEXT,
            **_EDITING,
        ),
    ),
    "computer_": (
        "Uses a computer: sees its screen, moves its mouse, types. Coordinates are pixels, x before y.",
        _object(
            "action",
            action=_words(
                *("screenshot", "left_click", "right_click", "middle_click", "double_click", "triple_click"),
                *("mouse_move", "left_click_drag", "left_mouse_down", "left_mouse_up", "scroll", "type", "key"),
                *("hold_key", "wait", "cursor_position"),
            ),
            coordinate=_NUMBERS,
            start_coordinate=_NUMBERS,
            text=_TEXT,
            scroll_direction=_words("up", "down", "left", "right"),
            scroll_amount=_NUMBER,
            duration=_NUMBER,
        ),
    ),
}
"""By how the type of the tool begins: what it does, and the arguments of its calls."""

_OFFERED_ANYWAY: Final = "tool_search_tool_"
"""Tools that find others: all of them are offered from the start."""


class Tools:
    """Reads tools; afterwards `tools`, `searches` (how many may be made) and `notes` are what they come to."""

    __slots__ = ("_container", "_hosted", "_servers", "_uploads", "notes", "searches", "tools")

    def __init__(self, servers: object, container: object, uploads: list[str]) -> None:
        """`servers` are those of MCP, `container` is where code runs, with `uploads`."""
        self.tools: list[Item] = []
        self.notes: list[str] = []
        self.searches: int | None = None
        self._servers = {str(server.get("name")): server for server in objects(servers)}
        self._container = container.get("id") if is_item(container) else container
        self._uploads = uploads
        self._hosted: dict[str, str] = {}

    def read(self, tools: list[Item]) -> None:
        """Adds all of them. Raises BadRequest, whose `param` names the tool."""
        for index, tool in enumerate(tools):
            self._tool(tool, f"tools[{index}]")
        for label in list(self._servers):
            self._connect(label, {})
        if len(self._hosted) > 1:
            self.searches = None

    def choice(self, choice: Item) -> str | Item:
        """`tool_choice` in the words of the Responses API."""
        match choice.get("type"):
            case "any":
                return "required"
            case "tool":
                name = str(choice.get("name"))
                kind = self._hosted.get(name)
                return {"type": kind} if kind else {"type": "function", "name": name}
            case "auto" | "none" as word:
                return word
            case other:
                message = f"Invalid value: '{str(other)[:64]}'."
                raise BadRequest(message, param="tool_choice.type", code="invalid_value")

    def _tool(self, tool: Item, place: str) -> None:
        kind: Any = tool.get("type") or "custom"
        name = str(tool.get("name"))
        if kind == "custom":
            self.tools.append(_function(tool, place))
        elif str(kind).startswith("web_search_"):
            self._search(tool)
            self._hosted[name] = "web_search"
        elif str(kind).startswith("code_execution_"):
            files = {"file_ids": self._uploads} if self._uploads else {}
            self.tools.append({"type": "code_interpreter", "container": self._container or {"type": "auto", **files}})
            self._hosted[name] = "code_interpreter"
        elif kind == "mcp_toolset":
            self._connect(str(tool.get("mcp_server_name")), tool)
        elif found := next((each for each in _RUN_BY_THE_CLIENT if str(kind).startswith(each)), None):
            words, parameters = _RUN_BY_THE_CLIENT[found]
            self.tools.append(
                {"type": "function", "name": name, "description": words, "parameters": parameters, "strict": False}
            )
        elif not str(kind).startswith(_OFFERED_ANYWAY):
            self.notes.append(f"The tool '{str(kind)[:64]}' is Anthropic's own; it was left out.")

    def _search(self, tool: Item) -> None:
        search: Item = {"type": "web_search"}
        domains = {name: tool[name] for name in ("allowed_domains", "blocked_domains") if tool.get(name)}
        if domains:
            search["filters"] = domains
        if tool.get("user_location"):
            search["user_location"] = tool["user_location"]
        self.searches = tool.get("max_uses")
        self.tools.append(search)

    def _connect(self, label: str, toolset: Item) -> None:
        """One server of MCP, with the tools of it that are wanted."""
        server = self._servers.pop(label, None)
        if server is None:
            return
        mcp: Item = {"type": "mcp", "server_label": label, "server_url": server.get("url"), "require_approval": "never"}
        if token := server.get("authorization_token"):
            mcp["authorization"] = token
        allowed = _allowed(server, toolset)
        if allowed is not None:
            mcp["allowed_tools"] = allowed
        self.tools.append(mcp)
        self._hosted[label] = "mcp"


def _allowed(server: Item, toolset: Item) -> list[str] | None:
    """The names of the tools that may be called, None for all: in the toolset's words, or the older server's."""
    rules: Any = toolset.get("configs")
    default: Any = toolset.get("default_config")
    if is_item(rules) and is_item(default) and default.get("enabled") is False:
        return [name for name, rule in rules.items() if is_item(rule) and rule.get("enabled") is not False]
    older: Any = server.get("tool_configuration")
    names: Any = older.get("allowed_tools") if is_item(older) else None
    return [name for name in names if isinstance(name, str)] if is_array(names) else None


def _function(tool: Item, place: str) -> Item:
    for member in ("name", "input_schema"):
        if tool.get(member) is None:
            param = f"{place}.{member}"
            raise BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    function: Item = {"type": "function", "name": tool["name"]}
    if tool.get("description"):
        function["description"] = tool["description"]
    return function | {"parameters": tool["input_schema"], "strict": tool.get("strict") is True}
