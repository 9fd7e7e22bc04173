import re

import pytest

from antiphon.dialects.fates_summary import counted
from antiphon.providers.abilities import abilities
from antiphon.providers.page import Figures, page, recorded_apis
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import ROWS, TABLE
from tests.replayed import RECORDINGS, declared, exchanges
from tools.generate_docs import figures

PAGE = page(figures(), counted)

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def section(row: ProviderRow) -> str:
    return PAGE.partition(f"\n### {row.name}\n")[2].partition("\n### ")[0]


@each_row
def test_the_page_names_every_variable_source_and_ability(row: ProviderRow) -> None:
    text = section(row)
    for said in (row.title, row.note, *row.key_variables, *row.url_variables, *row.sources, *abilities(row)):
        assert said in text
    assert f"| [`{row.name}`](#{row.name}) | {row.title} |" in PAGE
    for dialect in row.dialects:
        assert f"- [Losses](losses.md#{row.name}) in `{dialect}`: {counted(dialect, row.quirks)}\n" in text


def test_every_recorded_api_is_named_by_the_row_of_its_provider() -> None:
    named = {api for row in ROWS for api in recorded_apis(row)}
    recorded = {each["api"] for form in declared() for each in exchanges(form)}
    assert recorded <= named


def test_the_sources_of_a_row_name_recordings_that_there_are() -> None:
    folders = {path.name for path in RECORDINGS.iterdir()}
    for row in ROWS:
        assert set(recorded_apis(row)) <= folders


def test_figures_are_what_the_golden_tests_pass() -> None:
    total = sum(each.exchanges for each in figures())
    failed = [name for each in figures() for name in each.reasons]
    assert f"{total - len(failed)} of {total} exchanges pass." in PAGE
    assert all(f"- `{name}`: " in PAGE for name in failed)
    assert re.search(r"\| `mistral\.chat` \| 13 of 13 \| 14 of 14 \| \|", PAGE)


def test_an_api_whose_source_kept_no_requests_says_so() -> None:
    told = Figures(
        api="acme.chat",
        requests=0,
        requests_recorded=0,
        answers=2,
        answers_recorded=3,
        refusals=1,
        reasons={"a.1": "why"},
    )
    text = page([told], counted)
    assert "| `acme.chat` | none kept | 2 of 3 | 1 |" in text
    assert "3 of 4 exchanges pass. The others:\n\n- `a.1`: why\n" in text


def test_services_come_before_servers_of_ones_own() -> None:
    named = re.findall(r"^\| \[`.*?`\]\(#(.*?)\)", PAGE, re.MULTILINE)
    assert named == sorted(named, key=lambda name: (not TABLE[name].needs_key, name))
