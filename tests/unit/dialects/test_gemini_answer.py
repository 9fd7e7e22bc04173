"""What Google answers, told as a response."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused
from tests.chat_streams import Heard, a_turn, function_tool
from tests.gemini_streams import GEMINI, answered, gemini_target, generated, heard, sealed_in, stream
from tests.grammar import check_stream

USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
DONE = generated(finish="STOP", usage=USAGE)


def told(*chunks: Any, **request: Any) -> Heard:
    answer = heard(stream(*chunks), a_turn(store=False, **request))
    check_stream(answer.events, ended=answer.error is None)
    return answer


def output(*parts: Any, **request: Any) -> list[Any]:
    return told(*(generated(part) for part in parts), DONE, **request).body["output"]


def call(name: str, args: Any = None, **more: Any) -> Any:
    return {"functionCall": {"name": name} | ({} if args is None else {"args": args}) | more}


def test_text_comes_as_it_comes() -> None:
    answer = told(generated({"text": "Hel"}), generated({"text": "lo"}, {"text": "."}), DONE)
    assert answer.said("response.output_text.delta") == ["Hel", "lo", "."]
    assert answer.outcome is not None
    assert answer.outcome.upstream_id == "r-1"
    assert answer.body["usage"]["total_tokens"] == 5


def test_thoughts_are_a_summary_and_go_back() -> None:
    answer = told(generated({"text": "**Look", "thought": True}), generated({"text": "ing**", "thought": True}), DONE)
    (item,) = answer.body["output"]
    assert item["summary"] == [{"type": "summary_text", "text": "**Looking**"}]
    assert sealed_in(answer.body) == [{"text": "**Looking**", "thought": True}]


def test_a_signature_after_the_text_comes_after_it() -> None:
    answer = told(generated({"text": "Yes."}), generated({"text": "", "thoughtSignature": "cw=="}), DONE)
    assert [item["type"] for item in answer.body["output"]] == ["message", "reasoning"]
    assert sealed_in(answer.body) == [{"thoughtSignature": "cw==", "characters": 0}]


def test_calls_with_and_without_ids() -> None:
    first, second = output(call("f", {"a": [1, 2.5]}, id="x"), call("f"))
    assert (first["call_id"], first["arguments"]) == ("x", '{"a":[1,2.5]}')
    assert second["call_id"].startswith("call_")
    assert second["arguments"] == "{}"


def test_a_call_s_signature_is_sealed_with_its_id() -> None:
    answer = told(generated(call("f") | {"thoughtSignature": "cw=="}), DONE)
    reasoning, made = answer.body["output"]
    assert reasoning["summary"] == []
    assert sealed_in(answer.body) == [{"thoughtSignature": "cw==", "attached_to": made["call_id"]}]


def test_names_are_the_client_s_own() -> None:
    tools = [function_tool("9lives"), {"type": "custom", "name": "patch"}]
    first, second = output(call("_9lives"), call("patch", {"input": "a\nb"}), tools=tools)
    assert first["name"] == "9lives"
    assert (second["type"], second["input"]) == ("custom_tool_call", "a\nb")


def test_only_what_was_allowed_is_called() -> None:
    tools = [function_tool("f"), function_tool("g")]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]}
    assert [item["name"] for item in output(call("f"), call("g"), tools=tools, tool_choice=choice)] == ["g"]
    assert len(output(call("f"), call("g"), tools=tools, parallel_tool_calls=False)) == 1


def piece(path: str, **value: Any) -> Any:
    return {"functionCall": {"partialArgs": [{"jsonPath": path, **value}], "willContinue": True}}


def test_a_call_in_pieces() -> None:
    pieces: list[Any] = [
        call("f", id="x", willContinue=True) | {"thoughtSignature": "cw=="},
        piece("$.a.b[1]", stringValue="he", willContinue=True),
        piece("$.a.b[1]", stringValue="llo"),
        piece("$['n']", numberValue=3),
        piece('$["t"]', boolValue=True),
        piece("$.z", nullValue="NULL_VALUE"),
        {"functionCall": {}},
    ]
    _, made = output(*pieces)
    assert json.loads(made["arguments"]) == {"a": {"b": [None, "hello"]}, "n": 3, "t": True, "z": None}
    cut = told(*(generated(each) for each in pieces[:3]), generated(finish="MAX_TOKENS"))
    assert cut.body["output"][-1]["status"] == "incomplete"
    assert cut.body["incomplete_details"] == {"reason": "max_output_tokens"}
    other = output(pieces[0], call("g", {}), {"text": "So."})
    assert [item.get("name") for item in other if item["type"] == "function_call"] == ["f", "g"]


def test_code_that_was_run() -> None:
    ran = {"executableCode": {"language": "PYTHON", "code": "print(1)", "id": "e"}}
    result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n", "id": "e"}}
    (item,) = output(ran, result)
    assert (item["code"], item["outputs"]) == ("print(1)", [{"type": "logs", "logs": "1\n"}])
    answer = told(generated(ran | {"thoughtSignature": "cw=="}), generated(result), generated({"text": "One."}), DONE)
    assert [item["type"] for item in answer.body["output"]] == ["reasoning", "code_interpreter_call", "message"]
    identity = [answer.body["output"][1]["id"]]
    assert sealed_in(answer.body) == [
        ran | {"thoughtSignature": "cw==", "stands_for": identity},
        result | {"stands_for": identity},
    ]
    assert [item["outputs"] for item in output(ran, {"text": "Hm."}) if "outputs" in item] == [[]]


def test_pictures_and_what_has_no_place() -> None:
    drawn = {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thoughtSignature": "cw=="}
    spoken = {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}
    reasoning, picture = output(drawn, spoken)
    assert reasoning["type"] == "reasoning"
    assert (picture["result"], picture["output_format"]) == ("aGk=", "png")


GROUNDING = {
    "webSearchQueries": ["", "cafés"],
    "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}, {"maps": {"uri": "https://m.example"}}],
    "groundingSupports": [
        {"segment": {"startIndex": 6, "endIndex": 11, "text": "café"}, "groundingChunkIndices": [0, 1]},
        {"segment": {"startIndex": 0, "endIndex": 4}, "groundingChunkIndices": [0, 9]},
        {"segment": {"startIndex": 90, "endIndex": 95, "text": "here"}, "groundingChunkIndices": [0]},
        {"segment": {"startIndex": 90, "endIndex": 95}, "groundingChunkIndices": [0]},
    ],
}


def test_bytes_become_characters() -> None:
    answer = told(
        generated({"text": "é😀"}),
        generated({"text": "café here"}),
        generated({"text": "", "thoughtSignature": "cw=="}, finish="STOP", groundingMetadata=GROUNDING),
    )
    message, _, search = answer.body["output"]
    (part,) = message["content"]
    notes = [(note["url"], part["text"][note["start_index"] : note["end_index"]]) for note in part["annotations"]]
    assert notes == [
        ("https://a.example", "café"),
        ("https://m.example", "café"),
        ("https://a.example", "é"),
        ("https://a.example", "here"),
    ]
    assert search["action"]["queries"] == ["cafés"]


def test_supports_count_from_the_beginning_of_their_part() -> None:
    segment = {"partIndex": 1, "startIndex": 0, "endIndex": 2}
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a.example"}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
    }
    body = answered(generated({"text": "One. "}, {"text": "Two."}, finish="STOP", groundingMetadata=grounding))
    (note,) = body["output"][0]["content"][0]["annotations"]
    assert (note["start_index"], note["end_index"]) == (5, 7)


def test_citations_and_pages() -> None:
    body = answered(
        generated(
            {"text": "As it is said."},
            finish="STOP",
            citationMetadata={
                "citations": [{"startIndex": 0, "endIndex": 5, "uri": "https://a.example"}, {"endIndex": 1}]
            },
            urlContextMetadata={
                "urlMetadata": [
                    {"retrievedUrl": "https://a.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
                    {"retrievedUrl": "https://b.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
                ]
            },
        )
    )
    message, first, second = body["output"]
    assert [note["url"] for note in message["content"][0]["annotations"]] == ["https://a.example"]
    assert (first["action"], first["status"]) == ({"type": "open_page", "url": "https://a.example"}, "completed")
    assert second["status"] == "failed"


def test_passages_of_files() -> None:
    passage = {"retrievedContext": {"title": "a.pdf", "text": "So it is.", "fileSearchStore": "fileSearchStores/s"}}
    grounding = {
        "groundingChunks": [passage],
        "groundingSupports": [{"segment": {"endIndex": 2}, "groundingChunkIndices": [0]}],
    }
    body = answered(generated({"text": "So."}, finish="STOP", groundingMetadata=grounding))
    message, search = body["output"]
    assert message["content"][0]["annotations"] == [
        {"type": "file_citation", "file_id": "fileSearchStores/s", "filename": "a.pdf", "index": 2}
    ]
    assert search["results"][0]["text"] == "So it is."


def test_probabilities_are_told_to_those_who_want_them() -> None:
    likely = {
        "chosenCandidates": [{"token": "Hi", "logProbability": -0.5}],
        "topCandidates": [
            {"candidates": [{"token": "Hi", "logProbability": -0.5}, {"token": "Yo", "logProbability": -2}]}
        ],
    }
    chunk = generated({"text": "Hi"}, finish="STOP", logprobsResult=likely)
    (item,) = told(chunk, include=["message.output_text.logprobs"]).body["output"]
    (token,) = item["content"][0]["logprobs"]
    assert (token["token"], [each["token"] for each in token["top_logprobs"]]) == ("Hi", ["Hi", "Yo"])
    assert told(chunk).body["output"][0]["content"][0]["logprobs"] == []


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", 3])
def test_an_answer_that_was_filtered(reason: Any) -> None:
    body = told(generated({"text": "So"}), generated(finish=reason)).body
    assert body["incomplete_details"] == {"reason": "content_filter"}


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE", "NO_IMAGE", "OTHER", 9, 99])
def test_an_answer_that_went_wrong_may_be_asked_for_again(reason: Any) -> None:
    answer = told(generated({"text": "So"}), generated(finish=reason, finishMessage="Bad call."))
    assert isinstance(answer.error, UpstreamBroke)
    assert answer.error.retry is Retry.SAME
    assert "Bad call." in answer.error.message


def test_a_prompt_that_was_blocked() -> None:
    error = told({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USAGE}).error
    assert isinstance(error, UpstreamRefused)
    assert (error.status, error.code, error.retry) == (400, "invalid_prompt", Retry.NEVER)


@pytest.mark.parametrize(
    "body", [{}, [], {"candidates": []}, generated({"text": "So"}), {"candidates": [{"index": 1}]}]
)
def test_what_is_no_answer(body: Any) -> None:
    with pytest.raises(UpstreamBroke):
        answered(body)
    assert isinstance(told(body).error, UpstreamBroke)


def test_tiers_that_were_served() -> None:
    for usage, tier in (
        ({"serviceTier": "flex"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({}, "default"),
    ):
        assert told(generated({"text": "So"}, finish="STOP", usage=USAGE | usage)).body["service_tier"] == tier


def error_of(**members: Any) -> bytes:
    return json.dumps({"error": members}).encode()


LATER = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


def test_a_limit_says_when_to_come_back() -> None:
    data = error_of(
        code=429, status="RESOURCE_EXHAUSTED", message="You exceeded your current quota.", details=[{}, LATER]
    )
    error = GEMINI.refusal(429, b"[%b]" % data, None)
    assert (error.status, error.code, error.retry, error.retry_after) == (429, "rate_limit_exceeded", Retry.SAME, 34.5)
    assert GEMINI.refusal(429, data, 2.0).retry_after == 2.0
    for odd in ("soon", "-1s", "infs", 7):
        data = error_of(code=429, status="RESOURCE_EXHAUSTED", details=[LATER | {"retryDelay": odd}])
        assert GEMINI.refusal(429, data, None).retry_after is None


@pytest.mark.parametrize(
    ("status", "body", "seen", "code", "retry"),
    [
        (400, error_of(code=400, message="API key not valid.", details=[KEY]), 502, "upstream_error", Retry.ELSEWHERE),
        (403, error_of(code=403, status="PERMISSION_DENIED", message="No."), 502, "upstream_error", Retry.ELSEWHERE),
        (
            400,
            error_of(code=400, message="The input token count (9) exceeds the maximum number of tokens allowed (8)."),
            400,
            "context_length_exceeded",
            Retry.NEVER,
        ),
        (503, error_of(code=503, status="UNAVAILABLE", message="Overloaded."), 503, "server_error", Retry.SAME),
        (504, error_of(code=504, status="DEADLINE_EXCEEDED", message="Slow."), 504, "server_error", Retry.SAME),
        (500, error_of(code=500, status="INTERNAL", message="Oh."), 502, "server_error", Retry.SAME),
        (500, b"<html>", 502, "server_error", Retry.SAME),
    ],
)
def test_errors_have_their_meanings(status: int, body: bytes, seen: int, code: str, retry: Retry) -> None:
    error = GEMINI.refusal(status, body, None)
    assert (error.status, error.code, error.retry) == (seen, code, retry)


def test_an_error_in_the_middle_of_a_stream() -> None:
    for error in ({"code": 503, "message": "Later."}, {"status": "UNAVAILABLE", "message": "Later."}):
        answer = told(generated({"text": "So"}), {"error": error})
        assert isinstance(answer.error, UpstreamRefused)
        assert (answer.error.status, answer.error.message) == (503, "Later.")
    assert told({"error": "odd"}).error is not None


def test_the_quick_way_keeps_count() -> None:
    reader = GEMINI.reader(a_turn(), gemini_target())
    number = len(reader.feed(stream(generated({"text": "a"}))).events)
    frame = reader.quick(stream(generated({"text": "b"}, usage=USAGE)), number)
    assert frame is not None
    for slow in (
        stream(generated({"text": "c"}), generated({"text": "d"})),
        stream(generated({"text": "c"}, finish="STOP")),
        stream(generated({"text": "c", "thought": True})),
        stream(generated(call("f"))),
        b"data: {",
        b"data: x\n\n",
        b": ping\n\n",
    ):
        assert reader.quick(slow, number + 1) is None
    assert reader.quick(stream(generated({"text": "c"})), number) is None


def test_a_count_that_is_no_number_is_no_failure() -> None:
    said = json.dumps(generated({"text": "a"}, finish="STOP", usage={"promptTokenCount": 7})).replace("7", "1e999")
    assert answered(said.encode())["usage"]["input_tokens"] == 0
