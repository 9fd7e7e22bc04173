"""The figures that are published are those of the golden tests: what they leave out is named, and nothing else is."""

import re
from pathlib import Path

import pytest

from tests.replayed import (
    DECLARATIONS,
    NOT_REPLAYED,
    RECORDINGS,
    answers,
    beside,
    declared,
    exchanges,
    has_answer,
    has_request,
    recorded,
    requests,
    sources,
    tallies,
)

each_format = pytest.mark.parametrize("form", declared())


def golden_sources() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(Path(DECLARATIONS).glob("test_*.py")))


@each_format
def test_golden_tests_take_their_cases_from_here(form: str) -> None:
    text = golden_sources()
    for side in ("requests", "answers"):
        assert re.search(rf'\b{side}\("{re.escape(form)}"\)', text), f"no test replays {side}({form!r})"


@each_format
def test_an_exception_is_one_of_an_exchange_that_there_is_and_has_a_reason(form: str) -> None:
    excepted = declared()[form]
    found = list(exchanges(form))
    assert excepted.requests.keys() <= {each["id"] for each in found if has_request(each)}
    assert excepted.answers.keys() <= {each["id"] for each in found if has_answer(each)}
    reasons = [*excepted.requests.values(), *excepted.answers.values(), *excepted.elsewhere.values()]
    assert all(reason and reason[0].islower() and not reason.endswith(".") for reason in reasons)


@each_format
def test_figures_are_those_of_the_cases(form: str) -> None:
    apis = {each["api"] for each in exchanges(form)}
    counted = [tally for tally in tallies() if tally.api in apis]
    assert sum(sum(tally.requests) for tally in counted) == len(requests(form))
    assert sum(sum(tally.answers) for tally in counted) == len(answers(form))
    assert sum(tally.refusals for tally in counted) == sum(not has_answer(each) for each in exchanges(form))


def test_every_recording_is_replayed_or_is_named_with_its_reason() -> None:
    named = sum(each.exchanges for each in beside())
    counted = sum(1 for form in declared() for _ in exchanges(form))
    assert named + counted == len(recorded())
    formats = {each["dialect"] for each in recorded()}
    assert not NOT_REPLAYED.keys() & declared().keys()
    assert formats == NOT_REPLAYED.keys() | declared().keys()


def test_a_recording_is_where_its_id_says_and_there_once() -> None:
    paths = sorted(RECORDINGS.glob("*/*.json"))
    assert [(each["api"], each["id"]) for each in recorded()] == [(path.parent.name, path.stem) for path in paths]


def test_the_licence_of_every_source_stays_with_its_recordings() -> None:
    texts = {path.stem.replace("+", "/", 1) for path in (RECORDINGS / "LICENSES").glob("*.txt")}
    assert texts == {repository for repository, _, _ in sources()} - {"antiphon"}
