"""``${NAME}``, ``${NAME:-default}`` and ``file:path`` in place of a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from antiphon.errors import ConfigError

_REFERENCE: Final = re.compile(
    r"\$(?:(?P<escape>\$)(?=\{)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<malformed>\{))"
)
_FILE: Final = "file:"
_MAX_FILE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class References:
    """Where references lead: variables by name, files relative to `folder`. `seen` gets the files that were named."""

    variables: Mapping[str, str]
    folder: Path
    seen: set[Path] = field(default_factory=set[Path])

    def resolved(self, text: str) -> str:
        """`text` with what it refers to in its place. Raises ConfigError, which names the reference but no value."""
        text = _REFERENCE.sub(self._variable, text)
        return self._content(text.removeprefix(_FILE)) if text.startswith(_FILE) else text

    def _variable(self, found: re.Match[str]) -> str:
        if found["escape"]:
            return "$"
        name, default = found["name"], found["default"]
        if found["malformed"]:
            raise ConfigError("`${` begins a reference, written ${NAME} or ${NAME:-default}; write `$${` for the signs")
        value = self.variables.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise ConfigError(f"the variable {name} is not set; set it, or give a default with ${{{name}:-default}}")
        return value

    def _content(self, path: str) -> str:
        named = Path(re.sub("^//(?=/)", "", path))
        file = self.folder / named
        try:
            place = self.folder / named.expanduser()
            self.seen.add(place)
            with place.open("rb") as stream:
                content = stream.read(_MAX_FILE_BYTES + 1)
            text = content.decode().strip()
        except (OSError, UnicodeDecodeError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a file of UTF-8 text"
            raise ConfigError(f"the file {file} cannot be read: {reason}") from None
        if not text or len(content) > _MAX_FILE_BYTES:
            raise ConfigError(f"the file {file} is {'empty' if not text else 'too large for a value'}")
        return text


def has_reference(text: str) -> bool:
    """Whether `text` is anything but itself."""
    return text.startswith(_FILE) or _REFERENCE.search(text) is not None


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """`text` as ``.env`` files mean it: a variable that is not set is nothing, and nothing is an error."""

    def value(found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0]
        return variables.get(found["name"], found["default"] or "")

    return _REFERENCE.sub(value, text)
