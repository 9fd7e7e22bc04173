"""Every recorded answer of Google's, read by the dialect and, independently, by this file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from antiphon.errors import UpstreamError, UpstreamRefused
from antiphon.protocols import Target
from tests.chat_streams import a_turn
from tests.gemini_streams import GEMINI, answered, gemini_target, heard, in_chunks, inner, listed, sealed_in
from tests.grammar import check_stream
from tests.replayed import answers, exchanges, has_answer, name_of

BLOCKED = {"vertex-generate.test_google_model_armor_prompt_template_text_gets_blocked.1.dfe16821"}
IN_PIECES = {
    "gemini-stream.google-stream-no-args-tool-call.0.44419956": "no whole answer has a call in pieces",
}
"""Streams that have no twin in one piece, and why."""

INCLUDE = ["message.output_text.logprobs"]


EXCHANGES = [each for each in answers("gemini") if not each["api"].endswith("count_tokens")]
COUNTS = [each for each in answers("gemini") if each["api"].endswith("count_tokens")]
ANSWERED = [each for each in EXCHANGES if each["id"] not in BLOCKED]
STREAMS = [each for each in ANSWERED if each["response"].get("sse")]
WHOLE = [each for each in ANSWERED if not each["response"].get("sse")]
REFUSED = [each for each in exchanges("gemini") if not has_answer(each)]


def target_for(exchange: dict[str, Any]) -> Target:
    model = exchange["request"]["url_path"].rpartition("/")[2].partition(":")[0]
    return gemini_target(model, google_api="vertex" if exchange["api"].startswith("vertex") else "studio")


@dataclass
class Reading:
    """What Google said, put together without any of the code under test."""

    texts: list[str] = field(default_factory=list[str])
    thoughts: str = ""
    calls: list[Any] = field(default_factory=list[Any])
    code: list[Any] = field(default_factory=list[Any])
    pictures: list[str] = field(default_factory=list[str])
    signatures: list[str] = field(default_factory=list[str])
    usage: Any = field(default_factory=dict[str, Any])
    grounding: Any = field(default_factory=dict[str, Any])
    pages: list[Any] = field(default_factory=list[Any])
    finish: Any = None
    identity: Any = None
    tokens: list[str] = field(default_factory=list[str])

    def add(self, said: Any) -> None:
        usage = inner(said, "usageMetadata")
        self.usage = usage if "promptTokenCount" in usage or not self.usage else self.usage
        self.identity = said.get("responseId")
        (candidate,) = said["candidates"]
        self.grounding |= inner(candidate, "groundingMetadata")
        self.pages += listed(inner(candidate, "urlContextMetadata"), "urlMetadata")
        self.finish = candidate.get("finishReason") or self.finish
        self.tokens += [each["token"] for each in listed(inner(candidate, "logprobsResult"), "chosenCandidates")]
        for part in listed(inner(candidate, "content"), "parts"):
            self.part(part)

    def part(self, part: Any) -> None:
        if "thoughtSignature" in part:
            self.signatures.append(part["thoughtSignature"])
        if part.get("thought"):
            self.thoughts += part["text"]
        elif "text" in part:
            self.texts.append(part["text"])
        elif "functionCall" in part:
            self.call(part["functionCall"])
        elif "executableCode" in part:
            self.code.append([part["executableCode"]["code"], ""])
        elif "codeExecutionResult" in part:
            self.code[-1][1] = part["codeExecutionResult"].get("output", "")
        elif "inlineData" in part:
            self.pictures.append(part["inlineData"]["data"])

    def call(self, call: Any) -> None:
        if "name" in call:
            self.calls.append([call["name"], call.get("args") or {}, call.get("id")])
        for piece in call.get("partialArgs", []):
            name = piece["jsonPath"].removeprefix("$.")
            self.calls[-1][1][name] = self.calls[-1][1].get(name, "") + piece["stringValue"]


def said_in(exchange: dict[str, Any]) -> list[Any]:
    response = exchange["response"]
    if not response.get("sse"):
        return [response["body"]]
    return [json.loads(line[5:]) for line in response["sse"].splitlines() if line.startswith("data:")]


def reading_of(exchange: dict[str, Any]) -> Reading:
    reading = Reading()
    for said in said_in(exchange):
        reading.add(said)
    return reading


def items(body: Any, *kinds: str) -> list[Any]:
    return [item for item in body["output"] if item["type"] in kinds]


def text_of(body: Any) -> str:
    return "".join(part["text"] for item in items(body, "message") for part in item["content"])


def agrees(body: Any, reading: Reading) -> None:
    assert text_of(body) == "".join(reading.texts)
    summary = [part["text"] for item in items(body, "reasoning") for part in item["summary"]]
    assert "".join(summary) == reading.thoughts
    calls = items(body, "function_call")
    assert [(call["name"], json.loads(call["arguments"])) for call in calls] == [(n, a) for n, a, _ in reading.calls]
    for call, (_, _, identity) in zip(calls, reading.calls, strict=True):
        assert call["call_id"] == identity or (identity is None and call["call_id"].startswith("call_"))
    code = [[item["code"], item["outputs"][0]["logs"]] for item in items(body, "code_interpreter_call")]
    assert code == reading.code
    assert [item["result"] for item in items(body, "image_generation_call")] == reading.pictures
    assert [each["thoughtSignature"] for each in sealed_in(body) if "thoughtSignature" in each] == reading.signatures
    assert body["status"] == ("incomplete" if reading.finish == "MAX_TOKENS" else "completed")
    counts(body["usage"], reading.usage)


def counts(usage: Any, sent: Any) -> None:
    if "promptTokenCount" not in sent:
        assert usage["total_tokens"] == 0
        return
    read, thought = sent["promptTokenCount"] + sent.get("toolUsePromptTokenCount", 0), sent.get("thoughtsTokenCount", 0)
    assert usage["input_tokens"] == read
    assert usage["output_tokens"] == sent.get("candidatesTokenCount", 0) + thought
    assert usage["total_tokens"] == sent["totalTokenCount"]
    assert usage["output_tokens_details"]["reasoning_tokens"] == thought
    assert usage["input_tokens_details"]["cached_tokens"] == sent.get("cachedContentTokenCount", 0)
    shares = {share["modality"]: share["tokenCount"] for share in sent.get("promptTokensDetails", [])}
    if 1 not in shares:
        assert usage["prompt_tokens_details"]["audio_tokens"] == shares.get("AUDIO", 0)
        assert usage["prompt_tokens_details"]["image_tokens"] == shares.get("IMAGE", 0)
    assert usage["raw_usage"] == sent


def rests_on(body: Any, reading: Reading) -> None:
    """The sources: each support of each source, and each search."""
    expected: list[Any] = []
    for support in reading.grounding.get("groundingSupports", []):
        words = support["segment"]["text"]  # its numbers are those from before the recorder folded dashes into ASCII
        expected += [(source(reading, index), words) for index in support["groundingChunkIndices"]]
    found: list[Any] = []
    for item in items(body, "message"):
        for part in item["content"]:
            for note in part["annotations"]:
                start = note.get("start_index", 0)
                words = part["text"][start : note.get("end_index", note.get("index"))]
                found.append((note.get("url", note.get("file_id")), words))
    assert [each for each, _ in found] == [each for each, _ in expected]
    assert all(cited.endswith(words) for (_, cited), (_, words) in zip(found, expected, strict=True))
    actions = [item["action"] for item in items(body, "web_search_call")]
    queries = [query for action in actions for query in action.get("queries", [])]
    assert (
        set(queries) == {query for query in reading.grounding.get("webSearchQueries", []) if query}
        or not reading.grounding
    )
    assert [action["url"] for action in actions if "url" in action] == [page["retrievedUrl"] for page in reading.pages]
    chunks = [
        chunk["retrievedContext"]["text"]
        for chunk in reading.grounding.get("groundingChunks", [])
        if "retrievedContext" in chunk
    ]
    assert [result["text"] for item in items(body, "file_search_call") for result in item["results"]] == chunks


def source(reading: Reading, index: int) -> str:
    chunk = reading.grounding["groundingChunks"][index]
    return chunk["web"]["uri"] if "web" in chunk else chunk["retrievedContext"]["fileSearchStore"]


def test_there_are_recordings() -> None:
    assert len(EXCHANGES) >= 82
    assert len(STREAMS) >= 13
    assert len(COUNTS) >= 2
    assert len(REFUSED) >= 5
    assert {each["id"] for each in EXCHANGES} >= BLOCKED | IN_PIECES.keys()


@pytest.mark.parametrize("exchange", STREAMS, ids=name_of)
def test_a_recorded_stream(exchange: dict[str, Any]) -> None:
    answer = heard(exchange["response"]["sse"].encode(), a_turn(include=INCLUDE, store=False), target_for(exchange))
    check_stream(answer.events)
    assert "".join(answer.said("response.output_text.delta")) == text_of(answer.body)
    reading = reading_of(exchange)
    agrees(answer.body, reading)
    rests_on(answer.body, reading)
    assert answer.outcome is not None
    assert answer.outcome.upstream_id == reading.identity


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer(exchange: dict[str, Any]) -> None:
    body = answered(exchange["response"]["body"], a_turn(include=INCLUDE, store=False), target_for(exchange))
    reading = reading_of(exchange)
    agrees(body, reading)
    rests_on(body, reading)
    tokens = [each["token"] for item in items(body, "message") for part in item["content"] for each in part["logprobs"]]
    assert tokens == reading.tokens


@pytest.mark.parametrize("exchange", WHOLE, ids=name_of)
def test_a_recorded_whole_answer_would_be_the_same_in_a_stream(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["body"]
    whole = answered(body, a_turn(include=INCLUDE, store=False), target_for(exchange))
    answer = heard(in_chunks(body), a_turn(include=INCLUDE, store=False), target_for(exchange))
    check_stream(answer.events)
    assert answer.body == whole


@pytest.mark.parametrize("exchange", [each for each in STREAMS if each["id"] not in IN_PIECES], ids=name_of)
def test_a_recorded_stream_would_be_the_same_in_one_piece(exchange: dict[str, Any]) -> None:
    chunks = said_in(exchange)
    whole = dict(chunks[-1])
    merged: dict[str, Any] = {}
    parts: list[Any] = []
    for chunk in chunks:
        candidate = chunk["candidates"][0]
        parts += candidate.get("content", {}).get("parts", [])
        merged |= {name: value for name, value in candidate.items() if name != "content"}
    whole["candidates"] = [merged | {"content": {"parts": parts}}]
    answer = heard(exchange["response"]["sse"].encode(), a_turn(store=False), target_for(exchange))
    assert answer.body == answered(whole, a_turn(store=False), target_for(exchange))


@pytest.mark.parametrize("exchange", [each for each in EXCHANGES if each["id"] in BLOCKED], ids=name_of)
def test_a_recorded_prompt_that_was_blocked(exchange: dict[str, Any]) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        answered(exchange["response"]["body"])
    assert (caught.value.status, caught.value.code) == (400, "invalid_prompt")
    assert "Prompt Injection" in caught.value.message


@pytest.mark.parametrize("exchange", REFUSED, ids=name_of)
def test_a_recorded_refusal(exchange: dict[str, Any]) -> None:
    response = exchange["response"]
    error: UpstreamError = GEMINI.refusal(response["status"], json.dumps(response["body"]).encode(), None)
    assert error.status == 400
    assert error.code == ("model_not_found" if response["status"] == 404 else None)


@pytest.mark.parametrize("exchange", COUNTS, ids=name_of)
def test_a_recorded_count_is_read(exchange: dict[str, Any]) -> None:
    answer = exchange["response"]["body"]
    assert GEMINI.counting.tokens(json.dumps(answer).encode()) == answer["totalTokens"]
