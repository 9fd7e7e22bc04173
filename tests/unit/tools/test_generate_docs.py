from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.requests import parse_request
from tests.shape.repository import ROOT
from tools.generate_docs import BOUNDS, codes, pages

Texts = Mapping[Path, str]

OUT_OF_BOUNDS = {
    "integer_below_min_value": b'{"max_output_tokens": 1}',
    "integer_above_max_value": b'{"top_logprobs": 21}',
    "decimal_below_min_value": b'{"temperature": -1.5}',
    "decimal_above_max_value": b'{"top_p": 1.5}',
    "string_above_max_length": b'{"prompt_cache_key": "%b"}' % (b"x" * 129),
    "object_above_max_length": b'{"metadata": {%b}}' % b",".join(b'"%d": ""' % key for key in range(17)),
}


@pytest.fixture(scope="module")
def texts() -> Texts:
    """Not made where this file is only collected: every worker collects every test."""
    return {path: text_of() for path, text_of in pages().items()}


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_page_is_what_the_code_makes_it(texts: Texts, path: Path) -> None:
    assert path.read_text("utf-8") == texts[path], "run `make docs`"


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_no_line_ends_in_blanks_and_the_last_one_ends(texts: Texts, path: Path) -> None:
    text = texts[path]
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize(("code", "body"), OUT_OF_BOUNDS.items(), ids=OUT_OF_BOUNDS)
def test_a_code_that_is_put_together_is_explained(texts: Texts, code: str, body: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        parse_request(body)
    assert raised.value.code == code
    assert code in BOUNDS
    assert f"`{code}`" in texts[ROOT / "docs" / "errors.md"]


def test_statuses_come_from_where_the_code_is_given() -> None:
    found = codes()
    assert found["model_not_found"] == {400, 404}
    assert found["upstream_timeout"] == {504}
    assert found["context_length_exceeded"] == {400}
    assert found["request_too_large"] == {413}
    assert found["content_policy_violation"] == {400}, "the call names the status of another kind"


def test_every_link_between_pages_leads_somewhere() -> None:
    broken: list[str] = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            found = (page.parent / path).resolve() if path else page
            if not found.exists() or (anchor and anchor not in anchors_of(found)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken


def anchors_of(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_endpoints_tell_where_a_key_is_needed(texts: Texts) -> None:
    text = texts[ROOT / "docs" / "reference" / "endpoints.md"]
    assert "| `DELETE` | [`/v1/responses/{id}`](#delete-a-response) | Delete a response | yes |" in text
    assert "| `GET` | [`/health`](#health) | Health | no |" in text
