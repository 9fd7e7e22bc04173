"""Writes antiphon/providers/models/: what is known of models, from open lists of facts and from what was read by hand.

    python -m tools.refresh_models --litellm FILE_OR_URL --models-dev FILE_OR_URL [--litellm-name …] [--read-on …]

`--litellm` is LiteLLM's model_prices_and_context_window.json, `--models-dev` is https://models.dev/api.json; both are
under the MIT licence. tools/models_by_hand.json holds what was read in vendors' own documentation, and is believed
before both. Sizes are taken from models.dev first, which tells the context from the longest input; prices from LiteLLM
first, which has them by service tier. Only what a source says is written; a model that was retired before `--read-on`
is left out, and so is a name that a shorter one tells the same of.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from antiphon.providers.model_names import names_of
from tools.model_sources import ORIGINS, Origin, from_litellm, from_models_dev

ROOT: Final = Path(__file__).resolve().parents[1]
MODELS: Final = ROOT / "antiphon" / "providers" / "models"
BY_HAND: Final = ROOT / "tools" / "models_by_hand.json"

LITELLM: Final = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
MODELS_DEV: Final = "https://models.dev/api.json"

SHORT: Final = {"context_window": "context", "max_output_tokens": "max_output"}
PROFILE: Final = ("from", "input", "output", "capabilities")

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode

Entry = dict[str, Any]
"""A model as the files have it: see `antiphon.providers.facts.Fact`."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is read, and what the files say of where it comes from."""

    litellm: Mapping[str, Any]
    models_dev: Mapping[str, Any]
    by_hand: Mapping[str, Any]
    read_on: str
    litellm_name: str = "model_prices_and_context_window.json"
    models_dev_name: str = "api.json"
    models_dev_read_on: str = ""


def rows(sources: Sources) -> dict[str, str]:
    """The text of each file by the name of its row."""
    texts: dict[str, str] = {}
    for row in sorted({*ORIGINS, *sources.by_hand["models"]}):
        models = pruned(merged(row, ORIGINS.get(row, Origin()), sources))
        if models:
            texts[row] = file_text(models, told(row, models, sources))
    return texts


def merged(row: str, origin: Origin, sources: Sources) -> dict[str, Entry]:
    """Every model of a row with what all sources say, and by whom (`from`): h by hand, l LiteLLM, m models.dev."""
    hand: Mapping[str, Entry] = sources.by_hand["models"].get(row, {})
    prices = from_litellm(sources.litellm, origin, sources.read_on)
    sizes = from_models_dev(sources.models_dev, origin)
    models: dict[str, Entry] = {}
    names = {*hand, *sizes} if origin.listed else {*hand, *prices, *sizes}
    for model in sorted(names):
        said = {"h": hand.get(model), "l": prices.get(model), "m": sizes.get(model) or _of_the_model(model, sizes)}
        entry: Entry = {}
        for letter in "hml":
            for name, value in (said[letter] or {}).items():
                if name == "price" and letter == "m" and said["l"] and "price" in said["l"]:
                    continue
                entry.setdefault(name, value)
        entry["capabilities"] = _joined(each for each in said.values() if each)
        entry = {name: value for name, value in entry.items() if value}
        if entry:
            models[model] = {"from": "".join(letter for letter, told in said.items() if told), **entry}
    return models


def pruned(models: Mapping[str, Entry]) -> dict[str, Entry]:
    """Without the names for which a look-up finds the very same facts under a shorter one."""
    kept = dict(models)
    for model in sorted(models, key=len, reverse=True):
        shorter = (name for name in names_of(model) if name != model and name in kept)
        found = next(shorter, None)
        if found is not None and _alike(kept[found], kept[model]):
            del kept[model]
    return kept


def told(row: str, models: Mapping[str, Entry], sources: Sources) -> dict[str, dict[str, str]]:
    """The sources of a file, by the letters that its models name them with."""
    letters = {letter for entry in models.values() for letter in entry["from"]}
    known = {
        "h": {"url": sources.by_hand["sources"].get(row, ""), "read_on": sources.by_hand["read_on"]},
        "l": {"url": LITELLM, "name": sources.litellm_name, "licence": "MIT", "read_on": sources.read_on},
        "m": {
            "url": MODELS_DEV,
            "name": sources.models_dev_name,
            "licence": "MIT",
            "read_on": sources.models_dev_read_on or sources.read_on,
        },
    }
    return {letter: source for letter, source in known.items() if letter in letters}


def file_text(models: Mapping[str, Entry], sources: Mapping[str, Mapping[str, str]]) -> str:
    """A model a line, so that a change can be read; what many have in common is said once, as a profile."""
    profiles: dict[str, str] = {}
    lines: list[str] = []
    for model, entry in sorted(models.items()):
        profile = _json({name: entry[name] for name in PROFILE if name in entry})
        number = profiles.setdefault(profile, str(len(profiles) + 1))
        rest = {SHORT.get(name, name): value for name, value in entry.items() if name not in PROFILE}
        lines.append(f"    {_json(model)}: {_json({'profile': number, **rest})}")
    kinds = ",\n".join(f"    {_json(number)}: {profile}" for profile, number in profiles.items())
    parts = (f'  "sources": {_json(sources)}', _block("profiles", kinds), _block("models", ",\n".join(lines)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _block(name: str, lines: str) -> str:
    return f'  "{name}": {{\n{lines}\n  }}'


def _of_the_model(snapshot: str, sizes: Mapping[str, Entry]) -> Entry | None:
    """What holds of a model's snapshot too: everything but its price."""
    found = next((sizes[name] for name in names_of(snapshot) if name in sizes), None)
    return None if found is None else {name: value for name, value in found.items() if name != "price"}


def _joined(entries: Iterable[Entry]) -> list[str]:
    """Every ability that a source tells of."""
    return list(dict.fromkeys(ability for entry in entries for ability in entry.get("capabilities", ())))


def _alike(one: Entry, other: Entry) -> bool:
    """Whether size and price are the same: a snapshot can do what its model can, whatever the lists forget."""
    return all(one.get(name) == other.get(name) for name in ("context_window", "max_output_tokens", "price"))


def _json(value: object) -> str:
    return _encode(value).decode()


def read(place: str) -> Mapping[str, Any]:
    """A list from a file or an https address, its fractions as decimal numbers."""
    if place.startswith("https://"):
        with urllib.request.urlopen(place, timeout=60) as reply:  # noqa: S310 - https, as was just seen
            text = reply.read()
    else:
        text = Path(place).read_bytes()
    return json.loads(text, parse_float=Decimal)


def main(arguments: list[str]) -> Iterator[str]:
    """Writes the files; tells which of them changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--litellm", default=LITELLM)
    parser.add_argument("--models-dev", default=MODELS_DEV)
    parser.add_argument("--litellm-name", default="model_prices_and_context_window.json")
    parser.add_argument("--models-dev-name", default="api.json")
    parser.add_argument("--models-dev-read-on", default="")
    parser.add_argument("--read-on", default=dt.datetime.now(tz=dt.UTC).date().isoformat())
    parser.add_argument("--into", type=Path, default=MODELS)
    asked = parser.parse_args(arguments)
    texts = rows(
        Sources(
            litellm=read(asked.litellm),
            models_dev=read(asked.models_dev),
            by_hand=read(str(BY_HAND)),
            read_on=asked.read_on,
            litellm_name=asked.litellm_name,
            models_dev_name=asked.models_dev_name,
            models_dev_read_on=asked.models_dev_read_on,
        )
    )
    asked.into.mkdir(parents=True, exist_ok=True)
    for old in asked.into.glob("*.json"):
        if old.stem not in texts:
            old.unlink()
            yield f"{old.name}: gone"
    for row, text in texts.items():
        path = asked.into / f"{row}.json"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            yield f"{path.name}: {len(text)} bytes"


if __name__ == "__main__":
    for line in main(sys.argv[1:]):
        print(line)
