"""The reference page of the configuration, made from the settings: ``python -m antiphon.config.docs`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import NODEFAULT
from msgspec.inspect import CollectionType, DictType, Field, StructType

from antiphon.config.shape import SETTINGS, called, default, is_nullable, leaves, mark, members, plain
from antiphon.config.variables import CONFIG, SHORT
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import TABLE

_TOP: Final = """\
# Configuration

<!-- Made by `make docs` from antiphon/settings.py and the table of providers: edit those. -->

Nothing has to be configured: providers are found from the variables that people set for them anyway
([below](#providers-found-from-variables)), a master key is made once and kept in the user's data folder
(`$XDG_DATA_HOME/antiphon`, usually `~/.local/share/antiphon`), and so is the database. `antiphon check` prints what
holds, with secrets left out, and where each provider was found.

What is to be different is said in one of these places; the first that says it holds:

1. an option of the command line: `antiphon serve --port 9000`
2. a variable of the environment: `ANTIPHON_SERVER__PORT=9000`
3. the same variable in a file called `.env` in the working directory
4. the configuration file: `antiphon.yaml` in the working directory, or the one that `--config` or `{config}` names

## The file

```yaml
server:
  port: 9000
providers:
  openai:
    api_key: file:/run/secrets/openai
  local:
    base_url: http://127.0.0.1:8000
    api_key: ${{LOCAL_KEY:-none}}
models:
  fast:
    targets: [openai/gpt-5-mini, local/qwen3]
```

- `${{NAME}}` stands for a variable, of the environment or of `.env`; one that is not set is an error.
- `${{NAME:-default}}` stands for the default when the variable is not set or empty.
- `$${{` stands for the two signs themselves.
- `file:path` stands for what is in a file, without blanks around it. The path is relative to the configuration file.
- A setting that does not exist is an error, which says where it stands and what may have been meant.

`antiphon config schema > antiphon.schema.json` writes a JSON Schema. An editor uses it when the file begins with
`# yaml-language-server: $schema=antiphon.schema.json`.

## Variables

Every setting has a variable: `ANTIPHON_`, then its name in capitals with `__` between its parts, and `_` for `-` and
`.`. `server.port` is `ANTIPHON_SERVER__PORT`, `providers.openai-east.base_url` is
`ANTIPHON_PROVIDERS__OPENAI_EAST__BASE_URL`. A list is said with commas or as YAML, a whole section as YAML:
`ANTIPHON_KEYS='[{{name: ann, key: sk-1}}, {{name: bob, key: sk-2}}]'`. `file:path` works here too, relative to the
working directory. An empty variable says nothing.

These have a shorter name too: {short}.
"""

_PROVIDERS: Final = """\
## Providers found from variables

`NAME_API_KEY` and `NAME_BASE_URL` make a provider available; the base URL may leave out the version path.
`NAME_MODELS`, with commas between them, limits its models. A word in between makes another instance with its own
variables: `OPENAI_EAST_API_KEY` and `OPENAI_EAST_BASE_URL` make `openai-east`, `OPENAI_2_API_KEY` makes `openai-2`. A
provider that is named in the file has such variables too. Without any of them there is `demo`, which is built in and
says what it is. Variables of a client, which lead to this gateway itself under a key of its own, make nothing
available.

| Provider | Key | Base URL | Base URL if not set |
|---|---|---|---|
"""

_QUIRKS: Final = "quirks"
_ABOUT_QUIRKS: Final = (
    "`providers.NAME.quirks` says how a provider departs from the API it speaks. Where it says nothing, what is known\n"
    "of the type holds; these defaults are OpenAI's own."
)


def page() -> str:
    """The whole page, in Markdown."""
    short = ",\n".join(f"`{name}` for `{long}`" for name, long in SHORT.items())
    parts = [_TOP.format(config=CONFIG, short=short), "## Settings\n"]
    parts.extend(_sections())
    parts.append(_PROVIDERS + "".join(_provider(row) for row in TABLE.values()))
    return "\n".join(parts)


def _sections() -> Iterator[str]:
    sections: dict[str, list[tuple[tuple[str, ...], Field]]] = {}
    for path, field in leaves(SETTINGS):
        section = _QUIRKS if _QUIRKS in path else path[0]
        sections.setdefault(section, []).append((path, field))
    top = members(SETTINGS) if isinstance(SETTINGS, StructType) else {}
    for section, settings in sections.items():
        about = mark(top[section].type, "description") if section in top else _ABOUT_QUIRKS
        yield f"### {section}\n\n{about}\n\n{_table(settings)}"


def _table(settings: Iterable[tuple[tuple[str, ...], Field]]) -> str:
    lines = [(f"`{_name(path, field)}`", _kind(field), _default(field), _about(field)) for path, field in settings]
    width = 4 if any(about for *_, about in lines) else 3
    titles = ("Setting", "Value", "Default", "Meaning")
    return "".join(f"| {' | '.join(line[:width])} |\n" for line in (titles, ("---",) * width, *lines))


def _name(path: tuple[str, ...], field: Field) -> str:
    inner = ".NAME" if isinstance(plain(field.type), DictType) else ""
    return ".".join(name for name in path if name != "[]") + inner


def _kind(field: Field) -> str:
    kind = plain(field.type)
    words = called(field.type)
    match kind:
        case DictType():
            words = called(kind.value_type)
        case CollectionType():
            words = f"a list, each {called(kind.item_type)}"
        case _:
            pass
    return words + (", or null" if is_nullable(field.type) else "")


def _default(field: Field) -> str:
    value = default(field)
    if value is NODEFAULT:
        return "must be given"
    if isinstance(value, tuple | frozenset):
        value = ", ".join(msgspec.convert(value, list[str]))
    return "" if value is None or value in ("", [], {}) else f"`{str(value).lower()}`"


def _about(field: Field) -> str:
    return str(mark(field.type, "description") or "")


def _provider(row: ProviderRow) -> str:
    keys = ", ".join(f"`{name}`" for name in row.key_variables)
    urls = ", ".join(f"`{name}`" for name in row.url_variables)
    usual = f"`{row.base_url}`" if row.base_url else "none"
    return f"| `{row.name}` ({row.title}) | {keys}{'' if row.needs_key else ', if it wants one'} | {urls} | {usual} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
