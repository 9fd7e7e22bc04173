"""`components.schemas`, from the types that requests are read into and answers written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import GenericAlias, UnionType
from typing import Any, Final, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from antiphon.http.openapi_events import event_schemas
from antiphon.http.openapi_items import CHOICES, Choice
from antiphon.http.openapi_words import SENTENCES, WORDS
from antiphon.http.prompts import NewPrompt, NewVersion, Prompt, PromptList
from antiphon.providers.cards import ModelCard
from antiphon.wire.conversations import ConversationUpdate, NewConversation, NewItems
from antiphon.wire.requests import Item, Request
from antiphon.wire.responses import ResponseObject
from antiphon.wire.usage import Usage

REF: Final = "#/components/schemas/{name}"
Schema = dict[str, Any]
Schemas = dict[str, Schema]
Hint = Any
"""An annotation, looked at while the program runs: Python has no type for those."""

_PRIVATE: Final = "antiphon.body"
_RENAMED: Final = {"ResponseObject": "Response", "ModelCard": "Model"}
_UNIONS: Final = (Union, UnionType)
_GENERICS: Final = (dict, list, tuple)

_ELEMENTS: Final = (
    ("Request", "input", "InputItem"),
    ("Request", "tools", "Tool"),
    ("Response", "output", "OutputItem"),
    ("Response", "tools", "Tool"),
    ("ItemList", "data", "InputItem"),
    ("NewConversation", "items", "InputItem"),
    ("NewItems", "items", "InputItem"),
    ("Compaction", "output", "InputItem"),
)
"""Arrays of items, which `wire` types as plain objects, and what their elements are."""


_OPTIONAL: Final = (
    ("EchoedReasoning", "generate_summary"),
    ("Response", "prompt_cache_retention"),
    ("ResponseError", "type"),
    *(("Price", "services"), ("Price", "steps"), ("Tariff", "steps")),
)
"""Members that an answer may come without: a provider's own objects are passed on as they are, and a price is short."""


class ErrorBody(Struct):
    """What went wrong. All four members are always there."""

    message: str
    type: str
    param: str | None
    code: str | None


class Error(Struct):
    """How every error is told, on every path."""

    error: ErrorBody


class DeletedResponse(Struct):
    """A response is gone."""

    id: str
    object: Literal["response.deleted"]
    deleted: bool


class Conversation(Struct):
    """A conversation. Its items are listed apart."""

    id: str
    object: Literal["conversation"]
    created_at: int
    metadata: dict[str, str]


class DeletedConversation(Struct):
    """A conversation is gone."""

    id: str
    object: Literal["conversation.deleted"]
    deleted: bool


class ItemList(Struct):
    """One page of items. The next one is asked for with `after` set to `last_id`."""

    object: Literal["list"]
    data: list[Item]
    first_id: str | None
    last_id: str | None
    has_more: bool


class InputTokens(Struct):
    """How many tokens a request would be."""

    object: Literal["response.input_tokens"]
    input_tokens: int


class Compaction(Struct):
    """A conversation made short. `output` is the beginning of the next `input`, as it is."""

    id: str
    object: Literal["response.compaction"]
    created_at: int
    output: list[Item]
    usage: Usage


class ModelList(Struct):
    """Every model on offer."""

    object: Literal["list"]
    data: list[ModelCard]


class Health(Struct):
    """The process answers."""

    status: Literal["ok"]
    version: str


class Readiness(Struct):
    """Whether every part works, and what is wrong with those that do not."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, str]


class Landing(Struct):
    """What answers here, and where to go on."""

    name: str
    version: str
    api: str
    docs: str
    openapi: str
    health: str


class DeletedPrompt(Struct):
    """A prompt is gone, with all its versions."""

    id: str
    object: Literal["prompt.deleted"]
    deleted: bool


_ANSWERS: Final = (
    *(ResponseObject, ItemList, DeletedResponse, Conversation, DeletedConversation),
    *(InputTokens, Compaction, Prompt, PromptList, DeletedPrompt, Error, ModelList, Health, Readiness, Landing),
)
_BODIES: Final = (Request, NewConversation, ConversationUpdate, NewItems, NewPrompt, NewVersion)


def schemas() -> Schemas:
    """Every schema by its name."""
    components = _components(_BODIES) | _components(_Sent().kinds(_ANSWERS)) | event_schemas(REF)
    del components["Request"]["properties"][_PRIVATE]
    for choice in CHOICES:
        components |= _components(choice.kinds) | {choice.name: _open_union(choice)}
    for name, member, element in _ELEMENTS:
        _set_elements(components[name]["properties"][member], {"$ref": REF.format(name=element)})
    for name, member in _OPTIONAL:
        components[name]["required"].remove(member)
    echoed = {name: said for name, said in WORDS["Request"].items() if name in components["Response"]["properties"]}
    for name, members in {**WORDS, "Response": {**echoed, **WORDS["Response"]}}.items():
        _describe(components[name], members)
    for name, sentence in SENTENCES.items():
        components[name]["description"] = sentence
    for schema in components.values():
        schema.pop("title", None)
    return {name: _terse(components[name]) for name in sorted(components)}


def _components(kinds: Iterable[type[Struct]]) -> Schemas:
    _, components = msgspec.json.schema_components(kinds, ref_template=REF)
    return components


class _Sent:
    """Rewrites structs as they are seen in an answer: nothing is left out there, so no member has a default."""

    def __init__(self) -> None:
        self._known: dict[type[Struct], type[Struct]] = {}

    def kinds(self, kinds: Iterable[type[Struct]]) -> list[type[Struct]]:
        return [self._kind(kind) for kind in kinds]

    def _kind(self, kind: type[Struct]) -> type[Struct]:
        if kind not in self._known:
            hints = get_type_hints(kind, include_extras=True)
            members = [(field.encode_name, hints[field.name]) for field in msgspec.structs.fields(kind)]
            self._known[kind] = msgspec.defstruct(
                _RENAMED.get(kind.__name__, kind.__name__),
                [self._member(name, hint) for name, hint in members],
                namespace={"__doc__": kind.__doc__},
                kw_only=True,
            )
        return self._known[kind]

    def _member(self, name: str, hint: Hint) -> tuple[str, Hint] | tuple[str, Hint, UnsetType]:
        seen = self._hint(hint)
        return (name, seen, UNSET) if UnsetType in get_args(hint) else (name, seen)

    def _hint(self, hint: Hint) -> Hint:
        """The annotation with its structs rewritten; Raw, which says nothing, gives way to the type it stands for."""
        if hint is Raw:
            return Item
        if _is_struct(hint):
            return self._kind(hint)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in _UNIONS:
            return Union[tuple(self._hint(part) for part in arguments if part is not Raw)]  # noqa: UP007 - computed
        if origin in _GENERICS:
            return GenericAlias(origin, tuple(self._hint(part) for part in arguments))
        return hint


def _is_struct(hint: object) -> TypeGuard[type[Struct]]:
    return isinstance(hint, type) and issubclass(hint, Struct)


def _open_union(choice: Choice) -> Schema:
    tags = [tag for kind in choice.kinds if isinstance(tag := kind.__struct_config__.tag, str)]
    kind: Schema = {"type": "string", "not": {"enum": tags}} if choice.sealed else {"type": "string"}
    other: Schema = {"title": "Other", "description": "Any other kind.", "type": "object", "properties": {"type": kind}}
    if choice.sealed:
        other["required"] = ["type"]
    described = [{"$ref": REF.format(name=kind.__name__)} for kind in choice.kinds]
    return {"description": choice.description, "anyOf": [*described, other]}


def _set_elements(schema: Schema, element: Schema) -> None:
    for part in (schema, *schema.get("anyOf", ())):
        if part.get("type") == "array":
            part["items"] = element


def _describe(schema: Schema, words: Mapping[str, str | Schema]) -> None:
    """Adds what is said of each member: a sentence, or a schema's own members."""
    for member, said in words.items():
        found = schema["properties"][member]
        if isinstance(said, str):
            found["description"] = said
        elif "anyOf" in found and "enum" in said:
            found["anyOf"][0] |= said
        else:
            found |= said


def _terse(schema: Schema) -> Schema:
    """The same schema in fewer words, in place: `X or null` as one type, and nothing said that goes without saying."""
    for part in _parts(schema):
        _terse(part)
    if schema.get("default", ...) is None:
        del schema["default"]
    if schema.get("required") == []:
        del schema["required"]
    if "enum" in schema:
        schema.setdefault("type", "string")
    match schema.get("anyOf"):
        case [{"type": str(kind)} as some, {"type": "null"}]:
            del schema["anyOf"]
            schema |= some | schema | {"type": [kind, "null"]}
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        case _:
            pass
    return schema


def _parts(schema: Schema) -> Iterator[Schema]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("anyOf", ())
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield schema[word]
