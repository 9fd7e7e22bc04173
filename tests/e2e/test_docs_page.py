"""The documentation page in a real browser, served by the real gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from antiphon.http.openapi import document
from antiphon.settings import DatabaseSettings, LoggingSettings, Settings
from tests.e2e.browser import CHROMIUM, Browser, Page
from tests.e2e.gateway import MASTER_KEY, running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")

VIEWER = "document.querySelector('rapi-doc')"
INSIDE = f"{VIEWER}.shadowRoot"
SUMMARIES = {operation["summary"] for item in document("")["paths"].values() for operation in item.values()}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gateway with nothing but its demo model."""
    database = DatabaseSettings(url=f"sqlite:///{tmp_path_factory.mktemp('gateway') / 'antiphon.db'}")
    settings = Settings(master_key=MASTER_KEY, database=database, logging=LoggingSettings(level="warning"))
    with running(settings) as gateway:
        yield gateway.root


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM is not None
    with Browser(CHROMIUM, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def listed(page: Page) -> set[str]:
    """The summaries in the navigation, once they are there."""
    rows = f"[...{INSIDE}.querySelectorAll('.nav-bar-path')]"
    texts: list[str] = page.until(f"{rows}.length && {rows}.map(row => row.textContent.trim())")
    return {text.rpartition("\n")[2].strip() for text in texts}


@pytest.mark.parametrize(("dark", "background"), [(False, "rgb(255, 255, 255)"), (True, "rgb(20, 22, 27)")])
def test_the_page_shows_every_operation_in_the_systems_colours(
    root: str, browser: Browser, *, dark: bool, background: str
) -> None:
    page = browser.page(f"{root}/docs", dark=dark)
    assert listed(page) == SUMMARIES
    assert page.until(f"getComputedStyle({VIEWER}).backgroundColor") == background
    assert page.until("document.title") == "Antiphon"
    assert page.complaints() == []


@pytest.mark.parametrize("prefix", ["", "/openai"])
def test_an_answer_can_be_tried_and_watched_while_it_streams(root: str, browser: Browser, prefix: str) -> None:
    page = browser.page(f"{root}{prefix}/docs#post-/v1/responses")
    form = f"{INSIDE}.querySelector('api-request').shadowRoot"
    page.until(f"{form}.querySelector('select').options.length")
    page.until(f"""(() => {{
        const key = document.getElementById('key');
        key.value = {json.dumps(MASTER_KEY)};
        key.dispatchEvent(new Event('input'));
        const examples = {form}.querySelector('select');
        examples.value = [...examples.options].find(each => each.text === 'As a stream').value;
        examples.dispatchEvent(new Event('change'));
        return true;
    }})()""")
    page.until(f"{form}.querySelector('textarea').value.includes('stream')")
    page.until(f"({form}.querySelector('[part~=btn-try]').click(), true)")
    assert page.until("document.getElementById('progress').textContent.endsWith('completed')")
    assert "Say hello." in page.until("document.getElementById('said').textContent")
    assert "event: response.completed" in page.until(
        f"{form}.textContent.includes('event: response.completed') && {form}.textContent"
    )
    assert page.complaints() == []


def test_the_page_fits_a_phone(root: str, browser: Browser) -> None:
    page = browser.page(f"{root}/docs", width=390)
    operations = f"{INSIDE}.querySelectorAll('.m-endpoint')"
    assert page.until(f"{operations}.length") == len([1 for item in document("")["paths"].values() for _ in item])
    assert page.until("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []


def test_the_landing_leads_to_the_page(root: str, browser: Browser) -> None:
    page = browser.page(f"{root}/")
    page.until("(document.querySelector('.primary').click(), true)")
    assert listed(page) == SUMMARIES
    assert page.complaints() == []
