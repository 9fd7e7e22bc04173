"""How many tokens a model will read, estimated without its vocabulary and without a network.

Text is measured by what its bytes are: words, capitals, digits, marks, lines, and letters of other scripts. The weights
were fitted to OpenAI's `o200k_base` (mean error 7 %); how a vendor's count differs from that, and what it adds for
messages and tools, was fitted to recorded usage (see docs/reference/tokens.md). All functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.wire.pictures import Pictures, media_tokens
from antiphon.wire.requests import Item, Request, is_item

CountText = Callable[[str], float]
"""The tokens of one text."""

_encode: Final = msgspec.json.Encoder().encode

_LETTERS: Final = bytes(code for code in range(128) if chr(code).isalpha())
_CAPITALS: Final = bytes(range(ord("A"), ord("Z") + 1))
_DIGITS: Final = b"0123456789"
_MARKS: Final = bytes(code for code in range(33, 127) if not chr(code).isalnum())
_WORDS_APART: Final = bytes(32 if code in _MARKS or code in _DIGITS else code for code in range(256))

_PER_WORD: Final = 0.82
_PER_LETTER: Final = 0.046
_PER_CAPITAL: Final = 0.117
_PER_DIGIT: Final = 0.673
_PER_MARK: Final = 0.463
_PER_LINE: Final = 1.5

_SCRIPTS: Final = (
    (re.compile("[\u0080-\u024f]"), 2.0),  # Latin with accents: the words around it are not English
    (re.compile("[\u0400-\u052f\u0900-\u0dff]"), 0.16),  # Cyrillic, Indic
    (re.compile("[\u0370-\u03ff\u0590-\u08ff]"), 0.3),  # Greek, Hebrew, Arabic
    (re.compile("[\u1e00-\u1eff\uac00-\ud7af]"), 0.55),  # Vietnamese, Hangul
    (re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]"), 0.8),  # Thai, Kana, Han
)
_PER_OTHER: Final = 1.0

_NOT_READ: Final = frozenset(
    {"type", "id", "role", "status", "call_id", "encrypted_content", "phase", "annotations", "logprobs", "detail"}
)
"""Members of items that the model does not read, or not as text."""

_SEALED_CHARACTERS_PER_TOKEN: Final = 16
"""Of a blob that only its provider can open."""


class Family(Struct, frozen=True):
    """How a vendor's counts differ: a factor on text, and what is added once, per message and for tools."""

    text: float = 1.05
    once: float = 6.0
    per_message: float = 5.0
    tools_once: float = 30.0
    tools: float = 1.0
    pictures: Pictures = "tiles"


_OTHER: Final = Family()

_FAMILIES: Final = (
    (r"gpt-oss", Family(1.0, 64.0, 4.0, 15.0, 0.8)),
    (r"claude", Family(1.15, 3.0, 6.0, 350.0, 1.2, "area")),
    (r"gemini|gemma", Family(1.0, 0.0, 1.2, 0.0, 0.6, "fixed")),
    (r"gpt|chatgpt|codex|(^|/)o[1-9]", Family(1.0, 3.0, 4.0, 10.0, 0.75)),
    (r"grok", Family(1.05, 8.0, 5.0, 60.0, 1.0)),
    (r"llama", Family(1.05, 12.0, 5.0, 90.0, 1.0)),
    (r"qwen|qwq", Family(1.05, 4.0, 6.0, 110.0, 1.0)),
    (r"deepseek", Family(1.05, 4.0, 5.0, 210.0, 1.1)),
    (r"glm", Family(1.05, 4.0, 4.0, 100.0, 1.0)),
    (r"nova", Family(1.05, 0.0, 3.0, 320.0, 1.0)),
    (r"mistral|ministral|magistral|codestral|pixtral|mixtral|devstral", Family(1.05, 1.0, 5.0, 10.0, 1.0)),
    (r"command", Family(1.05, 60.0, 6.0, 950.0, 1.0)),
    (r"palmyra", Family(1.05, 30.0, 4.0, 60.0, 1.0)),
)
_PATTERNS: Final = tuple((re.compile(pattern), family) for pattern, family in _FAMILIES)


class Prompt(Struct, frozen=True):
    """What a model is to read."""

    items: Sequence[Item]
    instructions: str | None = None
    tools: Sequence[Item] = ()
    schema: dict[str, Any] | None = None


def prompt_of(request: Request, items: Sequence[Item]) -> Prompt:
    """The prompt of a request whose context is `items`."""
    form = request.text.format if request.text is not None else None
    return Prompt(items, request.instructions, request.tools or (), None if form is None else form.schema)


def family_of(model: str) -> Family:
    """The family that a model belongs to, going by its name."""
    name = model.lower()
    return next((family for pattern, family in _PATTERNS if pattern.search(name)), _OTHER)


def text_tokens(text: str) -> float:
    """About how many tokens a text is, for a vocabulary of 200,000."""
    data = text.encode(errors="replace")
    size = len(data)
    tokens = (
        _PER_WORD * len(data.translate(_WORDS_APART).split())
        + _PER_LETTER * (size - len(data.translate(None, _LETTERS)))
        + _PER_CAPITAL * (size - len(data.translate(None, _CAPITALS)))
        + _PER_DIGIT * (size - len(data.translate(None, _DIGITS)))
        + _PER_MARK * (size - len(data.translate(None, _MARKS)))
        + _PER_LINE * data.count(b"\n")
    )
    return tokens if text.isascii() else tokens + _foreign(text)


def _foreign(text: str) -> float:
    """What letters beyond ASCII add."""
    left = sum(not character.isascii() for character in text)
    tokens = 0.0
    for pattern, weight in _SCRIPTS:
        found = len(pattern.findall(text))
        tokens += weight * found
        left -= found
    return tokens + _PER_OTHER * left


def prompt_tokens(prompt: Prompt, model: str, count: CountText = text_tokens) -> int:
    """About how many tokens the prompt is to this model, never less than one."""
    return tokens_left(prompt, model, count)[0]


def tokens_left(prompt: Prompt, model: str, count: CountText = text_tokens) -> list[int]:
    """The same for the prompt without its first 0, 1, 2 and so on items: each item is measured once."""
    family = family_of(model)
    tokens = family.once
    if prompt.instructions:
        tokens += family.text * count(prompt.instructions) + family.per_message
    if prompt.tools:
        tokens += family.tools_once + family.tools * count(_json(prompt.tools))
    if prompt.schema:
        tokens += family.tools * count(_json(prompt.schema))
    sizes = (item_tokens(item, family, count) for item in reversed(prompt.items))
    return [max(1, round(total)) for total in accumulate(sizes, initial=tokens)][::-1]


def item_tokens(item: Item, family: Family, count: CountText = text_tokens) -> float:
    """About how many tokens one item adds to a prompt."""
    tokens = family.per_message
    sealed = item.get("encrypted_content")
    if isinstance(sealed, str):
        tokens += len(sealed) / _SEALED_CHARACTERS_PER_TOKEN
    text = 0.0
    for value in _read(item):
        if isinstance(value, str):
            text += count(value)
        else:
            tokens += media_tokens(value, family.pictures)
    return tokens + family.text * text


def _read(item: Item) -> Iterator[str | Item]:
    """The texts of an item, and its parts that are media, in any order."""
    left: list[object] = [item]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif is_item(value):
            kind = value.get("type")
            if isinstance(kind, str) and kind.startswith(("input_image", "input_file", "input_audio", "computer_s")):
                yield value
            else:
                left.extend(part for name, part in value.items() if name not in _NOT_READ)
        else:
            left.extend(_listed(value))


def _listed(value: object) -> list[Any]:
    return [*value] if isinstance(value, list) else []


def _json(value: object) -> str:
    return _encode(value).decode()
