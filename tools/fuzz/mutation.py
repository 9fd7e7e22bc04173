"""Changes to what was once well-formed. Everything comes from one source of chance, so that it comes again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from antiphon.wire.requests import is_item

Holder = dict[Any, Any] | list[Any]

_NUMBERS: Final = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 0.5, -0.0, 1e308, 5e-324)
_TEXTS: Final = (
    *("", " ", "\x00", "null", "0", "-1", "true", "a" * 300, "é", "😀" * 20, "\u2028", "\r\nX: y", "../../etc/passwd"),
    *(
        "data:",
        "data:image/png;base64,",
        "data:;base64,%%%",
        "http://127.0.0.1/",
        "http://[::1]/",
        "file:///etc/passwd",
    ),
    *("https://169.254.169.254/latest", "ant1.AAAA", "resp_1", "file_1", "${A}", "{{a}}", "%s%n", "' OR 1=1 --", "$"),
    *("assistant", "user", "system", "developer", "tool", "function", "auto", "required", "none", "ephemeral"),
)
_KEYS: Final = ("", "type", "id", "role", "content", "name", "text", "unknown", "__proto__", "a" * 200, "\x00", "$ref")
_KINDS: Final = (
    *(
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "item_reference",
        "input_text",
    ),
    *(
        "input_image",
        "input_file",
        "input_audio",
        "compaction",
        "mcp_call",
        "web_search_call",
        "shell_call",
        "tool_use",
    ),
    *("tool_result", "thinking", "redacted_thinking", "document", "image_url", "json_schema", "custom", "namespace"),
)
_MANY: Final = 20
"""What is more than so many is not made many more."""

_BYTES: Final = (
    b"\x00",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\\ud800",
    b'"',
    b"\\",
    b"{",
    b"[" * 50,
    b"1e999",
    b"NaN",
)


class Mutator:
    """Changes things. `others` is what is put in where something of the same world is wanted."""

    def __init__(self, chance: Random, others: Sequence[Any] = ()) -> None:
        """`others` are JSON values."""
        self._chance = chance
        self._grown = False
        self._others = others
        self._ways: Sequence[Callable[[Holder, Any], None]] = (
            self._replace,
            self._replace,
            self._drop,
            self._double,
            self._wrap,
            self._graft,
            self._kind,
            self._add,
            self._nest,
            self._grow,
        )

    def json(self, value: Any) -> Any:
        """The value with one change, or a few."""
        root: list[Any] = [copy.deepcopy(value)]
        self._grown = False
        for _ in range(self._chance.choice((1, 1, 1, 2, 3, 6))):
            holder, key = self._place(root)
            self._chance.choice(self._ways)(holder, key)
        return root[0]

    def data(self, data: bytes) -> bytes:
        """The bytes with one change, or a few."""
        for _ in range(self._chance.choice((1, 1, 2, 4))):
            at, end = sorted(self._chance.randrange(len(data) + 1) for _ in range(2))
            end = min(end, at + 64)
            data = self._chance.choice(
                (
                    data[:at] + data[end:],
                    data[:at],
                    data[:end] + data[at:end] * self._chance.choice((1, 2, 50)) + data[end:],
                    data[:at] + self._chance.choice(_BYTES) + data[at:],
                    data[:at] + self._chance.randbytes(self._chance.randrange(1, 9)) + data[end:],
                    data[:at]
                    + bytes(byte ^ 1 << self._chance.randrange(8) for byte in data[at : at + 1])
                    + data[at + 1 :],
                )
            )
        return data

    def text(self) -> str:
        """A text that somebody may not have thought of."""
        return self._chance.choice(_TEXTS)

    def leaf(self) -> Any:
        """A value that somebody may not have thought of."""
        kind = self._chance.randrange(6)
        if kind == 0:
            odd: list[Any] = [None, True, False, [], {}, [[]], [None], [{}], {"type": None}, {"": {}}]
            return self._chance.choice(odd)
        return self._chance.choice(_NUMBERS) if kind == 1 else self.text()

    def _place(self, root: list[Any]) -> tuple[Holder, Any]:
        """Somewhere in the value, deeper places as likely as shallow ones."""
        places: list[tuple[Holder, Any]] = []
        left: list[Holder] = [root]
        while left and len(places) < 2000:
            holder = left.pop()
            keys: list[Any] = list(holder) if is_item(holder) else list(range(len(holder)))
            for key in keys:
                inner: Any = holder[key]
                places.append((holder, key))
                if isinstance(inner, dict | list):
                    left.append(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON
        return self._chance.choice(places)

    def _replace(self, holder: Holder, key: Any) -> None:
        holder[key] = self.leaf()

    def _drop(self, holder: Holder, key: Any) -> None:
        if isinstance(holder, dict) or len(holder) > 1:
            del holder[key]

    def _double(self, holder: Holder, key: Any) -> None:
        """The same twice: in a list beside itself, in an object under another name."""
        if isinstance(holder, list):
            holder[key : key + 1] = [holder[key]] * self._chance.choice((2, 3, 40 if len(holder) < _MANY else 1))
        else:
            holder[self._chance.choice(_KEYS)] = holder[key]

    def _wrap(self, holder: Holder, key: Any) -> None:
        holder[key] = self._chance.choice(
            ([holder[key]], {"type": "text", "text": holder[key]}, {"content": holder[key]})
        )

    def _graft(self, holder: Holder, key: Any) -> None:
        """Something of another request in place of this."""
        if self._others:
            other: list[Any] = [copy.deepcopy(self._chance.choice(self._others))]
            source, place = self._place(other)
            holder[key] = source[place]

    def _kind(self, holder: Holder, key: Any) -> None:
        inner = holder[key]
        if is_item(inner):
            inner["type"] = self._chance.choice(_KINDS)
        else:
            holder[key] = self._chance.choice(_KINDS)

    def _add(self, holder: Holder, key: Any) -> None:
        inner = holder[key]
        if is_item(inner):
            inner[self._chance.choice(_KEYS)] = self.leaf()
        elif isinstance(inner, list):
            holder[key] = [*inner, self.leaf()]

    def _nest(self, holder: Holder, key: Any) -> None:
        for _ in range(self._chance.choice((5, 60, 200))):
            holder[key] = [holder[key]] if self._chance.random() < 0.5 else {"a": holder[key]}

    def _grow(self, holder: Holder, key: Any) -> None:
        """Much of the same, once: what is made many times of many is more than any client sends."""
        if self._grown:
            return
        self._grown = True
        inner = holder[key]
        if isinstance(inner, str):
            holder[key] = inner[:1000] * self._chance.choice((10, 1000))
        elif isinstance(inner, list) and len(inner) < _MANY:  # pyright: ignore[reportUnknownArgumentType] - JSON
            holder[key] = inner * self._chance.choice((5, 150))
        elif isinstance(inner, int):
            holder[key] = -inner


def encoded(value: Any) -> bytes:
    """As JSON, whatever of it cannot be said in JSON."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, RecursionError):
        return b"{}"
