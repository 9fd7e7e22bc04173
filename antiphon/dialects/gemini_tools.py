"""The tools of a turn in Google's words: declarations, its own tools, and who may be called.

https://ai.google.dev/gemini-api/docs/function-calling, …/docs/tool-combination, …/docs/google-search,
…/docs/file-search (read 2026-11). What may be asked for together is said by `gemini_models`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from antiphon.dialects.gemini_models import Place, Traits
from antiphon.dialects.gemini_schemas import plain_schema
from antiphon.dialects.losses import Losses, decoded
from antiphon.dialects.tool_names import ToolNames
from antiphon.dialects.tools import FunctionTool, HostedTool, Offer
from antiphon.wire.requests import Item

_STORE: Final = "fileSearchStores/"
_CIRCULATING: Final = frozenset({"web_search", "file_search"})
"""Google's own tools whose work can be told as parts of the content; that of others always is."""

_SHAPES: Final[Mapping[str, str]] = {
    "1024x1024": "1:1",
    "1536x1024": "3:2",
    "1024x1536": "2:3",
    "1792x1024": "16:9",
    "1024x1792": "9:16",
}
_AS_USUAL: Final = (None, "auto")
_LIKE_ANY: Final = (*_AS_USUAL, "medium")


class _WebSearch(Struct, frozen=True):
    filters: Item | None = None
    user_location: Item | None = None
    search_context_size: str | None = None
    external_web_access: bool | None = None
    search_content_types: list[Any] | None = None


class _FileSearch(Struct, frozen=True):
    vector_store_ids: list[str]
    max_num_results: Annotated[int, Meta(ge=1)] | None = None
    ranking_options: Item | None = None
    filters: Item | None = None


class _CodeInterpreter(Struct, frozen=True):
    container: str | Item | None = None


class _ImageGeneration(Struct, frozen=True):
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None


class Tooling(Struct, frozen=True):
    """The members of the body that tools come to. `pictures` is the configuration of those, if they may be made."""

    tools: list[Item] = field(default_factory=list[Item])
    config: Item = field(default_factory=dict[str, Any])
    pictures: Item | None = None


class ToolWriter:
    """Writes the tools of one turn."""

    __slots__ = ("_losses", "_offer", "_place", "_schemas", "_traits")

    def __init__(self, offer: Offer, traits: Traits, place: Place, losses: Losses, *, schemas: bool) -> None:
        """`schemas`: JSON schemas are taken as they are."""
        self._offer = offer
        self._traits = traits
        self._place = place
        self._losses = losses
        self._schemas = schemas

    def write(self) -> Tooling:
        """What may be called, and how."""
        allowed = self._offer.choice.allowed
        functions = [tool for tool in self._offer.tools if isinstance(tool, FunctionTool)]
        hosted = [tool for tool in self._offer.tools if isinstance(tool, HostedTool)]
        hosted = [tool for tool in hosted if allowed is None or tool.name in allowed]
        callable_ones = [tool for tool in functions if allowed is None or tool.name in allowed]
        pictures = next((self._pictures(tool) for tool in hosted if tool.kind == "image_generation"), None)
        tools = [written for tool in hosted for written in self._hosted(tool)]
        if functions and tools and not self._traits.combines:
            if callable_ones:
                for tool in hosted:
                    self._losses.report(f"tool.{tool.kind}.beside_functions", f"{tool.place}.type", kind=tool.kind)
                tools = []
            else:
                functions = []
        if functions:
            tools.append({"functionDeclarations": [self._declared(tool) for tool in functions]})
        config = self._config(functions, callable_ones, hosted)
        if self._circulates(hosted):
            config["includeServerSideToolInvocations"] = True
        return Tooling(tools, config, pictures)

    def _circulates(self, hosted: list[HostedTool]) -> bool:
        place, traits = self._place, self._traits
        return place.circulates and traits.combines and not traits.draws and any(t.kind in _CIRCULATING for t in hosted)

    def _declared(self, tool: FunctionTool) -> Item:
        declared: Item = {"name": legal(tool.name)}
        if tool.description:
            declared["description"] = tool.description
        if self._schemas:
            declared["parametersJsonSchema"] = tool.parameters
        elif tool.parameters.get("properties"):
            declared["parameters"] = plain_schema(tool.parameters)
        return declared

    def _config(
        self, functions: list[FunctionTool], callable_ones: list[FunctionTool], hosted: list[HostedTool]
    ) -> Item:
        choice = self._offer.choice
        if not functions:
            if hosted and choice.named is not None:
                self._losses.report(f"choice.{hosted[0].kind}", "tool_choice")
            elif hosted and choice.mode == "required":
                self._losses.report("choice.required.own_tools", "tool_choice")
            return {}
        names = [legal(tool.name) for tool in callable_ones]
        calling: Item = {}
        if choice.mode == "none" or (choice.allowed is not None and not names):
            calling["mode"] = "NONE"
        elif choice.named is not None or choice.mode == "required":
            calling["mode"] = "ANY"
            if choice.allowed is not None:
                calling["allowedFunctionNames"] = names
        elif choice.within is not None:
            calling = {"mode": "VALIDATED", "allowedFunctionNames": names}
        elif self._validated(functions):
            calling["mode"] = "VALIDATED"
        elif choice.mode is not None:
            calling["mode"] = "AUTO"
        return {"functionCallingConfig": calling} if calling else {}

    def _validated(self, functions: list[FunctionTool]) -> bool:
        """Whether calls are to be held to their schemas, which is for all functions or for none."""
        if not any(tool.strict for tool in functions):
            return False
        if not self._traits.validates:
            self._losses.report("tool.function.strict", "tools")
        return self._traits.validates

    def _hosted(self, tool: HostedTool) -> list[Item]:
        match tool.kind:
            case "web_search":
                return self._web_search(decoded(tool.item, _WebSearch, tool.place), tool.place)
            case "file_search":
                return self._file_search(decoded(tool.item, _FileSearch, tool.place), tool.place)
            case "code_interpreter":
                container = decoded(tool.item, _CodeInterpreter, tool.place).container
                if isinstance(container, str) or (container is not None and container.get("file_ids")):
                    self._losses.report("tool.code_interpreter.container", f"{tool.place}.container")
                return [{"codeExecution": {}}]
            case _:
                return []

    def _web_search(self, search: _WebSearch, place: str) -> list[Item]:
        for name in ("filters", "user_location", "search_content_types"):
            if getattr(search, name):
                self._losses.report(f"tool.web_search.{name}", f"{place}.{name}")
        if search.search_context_size not in _LIKE_ANY:
            self._losses.report("tool.web_search.search_context_size", f"{place}.search_context_size")
        if search.external_web_access is False:
            self._losses.report("tool.web_search.external_web_access", f"{place}.external_web_access")
        tools: list[Item] = [{"googleSearch": {}}]
        if search.external_web_access and self._traits.validates:
            tools.append({"urlContext": {}})
        return tools

    def _file_search(self, search: _FileSearch, place: str) -> list[Item]:
        stores = [store for store in search.vector_store_ids if store.startswith(_STORE)]
        if len(stores) < len(search.vector_store_ids):
            self._losses.report("tool.file_search.vector_store_ids", f"{place}.vector_store_ids")
        for name in ("filters", "ranking_options"):
            if getattr(search, name):
                self._losses.report(f"tool.file_search.{name}", f"{place}.{name}")
        if not stores:
            return []
        written: Item = {"fileSearchStoreNames": stores}
        if search.max_num_results is not None:
            written["topK"] = search.max_num_results
        return [{"fileSearch": written}]

    def _pictures(self, tool: HostedTool) -> Item:
        wanted = decoded(tool.item, _ImageGeneration, tool.place)
        for name in ("quality", "background", "output_format"):
            if getattr(wanted, name) not in _AS_USUAL:
                self._losses.report("tool.image_generation.options", f"{tool.place}.{name}", param=name)
        if wanted.size in _AS_USUAL:
            return {}
        if wanted.size not in _SHAPES:
            self._losses.report("tool.image_generation.options", f"{tool.place}.size", param="size")
            return {}
        return {"aspectRatio": _SHAPES[wanted.size]}


_BEGINNING: Final = re.compile(r"[A-Za-z_]")


def legal(name: str) -> str:
    """A name that Google takes: those of functions begin with a letter or an underscore."""
    return name if _BEGINNING.match(name) else f"_{name}"[:64]


def ours(name: str, names: ToolNames) -> str:
    """The name that `legal` was made of."""
    if name in names.known:
        return name
    return next((known for known in names.known if legal(known) == name), name)
