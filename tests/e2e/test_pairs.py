"""Every client's format on every kind of upstream: nothing is lost without a word, and the page of it is true."""

from __future__ import annotations

import pytest

from tests.e2e.pairs.clients import CLIENTS
from tests.e2e.pairs.matrix import SILENT, VERBATIM, YES, Marks, matrix
from tests.e2e.pairs.page import PAGE, page_of

EVERYWHERE = ("text, whole", "text, streamed", "tokens used, whole and streamed", "an error in the middle of a stream")
FORMATS = pytest.mark.parametrize("name", [client.name for client in CLIENTS])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Marks]:
    with matrix(tmp_path_factory.mktemp("pairs")) as found:
        return {client.name: marks for client, marks in found}


@FORMATS
def test_nothing_is_lost_without_a_word(found: dict[str, Marks], name: str) -> None:
    cells = {(feature, title): mark for feature, row in found[name].items() for title, mark in row.items()}
    assert {place: mark for place, mark in cells.items() if mark.startswith(SILENT)} == {}


@FORMATS
def test_words_pass_between_all(found: dict[str, Marks], name: str) -> None:
    assert {mark for feature in EVERYWHERE for mark in found[name][feature].values()} <= {YES, VERBATIM}


@pytest.mark.parametrize(("name", "title"), [("Chat completions",) * 2, ("Anthropic Messages", "Messages")])
def test_who_speaks_the_clients_format_is_relayed(found: dict[str, Marks], name: str, title: str) -> None:
    told = {row[title] for feature, row in found[name].items() if "error" not in feature}
    assert VERBATIM in told
    assert told <= {VERBATIM, YES, ""}
    assert found[name]["text, streamed"][title] == VERBATIM


def test_the_page_is_what_the_tests_found(found: dict[str, Marks]) -> None:
    told = page_of((client, found[client.name]) for client in CLIENTS)
    assert PAGE.read_text("utf-8") == told, "run `make docs`"
