"""What the tables of fates say of answers, held against whole answers and streams."""

import json

import pytest

from antiphon.dialects.all_fates import TABLES, fates_of
from antiphon.dialects.common_fates import COMMON
from antiphon.dialects.fates import ABSENT, Fate
from antiphon.dialects.subjects import EVENTS, SUBJECTS
from antiphon.providers.table import TABLE
from antiphon.wire.events import Chunk
from tests.unit.dialects.answer_samples import ANSWERS, UNANSWERED, streamed
from tests.unit.dialects.answer_shapes import Answer
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.fate_targets import target_at

OPENAI = TABLE["openai"]
KEPT = ("native", "emulated")
BY_THE_GATEWAY = {"event.error", "event.response.queued", "event.response.failed"}
"""Events that have no part in a provider's answer that goes well."""

OTHER_SPELLINGS = {"event.response.reasoning.delta", "event.response.reasoning.done"}
"""Open Responses' names for the events of `reasoning_text`."""


def is_kept(fate: Fate) -> bool:
    """Whether there can be such a thing, and it reaches the client."""
    return (fate.way in KEPT or fate.at_times) and not fate.note.startswith(ABSENT)


def answers() -> list[object]:
    return [
        pytest.param(dialect, subject, answer, id=f"{dialect}-{subject}")
        for dialect, group in ANSWERS.items()
        for subject, answer in group.items()
    ]


@pytest.mark.parametrize(("dialect", "subject", "answer"), answers())
def test_what_a_provider_answers_is_in_the_response(dialect: str, subject: str, answer: Answer) -> None:
    assert is_kept(fates_of(dialect, OPENAI.quirks)[subject])
    target = target_at(OPENAI, dialect, answer.model)
    outcome = target.dialect.whole(turn_of(answer.asked), target, json.dumps(answer.body).encode())
    assert answer.mark in json.dumps(json.loads(outcome.body), separators=(",", ":"))


@pytest.mark.parametrize("dialect", ANSWERS)
def test_every_part_of_an_answer_that_is_kept_has_a_sample(dialect: str) -> None:
    fates = fates_of(dialect, OPENAI.quirks)
    kept = {name for name in SUBJECTS if name.startswith("output.") and is_kept(fates[name])}
    assert kept == ANSWERS[dialect].keys() | {name for other, name in UNANSWERED if other == dialect}


def events_of(answer: Answer) -> set[str]:
    target, turn = target_at(OPENAI, "chat"), turn_of(answer.asked | {"stream": True})
    reader = target.dialect.reader(turn, target)
    data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in streamed(answer))
    chunks: list[Chunk] = [reader.feed(data + b"data: [DONE]\n\n")]
    if reader.outcome is None:
        chunks.append(reader.close())
    return {f"event.{event.type}" for chunk in chunks for event in chunk.events}


def test_a_chat_is_told_in_the_events_that_the_table_says() -> None:
    told = {event for answer in ANSWERS["chat"].values() for event in events_of(answer)}
    fates = fates_of("chat", OPENAI.quirks)
    assert [event for event in sorted(told) if fates[event].way not in KEPT] == []
    silent = BY_THE_GATEWAY | OTHER_SPELLINGS
    told_otherwise = COMMON.keys() | TABLES["chat"].keys()
    claimed = {event for event in EVENTS if fates[event].way in KEPT and event not in told_otherwise} - silent
    assert sorted(claimed - told) == []
