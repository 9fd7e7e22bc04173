import json
from typing import Any

import pytest

from antiphon.dialects.writer_items import Callee
from antiphon.wire.events import Event
from antiphon.wire.usage import Usage
from tests.unit.dialects.writing import a_writer, output, payloads, types


def test_the_golden_stream_of_a_text() -> None:
    writer = a_writer(obfuscate=True)
    writer.text("stream")
    writer.text("ed")
    writer.finish()
    events = payloads(writer.take())
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    place = {"item_id": "msg_0", "output_index": 0, "content_index": 0}
    item: dict[str, Any] = {
        "type": "message",
        "id": "msg_0",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    assert events[2] == {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": item,
        "sequence_number": 2,
    }
    assert events[3] == {"type": "response.content_part.added", **place, "part": part, "sequence_number": 3}
    padding = events[4].pop("obfuscation")
    assert len(padding) == 10
    assert events[4] == {
        "type": "response.output_text.delta",
        **place,
        "delta": "stream",
        "logprobs": [],
        "sequence_number": 4,
    }
    done = part | {"text": "streamed"}
    assert events[6] == {
        "type": "response.output_text.done",
        **place,
        "text": "streamed",
        "logprobs": [],
        "sequence_number": 6,
    }
    assert events[8]["item"] == item | {"status": "completed", "content": [done]}
    final = events[9]["response"]
    assert (final["status"], final["completed_at"], final["service_tier"]) == ("completed", 9, "default")
    assert final["output"] == [events[8]["item"]]


def test_every_event_begins_with_its_type() -> None:
    writer = a_writer()
    writer.text("a")
    writer.finish()
    for event in writer.take():
        assert event.data.startswith(b'{"type":"%b",' % event.type.encode())


def test_the_terminal_snapshot_is_the_outcome_byte_for_byte() -> None:
    writer = a_writer()
    writer.text("a")
    writer.usage = Usage(input_tokens=3, output_tokens=1, total_tokens=4)
    writer.upstream_id = "chatcmpl-1"
    outcome = writer.finish()
    terminal = writer.take()[-1]
    assert terminal.data == b'{"type":"response.completed","response":%b,"sequence_number":8}' % outcome.body
    assert (outcome.status, outcome.upstream_id) == ("completed", "chatcmpl-1")
    assert json.loads(outcome.body)["usage"]["total_tokens"] == 4


def test_nothing_said_is_an_empty_answer() -> None:
    writer = a_writer()
    writer.finish()
    assert types(writer.take()) == ["created", "in_progress", "completed"]
    assert output(writer) == []


def test_opening_is_announced_once_and_by_itself() -> None:
    asked, unasked = a_writer(), a_writer()
    asked.open()
    asked.open()
    assert [event.type for event in asked.take()] == ["response.created", "response.in_progress"]
    unasked.text("a")
    assert [event.number for event in unasked.take()] == list(range(5))


def test_after_the_end_nothing_is_taken() -> None:
    writer = a_writer()
    outcome = writer.finish("content_filter")
    before = writer.take()
    writer.text("late")
    writer.call(0, "call_1", Callee("f"))
    writer.arguments(0, "{}")
    writer.done(0)
    writer.item({"type": "image_generation_call", "result": ""})
    writer.open()
    assert writer.finish() is outcome
    assert writer.take() == ()
    assert [event.type for event in before][-1] == "response.incomplete"


def test_empty_deltas_open_nothing() -> None:
    writer = a_writer()
    for say in (writer.text, writer.refusal, writer.reasoning, writer.summary):
        say("")
    writer.finish()
    assert types(writer.take()) == ["created", "in_progress", "completed"]


def test_reasoning_closes_before_the_text_and_may_come_again() -> None:
    writer = a_writer()
    writer.reasoning("hm")
    writer.text("a")
    writer.reasoning("oh")
    writer.text("b")
    writer.finish()
    payloads(writer.take())
    assert [item["type"] for item in output(writer)] == ["reasoning", "message", "reasoning", "message"]
    assert output(writer)[0] == {
        "type": "reasoning",
        "id": "rs_0",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "hm"}],
    }


def test_summaries_and_raw_reasoning_share_an_item() -> None:
    writer = a_writer()
    writer.summary("told")
    writer.reasoning("raw")
    writer.finish()
    assert "reasoning_summary_part.added" in types(writer.take())
    (item,) = output(writer)
    assert item["summary"] == [{"type": "summary_text", "text": "told"}]
    assert item["content"] == [{"type": "reasoning_text", "text": "raw"}]


def test_text_and_refusal_are_parts_of_one_message() -> None:
    writer = a_writer()
    writer.text("a")
    writer.refusal("no")
    writer.finish()
    payloads(writer.take())
    (item,) = output(writer)
    assert [part["type"] for part in item["content"]] == ["output_text", "refusal"]


def test_calls_are_written_one_after_the_other_however_they_come() -> None:
    writer = a_writer()
    writer.call("a", "call_a", Callee("f"))
    writer.call("b", "call_b", Callee("g", "space"))
    writer.arguments("b", '{"y"')
    writer.arguments("a", '{"x":1}')
    writer.arguments("b", ":2}")
    writer.done("a")
    told = writer.take()
    writer.text("bye")
    writer.done("b")
    writer.finish()
    payloads(told + writer.take())
    assert [event.type for event in told][-3:] == ["response.output_item.added"] + [
        "response.function_call_arguments.delta"
    ] * 2
    first, second, last = output(writer)
    assert (first["name"], first["arguments"], first["call_id"], first["status"]) == (
        "f",
        '{"x":1}',
        "call_a",
        "completed",
    )
    assert (second["name"], second["namespace"], second["arguments"]) == ("g", "space", '{"y":2}')
    assert "namespace" not in first
    assert last["content"][0]["text"] == "bye"


def test_calls_that_were_never_done_are_all_told_at_the_end() -> None:
    writer = a_writer()
    for key in range(3):
        writer.call(key, f"call_{key}", Callee(f"f{key}"))
    for key in (2, 1, 0):
        writer.arguments(key, str(key))
    writer.finish("max_output_tokens")
    payloads(writer.take())
    assert [(item["name"], item["arguments"], item["status"]) for item in output(writer)] == [
        ("f0", "0", "completed"),
        ("f1", "1", "completed"),
        ("f2", "2", "incomplete"),
    ]


def test_what_comes_for_a_call_that_is_done_or_unknown_is_not_told() -> None:
    writer = a_writer()
    writer.call(0, "call_0", Callee("f"))
    writer.done(0)
    writer.arguments(0, "late")
    writer.arguments(1, "stray")
    writer.done(1)
    writer.finish()
    payloads(writer.take())
    assert [item["arguments"] for item in output(writer)] == ["{}"]


def test_a_call_without_arguments_has_an_empty_object() -> None:
    writer = a_writer()
    writer.call(0, "call_0", Callee("f"))
    writer.finish()
    events = payloads(writer.take())
    assert "response.function_call_arguments.delta" not in [event["type"] for event in events]
    assert [event["arguments"] for event in events if event["type"].endswith("arguments.done")] == ["{}"]


def test_custom_calls_take_free_text() -> None:
    writer = a_writer()
    writer.call(0, "call_0", Callee("patch", custom=True))
    writer.arguments(0, "*** Begin")
    writer.finish()
    payloads(writer.take())
    assert output(writer) == [
        {"type": "custom_tool_call", "id": "ctc_0", "call_id": "call_0", "name": "patch", "input": "*** Begin"}
    ]


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
def test_an_incomplete_answer_closes_what_is_open(reason: str) -> None:
    writer = a_writer()
    writer.text("half a sen")
    writer.finish(reason)
    final = payloads(writer.take())[-1]["response"]
    assert (final["status"], final["completed_at"]) == ("incomplete", None)
    assert final["incomplete_details"] == {"reason": reason}
    assert output(writer)[0]["status"] == "incomplete"


def test_annotations_belong_to_the_text_that_is_open_or_comes_next() -> None:
    writer = a_writer()
    early, late = ({"type": "url_citation", "url": url} for url in ("https://a.example", "https://b.example"))
    writer.annotate(lambda run: [early] * (not run.text()))
    writer.text("a")
    writer.annotate(lambda run: [late] * (run.text() == "a"))
    writer.text("b")
    writer.finish()
    payloads(writer.take())
    assert output(writer)[0]["content"][0]["annotations"] == [early, late]


def test_logprobs_wait_for_the_text_they_belong_to() -> None:
    writer = a_writer()
    first, second, third = ({"token": token, "logprob": 0.0} for token in "abc")
    writer.text("", [first])
    writer.text("ab", [second])
    writer.text("", [third])
    writer.finish()
    events = [json.loads(event.data) for event in writer.take()]
    assert [event["logprobs"] for event in events if event["type"].endswith("text.delta")] == [[first, second]]
    assert output(writer)[0]["content"][0]["logprobs"] == [first, second, third]


def test_half_a_character_waits_for_its_other_half() -> None:
    writer = a_writer()
    for piece in ("a\ud83d", "\ude00b", "\ud83d", "c", "\ude00", "\ud83d"):
        writer.text(piece)
    writer.finish()
    events = payloads(writer.take())
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert deltas == ["a", "\U0001f600b", "\ufffdc", "\ufffd", "\ufffd"]
    assert output(writer)[0]["content"][0]["text"] == "".join(deltas)


@pytest.mark.parametrize("length", range(1, 34))
def test_padding_hides_the_length_of_a_delta(length: int) -> None:
    writer = a_writer(obfuscate=True)
    writer.text("é" * length)
    writer.text("é" * length)
    first, second = (json.loads(event.data) for event in writer.take()[-2:])
    assert len(first["delta"] + first["obfuscation"]) % 16 == 0
    assert len(first["obfuscation"]) < 16
    assert first["obfuscation"].isalnum() or not first["obfuscation"]
    assert length % 16 == 0 or first["obfuscation"] != second["obfuscation"]


def test_the_same_answer_is_the_same_bytes() -> None:
    def written() -> tuple[Event, ...]:
        writer = a_writer(obfuscate=True)
        writer.reasoning("hm")
        writer.text("a")
        writer.finish()
        return writer.take()

    assert written() == written()


def test_a_silent_writer_has_the_same_outcome() -> None:
    def outcome(*, silent: bool) -> bytes:
        writer = a_writer(silent=silent)
        writer.reasoning("hm \ud83d")
        writer.text("a", [{"token": "a"}])
        writer.annotate(lambda _: [{"type": "url_citation"}])
        writer.call(0, "c", Callee("f"))
        writer.item({"type": "image_generation_call", "result": "x"})
        writer.arguments(0, "{}")
        writer.finish()
        assert silent is not bool(writer.take())
        assert writer.outcome is not None
        return writer.outcome.body

    assert outcome(silent=True) == outcome(silent=False)
