"""Tools of the Messages API as tools of the Responses API.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, .../server-tools and .../mcp-connector (read
2026-11). Tools that Anthropic defines and the client runs are functions for everybody else, with the arguments that its
pages name: their calls come back in the same form.
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.dialects.chat_shapes import objects
from antiphon.errors import BadRequest
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item, is_array, is_item

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

_FAMILY: Final = "_toolset_"
"""In the type of a tool that stands for many, which have names of their own."""

_DIRECT: Final = ["direct"]
_OWN: Final = "'{}' is for Anthropic's own models; it was left out."
_TOGETHER: Final = "How often the web is searched cannot be told apart from other tools; '{}' was left out."


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
        if is_item(container) and container.get("skills"):
            self.notes.append(_OWN.format("container.skills"))

    def read(self, tools: list[Item]) -> None:
        """Adds all of them. Raises BadRequest, whose `param` names the tool."""
        for index, tool in enumerate(tools):
            self._tool(tool, f"tools[{index}]")
        for label in list(self._servers):
            self._connect(label, {}, "mcp_servers")
        if self.searches is not None and len(self._hosted) > 1:
            self.searches = None
            self.notes.append(_TOGETHER.format("max_uses"))

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
            self.notes += [_OWN.format(f"{place}.{member}") for member in _lost(tool)]
        elif str(kind).startswith("web_search_"):
            self._search(tool)
            self._hosted[name] = "web_search"
        elif str(kind).startswith("code_execution_"):
            files = {"file_ids": self._uploads} if self._uploads else {}
            self.tools.append({"type": "code_interpreter", "container": self._container or {"type": "auto", **files}})
            self._hosted[name] = "code_interpreter"
        elif kind == "mcp_toolset":
            self._connect(str(tool.get("mcp_server_name")), tool, place)
        elif found := _run_by_the_client(str(kind)):
            words, parameters = _RUN_BY_THE_CLIENT[found]
            said = {"description": words + _screen(tool), "parameters": parameters, "strict": False}
            self.tools.append({"type": "function", "name": name, **said})
            if tool.get("enable_zoom"):
                self.notes.append(_OWN.format(f"{place}.enable_zoom"))
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

    def _connect(self, label: str, toolset: Item, place: str) -> None:
        """One server of MCP, with the tools of it that are wanted."""
        server = self._servers.pop(label, None)
        if server is None or _is_off(server.get("tool_configuration")):
            return
        mcp: Item = {"type": "mcp", "server_label": label, "server_url": server.get("url"), "require_approval": "never"}
        if token := server.get("authorization_token"):
            mcp["authorization"] = token
        allowed = _allowed(server, toolset, place)
        if allowed is not None:
            mcp["allowed_tools"] = allowed
        self.tools.append(mcp)
        self._hosted[label] = "mcp"


def _allowed(server: Item, toolset: Item, place: str) -> list[str] | None:
    """The names of the tools that may be called, None for all: in the toolset's words, or the older server's.

    Raises BadRequest where only those are named that may not be: whoever is told nothing of them would call them.
    """
    rules: Any = toolset.get("configs")
    if is_item(rules) and _is_off(toolset.get("default_config")):
        return [name for name, rule in rules.items() if is_item(rule) and not _is_off(rule)]
    if is_item(rules) and (off := {name for name, rule in rules.items() if _is_off(rule)}):
        known = [str(tool.get("name")) for tool in objects(toolset.get("tools"))]
        if not known:
            message = "Tools of an MCP server that may not be called cannot be told; name those that may be."
            raise BadRequest(message, param=f"{place}.configs", code="unsupported_value")
        return [name for name in known if name not in off]
    older: Any = server.get("tool_configuration")
    names: Any = older.get("allowed_tools") if is_item(older) else None
    return [name for name in names if isinstance(name, str)] if is_array(names) else None


def _is_off(rule: object) -> bool:
    return is_item(rule) and rule.get("enabled") is False


def _run_by_the_client(kind: str) -> str | None:
    """How the type of such a tool begins, None for any other."""
    return None if _FAMILY in kind else next((each for each in _RUN_BY_THE_CLIENT if kind.startswith(each)), None)


def _screen(tool: Item) -> str:
    """How large the screen is that the model will see."""
    width, height = tool.get("display_width_px"), tool.get("display_height_px")
    return f" The screen is {width} pixels wide and {height} pixels high." if width and height else ""


def _lost(tool: Item) -> list[str]:
    """The members of a client's own tool that nobody else is told."""
    called = [] if tool.get("allowed_callers") in (None, _DIRECT) else ["allowed_callers"]
    return [*(["input_examples"] if tool.get("input_examples") else ()), *called]


def _function(tool: Item, place: str) -> Item:
    for member in ("name", "input_schema"):
        if tool.get(member) is None:
            param = f"{place}.{member}"
            raise missing(param)
    function: Item = {"type": "function", "name": tool["name"]}
    if tool.get("description"):
        function["description"] = tool["description"]
    return function | {"parameters": tool["input_schema"], "strict": tool.get("strict") is True}
