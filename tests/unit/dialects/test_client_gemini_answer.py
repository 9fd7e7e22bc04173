"""Answers told to Google's clients: what Google itself said, read by our own reader, must be told as it was said."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_framing import ArrayFraming
from antiphon.dialects.client_gemini_shapes import GeminiTold, signature_of
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.wire.events import Event
from antiphon.wire.synthesis import synthesised
from tests.chat_streams import a_turn
from tests.gemini_streams import answered, heard
from tests.replayed import name_of
from tests.unit.dialects.test_gemini_recordings import ANSWERED, INCLUDE, Reading, target_for

TOLD = GeminiTold("resp_1", "fast", includes_thoughts=True)
LIMITED = {"MAX_TOKENS", "SAFETY"}
"""Reasons that clients are told by name; to all others an answer has just ended."""

Body = dict[str, Any]


@dataclass
class Told:
    """What a client puts together of an answer's chunks."""

    reading: Reading = field(default_factory=Reading)
    about: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    ends: int = 0

    def add(self, chunk: Body) -> None:
        assert self.ends == 0, "nothing comes after the end"
        (candidate,) = chunk["candidates"]
        assert candidate["content"]["role"] == "model"
        assert candidate["index"] == 0
        self.about.add((chunk["modelVersion"], chunk["responseId"]))
        self.ends += "finishReason" in candidate
        self.reading.add(chunk)

    @property
    def all(self) -> list[Any]:
        """Everything, as one piece would tell it."""
        assert self.about == {("fast", "resp_1")}
        assert self.ends == 1
        reading = self.reading
        return [
            *("".join(reading.texts), reading.thoughts, reading.calls, reading.code, reading.pictures),
            *(reading.signatures, reading.usage, reading.grounding, reading.pages, reading.finish, reading.tokens),
        ]


def told_in(chunks: list[Body]) -> list[Any]:
    told = Told()
    for chunk in chunks:
        told.add(chunk)
    return told.all


def events_in(frames: bytes) -> list[Body]:
    """Every chunk of a stream of events."""
    pieces = frames.decode().split("\r\n\r\n")
    assert pieces.pop() == ""
    assert all(piece.startswith("data: ") for piece in pieces)
    return [json.loads(piece.removeprefix("data: ")) for piece in pieces]


def streamed(events: list[Event], told: GeminiTold = TOLD) -> list[Body]:
    """The same chunks in both forms of a stream."""
    one, other = GeminiTeller(told, sse=True), GeminiTeller(told, sse=False)
    chunks = events_in(b"".join(one.frames([event]) for event in events))
    assert json.loads(other.frames(events)) == chunks
    return chunks


def body_of(*items: Body, **members: Any) -> bytes:
    return json.dumps({"status": "completed", "output": list(items)} | members).encode()


def message(text: str, **part: Any) -> Body:
    return {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text} | part],
    }


def candidate_of(body: bytes, told: GeminiTold = TOLD) -> Body:
    """The candidate of the whole answer, which the stream comes to, too."""
    whole = json.loads(gemini_whole(body, told))
    assert told_in(streamed(synthesised(body), told)) == told_in([whole])
    return whole["candidates"][0]


@pytest.mark.parametrize("exchange", ANSWERED, ids=name_of)
def test_a_recorded_answer_is_told_as_it_was_said(exchange: Body) -> None:
    turn, target = a_turn(include=INCLUDE, store=False), target_for(exchange)
    if exchange["response"].get("sse"):
        heard_so = heard(exchange["response"]["sse"].encode(), turn, target)
        body, events = json.dumps(heard_so.body).encode(), heard_so.events
    else:
        body = json.dumps(answered(exchange["response"]["body"], turn, target)).encode()
        events = synthesised(body)
    whole = told_in([json.loads(gemini_whole(body, TOLD))])
    chunks = told_in(streamed(events))
    assert chunks == whole
    text, thoughts, calls, code, pictures, signatures, usage, grounding, pages, finish, tokens = whole
    from_google = Told()
    for said in said_by(exchange):
        from_google.reading.add(said)
    reading = from_google.reading
    assert text == "".join(reading.texts)
    assert thoughts == reading.thoughts
    assert [call[:2] for call in calls] == [call[:2] for call in reading.calls]
    assert (code, pictures, tokens) == (reading.code, reading.pictures, reading.tokens)
    assert len(signatures) == len(set(signatures))
    assert bool(signatures) >= bool(reading.signatures)
    assert finish == (reading.finish if reading.finish in LIMITED else "STOP")
    assert [page["retrievedUrl"] for page in pages] == [page["retrievedUrl"] for page in reading.pages]
    counted(usage, reading.usage)
    rests_on(grounding, reading.grounding)


def said_by(exchange: Body) -> list[Body]:
    response = exchange["response"]
    if not response.get("sse"):
        return [response["body"]]
    return [json.loads(line[5:]) for line in response["sse"].splitlines() if line.startswith("data:")]


def counted(usage: Body, sent: Body) -> None:
    if "promptTokenCount" not in sent:
        assert usage["totalTokenCount"] == 0
        return
    assert usage["promptTokenCount"] == sent["promptTokenCount"] + sent.get("toolUsePromptTokenCount", 0)
    for name in ("totalTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount"):
        assert usage.get(name, 0) == sent.get(name, 0), name


def rests_on(grounding: Body, sent: Body) -> None:
    """The same places, cited for the same words."""

    def places(said: Body) -> list[tuple[Any, str]]:
        return [
            (where(said["groundingChunks"][index]), support["segment"]["text"])
            for support in said.get("groundingSupports", [])
            for index in support["groundingChunkIndices"]
        ]

    assert [place for place, _ in places(grounding)] == [place for place, _ in places(sent)]
    # A file is cited at the end of the words alone: the Responses API does not say where they began.
    assert all(one.endswith(other) for (_, one), (_, other) in zip(places(grounding), places(sent), strict=True) if one)
    queries = {query for query in sent.get("webSearchQueries", []) if query}
    assert set(grounding.get("webSearchQueries", [])) == queries or not sent


def where(chunk: Body) -> Any:
    return chunk["web"]["uri"] if "web" in chunk else chunk["retrievedContext"].get("fileSearchStore")


def test_a_seal_is_on_the_part_behind_it() -> None:
    thought: Body = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    call: Body = {"type": "function_call", "call_id": "c", "name": "look", "arguments": '{"a":1}', "namespace": "eye"}
    items = [thought | {"encrypted_content": "ant1.a"}, call, thought | {"encrypted_content": "ant1.b"}]
    parts = candidate_of(body_of(*items))["content"]["parts"]
    assert parts == [
        {"text": "Hm.", "thought": True},
        {
            "functionCall": {"id": "c", "name": "eye__look", "args": {"a": 1}},
            "thoughtSignature": signature_of("ant1.a"),
        },
        {"text": "Hm.", "thought": True},
        {"text": "", "thoughtSignature": signature_of("ant1.b")},
    ]
    silent = GeminiTold("resp_1", "fast")
    assert [part for part in candidate_of(body_of(*items), silent)["content"]["parts"] if "thought" in part] == []


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "STOP"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "MAX_TOKENS"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "SAFETY"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_tool_calls"}}, "OTHER"),
    ],
)
def test_why_an_answer_ended(members: Body, reason: str) -> None:
    assert candidate_of(body_of(message("Hi"), **members))["finishReason"] == reason


def test_a_refusal_is_told_with_its_words() -> None:
    content = [{"type": "refusal", "refusal": "No."}]
    told = candidate_of(body_of({"type": "message", "id": "m", "role": "assistant", "content": content}))
    assert (told["content"]["parts"], told["finishReason"]) == ([{"text": "No."}], "SAFETY")


def test_citations_count_in_bytes_over_the_whole_answer() -> None:
    note: Body = {"type": "url_citation", "url": "https://a.org", "title": "A", "start_index": 1, "end_index": 3}
    told = candidate_of(body_of(message("é!", annotations=[]), message("ßeß", annotations=[note])))
    grounding = told["groundingMetadata"]
    assert grounding["groundingChunks"] == [{"web": {"uri": "https://a.org", "title": "A"}}]
    segment = {"startIndex": 5, "endIndex": 8, "text": "eß"}
    assert grounding["groundingSupports"] == [{"segment": segment, "groundingChunkIndices": [0]}]


def test_nothing_said_is_an_empty_part() -> None:
    assert candidate_of(body_of())["content"]["parts"] == [{"text": ""}]


def failed(code: str, message: str = "Bad luck.") -> Event:
    response = {"status": "failed", "error": {"code": code, "message": message}}
    return Event("response.failed", 9, json.dumps({"type": "response.failed", "response": response}).encode())


def test_a_failure_ends_a_stream_as_an_error() -> None:
    opened = [event for event in synthesised(body_of(message("Hi"))) if event.type != "response.completed"]
    last = streamed([*opened, failed("rate_limit_exceeded")])[-1]
    assert last == {"error": {"code": 429, "message": "Bad luck.", "status": "RESOURCE_EXHAUSTED"}}


def test_a_prompt_that_is_refused_is_an_answer_without_candidates() -> None:
    (only,) = streamed([failed("invalid_prompt")])
    assert only["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "Bad luck."}
    assert "candidates" not in only


def test_an_array_has_every_event_however_they_come_cut() -> None:
    stream = b'data: {"a":1}\r\n\r\n: comment\n\ndata: {"b":\ndata: 2}\n\ndata: {"c":3}'
    for cut in range(len(stream)):
        framing = ArrayFraming()
        array = framing.feed(stream[:cut]) + framing.feed(stream[cut:]) + framing.close()
        assert json.loads(array) == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert ArrayFraming().close() == b"[]"
    broken = ArrayFraming()
    assert json.loads(broken.feed(b'data: 1\n\ndata: {"a') + broken.broken(b'{"error":2}') + broken.close()) == [
        1,
        {"error": 2},
    ]
