"""The recorded exchanges that the golden tests replay, and those that they cannot, each with its reason.

A dialect declares its own in a module beside its tests, `tests/unit/dialects/<name>_exceptions.py`, which holds data
and nothing else:

    FORMAT = "openai-chat"                       `dialect` of the recordings that the dialect's golden tests replay
    REQUESTS = {"<id of an exchange>": "why"}    whose recorded request is not built again from a Responses request
    ANSWERS = {"<id of an exchange>": "why"}     whose recorded answer is not read
    ELSEWHERE = {"<api>": "why"}                 folders in this format that hold something else than answers; optional

The golden tests take their cases from `requests` and `answers`, and docs/reference/providers.md its figures from
`tallies`, so that none can say what the others do not.
"""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

Exchange = dict[str, Any]

TESTS: Final = Path(__file__).resolve().parent
RECORDINGS: Final = TESTS / "recordings"
DECLARATIONS: Final = TESTS / "unit" / "dialects"
REFUSED: Final = 400

NOT_REPLAYED: Final[Mapping[str, str]] = {
    "openai-models": "a list of models, which the tests of providers read",
    "bedrock-invoke-nova": "Nova is asked through Converse; how Amazon frames a stream is read from these",
    "bedrock-invoke-titan": "Titan is asked through Converse; how Amazon frames a stream is read from these",
    "bedrock-invoke-cohere-embed": "embeddings, which the tests of services replay",
    "bedrock-invoke-titan-embed": "embeddings, which the tests of services replay",
    "openai-embeddings": "embeddings, which the tests of services replay",
    "openai-images": "pictures, which the tests of media replay",
    "openai-audio": "transcriptions, which the tests of media replay",
    "openai-moderations": "moderations, which the tests of services replay",
    "rerank": "rankings, which the tests of services replay",
}
"""Formats of recordings that no dialect speaks, and what they are here for."""


@dataclass(frozen=True)
class Exceptions:
    """What a dialect declares."""

    format: str
    requests: Mapping[str, str]
    answers: Mapping[str, str]
    elsewhere: Mapping[str, str]


@dataclass
class Tally:
    """Of one API: how many exchanges there are, how many pass, and the reasons of the others."""

    api: str
    requests: list[bool] = field(default_factory=list[bool])
    answers: list[bool] = field(default_factory=list[bool])
    refusals: int = 0
    reasons: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Beside:
    """So many recordings of one API in one format that no golden test replays, and why."""

    api: str
    format: str
    exchanges: int
    reason: str


def requests(form: str, folder: Path = RECORDINGS) -> list[Exchange]:
    """Every exchange in this format whose request was recorded and is built again."""
    excepted = _declared(form).requests
    return [each for each in exchanges(form, folder) if has_request(each) and each["id"] not in excepted]


def answers(form: str, folder: Path = RECORDINGS) -> list[Exchange]:
    """Every exchange in this format whose answer is one, rather than a refusal, and is read."""
    excepted = _declared(form).answers
    return [each for each in exchanges(form, folder) if has_answer(each) and each["id"] not in excepted]


def exchanges(form: str, folder: Path = RECORDINGS) -> Iterator[Exchange]:
    """Every exchange in this format that asks for an answer."""
    elsewhere = _declared(form).elsewhere
    for exchange in recorded(folder):
        if exchange["dialect"] == form and exchange["api"] not in elsewhere:
            yield exchange


def has_request(exchange: Exchange) -> bool:
    return exchange["request"].get("body") is not None


def has_answer(exchange: Exchange) -> bool:
    return exchange["response"]["status"] < REFUSED


def name_of(exchange: Exchange) -> str:
    """What the cases of a test are called by."""
    return exchange["id"]


@cache
def recorded(folder: Path = RECORDINGS) -> list[Exchange]:
    """Every recording there is, in the order of the files. Not to be changed by whoever reads it."""
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*/*.json"))]


@cache
def declared() -> dict[str, Exceptions]:
    """What each dialect that has golden tests declares, by the format of its recordings."""
    found = [_read(path) for path in sorted(DECLARATIONS.glob("*_exceptions.py"))]
    return {each.format: each for each in found}


def tallies() -> list[Tally]:
    """One for each API that golden tests replay, by its name."""
    found: dict[str, Tally] = {}
    for form, excepted in declared().items():
        for exchange in exchanges(form):
            tally = found.setdefault(exchange["api"], Tally(exchange["api"]))
            _count(tally, exchange, excepted)
    return [found[api] for api in sorted(found)]


def beside() -> list[Beside]:
    """What is recorded and not replayed, by its API. Raises KeyError for a format that nobody has declared."""
    found = Counter((each["api"], each["dialect"]) for each in recorded())
    reasons = {key: reason for key in found if (reason := _reason_against(*key))}
    return [Beside(*key, found[key], reasons[key]) for key in sorted(reasons)]


def sources() -> list[tuple[str, str, int]]:
    """The repositories that the recordings are from: name, licence, exchanges; the largest first."""
    found = Counter((each["source"]["repo"], each["source"]["license"]) for each in recorded())
    return sorted(((*key, number) for key, number in found.items()), key=lambda each: (-each[2], each[0].lower()))


def _reason_against(api: str, form: str) -> str | None:
    """Why recordings of this API in this format are not replayed; None where they are."""
    declaration = declared().get(form)
    return NOT_REPLAYED[form] if declaration is None else declaration.elsewhere.get(api)


def _count(tally: Tally, exchange: Exchange, excepted: Exceptions) -> None:
    name = exchange["id"]
    if has_request(exchange):
        tally.requests.append(name not in excepted.requests)
    if has_answer(exchange):
        tally.answers.append(name not in excepted.answers)
    else:
        tally.refusals += 1
    reasons = [reason for said in (excepted.requests, excepted.answers) if (reason := said.get(name))]
    if reasons:
        tally.reasons[name] = "; ".join(dict.fromkeys(reasons))


def _declared(form: str) -> Exceptions:
    return declared()[form]


def _read(path: Path) -> Exceptions:
    """The declaration in a file, which is imported by its path: nobody need be able to import `tests`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    said = vars(module)
    return Exceptions(said["FORMAT"], said["REQUESTS"], said["ANSWERS"], said.get("ELSEWHERE", {}))
