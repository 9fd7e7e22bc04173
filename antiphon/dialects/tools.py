"""The tools of a turn as any provider can be told of them, and the names that lead back to the client's own.

Law: `tool_names` gives the same names for the answer that `offer` used for the request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from antiphon.dialects.choice import Choice, Toolbox, chosen
from antiphon.dialects.common_fates import CANNOT_RUN, NOT_HELD
from antiphon.dialects.losses import Losses, decoded
from antiphon.dialects.stand_ins import EMPTY_SCHEMA, STAND_INS, Schema
from antiphon.dialects.tool_names import (
    NO_TOOLS,
    Kind,
    ToolName,
    ToolNames,
    digested_name,
    family,
    flat_name,
    hosted_name,
)
from antiphon.errors import BadRequest
from antiphon.protocols import Target, Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item

_BRING_TOOLS: Final = ("additional_tools", "tool_search_output")
"""Items that add tools in the middle of a conversation."""

_HOSTED: Final = frozenset(
    {"web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11", "file_search"}
    | {"code_interpreter", "image_generation", "mcp", "computer", "computer_use", "computer_use_preview"}
    | {"programmatic_tool_calling"}
)
"""Tools that somebody other than the client and the model must run or understand."""

_Name = Annotated[str, Meta(min_length=1)]


class _Function(Struct, frozen=True):
    name: _Name
    description: str | None = None
    parameters: Schema | None = None
    strict: bool | None = None
    output_schema: Schema | None = None
    allowed_callers: list[str] | None = None
    later: bool | None = msgspec.field(name="async", default=None)


class _FreeText(Struct, frozen=True, tag_field="type", tag="text"):
    pass


class Grammar(Struct, frozen=True, tag_field="type", tag="grammar"):
    """What the input of a custom tool must match."""

    syntax: Literal["lark", "regex"]
    definition: str


class _Custom(Struct, frozen=True):
    name: _Name
    description: str | None = None
    format: _FreeText | Grammar | None = None
    allowed_callers: list[str] | None = None
    later: bool | None = msgspec.field(name="async", default=None)


class _Namespace(Struct, frozen=True):
    name: _Name
    tools: list[Item]
    description: str | None = None


class _Skill(Struct, frozen=True):
    name: str
    path: str
    description: str = ""


class _Environment(Struct, frozen=True):
    type: str
    skills: list[Item] | None = None


class _Shell(Struct, frozen=True):
    environment: _Environment | None = None


class _ToolSearch(Struct, frozen=True):
    execution: Literal["server", "client"] | None = None
    description: str | None = None
    parameters: Schema | None = None


class _Labelled(Struct, frozen=True):
    server_label: str | None = None


class _BroughtTools(Struct, frozen=True):
    tools: list[Item]


_NOTHING: Final[Mapping[ToolName, str]] = MappingProxyType({})


class FunctionTool(Struct, frozen=True):
    """A function, or the function that stands in for a tool of another kind, under the provider's `name`."""

    name: str
    description: str | None
    parameters: Schema
    strict: bool | None = None


class CustomTool(Struct, frozen=True):
    """A tool that takes free text, for providers that know such."""

    name: str
    description: str | None
    grammar: Grammar | None


class HostedTool(Struct, frozen=True):
    """A tool that the provider runs: its kind whatever its version, and the client's own words at `place`."""

    name: str
    kind: str
    item: Item
    place: str


Tool = FunctionTool | CustomTool | HostedTool

_FREE: Final = Choice()


class Offer(Struct, frozen=True):
    """What a request says of tools: those to send, what is chosen among them, and the names of both sides."""

    tools: tuple[Tool, ...] = ()
    choice: Choice = _FREE
    names: ToolNames = NO_TOOLS
    upstream: Mapping[ToolName, str] = _NOTHING

    def name_of(self, tool: ToolName) -> str:
        """The provider's name for a tool of the client's, offered now or called in the past."""
        return self.upstream.get(tool) or flat_name(tool)


_NO_OFFER: Final = Offer()


def tool_names(turn: Turn, target: Target, hosts: Collection[str] = frozenset()) -> ToolNames:
    """The names behind an answer's calls. For a turn that `offer` accepted; never raises then."""
    return offer(turn, target, Losses(strict=False), hosts).names


def offer(turn: Turn, target: Target, losses: Losses, hosts: Collection[str] = frozenset()) -> Offer:
    """The tools to send; those of the kinds in `hosts` are run by the provider itself.

    Raises BadRequest for tools or choices that are not legal, or any loss when strict.
    """
    request = turn.request
    brought = [(item, "input") for item in turn.history if item.get("type") in _BRING_TOOLS]
    for index, item in enumerate(turn.input):
        if item.get("type") in _BRING_TOOLS:
            brought.append((item, f"input[{index}]"))
    if not request.tools and not brought and request.tool_choice is None:
        return _NO_OFFER if request.parallel_tool_calls is not False else Offer(names=ToolNames(parallel=False))
    reader = _ToolReader(target, losses, hosts)
    for index, tool in enumerate(request.tools or ()):
        reader.read(tool, f"tools[{index}]")
    for item, place in brought:
        for index, tool in enumerate(decoded(item, _BroughtTools, place).tools):
            reader.read(tool, f"{place}.tools[{index}]")
    box = Toolbox(reader.names, frozenset(reader.hosted))
    choice = chosen(request.tool_choice, box, target, losses)
    sent = reader.tools if choice.only is None else {name: reader.tools[name] for name in choice.only}
    known = {name: tool for tool, name in reader.names.items()}
    names = ToolNames(known, choice.allowed, request.parallel_tool_calls is not False)
    return Offer(tuple(sent.values()), choice, names, reader.names)


class _ToolReader:
    """Reads the client's tools one by one; `tools` holds the provider's, by the provider's name."""

    __slots__ = ("_hosts", "_losses", "_target", "hosted", "names", "tools")

    def __init__(self, target: Target, losses: Losses, hosts: Collection[str]) -> None:
        self._target = target
        self._losses = losses
        self._hosts = hosts
        self.names: dict[ToolName, str] = {}
        self.tools: dict[str, Tool] = {}
        self.hosted: set[str] = set()

    def read(self, tool: Item, place: str) -> None:
        """Adds one tool of any type; a tool that was there already is replaced."""
        match tool.get("type"):
            case "function":
                self._function(decoded(tool, _Function, place), place)
            case "custom":
                self._custom(decoded(tool, _Custom, place), place)
            case "namespace":
                self._namespace(decoded(tool, _Namespace, place), place)
            case "apply_patch":
                self._stand_in("apply_patch")
            case "local_shell":
                self._stand_in("local_shell")
            case "shell":
                self._shell(tool, place)
            case "tool_search":
                self._tool_search(decoded(tool, _ToolSearch, place))
            case str(kind) if kind in _HOSTED:
                self._hosted(kind, tool, place)
            case other:
                raise _unknown(other, place)

    def _named(self, tool: ToolName) -> str:
        """A name that no other tool has."""
        name = self.names.get(tool)
        if name is None:
            name = flat_name(tool)
            if name in self.tools:
                name = digested_name(tool)
            self.names[tool] = name
        return name

    def _add(self, tool: ToolName, description: str | None, parameters: Schema, *, strict: bool | None = None) -> None:
        name = self._named(tool)
        self.tools[name] = FunctionTool(name, description, parameters, strict)

    def _function(self, tool: _Function, place: str, within: _Namespace | None = None) -> None:
        strict = tool.strict
        if strict and not self._target.quirks.strict_functions:
            self._losses.miss("tool.function.strict", f"{place}.strict", NOT_HELD, name=tool.name)
            strict = None
        if tool.output_schema:
            self._losses.report("tool.function.output_schema", f"{place}.output_schema", name=tool.name)
        self._called_otherwise(tool, place)
        identity = ToolName("function", tool.name, within and within.name)
        self._add(identity, _described(tool.description, within), tool.parameters or EMPTY_SCHEMA, strict=strict)

    def _custom(self, tool: _Custom, place: str, within: _Namespace | None = None) -> None:
        described = _described(tool.description, within)
        grammar = tool.format if isinstance(tool.format, Grammar) else None
        self._called_otherwise(tool, place)
        identity = ToolName("custom", tool.name, within and within.name)
        if self._target.quirks.custom_tools:
            name = self._named(identity)
            self.tools[name] = CustomTool(name, described, grammar)
            return
        if grammar is not None:
            self._losses.report("tool.custom.grammar", f"{place}.format", name=tool.name)
            rule = f"`input` must match this {grammar.syntax} grammar:\n{grammar.definition}"
            described = f"{described}\n\n{rule}" if described else rule
        schema: Schema = {
            "type": "object",
            "properties": {"input": {"type": "string", "description": "The whole input of the tool, as plain text."}},
            "required": ["input"],
            "additionalProperties": False,
        }
        self._add(identity, described or tool.name, schema)

    def _called_otherwise(self, tool: _Function | _Custom, place: str) -> None:
        """Reports that a tool is offered to the model alone, and for calls that are answered at once."""
        if tool.allowed_callers and "direct" not in tool.allowed_callers:
            self._losses.report("tool.function.allowed_callers", f"{place}.allowed_callers", name=tool.name)
        if tool.later:
            self._losses.report("tool.function.async", f"{place}.async", name=tool.name)

    def _namespace(self, space: _Namespace, place: str) -> None:
        for index, tool in enumerate(space.tools):
            inner = f"{place}.tools[{index}]"
            match tool.get("type"):
                case "function":
                    self._function(decoded(tool, _Function, inner), inner, space)
                case "custom":
                    self._custom(decoded(tool, _Custom, inner), inner, space)
                case other:
                    raise _unknown(other, inner)

    def _stand_in(self, kind: Kind, description: str | None = None, parameters: Schema | None = None) -> None:
        words, schema = STAND_INS[kind]
        self._add(ToolName(kind, kind), description or words, parameters or schema)

    def _shell(self, tool: Item, place: str) -> None:
        environment = decoded(tool, _Shell, place).environment
        if environment is None:
            self._stand_in("shell")
        elif environment.type == "local":
            self._stand_in("shell", _skilled(environment, f"{place}.environment"))
        else:
            self._hosted("shell", tool, place, "shell.container")

    def _tool_search(self, tool: _ToolSearch) -> None:
        """A search by the server needs no emulation: tools that could be found are all offered at once."""
        if tool.execution == "client":
            self._stand_in("tool_search", tool.description, tool.parameters)
        else:
            self.hosted.add("tool_search")

    def _hosted(self, kind: str, tool: Item, place: str, subject: str = "") -> None:
        """A tool that is not the client's to run: the provider's affair, or nobody's. Its fate is that of `subject`."""
        if family(kind) in self._hosts:
            name = self._named(hosted_name(kind, decoded(tool, _Labelled, place).server_label))
            self.tools[name] = HostedTool(name, family(kind), tool, place)
            return
        self.hosted.add(kind)
        self._losses.miss(f"tool.{subject or family(kind)}", f"{place}.type", CANNOT_RUN, tool=kind)


def _described(description: str | None, within: _Namespace | None) -> str | None:
    """A tool's description with that of its namespace in front, which has no other place."""
    if within is None or not within.description:
        return description
    return f"{within.description}\n\n{description}" if description else within.description


def _skilled(environment: _Environment, place: str) -> str | None:
    """The description of a shell in which there are skills; None for that of any shell."""
    if not environment.skills:
        return None
    told = [decoded(skill, _Skill, f"{place}.skills[{index}]") for index, skill in enumerate(environment.skills)]
    lines = [f"- {skill.name} ({skill.path}): {skill.description}" for skill in told]
    return "\n".join([STAND_INS["shell"][0], "Skills that are there, each a folder with instructions:", *lines])


def _unknown(kind: Any, place: str) -> BadRequest:
    param = f"{place}.type"
    if kind is None:
        return missing(param)
    if not isinstance(kind, str):
        return BadRequest(f"Invalid type for '{param}': expected a string.", param=param, code="invalid_type")
    return BadRequest(f"Unsupported value: '{kind[:64]}' is no tool type.", param=param, code="unsupported_value")
