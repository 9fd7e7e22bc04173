"""Every recorded request to Google, said by a Responses client: Google must be asked the same again."""

import json
from pathlib import Path
from typing import Any

import pytest

from antiphon.dialects.gemini_request import build_gemini
from tests.fakes import SEALER
from tests.gemini_streams import GEMINI, gemini_target
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.gemini_to_responses import DUMMY, FEWEST_TOKENS, camel, lowered, responses_request

Body = dict[str, Any]

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
APIS = ("gemini.generate", "gemini.stream", "vertex.generate", "vertex.stream")
COUNTS = ("gemini.count_tokens", "vertex.count_tokens")

NO_REQUEST = 3
"""So many streams were recorded without their requests."""

INEXPRESSIBLE = {"topK", "modelArmorConfig"}
"""Members that the Responses API has no word for."""


OTHERWISE = {
    "gemini-generate.test_google_image_generation_with_web_search.0.e92c8646": (
        "the mode ANY without a function to call means nothing"
    ),
    "gemini-generate.test_google_model_web_fetch_tool.0.37f9d6cb": (
        "the Responses API reads pages only in the course of a search, so that there is one too"
    ),
    "vertex-generate.test_generate_content_invalid_temperature.0.0f053680": "no temperature of a client's is as high",
}
"""Requests that a client cannot make in just this way, and why."""


def recorded(*apis: str) -> list[Any]:
    found: list[Any] = []
    for api in apis:
        for path in sorted((RECORDINGS / api).glob("*.json")):
            exchange = json.loads(path.read_text("utf-8"))
            if exchange["request"]["body"] is not None:
                found.append(pytest.param(exchange, id=path.stem))
    return found


def said(body: Body) -> Body:
    """What a body asks for, in one spelling: what Google assumes anyway is gone, contents of one role are joined."""
    asked = {name: value for name, value in camel(body).items() if name not in INEXPRESSIBLE}
    asked["contents"] = contents(asked["contents"])
    if "systemInstruction" in asked:
        asked["systemInstruction"] = asked["systemInstruction"]["parts"]
    asked["tools"] = sorted((declared(tool) for tool in asked.get("tools", [])), key=json.dumps)
    asked["generationConfig"] = config(asked.get("generationConfig", {}))
    calling = asked.get("toolConfig", {}).get("functionCallingConfig", {})
    if calling == {"allowedFunctionNames": [], "mode": "ANY"}:
        del asked["toolConfig"]
    return asked


def contents(listed: list[Body]) -> list[Body]:
    joined: list[Body] = []
    for content in listed:
        parts = [part(each) for each in content["parts"]]
        if joined and joined[-1]["role"] == content["role"]:
            joined[-1]["parts"] += parts
        else:
            joined.append({"role": content["role"], "parts": parts})
    return joined


def part(said_so: Body) -> Body:
    if said_so.get("thoughtSignature") == DUMMY:
        said_so = {name: value for name, value in said_so.items() if name != "thoughtSignature"}
    if "inlineData" in said_so:
        data = said_so["inlineData"]["data"].replace("-", "+").replace("_", "/")
        said_so = {"inlineData": said_so["inlineData"] | {"data": data}}
    if "functionResponse" in said_so and "parts" in said_so["functionResponse"]:
        inside = [part(each) for each in said_so["functionResponse"]["parts"]]
        said_so = {"functionResponse": said_so["functionResponse"] | {"parts": inside}}
    return said_so


def declared(tool: Body) -> Body:
    functions: list[Body] = []
    for function in tool.get("functionDeclarations", []):
        schema = function.get("parametersJsonSchema") or lowered(function["parameters"])
        made = {"name": function["name"], "schema": schema}
        functions.append(made | ({"description": function["description"]} if function.get("description") else {}))
    return {"functionDeclarations": functions} if functions else tool


def config(asked: Body) -> Body:
    kept = {name: value for name, value in asked.items() if name not in INEXPRESSIBLE and value != {}}
    if "IMAGE" not in kept.get("responseModalities", ["TEXT"]):
        kept.pop("responseModalities", None)
    elif "responseModalities" in kept:
        kept["responseModalities"] = ["TEXT", "IMAGE"]  # a client cannot ask for a picture without a word
    if kept.get("maxOutputTokens", FEWEST_TOKENS) < FEWEST_TOKENS:
        del kept["maxOutputTokens"]
    if kept.get("thinkingConfig") == {"includeThoughts": False}:
        del kept["thinkingConfig"]
    return kept


def asked_again(exchange: Body) -> tuple[Body, Any]:
    path = exchange["request"]["url_path"]
    model = path.rpartition("/")[2].partition(":")[0]
    request = responses_request(exchange["request"]["body"], model=model)
    target = gemini_target(model, google_api="vertex" if exchange["api"].startswith("vertex") else "studio")
    built = build_gemini(turn_of(request), target, SEALER)
    assert built.warnings == ()
    return json.loads(built.body), target


def test_there_are_recordings() -> None:
    everything = [path for api in APIS for path in (RECORDINGS / api).glob("*.json")]
    assert len(recorded(*APIS)) == len(everything) - NO_REQUEST == 83


@pytest.mark.parametrize("exchange", recorded(*APIS))
def test_a_recorded_request_is_asked_again(exchange: Body) -> None:
    body, _ = asked_again(exchange)
    again, asked = said(body), said(exchange["request"]["body"])
    if exchange["id"] in OTHERWISE:
        assert again["contents"] == asked["contents"]
        return
    assert again == asked


@pytest.mark.parametrize("exchange", recorded(*COUNTS))
def test_a_recorded_count_is_asked_for_again(exchange: Body) -> None:
    body, target = asked_again(exchange)
    counted = json.loads(GEMINI.counting.body(json.dumps(body).encode(), target))
    if exchange["api"].startswith("gemini"):
        inner = counted.pop("generateContentRequest")
        assert counted == {}
        assert inner.pop("model") == f"models/{target.model}"
        counted = inner
    assert said(counted) == said(exchange["request"]["body"])


@pytest.mark.parametrize("exchange", recorded(*COUNTS))
def test_a_recorded_count_is_read(exchange: Body) -> None:
    answer = exchange["response"]["body"]
    assert GEMINI.counting.tokens(json.dumps(answer).encode()) == answer.get("totalTokens")
