"""The tables of fates are held against what the dialects do: every subject, at every provider of the table."""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from antiphon.dialects.all_fates import TABLES, circumstances_of, counts_of, fates_of, losses_of, variants_of
from antiphon.dialects.common_fates import fate_of
from antiphon.dialects.fates import Fate
from antiphon.dialects.subjects import CIRCUMSTANCES, EVENTS, FOLLOWS, SUBJECTS
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Target
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import TABLE
from antiphon.quirks import Quirks
from tests.unit.dialects.fate_item_samples import UNRESOLVED
from tests.unit.dialects.fate_samples import SAMPLES, encoded, requested
from tests.unit.dialects.fate_targets import DIALECTS, ask, rows, targets_at
from tests.unit.dialects.sampling import MARK, Sample

VENDORS_OWN = {"converse": frozenset({"field.guardrailConfig.trace"})}
"""Entries of a table that are about what only this vendor's API has."""

OPENAIS = ("responses", "chat")
"""Formats that share their words."""

KEPT_HERE = ("field.", "item.message.phase", "item.reasoning")
"""What the gateway does, or keeps, without a word to the provider."""

SELDOM: dict[tuple[str, str], str] = {
    ("responses", "field.reasoning.effort"): "models that do not reason; test_responses_confined",
}
"""What is lost at times, by dialect and subject, in circumstances that other tests bring about; and where."""

UNPROVED: dict[tuple[str, str], str] = {}
"""What no sample can show, by dialect and subject, and why."""


class Table:
    """The sentences that may be told of a subject at one provider."""

    def __init__(self, row: ProviderRow, dialect: str) -> None:
        self.dialect = dialect
        self.quirks = row.quirks
        self.fates = fates_of(dialect, row.quirks)
        self.provider = row.name
        self._told: dict[str, list[re.Pattern[str]]] = {}

    def told(self, subject: str) -> list[re.Pattern[str]]:
        """What is said of the subject and, where it has such, in some of its circumstances."""
        if subject not in self._told:
            around = circumstances_of(self.dialect, subject.partition(".")[0])
            variants = [fate.at(self.quirks) for fate in variants_of(self.dialect, subject)]
            fates = [self.fates[subject], *variants, *around]
            self._told[subject] = [pattern(fate, self.provider) for fate in fates if fate.sentence]
        return self._told[subject]

    def lost(self, subject: str) -> list[re.Pattern[str]]:
        """As `told`, and what is said of that without which the subject is nothing."""
        return [each for name in (subject, *_whole(subject)) for each in self.told(name)]


def _whole(subject: str) -> Iterator[str]:
    """What a subject is a member of, or follows, one after the other; and a choice without its tool."""
    if subject.startswith("choice."):
        yield "choice.left_out"
    while subject.count("."):
        subject = FOLLOWS.get(subject) or subject.rpartition(".")[0]
        if subject in SUBJECTS:
            yield subject


@cache
def pattern(fate: Fate, provider: str) -> re.Pattern[str]:
    plain = re.split(r"\{(\w+)(?::\w*)?\}", fate.sentence)
    words = [re.escape(provider) if piece == "provider" else ".*" for piece in plain[1::2]]
    texts = [re.escape(piece) for piece in plain[::2]]
    return re.compile(
        "".join(texts[:1] + [word + text for word, text in zip(words, texts[1:], strict=True)]), re.DOTALL
    )


def is_told(warning: str, patterns: list[re.Pattern[str]]) -> bool:
    return any(each.fullmatch(warning) for each in patterns)


def test_every_format_that_is_spoken_has_a_table() -> None:
    assert TABLES.keys() == DIALECTS.keys()


@pytest.mark.parametrize("dialect", TABLES)
def test_every_subject_has_a_fate(dialect: str) -> None:
    assert [subject for subject in SUBJECTS if fate_of(TABLES[dialect], subject) is None] == []


@pytest.mark.parametrize("dialect", TABLES)
def test_every_entry_is_of_a_subject_or_of_a_circumstance_of_one(dialect: str) -> None:
    entries = TABLES[dialect].keys() - VENDORS_OWN.get(dialect, frozenset())
    assert [entry for entry in sorted(entries) if not _of_a_subject(entry)] == []


def _of_a_subject(entry: str) -> bool:
    known = entry in CIRCUMSTANCES or any(f"{subject}.".startswith(f"{entry}.") for subject in SUBJECTS)
    parent = entry.rpartition(".")[0]
    return "." in entry and (known or _of_a_subject(parent))


@pytest.mark.parametrize("dialect", TABLES)
def test_every_loss_has_a_sentence_and_every_quirk_exists(dialect: str) -> None:
    for fate in TABLES[dialect].values():
        _check(fate)


def _check(fate: Fate) -> None:
    assert bool(fate.sentence) == (fate.way in ("approximated", "refused"))
    assert fate.sentence.endswith(".") or not fate.sentence
    for case in fate.cases:
        assert case.quirk in Quirks.__struct_fields__
        _check(case.fate)


def test_every_subject_of_a_request_has_a_sample() -> None:
    assert sorted(requested()) == sorted([*SAMPLES, *UNRESOLVED])


@pytest.mark.parametrize(("row", "dialect"), list(rows()))
def test_what_the_table_says_is_what_is_done(row: ProviderRow, dialect: str) -> None:
    table = Table(row, dialect)
    wrong = {
        f"{subject} ({table.fates[subject].way}): {fault}": target.model
        for target in targets_at(row, dialect)
        for subject, samples in SAMPLES.items()
        if (dialect, subject) not in UNPROVED
        for fault in _faults(target, table, subject, samples)
    }
    assert not wrong, "\n".join(f"{fault} [{model}]" for fault, model in wrong.items())


@pytest.mark.parametrize("dialect", TABLES)
def test_what_is_lost_at_times_is_lost_with_some_model(dialect: str) -> None:
    found = [(row, Table(row, dialect)) for row in TABLE.values() if dialect in row.dialects]
    at_times = {name for _, table in found for name in SAMPLES if table.fates[name].at_times}
    lost = {
        name
        for row, table in found
        for target in targets_at(row, dialect)
        for name in at_times
        if any(_is_lost(target, table, name, sample) for sample in SAMPLES[name])
    }
    assert sorted(at_times - lost) == sorted(name for other, name in SELDOM if other == dialect)


def _is_lost(target: Target, table: Table, subject: str, sample: Sample) -> bool:
    return any(is_told(warning, table.told(subject)) for warning in ask(target, sample.body).warnings)


def _faults(target: Target, table: Table, subject: str, samples: list[Sample]) -> Iterator[str]:
    """What differs between the table and the dialect, in words."""
    fate = table.fates[subject]
    losses = 0
    for sample in samples:
        try:
            built = ask(target, sample.body)
        except BadRequest as error:
            if fate.way != "refused":
                yield f"refused: {error.message}"
            elif error.param != sample.param or not is_told(error.message, table.told(subject)):
                yield f"refused at {error.param} in other words: {error.message}"
            losses += 1
            continue
        losses += any(is_told(warning, table.lost(subject)) for warning in built.warnings)
        yield from _unexpected(table, subject, sample, built)
        yield from _strict_faults(target, table, subject, sample, built)
        told = fate.way == "native" or (fate.way == "emulated" and not subject.startswith(KEPT_HERE))
        if (told or fate.at_times) and not built.warnings:
            yield from _unsaid(target, table, sample, built)
    if fate.way in ("approximated", "refused") and not fate.at_times and not losses:
        yield "nothing was told of the loss"


def sent(built: Built) -> bytes:
    """What the provider is told, be it in a header."""
    return built.body + built.headers


def _unsaid(target: Target, table: Table, sample: Sample, built: Built) -> Iterator[str]:
    """What ought to be in the body, and is not."""
    if not _is_said(sample.mark, table.dialect, built):
        yield f"'{sample.mark}' is not in the body"
    if sample.plain is not None and sent(ask(target, sample.plain)) == sent(built):
        yield "nothing is in the body that would not be there without"


def _is_said(mark: str | None, dialect: str, built: Built) -> bool:
    """Whether the mark is in the body, if it can be: the API's own words are others in other formats."""
    if mark is None or not (MARK in mark or mark.replace(".", "").isdigit() or dialect in OPENAIS):
        return True
    return mark in encoded(built.body) + built.headers.decode().lower()


def _unexpected(table: Table, subject: str, sample: Sample, built: Built) -> Iterator[str]:
    expected = [each for name in (subject, *sample.beside) for each in table.lost(name)]
    for warning in built.warnings:
        if not is_told(warning, expected):
            yield f"unexpected: {warning}"


def _strict_faults(target: Target, table: Table, subject: str, sample: Sample, built: Built) -> Iterator[str]:
    """A strict request fails exactly where another is warned of, with the same words."""
    try:
        ask(target, sample.body, strict=True)
    except BadRequest as error:
        if error.message not in built.warnings:
            yield f"strict, refused in words that are no warning: {error.message}"
        beside = any(is_told(error.message, table.told(name)) for name in sample.beside)
        if not beside and not _near(error.param or "", sample.param):
            yield f"strict, refused at {error.param}, which is not {sample.param}"
    else:
        if built.warnings:
            yield "strict, but not refused"


def _near(param: str, place: str) -> bool:
    """Whether an error points at the thing, what holds it, or a member of it."""
    return place.startswith(param or "?") or param.startswith((place, place.rpartition(".")[0] or place))


def test_losses_and_counts_are_those_of_the_table() -> None:
    quirks = TABLE["perplexity"].quirks
    counts = counts_of("chat", quirks)
    assert sum(counts.values()) == len(SUBJECTS) - len(EVENTS)
    assert counts["approximated"] + counts["refused"] == len(losses_of("chat", quirks))
    assert "tool.function" in losses_of("chat", quirks)
    assert "tool.function" not in losses_of("chat", Quirks())
