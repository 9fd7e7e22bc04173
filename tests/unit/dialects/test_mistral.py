"""Where Mistral departs from chat completions, by the quirks of its own row."""

import json
from typing import Any

import pytest

from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.refusals import refusal
from antiphon.errors import Retry
from antiphon.protocols import Built
from antiphon.providers.table import TABLE
from tests.chat_streams import answered, chunk, completion, heard, stream
from tests.fakes import SEALER, pseudonym
from tests.grammar import check_stream
from tests.unit.dialects.chat_turns import assistant, call, function, output, target_of, turn_of, user

Body = dict[str, Any]

QUIRKS = TABLE["mistral"].quirks
DEVELOPER = {"type": "message", "role": "developer", "content": "Be brief."}


def built(body: Body, model: str = "mistral-small-latest") -> Built:
    return build_chat(turn_of(body), target_of(QUIRKS, provider="mistral", model=model), SEALER, pseudonym)


def mistral(body: Body, *, lossless: bool = True) -> Body:
    result = built(body)
    assert bool(result.warnings) is not lossless
    return json.loads(result.body)


def roles(body: Body) -> list[str]:
    return [message["role"] for message in body["messages"]]


def test_an_answer_that_is_begun_says_that_it_is() -> None:
    asked = mistral({"input": [user("Count."), assistant("One, ")]})
    assert asked["messages"][-1] == {"role": "assistant", "content": "One, ", "prefix": True}
    assert "prefix" not in mistral({"input": [user("Count."), assistant("One, "), user("Go on.")]})["messages"][1]


def test_system_messages_stand_before_what_the_model_said() -> None:
    asked = mistral({"instructions": "Be kind.", "input": [DEVELOPER, user("Hi"), DEVELOPER, user("You")]})
    assert roles(asked) == ["system", "system", "user", "system", "user"]


def test_later_system_messages_are_the_users() -> None:
    asked = mistral({"input": [user("Hi"), assistant("Hello"), DEVELOPER, user("So?")]}, lossless=False)
    assert roles(asked) == ["user", "assistant", "user", "user"]
    asked = mistral({"input": [user("Hi"), DEVELOPER]}, lossless=False)
    assert roles(asked) == ["user", "user"]
    asked = mistral({"input": [user("Hi"), call("a"), output("a"), DEVELOPER]}, lossless=False)
    assert roles(asked) == ["user", "assistant", "tool", "assistant", "user"]
    assert asked["messages"][-1]["content"] == "Be brief."


def test_ids_of_calls_have_nine_letters_or_digits() -> None:
    asked = mistral({"input": [user("Hi"), call("call_" + "0" * 40), output("call_" + "0" * 40), user("So?")]})
    (called,) = asked["messages"][1]["tool_calls"]
    assert len(called["id"]) == 9
    assert called["id"].isalnum()
    assert asked["messages"][2]["tool_call_id"] == called["id"]


def test_sound_is_its_data_alone() -> None:
    part = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}
    asked = mistral({"input": [user([part])]})
    assert asked["messages"][0]["content"] == [{"type": "input_audio", "input_audio": "aGk="}]


def test_documents_keep_their_names() -> None:
    part = {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}
    assert mistral({"input": [user([part])]})["messages"][0]["content"] == [
        {"type": "document_url", "document_url": "data:application/pdf;base64,aGk=", "document_name": "a.pdf"}
    ]


def test_calls_can_be_demanded_and_kept_to_one() -> None:
    asked = mistral({"input": "Hi", "tools": [function("f")], "tool_choice": "required", "parallel_tool_calls": False})
    assert asked["tool_choice"] == "any"
    assert asked["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("model", "effort", "sent", "lossless"),
    [
        ("mistral-small-latest", "high", "high", True),
        ("mistral-small-latest", "none", "none", True),
        ("mistral-small-latest", "low", "high", False),
        ("magistral-medium-latest", "high", None, False),
        ("codestral-latest", "high", None, False),
    ],
)
def test_efforts(model: str, effort: str, sent: str | None, lossless: bool) -> None:  # noqa: FBT001 - a column
    result = built({"input": "Hi", "reasoning": {"effort": effort}}, model)
    assert json.loads(result.body).get("reasoning_effort") == sent
    assert bool(result.warnings) is not lossless


def test_references_stand_behind_the_text_that_rests_on_them() -> None:
    parts = [
        {"type": "text", "text": "Paris"},
        {"type": "reference", "reference_ids": [1, 3]},
        {"type": "text", "text": " it is."},
        {"type": "reference", "reference_ids": "odd"},
    ]
    whole = answered(completion({"content": parts}))
    streamed = heard(stream(*(chunk(content=[part]) for part in parts), chunk("stop")))
    check_stream(streamed.events)
    for body in (whole, streamed.body):
        (part,) = body["output"][0]["content"]
        assert part["text"] == "Paris it is."
        assert part["annotations"] == [
            {"type": "file_citation", "file_id": "1", "filename": "", "index": 5},
            {"type": "file_citation", "file_id": "3", "filename": "", "index": 5},
        ]


def test_thoughts_may_hold_references_too() -> None:
    thinking = [{"type": "text", "text": "Hm."}, {"type": "reference", "reference_ids": [1]}]
    body = answered(completion({"content": [{"type": "thinking", "thinking": thinking, "closed": True}]}))
    assert body["output"][0]["content"] == [{"type": "reasoning_text", "text": "Hm."}]


def test_usage_tells_of_the_cache_in_either_spelling() -> None:
    for spelling in ({"num_cached_tokens": 4}, {"prompt_tokens_details": {"cached_tokens": 4}}):
        usage = {"prompt_tokens": 9, "completion_tokens": 5} | spelling
        told = answered(completion({"content": "Hi"}, usage=usage))["usage"]
        assert told["input_tokens_details"]["cached_tokens"] == 4


def said(message: Any, type: str = "invalid_request_error", code: str | None = None) -> Body:
    return {"object": "error", "message": message, "type": type, "param": None, "code": code}


@pytest.mark.parametrize(
    ("status", "body", "shown", "code", "retry"),
    [
        (400, said("Invalid model: x", "invalid_model", "1500"), 400, "model_not_found", Retry.ELSEWHERE),
        (400, said("Expected last role User", "invalid_request_message_order", "3230"), 400, None, Retry.NEVER),
        (422, said({"detail": [{"loc": ["body", "foo"], "msg": "Extra inputs"}]}), 400, None, Retry.NEVER),
        (401, {"detail": "Unauthorized"}, 502, "upstream_error", Retry.ELSEWHERE),
        (429, said("Rate limit exceeded", "rate_limited", "1300"), 429, "rate_limit_exceeded", Retry.SAME),
        (400, said("Too large for model with 32768 tokens"), 400, "context_length_exceeded", Retry.NEVER),
    ],
)
def test_errors(status: int, body: Body, shown: int, code: str | None, retry: Retry) -> None:
    error = refusal(status, json.dumps(body).encode(), None)
    assert (error.status, error.code) == (shown, code)
    assert error.retry is retry
