"""What goes to a vendor beside words: tools and their results, forms of answers, images and files."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from tests.e2e.sse import events, streamed, terminal
from tests.e2e.vendors.bridge import Upstream
from tests.e2e.vendors.doors import DOORS
from tests.e2e.web import Page, Web, serving_pages
from tests.grammar import check_stream
from tests.vendors.vendor import Plan

THOUGHT = "I must ask."
ARGUMENTS = '{"city": "Oslo"}'
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}
THINKING: dict[str, Any] = {"reasoning": {"effort": "high", "summary": "auto"}, "tools": [WEATHER]}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVORK5CYII="
)
PDF = b"%PDF-1.7 a contract"
PAGES: dict[str, Page] = {
    "/red.png": (200, {"content-type": "image/png"}, PNG),
    "/contract.pdf": (200, {"content-type": "application/pdf"}, PDF),
}
TAKE_FILES = {"anthropic", "gemini", "converse", "invoke"}
modes = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serving_pages(PAGES) as served:
        yield served


def asked(wire: httpx.Client, upstream: Upstream, *, stream: bool, **body: Any) -> dict[str, Any]:
    """The answer, however it came."""
    body = {"model": upstream.model, **THINKING, **body}
    if stream:
        raw = streamed(wire, **body)
        check_stream(events(raw))
        return terminal(raw)
    answer = wire.post("/v1/responses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def results(made: dict[str, Any]) -> list[dict[str, Any]]:
    """An output for each call, in another order than they were made in."""
    calls = [item for item in made["output"] if item["type"] == "function_call"]
    assert all(json.loads(call["arguments"]) == json.loads(ARGUMENTS) for call in calls)
    return [
        {"type": "function_call_output", "call_id": call["call_id"], "output": f"It rains {place}."}
        for place, call in enumerate(calls)
    ][::-1]


def text_of(made: dict[str, Any]) -> str:
    return "".join(part["text"] for item in made["output"] if item["type"] == "message" for part in item["content"])


def user(*parts: dict[str, Any]) -> Any:
    return [{"role": "user", "content": list(parts)}]


@modes
@pytest.mark.parametrize("kept", [True, False], ids=["stored", "replayed"])
def test_a_loop_of_calls_whose_thoughts_return_to_their_author(
    wire: httpx.Client, upstream: Upstream, *, stream: bool, kept: bool
) -> None:
    """The vendor refuses a loop that has lost its thoughts, and a signature that it has not made itself."""
    upstream.does(
        Plan(THOUGHT, "Wait.", (0, 0), ARGUMENTS), Plan("Once more.", "", (0,), ARGUMENTS), Plan("Well.", "It rains.")
    )
    said = user({"type": "input_text", "text": "What is the weather?"})
    more: dict[str, Any] = {} if kept else {"store": False, "include": ["reasoning.encrypted_content"]}
    made = asked(wire, upstream, stream=stream, input=said, **more)
    for _ in range(2):
        assert made["status"] == "completed"
        if kept:
            made = asked(wire, upstream, stream=stream, input=results(made), previous_response_id=made["id"])
        else:
            said = [*said, *made["output"], *results(made)]
            made = asked(wire, upstream, stream=stream, input=said, **more)
    assert text_of(made) == "It rains."
    assert "It rains 1." in upstream.provider.seen[-1].body.decode()


@pytest.mark.parametrize("kinds", [list(DOORS)[:3], list(DOORS)[3:], ["converse", "anthropic", "gemini"]], ids=str)
@modes
def test_a_chain_over_three_vendors_with_a_tool_between_each(
    wire: httpx.Client, upstreams: dict[str, Upstream], kinds: list[str], *, stream: bool
) -> None:
    """Each vendor refuses what another one has signed, and calls without results."""
    given: Any = user({"type": "input_text", "text": "What is the weather?"})
    previous: str | None = None
    for kind in [*kinds, kinds[0]]:
        upstream = upstreams[kind]
        upstream.does(Plan(f"I am {kind}.", "Wait.", (0,), ARGUMENTS))
        made = asked(wire, upstream, stream=stream, input=given, previous_response_id=previous)
        given, previous = results(made), made["id"]
        assert len(given) == 1
    first = upstreams[kinds[0]]
    first.does(Plan("", "It rains."))
    made = asked(wire, first, stream=stream, input=given, previous_response_id=previous)
    assert text_of(made) == "It rains."
    for kind, other in itertools.permutations(kinds, 2):
        bodies = b"".join(seen.body for seen in upstreams[kind].provider.seen)
        assert kind in ("cohere", "ollama") or f"I am {other}.".encode() not in bodies


class Weather(BaseModel):
    city: str
    degrees: int


FORMS = {
    "anthropic": ("output_config", "format", "schema"),
    "invoke": ("output_config", "format", "schema"),
    "gemini": ("generationConfig", "responseJsonSchema"),
    "cohere": ("response_format", "json_schema"),
    "ollama": ("format",),
}


@modes
def test_an_answer_in_a_form(client: openai.OpenAI, upstream: Upstream, *, stream: bool) -> None:
    upstream.does(Plan("", '{"city": "Oslo", "degrees": 7}'))
    if stream:
        with client.responses.stream(model=upstream.model, input="x", text_format=Weather) as told:
            parsed = told.get_final_response().output_parsed
    else:
        parsed = client.responses.parse(model=upstream.model, input="x", text_format=Weather).output_parsed
    assert parsed == Weather(city="Oslo", degrees=7)
    form = upstream.last
    if upstream.door.kind == "converse":
        form = json.loads(form["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])
    for name in FORMS.get(upstream.door.kind, ()):
        form = form[name]
    assert set(form["properties"]) == {"city", "degrees"}


def test_images_and_files(wire: httpx.Client, upstream: Upstream) -> None:
    upstream.says("Red.")
    picture, document = base64.b64encode(PNG).decode(), base64.b64encode(PDF).decode()
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{picture}"}
    file = {"type": "input_file", "filename": "it.pdf", "file_data": f"data:application/pdf;base64,{document}"}
    words = {"type": "input_text", "text": "What is it?"}
    answer = wire.post("/v1/responses", json={"model": upstream.model, "input": user(image, file, words)})
    assert answer.status_code == 200, answer.text
    sent = upstream.provider.seen[0].body.decode()
    assert picture in sent
    assert (document in sent) == (upstream.door.kind in TAKE_FILES)
    assert ("antiphon-warnings" in answer.headers) == (upstream.door.kind not in TAKE_FILES)


def test_images_and_files_by_address(wire: httpx.Client, upstream: Upstream, web: Web) -> None:
    upstream.says("Red.")
    web.asked.clear()
    image = {"type": "input_image", "image_url": f"{web.root}/red.png"}
    file = {"type": "input_file", "file_url": f"{web.root}/contract.pdf"}
    words = {"type": "input_text", "text": "What is it?"}
    answer = wire.post("/v1/responses", json={"model": upstream.model, "input": user(image, file, words)})
    assert answer.status_code == 200, answer.text
    sent = upstream.provider.seen[0].body.decode()
    if upstream.door.addresses:
        assert web.asked == []
        assert f"{web.root}/red.png" in sent
        return
    fetched = {"/contract.pdf"} if upstream.door.kind == "cohere" else set(PAGES)
    assert set(web.asked) == fetched
    assert (base64.b64encode(PNG).decode() if "/red.png" in fetched else f"{web.root}/red.png") in sent
