"""Every recorded request to Google, said by a Responses client: Google must be asked the same again."""

import json
from typing import Any

import pytest

from antiphon.dialects.gemini_request import build_gemini
from tests.fakes import SEALER
from tests.gemini_streams import GEMINI, gemini_target
from tests.replayed import exchanges, name_of, requests
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.gemini_exceptions import REQUESTS
from tests.unit.dialects.gemini_to_responses import DUMMY, FEWEST_TOKENS, camel, lowered, responses_request

Body = dict[str, Any]

ASKED = [each for each in requests("gemini") if not each["api"].endswith("count_tokens")]
COUNTED = [each for each in requests("gemini") if each["api"].endswith("count_tokens")]
OTHERWISE = [each for each in exchanges("gemini") if each["id"] in REQUESTS]

INEXPRESSIBLE = {"topK", "modelArmorConfig"}
"""Members that the Responses API has no word for."""


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
    assert len(ASKED) >= 80
    assert len(COUNTED) >= 3
    assert {each["id"] for each in OTHERWISE} == REQUESTS.keys()


@pytest.mark.parametrize("exchange", ASKED, ids=name_of)
def test_a_recorded_request_is_asked_again(exchange: Body) -> None:
    body, _ = asked_again(exchange)
    assert said(body) == said(exchange["request"]["body"])


@pytest.mark.parametrize("exchange", OTHERWISE, ids=name_of)
def test_a_request_that_a_client_cannot_make_in_just_this_way_says_the_same(exchange: Body) -> None:
    body, _ = asked_again(exchange)
    assert said(body)["contents"] == said(exchange["request"]["body"])["contents"]


@pytest.mark.parametrize("exchange", COUNTED, ids=name_of)
def test_a_recorded_count_is_asked_for_again(exchange: Body) -> None:
    body, target = asked_again(exchange)
    counted = json.loads(GEMINI.counting.body(json.dumps(body).encode(), target))
    if exchange["api"].startswith("gemini"):
        inner = counted.pop("generateContentRequest")
        assert counted == {}
        assert inner.pop("model") == f"models/{target.model}"
        counted = inner
    assert said(counted) == said(exchange["request"]["body"])
