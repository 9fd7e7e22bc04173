import hashlib
import re
from importlib import resources

import pytest

from antiphon.errors import NotFound
from antiphon.http.docs import DocsEndpoint, LandingEndpoint
from antiphon.http.openapi_schemas import Landing
from tests.unit.http.asking import asked

ASSETS = resources.files("antiphon.http").joinpath("assets")
SERVED = {"docs.css", "docs.js", "icon.svg", "inside.css", "rapidoc-min.js"}


async def test_the_page_may_load_and_call_nothing_but_the_gateway() -> None:
    answer = await asked(DocsEndpoint(), "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "//" not in answer.body.decode()


@pytest.mark.parametrize("page", ["docs.html", "landing.html"])
def test_everything_that_a_page_names_is_served(page: str) -> None:
    text = ASSETS.joinpath(page).read_text("utf-8")
    named = set(re.findall(r'(?:src|href)="docs/([^"]+)"', text))
    assert named
    assert named <= SERVED


@pytest.mark.parametrize("name", sorted(SERVED))
async def test_an_asset_is_sent_once_and_then_confirmed(name: str) -> None:
    endpoint = DocsEndpoint()
    answer = await asked(endpoint, f"/docs/{name}")
    assert answer.status == 200
    assert answer.body == ASSETS.joinpath(name).read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"
    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}[name.rpartition(".")[2]]
    assert answer.headers["content-type"].startswith(kind)
    again = await asked(endpoint, f"/docs/{name}", if_none_match=answer.headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "name", ["../openapi.py", "..%2Fopenapi.py", "README.md", "/etc/passwd", "docs", "rapidoc-min.js.map", "%00"]
)
async def test_any_other_name_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="There is no"):
        await asked(DocsEndpoint(), f"/docs/{name}")


async def test_a_slash_at_the_end_is_taken_away_so_that_relative_names_hold() -> None:
    answer = await asked(DocsEndpoint(), "/docs/")
    assert (answer.status, answer.headers["location"]) == (308, "../docs")


def test_the_library_is_the_one_that_the_readme_names() -> None:
    readme = ASSETS.joinpath("README.md").read_text("utf-8")
    library = ASSETS.joinpath("rapidoc-min.js").read_bytes()
    digest, version = re.search(r"sha256: (\w+)", readme), re.search(r"version: (\S+)", readme)
    assert digest is not None
    assert version is not None
    assert digest[1] == hashlib.sha256(library).hexdigest()
    assert f"RapiDoc {version[1]} ".encode() in library
    assert "MIT License" in ASSETS.joinpath("rapidoc-LICENSE.txt").read_text("utf-8")


async def test_the_landing_says_what_answers_and_where_to_go_on() -> None:
    answer = await asked(LandingEndpoint("1.2.3"), accept="*/*")
    assert set(answer.json) == set(Landing.__struct_fields__)
    assert (answer.json["name"], answer.json["version"]) == ("Antiphon", "1.2.3")
    assert (answer.json["docs"], answer.json["health"]) == ("/docs", "/health")


async def test_a_browser_gets_the_landing_as_a_page() -> None:
    answer = await asked(LandingEndpoint("1.2.3"), accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "accept"
    text = answer.body.decode()
    assert "1.2.3" in text
    assert 'href="docs"' in text
    assert 'href="health"' in text
