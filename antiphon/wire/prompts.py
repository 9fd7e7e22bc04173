"""Prompt templates: members of a create request with ``{{variables}}`` in their texts, and how they become a request.

Law: what is put in is never looked at again, so a value may say ``{{anything}}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.errors import BadRequest
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import MAX_TEXT_CHARACTERS, Item, PromptRef, Request, is_item, parse_request

FIELDS: Final = frozenset(
    {"input", "instructions", "max_output_tokens", "max_tool_calls", "model", "parallel_tool_calls"}
    | {"frequency_penalty", "presence_penalty", "provider", "reasoning", "service_tier", "strict", "temperature"}
    | {"text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation"}
)
"""What a template may say: everything but what one request is about, such as its metadata or its place in a chain."""

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]{0,127})\s*\}\}")
_PARTS: Final = ("input_text", "input_image", "input_file")
_TEXTS: Final = ("input_text", "output_text", "text")
"""No sets: what is looked for may be anything."""

_NULL: Final = Raw(b"null")

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_say: Final = msgspec.json.Decoder(str).decode

Values = Mapping[str, str | Item]


def checked_template(template: bytes) -> bytes:
    """The template without members that are null. Raises BadRequest for what no create request may say."""
    try:
        members = split_object(template)
    except msgspec.ValidationError:
        message = "Invalid type for 'template': expected an object."
        raise BadRequest(message, param="template", code="invalid_type") from None
    except UNDECODABLE as error:
        raise told(error) from None
    for name in members.keys() - FIELDS:
        message = f"A template cannot hold '{name[:64]}'. It may hold: {', '.join(sorted(FIELDS))}."
        raise BadRequest(message, param=f"template.{name[:64]}", code="unknown_parameter")
    try:
        parse_request(template)
    except BadRequest as error:
        error.param = "template" if error.param is None else f"template.{error.param}"
        raise
    return _encode({name: value for name, value in members.items() if value != _NULL})


def variables_of(template: bytes) -> list[str]:
    """The names of a template's variables, in the order in which they are first mentioned."""
    return list(dict.fromkeys(name for text in _texts(template) for name in _PLACEHOLDER.findall(text)))


def rendered(request: Request, prompt: PromptRef, template: bytes, version: int) -> Request:
    """The request with what the template says put before what it says itself.

    Its own members win; of `input`, which both may have, the template's comes first. `prompt` tells the version that
    was used. Raises BadRequest for a variable that is missing, or is not text where only text can stand.
    """
    values = _checked_values(prompt.variables or {})
    _check_size(template, values)
    own = {name: value for name, value in request.members().items() if value != _NULL}
    members: dict[str, Any] = {**split_object(template)}
    if "instructions" in members and "instructions" not in own:
        members["instructions"] = _filled(_say(members["instructions"]), values)
    begin = [_filled_item(item, values) for item in _items(members.get("input"))]
    members.update(own)
    if begin:
        members["input"] = [*begin, *_items(own.get("input"))]
    members["prompt"] = PromptRef(prompt.id, str(version), prompt.variables)
    return parse_request(_encode(members))


def _check_size(template: bytes, values: Values) -> None:
    """A long value in many places makes more than anybody sent. Raises BadRequest before it is made."""
    sizes = {name: len(value if isinstance(value, str) else _encode(value)) for name, value in values.items()}
    names = (name for text in _texts(template) for name in _PLACEHOLDER.findall(text))
    if sum(sizes.get(name, 0) for name in names) > MAX_TEXT_CHARACTERS:
        message = f"The prompt with its variables is longer than the {MAX_TEXT_CHARACTERS} characters that it may have."
        raise BadRequest(message, param="prompt.variables", code="invalid_value")


def _items(value: Raw | None) -> list[Any]:
    """`input` as items."""
    items: Any = [] if value is None else _decode(value)
    return [{"type": "message", "role": "user", "content": items}] if isinstance(items, str) else items


def _texts(template: bytes) -> Iterator[str]:
    members = split_object(template)
    if "instructions" in members:
        yield _say(members["instructions"])
    for item in _items(members.get("input")):
        content: Any = item.get("content")
        if isinstance(content, str):
            yield content
        else:
            yield from (part["text"] for part in _listed(content) if _is_text(part))


def _listed(value: object) -> list[Any]:
    return [*value] if isinstance(value, list) else []


def _is_text(part: object) -> bool:
    return is_item(part) and part.get("type") in _TEXTS and isinstance(part.get("text"), str)


def _checked_values(variables: Values) -> Values:
    """What each variable stands for; a part that is text and nothing else is its text. Raises BadRequest."""
    values: dict[str, str | Item] = {}
    for name, value in variables.items():
        if is_item(value) and (value.get("type") not in _PARTS or not _says(value)):
            message = f"The variable '{name[:128]}' must be a string, or a part: input_text, input_image or input_file."
            raise BadRequest(message, param=f"prompt.variables.{name[:128]}", code="invalid_type")
        values[name] = value["text"] if is_item(value) and value.keys() == {"type", "text"} else value
    return values


def _says(part: Item) -> bool:
    return part.get("type") != "input_text" or isinstance(part.get("text"), str)


def _value(name: str, values: Values) -> str | Item:
    if name not in values:
        message = f"Missing required variable '{name}' of the prompt."
        raise BadRequest(message, param=f"prompt.variables.{name}", code="missing_required_parameter")
    return values[name]


def _filled(text: str, values: Values) -> str:
    """The text with its variables filled in, all of which must be text."""

    def fill(found: re.Match[str]) -> str:
        value = _value(found[1], values)
        if not isinstance(value, str):
            message = f"The variable '{found[1]}' stands where only text can: give it a string."
            raise BadRequest(message, param=f"prompt.variables.{found[1]}", code="invalid_type")
        return value

    return _PLACEHOLDER.sub(fill, text)


def _filled_item(item: Item, values: Values) -> Item:
    content: Any = item.get("content")
    takes_parts = item.get("role") != "assistant"
    if isinstance(content, str):
        parts = _spliced({"type": "input_text", "text": content}, values) if takes_parts else []
        if all(part.keys() == {"type", "text"} for part in parts):
            return item | {"content": _filled(content, values)}
        return item | {"content": parts}
    made = [filled for part in _listed(content) for filled in _filled_part(part, values, takes_parts)]
    return item | {"content": made} if made else item


def _filled_part(part: Item, values: Values, takes_parts: bool) -> list[Item]:  # noqa: FBT001 - called in one place
    if not _is_text(part):
        return [part]
    return _spliced(part, values) if takes_parts else [part | {"text": _filled(part["text"], values)}]


def _spliced(part: Item, values: Values) -> list[Item]:
    """A part with its variables filled in: several parts where a variable is one."""
    parts: list[Item] = []
    text = ""
    for place, piece in enumerate(_PLACEHOLDER.split(part["text"])):
        value = _value(piece, values) if place % 2 else piece
        if isinstance(value, str):
            text += value
            continue
        if text:
            parts.append(part | {"text": text})
        parts.append(value)
        text = ""
    return [*parts, part | {"text": text}] if text or not parts else parts
