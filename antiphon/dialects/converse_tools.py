"""The tools of a turn, and the form of its answer, in Converse's words.

A model that cannot be held to a JSON schema is given a tool with that schema, which it must call: the call's input is
the answer. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html, read 2026-11.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.dialects.converse_models import Traits, bare_name, traits_of
from antiphon.dialects.converse_schemas import is_enforceable
from antiphon.dialects.losses import Losses
from antiphon.dialects.stand_ins import EMPTY_SCHEMA
from antiphon.dialects.tools import FunctionTool, HostedTool, Offer
from antiphon.protocols import Target
from antiphon.wire.faults import missing
from antiphon.wire.requests import Request, TextFormat

Body = dict[str, Any]
FormWay = Literal["free", "native", "tool", "words"]
"""How the model is held to the form of its answer: not at all, by Bedrock, by a tool, by being told."""

ANSWER_TOOL: Final = "answer_in_json"
_ANSWER: Final = "Gives the answer to the user. Call it exactly once, with the whole answer."
_GROUNDING: Final = "nova_grounding"

WEB_SEARCH: Final = frozenset({"web_search"})
_SEARCHES_AS_USUAL: Final[dict[str, tuple[object, ...]]] = {
    "external_web_access": (None, True),
    "filters": (None,),
    "search_content_types": (None, []),
    "search_context_size": (None, "medium"),
    "user_location": (None,),
}
"""Options of a search, with the values that ask for nothing special."""

_NO_HOSTS: Final = frozenset[str]()

_encode: Final = msgspec.json.Encoder().encode


class Form(Struct, frozen=True):
    """How the answer is made to have the form that the client wants; `format` where that is more than text."""

    way: FormWay
    format: TextFormat | None = None


def seen_by_tools(target: Target) -> Target:
    """The target as `tools.offer` is to see it: under its bare name, with the quirks that follow from its model."""
    traits = traits_of(target.model)
    quirks = msgspec.structs.replace(
        target.quirks,
        strict_functions=traits.schema,
        custom_tools=False,
        allowed_tools=False,
        tool_choice_required="required" if "any" in traits.forced else "auto",
        tool_choice_named="tool" in traits.forced,
    )
    return dataclasses.replace(target, model=bare_name(target.model), quirks=quirks)


def hosts_of(traits: Traits) -> frozenset[str]:
    """The kinds of tools that the model runs itself."""
    return WEB_SEARCH if traits.grounds else _NO_HOSTS


def form_of(request: Request, traits: Traits, offer: Offer) -> Form:
    """How the answer's form is brought about. Raises BadRequest for a schema without its name, or none."""
    form = None if request.text is None else request.text.format
    if form is None or form.type == "text":
        return Form("free")
    if form.type == "json_object":
        return Form("words", form)
    if form.name is None:
        raise missing("text.format.name")
    if form.schema is None:
        raise missing("text.format.schema")
    if traits.schema and is_enforceable(form.schema):
        return Form("native", form)
    return Form("tool" if _can_be_asked(request, traits, offer) else "words", form)


def _can_be_asked(request: Request, traits: Traits, offer: Offer) -> bool:
    """Whether a call can be demanded, and may be the answer's."""
    thinks = traits.thinking == "budget" and request.reasoning is not None and request.reasoning.effort not in _IDLE
    chosen = offer.choice.named is not None or offer.choice.mode == "required"
    return "any" in traits.forced and not thinks and not chosen


_IDLE: Final = (None, "none")


def tool_config(offer: Offer, form: Form, traits: Traits, called: Iterable[str], losses: Losses) -> Body | None:
    """`toolConfig`; None without tools. Whatever was `called` must be there, or Bedrock refuses to hear of it."""
    silent = offer.choice.mode == "none"
    written = [] if silent else [_written(tool, losses) for tool in offer.tools if isinstance(tool, FunctionTool)]
    names = {spec["toolSpec"]["name"] for spec in written}
    written += [_past(name) for name in called if name not in names]
    hosted = [] if silent else [tool for tool in offer.tools if isinstance(tool, HostedTool)]
    written += [_system_tool(tool, losses) for tool in hosted]
    if form.way == "tool" and form.format is not None:
        written.append(_answer_tool(form.format))
    if not written:
        return None
    config: Body = {"tools": written}
    if (choice := _choice(offer, form, traits, losses)) is not None:
        config["toolChoice"] = choice
    return config


def output_config(form: TextFormat) -> Body:
    """`outputConfig`, which holds the model to a schema."""
    schema: Body = {"name": form.name, "schema": _encode(form.schema).decode()}
    if form.description is not None:
        schema["description"] = form.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def rule_of(form: TextFormat) -> str:
    """The form of the answer in words."""
    if form.schema is None:
        return "Answer with nothing but one JSON object."
    rule = "Answer with nothing but one JSON object that conforms to this JSON schema:"
    return f"{rule}\n{_encode(form.schema).decode()}"


def _choice(offer: Offer, form: Form, traits: Traits, losses: Losses) -> Body | None:
    choice = offer.choice
    if form.way == "tool":
        alone = choice.mode == "none" or not offer.tools
        return {"tool": {"name": ANSWER_TOOL}} if alone and "tool" in traits.forced else {"any": {}}
    if any(isinstance(tool, HostedTool) and tool.name == choice.named for tool in offer.tools):
        losses.report("choice.web_search", "tool_choice")
        return None
    if choice.named is not None:
        return {"tool": {"name": choice.named}}
    return {"any": {}} if choice.mode == "required" else None


def _written(tool: FunctionTool, losses: Losses) -> Body:
    spec: Body = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    schema = tool.parameters if tool.parameters.get("type") == "object" else {"type": "object"} | tool.parameters
    spec["inputSchema"] = {"json": schema}
    if tool.strict and is_enforceable(schema):
        spec["strict"] = True
    elif tool.strict:
        losses.report("tool.function.strict", "tools", name=tool.name)
    return {"toolSpec": spec}


def _past(name: str) -> Body:
    """A tool that is not offered any more."""
    return {"toolSpec": {"name": name, "inputSchema": {"json": EMPTY_SCHEMA}}}


def _answer_tool(form: TextFormat) -> Body:
    description = f"{_ANSWER} {form.description}" if form.description else _ANSWER
    return {"toolSpec": {"name": ANSWER_TOOL, "description": description, "inputSchema": {"json": form.schema}}}


def _system_tool(tool: HostedTool, losses: Losses) -> Body:
    for option, usual in _SEARCHES_AS_USUAL.items():
        if tool.item.get(option) not in usual:
            losses.report(f"tool.web_search.{option}", f"{tool.place}.{option}")
    return {"systemTool": {"name": _GROUNDING}}
