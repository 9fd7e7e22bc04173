"""Tools of generateContent as tools of the Responses API, and which of them may be called.

https://ai.google.dev/api/caching#Tool and https://ai.google.dev/api/caching#Schema (read 2026-11).
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.dialects.client_gemini_members import camel, integer, member, objects, text
from antiphon.wire.requests import Item, is_array, is_item

_MODES: Final = {"AUTO": "auto", "NONE": "none", "ANY": "required", "VALIDATED": "auto"}
_NUMBERED_MODES: Final = {1: "auto", 2: "required", 3: "none"}
_NUMBERED_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")
"""Google's older clients send numbers for words; these begin with 1."""

_SEARCHES: Final = ("googleSearch", "googleSearchRetrieval", "enterpriseWebSearch")
_COUNTS: Final = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_ABOUT_RESULTS: Final = ("response", "responseJsonSchema", "behavior")
"""Members of a function that say what comes back of it, and when."""

_USUAL: Final = (None, "", "BLOCKING", "UNSPECIFIED")

_UNSAID: Final = ("nullable", "propertyOrdering", "example")
_NESTED: Final = ("items", "additionalProperties")
_LISTED: Final = ("anyOf", "prefixItems")
_NAMED: Final = ("properties", "$defs", "defs")
_MAX_NAME: Final = 64


class Tools:
    """Reads tools; afterwards `tools` and `notes`, sentences on what was lost, are what they come to."""

    __slots__ = ("_search", "notes", "tools")

    def __init__(self) -> None:
        """Nothing has been read."""
        self.tools: list[Item] = []
        self.notes: list[str] = []
        self._search: Item | None = None

    def read(self, tools: object) -> None:
        """Adds all of them. Raises BadRequest, whose `param` names the tool."""
        for index, tool in enumerate(objects(tools or [], "tools")):
            for name, value in tool.items():
                if value is not None:
                    self._tool(name, value, f"tools[{index}].{name}")

    def choice(self, config: Item) -> str | Item | None:
        """`tool_choice` for `toolConfig`, None where it says nothing."""
        if config.get("retrievalConfig"):
            self.notes.append("'toolConfig.retrievalConfig' is for Google's own models; it was left out.")
        calling = member(config, "functionCallingConfig")
        if not calling or not self.tools:
            return None
        said: Any = calling.get("mode") or "AUTO"
        if str(said).upper() == "VALIDATED":
            self.notes.append("Calls are not held to their schemas as the mode 'VALIDATED' has it.")
        mode = _NUMBERED_MODES.get(said, "auto") if isinstance(said, int) else _MODES.get(str(said).upper(), "auto")
        names: Any = calling.get("allowedFunctionNames")
        if not names or not is_array(names) or mode == "none":
            return mode
        allowed: list[Item] = [{"type": "function", "name": name} for name in names]
        allowed += [_allowed(tool) for tool in self.tools if tool["type"] != "function"]
        return {"type": "allowed_tools", "mode": mode, "tools": allowed}

    def _tool(self, name: str, value: object, place: str) -> None:
        said = camel(value) if is_item(value) else {}
        if name == "functionDeclarations":
            declared = objects(value, place)
            self.tools += [_function(each, f"{place}[{index}]") for index, each in enumerate(declared)]
            self._lose(
                name, {member for each in declared for member in _ABOUT_RESULTS if each.get(member) not in _USUAL}
            )
        elif name in _SEARCHES:
            self._look_around()
            self._lose(name, said.keys())
        elif name == "urlContext":
            self._look_around()["external_web_access"] = True
        elif name == "codeExecution":
            self.tools.append({"type": "code_interpreter", "container": {"type": "auto"}})
        elif name == "fileSearch":
            self._search_files(said)
        elif name == "mcpServers":
            self.tools += [_server(each, f"{place}[{index}]") for index, each in enumerate(objects(value, place))]
        else:
            self.notes.append(f"The tool '{name[:_MAX_NAME]}' is Google's own; it was left out.")

    def _look_around(self) -> Item:
        if self._search is None:
            self._search = {"type": "web_search"}
            self.tools.append(self._search)
        return self._search

    def _search_files(self, said: Item) -> None:
        stores: Any = said.get("fileSearchStoreNames")
        search: Item = {"type": "file_search", "vector_store_ids": stores if is_array(stores) else []}
        if said.get("topK") is not None:
            search["max_num_results"] = integer(said["topK"])
        self.tools.append(search)
        self._lose("fileSearch", said.keys() - {"fileSearchStoreNames", "topK"})

    def _lose(self, tool: str, names: Any) -> None:
        lost = sorted(f"{tool}.{name}"[:_MAX_NAME] for name in names)
        self.notes += [f"'{name}' is for Google's own models; it was left out." for name in lost]


def _allowed(tool: Item) -> Item:
    """How a tool that is no function is named in a choice."""
    return {name: tool[name] for name in ("type", "server_label") if name in tool}


def _function(declared: Item, place: str) -> Item:
    schema: Any = declared.get("parametersJsonSchema")
    if schema is None and is_item(declared.get("parameters")):
        schema = json_schema(declared["parameters"])
    function: Item = {"type": "function", "name": text(declared, "name", place), "strict": False}
    if declared.get("description"):
        function["description"] = declared["description"]
    return function | ({} if schema is None else {"parameters": schema})


def _server(declared: Item, place: str) -> Item:
    """A server of MCP (https://ai.google.dev/api/caching#McpServer)."""
    way = member(declared, "streamableHttpTransport")
    mcp: Item = {"type": "mcp", "server_label": text(declared, "name", place), "require_approval": "never"}
    mcp["server_url"] = text(way, "url", f"{place}.streamableHttpTransport")
    return mcp | ({"headers": way["headers"]} if way.get("headers") else {})


def json_schema(schema: Item) -> Item:
    """Google's own kind of schema as JSON Schema: types in small letters, `nullable` as a type."""
    made: Item = {}
    said = camel(schema)
    for name, value in said.items():
        if name == "type" and isinstance(value, str):
            made["type"] = value.lower()
        elif name == "type" and isinstance(value, int) and 0 < value <= len(_NUMBERED_TYPES):
            made["type"] = _NUMBERED_TYPES[value - 1]
        elif name in _NAMED and is_item(value):
            made["$defs" if name == "defs" else name] = {
                key: json_schema(each) if is_item(each) else each for key, each in value.items()
            }
        elif name in _NESTED and is_item(value):
            made[name] = json_schema(value)
        elif name in _LISTED and is_array(value):
            made[name] = [json_schema(each) if is_item(each) else each for each in value]
        elif name in _COUNTS:
            made[name] = integer(value)
        elif name not in _UNSAID:
            made[name] = value
    if said.get("nullable") is True:
        _make_nullable(made)
    return made


def _make_nullable(schema: Item) -> None:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    elif is_array(schema.get("anyOf")):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    if is_array(schema.get("enum")) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
