"""Every recorded Converse request, said by a Responses client: Bedrock must be asked the same again."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from antiphon.dialects.converse_models import bare_name
from antiphon.dialects.converse_request import build_converse
from tests.converse_streams import a_target
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.converse_to_responses import FEWEST_TOKENS, responses_request

Body = dict[str, Any]

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"

OTHERWISE = {
    "bedrock-converse.test_multimodal_tool_return_matrix-direct-uploaded_file-video-bedrock_cl.1.c3d4c89d": (
        "Claude takes no films, least of all in results, and refused: ours stands behind the result"
    ),
    "bedrock-converse.test_multimodal_tool_return_matrix-direct-uploaded_file-document-bedrock.1.22dfc49a": (
        "Nova takes no binary documents in results, and refused: ours stands behind the result"
    ),
}
"""Recorded requests that Bedrock answered with an error which ours avoids."""


def recorded() -> list[Any]:
    found: list[Any] = []
    for api in ("bedrock.converse", "bedrock.converse_stream", "bedrock.count_tokens"):
        for path in sorted((RECORDINGS / api).glob("*.json")):
            exchange = json.loads(path.read_text("utf-8"))
            body = exchange["request"].get("body")
            if api == "bedrock.count_tokens" and body is not None:
                body = body["input"].get("converse")
            if body is not None:
                model = unquote(exchange["request"]["url_path"].split("/")[2])
                found.append(pytest.param(exchange["id"], model, body, id=path.stem))
    return found


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


def rebuilt(model: str, body: Body) -> Body:
    request = responses_request(body, model, bare_name(model))
    built = build_converse(turn_of(request), a_target(model), SEALER)
    traced = "guardrailConfig" in body
    assert len(built.warnings) == traced, built.warnings
    return json.loads(built.body)


def test_there_are_recordings() -> None:
    assert len(recorded()) == 52


@pytest.mark.parametrize(("name", "model", "body"), recorded())
def test_a_recorded_request_is_asked_again(name: str, model: str, body: Body) -> None:
    if name in OTHERWISE:
        return
    assert meant(rebuilt(model, body)) == meant(body)


@pytest.mark.parametrize(("name", "model", "body"), [each for each in recorded() if each.values[0] in OTHERWISE])
def test_what_a_model_refuses_in_a_result_stands_behind_it(name: str, model: str, body: Body) -> None:
    asked = rebuilt(model, body)
    (refused,) = body["messages"][-1]["content"][0]["toolResult"]["content"]
    result = next(block for message in asked["messages"] for block in message["content"] if "toolResult" in block)
    assert list(result["toolResult"]["content"][0]) == ["text"]
    kind = next(iter(refused))
    (moved,) = [block[kind] for block in asked["messages"][-1]["content"] if kind in block]
    assert moved["source"] == refused[kind]["source"]
    roles = [message["role"] for message in asked["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
