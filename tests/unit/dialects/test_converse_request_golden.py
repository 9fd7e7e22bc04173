"""Every recorded Converse request, said by a Responses client: Bedrock must be asked the same again."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from antiphon.dialects.converse_models import bare_name
from antiphon.dialects.converse_request import build_converse
from tests.converse_streams import a_target
from tests.fakes import SEALER
from tests.replayed import exchanges, name_of, requests
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.converse_exceptions import REQUESTS
from tests.unit.dialects.converse_to_responses import FEWEST_TOKENS, responses_request

Body = dict[str, Any]

ASKED = [
    *requests("bedrock-converse"),
    *(each for each in requests("bedrock-count-tokens") if "converse" in each["request"]["body"]["input"]),
]
REFUSED = [each for each in exchanges("bedrock-converse") if each["id"] in REQUESTS]


def model_of(exchange: Body) -> str:
    return unquote(exchange["request"]["url_path"].split("/")[2])


def body_of(exchange: Body) -> Body:
    """What was asked, out of what a count wraps it in."""
    body = exchange["request"]["body"]
    return body["input"]["converse"] if exchange["api"].endswith("count_tokens") else body


def meant(body: Body) -> Body:
    """What a body asks for, in one spelling: what is empty, or says what goes without saying, is gone."""
    asked = {name: value for name, value in body.items() if value not in (None, {}, [])}
    asked["messages"] = [
        {"role": message["role"], "content": [block_of(block) for block in message["content"]]}
        for message in body["messages"]
    ]
    if "inferenceConfig" in asked:
        config = {name: value for name, value in asked.pop("inferenceConfig").items() if name != "stopSequences"}
        if config.get("maxTokens", 0) < FEWEST_TOKENS:
            config.pop("maxTokens", None)
        asked["inferenceConfig"] = config
    if "toolConfig" in asked:
        asked["toolConfig"] = tools_of(asked["toolConfig"])
    if "outputConfig" in asked:
        form = json.loads(json.dumps(asked["outputConfig"]))
        schema = form["textFormat"]["structure"]["jsonSchema"]
        schema["schema"] = json.loads(schema["schema"])
        asked["outputConfig"] = form
    return asked


def block_of(block: Body) -> Body:
    match next(iter(block)):
        case "guardContent":
            return {"text": block["guardContent"]["text"]["text"]}
        case "toolResult":
            result = {name: value for name, value in block["toolResult"].items() if name != "status"}
            if block["toolResult"].get("status") == "error":
                result["status"] = "error"
            said = [{"text": json.dumps(each["json"])} if "json" in each else each for each in result["content"]]
            return {"toolResult": result | {"content": [block_of(each) for each in said]}}
        case "video":
            video = block["video"]
            return {"video": video | {"format": video["format"].removeprefix("video/")}}
        case _:
            return block


def tools_of(config: Body) -> Body:
    choice = {name: value for name, value in config.items() if name == "toolChoice" and value != {"auto": {}}}
    return choice | {"tools": [tool for tool in config["tools"] if "cachePoint" not in tool]}


def rebuilt(exchange: Body) -> Body:
    model, body = model_of(exchange), body_of(exchange)
    request = responses_request(body, model, bare_name(model))
    built = build_converse(turn_of(request), a_target(model), SEALER)
    traced = "guardrailConfig" in body
    assert len(built.warnings) == traced, built.warnings
    return json.loads(built.body)


def test_there_are_recordings() -> None:
    assert len(ASKED) >= 50
    assert {each["id"] for each in REFUSED} == REQUESTS.keys()


@pytest.mark.parametrize("exchange", ASKED, ids=name_of)
def test_a_recorded_request_is_asked_again(exchange: Body) -> None:
    assert meant(rebuilt(exchange)) == meant(body_of(exchange))


@pytest.mark.parametrize("exchange", REFUSED, ids=name_of)
def test_what_a_model_refuses_in_a_result_stands_behind_it(exchange: Body) -> None:
    asked, body = rebuilt(exchange), body_of(exchange)
    (refused,) = body["messages"][-1]["content"][0]["toolResult"]["content"]
    result = next(block for message in asked["messages"] for block in message["content"] if "toolResult" in block)
    assert list(result["toolResult"]["content"][0]) == ["text"]
    kind = next(iter(refused))
    (moved,) = [block[kind] for block in asked["messages"][-1]["content"] if kind in block]
    assert moved["source"] == refused[kind]["source"]
    roles = [message["role"] for message in asked["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
