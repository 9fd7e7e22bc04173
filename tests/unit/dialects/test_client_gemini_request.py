"""Requests of Google's clients: recorded ones come out at Google as they went in; others are refused, or lose aloud."""

from __future__ import annotations

import base64
import itertools
import json
import time
from typing import Any

import pytest

from antiphon.dialects.client_gemini_request import AskedByGemini, asked_by_gemini, to_count
from antiphon.dialects.client_gemini_shapes import signature_of
from antiphon.dialects.gemini_request import build_gemini
from antiphon.errors import BadRequest
from antiphon.gateway.history import new_items
from antiphon.protocols import Caller, Turn
from antiphon.wire.requests import is_array, is_item
from tests.fakes import SEALER
from tests.gemini_streams import gemini_target
from tests.replayed import exchanges, has_request, name_of
from tests.unit.dialects.test_gemini_request_golden import Body, said

OTHERWISE = {
    "gemini-generate.test_google_model_file_search_grounding_gemini_3-True.4.05be218a": (
        "what Google's own tools did comes back to Google in a relay alone"
    ),
    "gemini-generate.test_google_model_web_fetch_tool.0.37f9d6cb": (
        "the Responses API reads pages only in the course of a search, so that there is one too"
    ),
}
"""Recorded requests that come out as others, and why."""

REFUSED = {"vertex-generate.test_generate_content_invalid_temperature.0.0f053680": "generationConfig.temperature"}
"""Recorded requests that Google refused, and so do we: what is to blame."""

ASKED = [
    each for each in exchanges("gemini") if has_request(each) and not each["api"].endswith(("count_tokens", "embed"))
]
USER: Body = {"role": "user", "parts": [{"text": "Hi"}]}
CALL: Body = {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"at": 1}}}]}
SEAL = "ant1.c2VhbA"


def asked(body: Body, model: str = "google/m") -> AskedByGemini:
    return asked_by_gemini(json.dumps(body).encode(), model, streamed=False)


def given(*parts: Body, **more: Any) -> Body:
    """What a user's parts come to in the input."""
    return read(contents=[{"parts": list(parts)}], **more)["input"][0]


def read(**body: Any) -> Body:
    """The create request."""
    return json.loads(asked({"contents": [USER]} | body).request.body)


def exchanged(calls: list[Body], responses: list[Body]) -> list[Body]:
    """Calls of a model's, and what came of them."""
    return [
        {"role": "model", "parts": [{"functionCall": call} for call in calls]},
        {"role": "user", "parts": [{"functionResponse": response} for response in responses]},
    ]


def turn_for(request: AskedByGemini) -> Turn:
    count = itertools.count()
    return Turn(
        id="resp_1",
        created_at=1_700_000_000,
        caller=Caller("tenant-a", "key-a"),
        request=request.request,
        input=new_items(request.request, lambda prefix: f"{prefix}_{next(count)}", []),
        new_id=lambda prefix: f"{prefix}_{next(count)}",
        clock=lambda: 0.0,
    )


def unsigned(value: Any) -> Any:
    """Without what only its maker could have signed, and without thoughts, which no client has to repeat."""
    if is_item(value):
        kept: Body = {name: unsigned(member) for name, member in value.items() if name != "thoughtSignature"}
        if kept.get("mode") in ("VALIDATED", "ANY") and "allowedFunctionNames" not in kept:
            kept["mode"] = "AUTO"
        kept.pop("includeServerSideToolInvocations", None)
        return kept
    if is_array(value):
        return [unsigned(each) for each in value if not (is_item(each) and (each.get("thought") or not each))]
    return value


def sent_again(exchange: Body) -> Body:
    body, path = exchange["request"]["body"], exchange["request"]["url_path"]
    model = path.rpartition("/")[2].partition(":")[0]
    target = gemini_target(model, google_api="vertex" if exchange["api"].startswith("vertex") else "studio")
    return json.loads(build_gemini(turn_for(asked(body, model)), target, SEALER).body)


def test_there_are_recordings() -> None:
    assert len(ASKED) >= 83
    assert {each["id"] for each in ASKED} >= OTHERWISE.keys() | REFUSED.keys()


@pytest.mark.parametrize("exchange", [each for each in ASKED if each["id"] not in OTHERWISE | REFUSED], ids=name_of)
def test_a_recorded_request_comes_out_as_it_went_in(exchange: Body) -> None:
    assert unsigned(said(sent_again(exchange))) == unsigned(said(exchange["request"]["body"]))


@pytest.mark.parametrize("exchange", [each for each in ASKED if each["id"] in OTHERWISE], ids=name_of)
def test_a_request_that_comes_out_otherwise_says_the_same_in_words(exchange: Body) -> None:
    def words(body: Body) -> list[str]:
        return [part["text"] for content in said(body)["contents"] for part in content["parts"] if "text" in part]

    assert words(sent_again(exchange)) == words(exchange["request"]["body"])


@pytest.mark.parametrize("exchange", [each for each in ASKED if each["id"] in REFUSED], ids=name_of)
def test_a_request_that_google_refused_is_refused(exchange: Body) -> None:
    assert exchange["response"]["status"] == 400
    with pytest.raises(BadRequest) as caught:
        asked(exchange["request"]["body"])
    assert caught.value.param == REFUSED[exchange["id"]]


def test_both_spellings_are_read() -> None:
    config = {"max_output_tokens": "3", "top_k": 2.0, "response_mime_type": "application/json", "stop_sequences": ["."]}
    blob = {"mime_type": "image/png", "data": "-_8="}
    body = read(
        contents=[{"parts": [{"inline_data": blob}]}],
        system_instruction={"parts": [{"text": "Be"}, {"text": "brief."}]},
        generation_config=config | {"thinking_config": {"thinking_budget": 0}},
        tool_config={"function_calling_config": {"mode": "any", "allowed_function_names": ["look"]}},
        tools=[{"function_declarations": [{"name": "look", "parameters": {"type": "OBJECT"}}]}, {"google_search": {}}],
    )
    assert body["input"][0]["content"][0]["image_url"] == "data:image/png;base64,+/8="
    assert body["instructions"] == "Be\n\nbrief."
    assert (body["max_output_tokens"], body["top_k"], body["stop"]) == (3, 2, ["."])
    assert body["text"] == {"format": {"type": "json_object"}}
    assert body["reasoning"] == {"effort": "none"}
    assert [tool["type"] for tool in body["tools"]] == ["function", "web_search"]
    assert body["tools"][0]["parameters"] == {"type": "object"}
    allowed = [{"type": "function", "name": "look"}, {"type": "web_search"}]
    assert body["tool_choice"] == {"type": "allowed_tools", "mode": "required", "tools": allowed}
    assert body["store"] is False


@pytest.mark.parametrize(
    ("part", "becomes"),
    [
        ({"text": "x"}, {"type": "input_text", "text": "x"}),
        (
            {"inlineData": {"mimeType": "audio/mpeg", "data": "AA=="}},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
        ),
        (
            {"inlineData": {"mimeType": "application/pdf", "data": "AA==", "displayName": "a.pdf"}},
            {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"},
        ),
        (
            {"inlineData": {"mimeType": "video/mp4", "data": "AA=="}},
            {"type": "input_video", "video_url": "data:video/mp4;base64,AA=="},
        ),
        (
            {"fileData": {"fileUri": "https://youtu.be/x"}},
            {"type": "input_video", "video_url": "https://youtu.be/x"},
        ),
        (
            {"fileData": {"fileUri": "https://a.org/a.pdf", "mimeType": "application/pdf"}},
            {"type": "input_file", "file_url": "https://a.org/a.pdf"},
        ),
        (
            {
                "fileData": {"fileUri": "https://a.org/a.png", "mimeType": "image/png"},
                "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"},
            },
            {"type": "input_image", "image_url": "https://a.org/a.png", "detail": "high"},
        ),
    ],
)
def test_what_a_user_says(part: Body, becomes: Body) -> None:
    assert given(part)["content"] == [becomes]


@pytest.mark.parametrize(
    ("config", "effort"),
    [
        ({"thinkingLevel": "LOW"}, "low"),
        ({"thinkingLevel": "minimal"}, "minimal"),
        ({"thinkingBudget": 1024}, "low"),
        ({"thinkingBudget": "8192"}, "medium"),
        ({"thinkingBudget": 24576}, "high"),
        ({"thinkingBudget": -1}, None),
    ],
)
def test_how_much_to_think(config: Body, effort: str | None) -> None:
    assert read(generationConfig={"thinkingConfig": config}).get("reasoning", {}).get("effort") == effort


def test_a_call_and_its_response_are_paired_without_ids() -> None:
    def answer(value: Any) -> Body:
        return {"functionResponse": {"name": "look", "response": value}}

    calls: Body = {"role": "model", "parts": CALL["parts"] * 2}
    answers: Body = {"role": "function", "parts": [answer({"result": "A wall."}), answer({"error": "Dark."})]}
    items = read(contents=[USER, calls, answers, CALL, {"role": "user", "parts": [answer({"a": 1})]}])["input"]
    assert [(item["type"], item["call_id"]) for item in items[1:]] == [
        ("function_call", "call_1"),
        ("function_call", "call_2"),
        ("function_call_output", "call_1"),
        ("function_call_output", "call_2"),
        ("function_call", "call_3"),
        ("function_call_output", "call_3"),
    ]
    assert [item["output"] for item in items if "output" in item] == ["A wall.", "Dark.", '{"a":1}']
    assert [item.get("status") for item in items[3:5]] == [None, "incomplete"]


def test_calls_of_one_name_are_answered_in_their_order_and_by_their_ids() -> None:
    calls: list[Body] = [{"name": "look", "args": {}}, {"name": "look", "id": "call_2"}, {"name": "look"}]
    responses: list[Body] = [
        {"name": "look", "id": "call_2", "response": {"output": "b"}},
        {"name": "look", "response": {"output": "a"}},
        {"name": "look", "id": "nobody's", "response": {"output": "c"}},
    ]
    items = read(contents=exchanged(calls, responses))["input"]
    assert [item["call_id"] for item in items[:3]] == ["call_1", "call_2", "call_3"]
    assert [(item["call_id"], item["output"]) for item in items[3:]] == [
        *(("call_2", "b"), ("call_1", "a"), ("call_3", "c"))
    ]


@pytest.mark.parametrize("number", ["", "{}"], ids=["one name", "many names"])
def test_many_calls_are_answered_in_no_more_than_their_share_of_time(number: str) -> None:
    names = [f"look{number.format(each)}" for each in range(6_000)]
    taken: list[Body] = [{"name": "x", "id": f"call_{each}"} for each in range(6_001, 12_001)]
    responses: list[Body] = [{"name": name, "response": {}} for name in reversed(names)]
    contents = exchanged([*taken, *({"name": name} for name in names)], responses)
    begun = time.process_time()
    items = read(contents=contents)["input"]
    assert time.process_time() - begun < 1
    assert len(items) == 18_000


def test_a_seal_comes_back_before_what_it_is_on_and_only_once() -> None:
    encoded = signature_of(SEAL)
    urls = base64.urlsafe_b64encode(SEAL.encode()).decode().rstrip("=")
    call = CALL["parts"][0] | {"thoughtSignature": encoded}
    turns: list[Body] = [
        USER,
        {"role": "model", "parts": [{"text": "Hm.", "thought": True}, call]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {}}}]},
        {"role": "model", "parts": [{"text": "Seen.", "thought_signature": urls}]},
    ]
    items = read(contents=turns)["input"]
    assert [item["type"] for item in items] == [
        *("message", "reasoning", "function_call", "function_call_output", "message")
    ]
    assert items[1]["encrypted_content"] == SEAL


@pytest.mark.parametrize("word", ["skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="])
def test_googles_word_for_no_signature_is_none(word: str) -> None:
    call = CALL["parts"][0] | {"thoughtSignature": word}
    answer: Body = {"functionResponse": {"name": "look", "response": {}}}
    items = read(contents=[USER, {"role": "model", "parts": [call]}, {"parts": [answer]}])["input"]
    assert "reasoning" not in [item["type"] for item in items]


WRONG: list[tuple[Body, str]] = [
    ({"contents": []}, "contents"),
    ({"contents": "Hi"}, "contents"),
    ({"contents": [{"role": "robot", "parts": [{"text": "x"}]}]}, "contents[0].role"),
    ({"contents": [{"parts": [{"smell": 1}]}]}, "contents[0].parts[0]"),
    ({"contents": [{"parts": [{"inlineData": {"data": "AA=="}}]}]}, "contents[0].parts[0].inlineData.mimeType"),
    ({"contents": [{"parts": [{"functionResponse": {"name": "x"}}]}]}, "contents[0].parts[0].functionResponse"),
    ({"contents": [USER], "cachedContent": "cachedContents/1"}, "cachedContent"),
    ({"contents": [USER], "generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount"),
    ({"contents": [USER], "generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
    ({"contents": [USER], "generationConfig": {"topP": 7}}, "generationConfig.topP"),
    ({"contents": [USER], "generationConfig": 7}, "generationConfig"),
    (
        {"contents": [USER], "generationConfig": {"responseModalities": ["AUDIO"]}},
        "generationConfig.responseModalities",
    ),
    ({"contents": [USER], "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
]


@pytest.mark.parametrize(("body", "param"), WRONG)
def test_what_cannot_be_asked_is_refused_by_its_name(body: Body, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        asked(body)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"contents":"\xff"}', b'{"contents":' + b"[" * 5000])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        asked_by_gemini(to_count(body), "m", streamed=False)


def test_what_only_google_understands_is_told() -> None:
    notes = asked(
        {
            "contents": [
                {
                    "parts": [
                        {"text": "Hi", "videoMetadata": {"fps": 1}},
                        {
                            "inlineData": {"mimeType": "image/png", "data": "AA=="},
                            "mediaResolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"},
                        },
                    ]
                }
            ],
            "safetySettings": [{"category": "x"}],
            "labels": {"a": "b"},
            "generationConfig": {"speechConfig": {"a": 1}, "mediaResolution": "MEDIA_RESOLUTION_MEDIUM"},
            "tools": [
                {"googleMaps": {}},
                {"googleSearch": {"timeRangeFilter": {}}},
                {"functionDeclarations": [{"name": "f", "response": {"type": "OBJECT"}, "behavior": "NON_BLOCKING"}]},
            ],
            "toolConfig": {"retrievalConfig": {"latLng": {}}, "functionCallingConfig": {"mode": "VALIDATED"}},
        }
    ).notes
    for name in (
        *("videoMetadata", "safetySettings", "labels", "speechConfig", "mediaResolution", "googleMaps"),
        *("googleSearch.timeRangeFilter", "retrievalConfig", "functionDeclarations.response", "VALIDATED"),
        *("functionDeclarations.behavior", "contents[0].parts[1].mediaResolution"),
    ):
        assert any(name in note for note in notes), name


def test_what_is_said_to_the_gateway_is_passed_on() -> None:
    body = read(provider="openai", strict=True, serviceTier="SERVICE_TIER_FLEX")
    assert (body["provider"], body["strict"], body["service_tier"]) == ("openai", True, "flex")


def test_a_schema_of_googles_own_kind_becomes_json_schema() -> None:
    schema: Body = {
        "type": "OBJECT",
        "propertyOrdering": ["a"],
        "properties": {
            "a": {"type": "ARRAY", "minItems": "1", "items": {"type": "STRING", "nullable": True, "enum": ["x"]}},
            "b": {"anyOf": [{"type": "INTEGER"}], "nullable": True},
        },
    }
    form = read(generationConfig={"responseSchema": schema})["text"]["format"]
    assert form == {
        "type": "json_schema",
        "name": "response",
        "schema": {
            "type": "object",
            "properties": {
                "a": {"type": "array", "minItems": 1, "items": {"type": ["string", "null"], "enum": ["x", None]}},
                "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            },
        },
    }


def test_numbers_for_words_are_read() -> None:
    schema = {"type": 6, "properties": {"a": {"type": 1}}}
    body = read(
        tools=[{"functionDeclarations": [{"name": "look", "parameters": schema}]}],
        toolConfig={"functionCallingConfig": {"mode": 2}},
    )
    assert body["tools"][0]["parameters"] == {"type": "object", "properties": {"a": {"type": "string"}}}
    assert body["tool_choice"] == "required"


def test_a_request_to_count_may_stand_in_a_member_of_its_own() -> None:
    assert json.loads(to_count(b'{"generateContentRequest":{"model":"models/m","contents":[]}}'))["contents"] == []
    assert to_count(b'{"contents": []}') == b'{"contents": []}'


@pytest.mark.parametrize(("outcome", "status"), [("OUTCOME_OK", "completed"), ("OUTCOME_FAILED", "failed")])
def test_code_that_failed_is_told_as_failed(outcome: str, status: str) -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "x"}}
    ran = {"codeExecutionResult": {"outcome": outcome, "output": "log"}}
    (item,) = read(contents=[{"role": "model", "parts": [code, ran]}])["input"]
    assert (item["status"], item["outputs"]) == (status, [{"type": "logs", "logs": "log"}])


def test_what_says_nothing_of_a_function_is_no_loss() -> None:
    usual = {"name": "f", "behavior": "BLOCKING", "response": None}
    assert asked({"contents": [USER], "tools": [{"functionDeclarations": [usual]}]}).notes == ()
