"""What Ollama says, told as a response: what no recording holds."""

import json
from typing import Any

import pytest

from antiphon.errors import UpstreamBroke, UpstreamRefused
from tests.chat_streams import a_turn, function_tool
from tests.grammar import check_stream
from tests.unit.dialects.ollama_turns import OLLAMA, answered, heard, last, line


def thought(words: str) -> bytes:
    return line(message={"thinking": words})


def call(name: str, arguments: Any, **more: Any) -> bytes:
    return line(message={"tool_calls": [{"function": {"name": name, "arguments": arguments}} | more]})


def test_thoughts_text_calls_and_images_in_their_order() -> None:
    calls = call("f", {"a": 1}, id="call_x") + call("patch", {"input": "x"})
    turn = a_turn(tools=[function_tool("f"), {"type": "custom", "name": "patch"}], store=False)
    answer = heard(thought("Hm") + thought(".") + line("One ") + line("two") + calls + last(), turn)
    check_stream(answer.events)
    reasoning, message, called, patched = answer.body["output"]
    assert reasoning["content"][0]["text"] == "Hm."
    assert message["content"][0]["text"] == "One two"
    assert (called["call_id"], called["arguments"]) == ("call_x", '{"a":1}')
    assert (patched["type"], patched["input"]) == ("custom_tool_call", "x")
    answer = heard(line("See:") + line(message={"images": ["aGk="]}) + last())
    check_stream(answer.events)
    assert answer.body["output"][1]["result"] == "aGk="


def test_thoughts_are_sealed_for_the_next_turn() -> None:
    turn = a_turn(store=False, include=["reasoning.encrypted_content"])
    reasoning, _ = heard(thought("Hm.") + line("Hi") + last(), turn).body["output"]
    assert reasoning["encrypted_content"].startswith("ant1.")


def test_probabilities_only_for_who_wants_them() -> None:
    likely = [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [{"token": "Hi", "logprob": -0.5}]}]
    turn = a_turn(include=["message.output_text.logprobs"])
    (entry,) = heard(line("Hi", logprobs=likely) + last(), turn).body["output"][0]["content"][0]["logprobs"]
    assert entry["top_logprobs"][0]["bytes"] == [72, 105]
    assert heard(line("Hi", logprobs=likely) + last()).body["output"][0]["content"][0]["logprobs"] == []


@pytest.mark.parametrize(
    ("reason", "status"), [("stop", "completed"), ("load", "completed"), ("", "completed"), ("length", "incomplete")]
)
def test_ways_to_end(reason: str, status: str) -> None:
    assert heard(line("Hi") + last(reason=reason)).body["status"] == status
    assert answered(last("Hi", reason=reason))["status"] == status


def test_errors_in_the_stream_and_in_place_of_an_answer() -> None:
    error = b'{"error":"the runner has gone"}\n'
    answer = heard(line("Hi") + error + line("more"))
    check_stream(answer.events, ended=False)
    assert isinstance(answer.error, UpstreamRefused)
    assert answer.error.message == "the runner has gone"
    with pytest.raises(UpstreamRefused):
        answered(error)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"<html>", b'{"done":false}'])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        answered(body)


def test_a_stream_without_its_end_is_cut() -> None:
    assert isinstance(heard(line("Hi")).error, UpstreamBroke)
    assert isinstance(heard(line("Hi") + last()[:-9]).error, UpstreamBroke)
    assert heard(line("Hi") + last()[:-1]).body["status"] == "completed"


def test_what_does_not_fit_is_passed_over() -> None:
    odd = b'\n\r\n[]\n{"message":{"content":3,"tool_calls":"x","images":null}}\n'
    answer = heard(odd + line("Hi") + last(eval_duration="long"))
    check_stream(answer.events)
    assert answer.body["output"][0]["content"][0]["text"] == "Hi"
    assert answer.body["usage"]["raw_usage"] == {"prompt_eval_count": 9, "eval_count": 5}


@pytest.mark.parametrize(
    ("status", "message", "shown", "code"),
    [
        (404, "model 'x' not found", 400, "model_not_found"),
        (400, "the input length exceeds the context length", 400, "context_length_exceeded"),
        (400, '"llama3.1" does not support tools', 400, None),
        (503, "server busy, please try again.  maximum pending requests exceeded", 503, "server_error"),
    ],
)
def test_refusals(status: int, message: str, shown: int, code: str | None) -> None:
    error = OLLAMA.refusal(status, json.dumps({"error": message}).encode(), None)
    assert (error.status, error.code) == (shown, code)
