from antiphon.providers.page import page
from antiphon.providers.table import TABLE
from tests.shape.repository import ROOT


def test_the_page_is_that_of_the_table() -> None:
    text = (ROOT / "docs" / "reference" / "providers.md").read_text("utf-8")
    assert text == page(), "run: python -m antiphon.providers.page > docs/reference/providers.md"


def test_the_page_names_every_provider_variable_and_source() -> None:
    text = page()
    for row in TABLE.values():
        for said in (row.name, row.title, row.note, *row.key_variables, *row.url_variables, *row.sources):
            assert said in text
